//! Who a process is, as its system calls tell it.
//!
//! Behind a sandbox stands one user of the host, so the kernel lets a program be nobody else. But
//! entrypoints of images begin as root, give files to another user and go on as that user. So a sandbox
//! remembers who each process would be, and answers the calls that ask for it or change it. It changes
//! nothing of what the process may do: everything in the image belongs to that one user.
//!
//! Source: `credentials(7)`, `setuid(2)`, `setreuid(2)`, `setresuid(2)`, `setfsuid(2)`, `setgroups(2)`.

/// A call that was not permitted (`EPERM`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NotPermitted;

/// The real, effective, saved and filesystem number of a user, or of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ids {
    pub real: u32,
    pub effective: u32,
    pub saved: u32,
    pub filesystem: u32,
}

/// Whether the process may become anybody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Privilege {
    Any,
    Own,
}

impl Privilege {
    fn of_user(effective: u32) -> Self {
        if effective == 0 { Self::Any } else { Self::Own }
    }
}

/// "As it is", in calls that set several numbers.
const KEEP: u32 = u32::MAX;

impl Ids {
    fn all(id: u32) -> Self {
        Self { real: id, effective: id, saved: id, filesystem: id }
    }

    fn set(self, id: u32, privilege: Privilege) -> Result<Self, NotPermitted> {
        match privilege {
            Privilege::Any => Ok(Self::all(id)),
            Privilege::Own if id == self.real || id == self.saved => {
                Ok(Self { effective: id, filesystem: id, ..self })
            }
            Privilege::Own => Err(NotPermitted),
        }
    }

    fn set_two(
        self,
        real: u32,
        effective: u32,
        privilege: Privilege,
    ) -> Result<Self, NotPermitted> {
        let [new_real, new_effective] =
            [(real, self.real), (effective, self.effective)].map(|(new, old)| or_old(new, old));
        let is_own = [self.real, self.effective].contains(&new_real)
            && [self.real, self.effective, self.saved].contains(&new_effective);
        if privilege == Privilege::Own && !is_own {
            return Err(NotPermitted);
        }
        let is_saved = real != KEEP || (effective != KEEP && effective != self.real);
        let saved = if is_saved { new_effective } else { self.saved };
        Ok(Self { real: new_real, effective: new_effective, saved, filesystem: new_effective })
    }

    fn set_three(self, wanted: [u32; 3], privilege: Privilege) -> Result<Self, NotPermitted> {
        let old = [self.real, self.effective, self.saved];
        let is_own = wanted.iter().all(|it| *it == KEEP || old.contains(it));
        if privilege == Privilege::Own && !is_own {
            return Err(NotPermitted);
        }
        let real = or_old(wanted[0], self.real);
        let effective = or_old(wanted[1], self.effective);
        let saved = or_old(wanted[2], self.saved);
        Ok(Self { real, effective, saved, filesystem: effective })
    }

    /// Never fails: what is not permitted changes nothing.
    fn set_filesystem(self, id: u32, privilege: Privilege) -> Self {
        let own = [self.real, self.effective, self.saved, self.filesystem];
        let may = privilege == Privilege::Any || own.contains(&id);
        if may && id != KEEP { Self { filesystem: id, ..self } } else { self }
    }
}

fn or_old(new: u32, old: u32) -> u32 {
    if new == KEEP { old } else { new }
}

/// Who a process is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Identity {
    pub user: Ids,
    pub group: Ids,
    /// Supplementary groups.
    pub groups: Vec<u32>,
    privilege: Privilege,
    keep: Keep,
}

/// What root keeps when it becomes somebody else (`PR_SET_KEEPCAPS`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keep {
    Nothing,
    Capabilities,
}

/// A change of identity, by the system call that asks for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Change {
    SetUid(u32),
    SetGid(u32),
    SetReuid(u32, u32),
    SetRegid(u32, u32),
    SetResuid([u32; 3]),
    SetResgid([u32; 3]),
    SetFsuid(u32),
    SetFsgid(u32),
    SetGroups(Vec<u32>),
    KeepCapabilities(Keep),
    Execute,
}

