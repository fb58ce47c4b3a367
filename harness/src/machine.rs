//! What a machine lacks, by the system's numbers of errors.

use std::error::Error;

use rustix::io::Errno;

use crate::sandbox::Fault;

/// What to do about an error of the system's; `None` where its own words say all that is known.
pub(crate) fn advice(error: &(dyn Error + 'static)) -> Option<&'static str> {
    if let Some(fault) = error.downcast_ref::<Fault>() {
        let errno = Errno::from_raw_os_error(fault.errno?);
        let is_entering = fault.step.starts_with("enter ");
        return match errno {
            // Source: namespaces(7), "The /proc/sys/user directory".
            Errno::NOSPC if is_entering => Some(
                "the limit of namespaces is reached: raise user.max_user_namespaces, \
                 user.max_mnt_namespaces, user.max_net_namespaces (sysctl)",
            ),
            Errno::PERM | Errno::ACCESS if is_entering => {
                Some("the system does not allow it; `archproof doctor` names the setting")
            }
            errno => of_errno(errno),
        };
    }
    number_in(&error.to_string()).and_then(of_errno)
}

/// The number with which the text of an [`std::io::Error`] ends. Errors that only pass such a one on
/// cannot be told from it otherwise.
fn number_in(text: &str) -> Option<Errno> {
    let (_, number) = text.strip_suffix(')')?.rsplit_once("(os error ")?;
    number.parse().ok().map(Errno::from_raw_os_error)
}

/// What another program said that failed, and what to do where it lacked memory, in the C library's
/// words.
pub(crate) fn with_advice(said: &str) -> String {
    match of_errno(Errno::NOMEM).filter(|_| said.contains("Cannot allocate memory")) {
        Some(advice) => format!("{said}: {advice}"),
        None => said.to_owned(),
    }
}

fn of_errno(errno: Errno) -> Option<&'static str> {
    Some(match errno {
        Errno::NOSPC | Errno::DQUOT => {
            "make room there, or name another folder with XDG_CACHE_HOME, or TMPDIR for archives"
        }
        Errno::ROFS => {
            "name a folder that can be written with XDG_CACHE_HOME, or TMPDIR for archives"
        }
        Errno::FBIG => "raise the limit of a file's size (ulimit -f)",
        Errno::MFILE | Errno::NFILE => "raise the limit of open files (ulimit -n)",
        Errno::NOMEM => "raise the limit of memory (ulimit -v, or the cgroup's memory.max)",
        // Of processes and threads: nothing else is waited for without being ready.
        Errno::AGAIN => "raise the limit of processes (ulimit -u, or the cgroup's pids.max)",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    #[test]
    fn a_number_means_what_was_tried() {
        let fault = |step: &str, errno: Errno| Fault {
            step: step.to_owned(),
            cause: errno.to_string(),
            errno: Some(errno.raw_os_error()),
        };
        let of_fault = |step, errno| advice(&fault(step, errno)).unwrap_or_default();
        assert!(of_fault("enter a user namespace", Errno::NOSPC).contains("max_user_namespaces"));
        assert!(of_fault("unpack /usr/bin/tool", Errno::NOSPC).contains("XDG_CACHE_HOME"));
        assert!(of_fault("enter a user namespace", Errno::PERM).contains("doctor"));
        assert_eq!(of_fault("unpack /usr/bin/tool", Errno::PERM), "");
        let of_error = |errno: Errno| {
            advice(&io::Error::from_raw_os_error(errno.raw_os_error())).unwrap_or_default()
        };
        assert!(of_error(Errno::MFILE).contains("ulimit -n"));
        assert!(of_error(Errno::FBIG).contains("ulimit -f"));
        assert_eq!(of_error(Errno::NOENT), "");
        assert_eq!(advice(&io::Error::other("words")), None);
        let within = io::Error::other(io::Error::from_raw_os_error(Errno::MFILE.raw_os_error()));
        assert!(advice(&within).is_some());
        assert!(with_advice("qemu: Cannot allocate memory").contains("ulimit -v"));
        assert_eq!(with_advice("qemu: fatal: x"), "qemu: fatal: x");
    }
}
