//! Who the entrypoint runs as: the image's `User`, resolved in its own tables of accounts.
//!
//! Source: OCI image-spec, config.md, `User`; the engine resolves it as `runc` does.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::evidence::image::{Content, ImagePath, Node, RootFs};

/// A user and its groups.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// The user's number.
    pub uid: u32,
    /// The number of its primary group.
    pub gid: u32,
    /// The numbers of the groups that list it as a member.
    pub groups: Vec<u64>,
    /// Its home, as the table of users states it; `/` where it does not.
    pub home: String,
}

/// Why there is no such user or group.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum AccountError {
    /// The image's tables do not have the name.
    #[error("{table} has no entry for `{name}`")]
    Unknown {
        /// `/etc/passwd` or `/etc/group`.
        table: &'static str,
        /// The name as the config states it.
        name: String,
    },
    /// No user or group can have the number.
    #[error("{number} is greater than {largest}, the largest user or group ID that can be used")]
    OutOfRange {
        /// As the config or its table states it.
        number: u64,
        /// The largest one that is accepted there.
        largest: u32,
    },
}

/// The largest ID that engines accept as a number. Source: moby/sys, `user/user.go`, `maxID`.
const LARGEST_WRITTEN: u32 = i32::MAX.cast_unsigned();
/// The largest ID that the kernel gives to anybody: the one above stands for none (`chown(2)`).
const LARGEST: u32 = u32::MAX - 1;

fn in_range(number: u64, largest: u32) -> Result<u32, AccountError> {
    let small = u32::try_from(number).ok().filter(|it| *it <= largest);
    small.ok_or(AccountError::OutOfRange { number, largest })
}

impl Account {
    /// Who an image runs as that does not say.
    pub const ROOT: Self = Self { uid: 0, gid: 0, groups: Vec::new(), home: String::new() };

    /// Resolves `user[:group]`; empty is root. A name is taken for root's where its table is there
    /// and was not read.
    ///
    /// # Errors
    ///
    /// When a name is not in its table, or a number is too large.
    pub fn resolve(files: &RootFs, user: &str) -> Result<Self, AccountError> {
        let (user, group) = user.split_once(':').map_or((user, ""), |(user, group)| (user, group));
        let (accounts, groups) = (Table::of(files, "/etc/passwd"), Table::of(files, "/etc/group"));
        let entry = accounts.find(user)?;
        let uid = number_of(entry, user)?;
        // No user is root, by number.
        let of_number = || accounts.entries().find(|it| it.number == u64::from(uid));
        let home = entry.or_else(of_number).map_or("", |it| it.home);
        let home = if home.is_empty() { "/" } else { home }.to_owned();
        if group.is_empty() {
            let gid = entry.and_then(|it| it.last.parse().ok()).unwrap_or(0);
            let gid = in_range(gid, LARGEST)?;
            let groups = entry.map(|it| groups.of_member(it.name)).unwrap_or_default();
            return Ok(Self { uid, gid, groups, home });
        }
        let gid = number_of(groups.find(group)?, group)?;
        Ok(Self { uid, gid, groups: Vec::new(), home })
    }

    /// Whether the kernel lets this account execute the file.
    #[must_use]
    pub fn may_execute(&self, node: &Node) -> bool {
        let bit = match self {
            Self { uid: 0, .. } => 0o111,
            Self { uid, .. } if u64::from(*uid) == node.uid => 0o100,
            Self { gid, groups, .. }
                if u64::from(*gid) == node.gid || groups.contains(&node.gid) =>
            {
                0o010
            }
            _ => 0o001,
        };
        node.mode & bit != 0
    }
}

/// The number of an entry, or the one that is written in its place.
fn number_of(entry: Option<Entry<'_>>, written: &str) -> Result<u32, AccountError> {
    match (written.parse(), entry) {
        (Ok(number), _) => in_range(number, LARGEST_WRITTEN),
        (Err(_), Some(entry)) => in_range(entry.number, LARGEST),
        (Err(_), None) => Ok(Account::ROOT.uid),
    }
}

/// A table of accounts or groups.
struct Table<'a> {
    path: &'static str,
    /// `None` where it is there, but its text was not kept.
    text: Option<&'a str>,
}

impl<'a> Table<'a> {
    fn of(files: &'a RootFs, path: &'static str) -> Self {
        let text = match files.resolve(&ImagePath::root(), path).map(|(_, node)| node.content()) {
            Ok(Some(Content::Text(text))) => Some(text.as_str()),
            Ok(Some(_)) => None,
            Ok(None) | Err(_) => Some(""),
        };
        Self { path, text }
    }

    fn entries(&self) -> impl Iterator<Item = Entry<'a>> + use<'a> {
        self.text.unwrap_or_default().lines().filter_map(Entry::parse)
    }

    /// A number need not be in the table; a name must. What is written as a number is none's name.
    fn find(&self, name: &str) -> Result<Option<Entry<'a>>, AccountError> {
        if let Ok(number) = name.parse::<u64>() {
            return Ok(self.entries().find(|it| it.number == number));
        }
        let entry = self.entries().find(|it| it.name == name);
        if entry.is_none() && self.text.is_some() && !name.is_empty() {
            return Err(AccountError::Unknown { table: self.path, name: name.to_owned() });
        }
        Ok(entry)
    }

    fn of_member(&self, name: &str) -> Vec<u64> {
        let lists_it = |entry: &Entry<'_>| entry.last.split(',').any(|it| it == name);
        self.entries().filter(lists_it).map(|it| it.number).collect()
    }
}

/// The fields that passwd(5) and group(5) have in common.
#[derive(Clone, Copy)]
struct Entry<'a> {
    name: &'a str,
    number: u64,
    /// In passwd the number of the group, in group the names of its members.
    last: &'a str,
    /// In passwd the home; group has no such field.
    home: &'a str,
}

impl<'a> Entry<'a> {
    fn parse(line: &'a str) -> Option<Self> {
        let mut fields = line.split(':');
        let name = fields.next().filter(|it| !it.is_empty())?;
        let number = fields.nth(1)?.parse().ok()?;
        let last = fields.next().unwrap_or_default();
        Some(Self { name, number, last, home: fields.nth(1).unwrap_or_default() })
    }
}