impl Identity {
    /// A user and a group with nothing else.
    pub(super) fn new(user: u32, group: u32) -> Self {
        let privilege = Privilege::of_user(user);
        let (user, group, groups) = (Ids::all(user), Ids::all(group), vec![group]);
        Self { user, group, groups, privilege, keep: Keep::Nothing }
    }

    /// Who the process is after a call.
    pub(super) fn after(&self, change: Change) -> Result<Self, NotPermitted> {
        let (user, group, privilege) = (self.user, self.group, self.privilege);
        let mut new = self.clone();
        match change {
            Change::SetUid(id) => new.user = user.set(id, privilege)?,
            Change::SetGid(id) => new.group = group.set(id, privilege)?,
            Change::SetReuid(real, effective) => {
                new.user = user.set_two(real, effective, privilege)?;
            }
            Change::SetRegid(real, effective) => {
                new.group = group.set_two(real, effective, privilege)?;
            }
            Change::SetResuid(ids) => new.user = user.set_three(ids, privilege)?,
            Change::SetResgid(ids) => new.group = group.set_three(ids, privilege)?,
            Change::SetFsuid(id) => new.user = user.set_filesystem(id, privilege),
            Change::SetFsgid(id) => new.group = group.set_filesystem(id, privilege),
            Change::SetGroups(groups) => {
                if privilege == Privilege::Own {
                    return Err(NotPermitted);
                }
                new.groups = groups;
            }
            Change::KeepCapabilities(keep) => new.keep = keep,
            Change::Execute => {
                new.keep = Keep::Nothing;
                new.privilege = Privilege::of_user(user.effective);
            }
        }
        if new.user != user && self.keep == Keep::Nothing {
            new.privilege = Privilege::of_user(new.user.effective);
        }
        Ok(new)
    }

    /// Whether it may give a file away: root to anybody, others to themselves.
    pub(super) fn may_give_to(&self, user: u32, group: u32) -> Result<(), NotPermitted> {
        let is_own_user = user == KEEP || user == self.user.filesystem;
        let is_own_group =
            group == KEEP || group == self.group.filesystem || self.groups.contains(&group);
        let may = self.privilege == Privilege::Any || (is_own_user && is_own_group);
        if may { Ok(()) } else { Err(NotPermitted) }
    }

    /// Whether it has the rights of root.
    pub(super) fn may_all(&self) -> bool {
        self.privilege == Privilege::Any
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Change::{
        Execute, KeepCapabilities, SetGid, SetGroups, SetResgid, SetResuid, SetReuid, SetUid,
    };

    fn after(changes: &[Change]) -> Result<Identity, NotPermitted> {
        changes.iter().try_fold(Identity::new(0, 0), |who, change| who.after(change.clone()))
    }

    #[test]
    fn root_steps_down_as_gosu_does_and_cannot_go_back() {
        let down = [SetGroups(vec![999]), SetGid(999), SetUid(999)];
        let who = after(&down).expect("root may");
        assert_eq!(who, Identity::new(999, 999));
        for back in [SetUid(0), SetGid(0), SetGroups(vec![]), SetResuid([0, 0, 0])] {
            assert_eq!(who.after(back.clone()), Err(NotPermitted), "{back:?}");
        }
        assert_eq!(who.may_give_to(999, 999), Ok(()));
        assert_eq!(who.may_give_to(0, KEEP), Err(NotPermitted));
    }

    /// The group comes after the user.
    #[test]
    fn root_steps_down_as_setpriv_does() {
        let down = [
            KeepCapabilities(Keep::Capabilities),
            SetResuid([999, 999, 999]),
            SetResgid([999, 999, 999]),
            SetGroups(vec![999]),
            Execute,
        ];
        assert_eq!(after(&down).expect("root may"), Identity::new(999, 999));
        assert_eq!(after(&down[1..]), Err(NotPermitted));
    }

    #[test]
    fn who_keeps_a_saved_root_goes_back() {
        let who = after(&[SetResuid([KEEP, 5, KEEP])]).expect("root may");
        assert!(!who.may_all());
        assert!(who.after(SetUid(0)).expect("it is its real user").may_all());
        let who = after(&[SetReuid(KEEP, 7)]).expect("root may");
        assert_eq!((who.user.real, who.user.effective, who.user.saved), (0, 7, 7));
        assert!(who.after(SetReuid(KEEP, 0)).is_ok());
    }
}
