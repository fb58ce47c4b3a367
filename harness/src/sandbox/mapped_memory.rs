//! Memory that the processes of a sandbox have mapped.

use std::io;
use std::os::fd::OwnedFd;

use super::census::{Census, FIRST, names, read};

/// How much memory the processes take together, in bytes, `limit` or less if that is sure. `shared` is
/// the size of the emulators, of which each process has a part resident that is there once.
///
/// What is shared counts once only where that may decide: to find it out takes the time of a look at
/// each page.
///
/// # Errors
///
/// When a process cannot be looked at.
pub(super) fn mapped_memory(
    processes: &OwnedFd,
    census: &Census,
    (shared, limit): (u64, u64),
) -> io::Result<u64> {
    let own = census.resident.saturating_sub(census.processes.saturating_mul(shared));
    if census.resident <= limit || own > limit {
        return Ok(census.resident);
    }
    let mut total = 0_u64;
    for name in names(processes)? {
        if name != FIRST {
            total += proportional(processes, &name)?;
        }
        if total > limit {
            break;
        }
    }
    Ok(total)
}

/// A process's own memory, and its part of what it shares, in bytes; 0 if it has ended meanwhile.
///
/// Source: `proc_pid_smaps(5)`, `smaps_rollup`.
fn proportional(processes: &OwnedFd, name: &[u8]) -> io::Result<u64> {
    match read(processes, &[name, b"/smaps_rollup"].concat()) {
        Ok(text) => Ok(text.and_then(|it| pss(&it)).unwrap_or_default()),
        // An emulator that has just been started, and is not dumpable yet: it has next to nothing.
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Ok(0),
        Err(error) => Err(error),
    }
}

/// `Pss`, in bytes.
fn pss(rollup: &[u8]) -> Option<u64> {
    let line = rollup.split(|it| *it == b'\n').find(|it| it.starts_with(b"Pss:"))?;
    let text = std::str::from_utf8(line).ok()?;
    Some(text.split_ascii_whitespace().nth(1)?.parse::<u64>().ok()? << 10)
}

#[cfg(test)]
mod tests {
    use rustix::fs::{Mode, OFlags};

    use super::*;

    #[test]
    fn what_is_shared_counts_once_where_it_may_decide() {
        let text = b"5600-7fff ---p 00000000 00:00 0 [rollup]\nRss: 900 kB\nPss:\t 300 kB\n";
        assert_eq!(pss(text), Some(300 << 10));
        assert_eq!(pss(b"Rss: 900 kB\nPss_Anon: 1 kB\n"), None);
        let flags = OFlags::DIRECTORY | OFlags::CLOEXEC;
        let processes = rustix::fs::open("/proc", flags, Mode::empty()).expect("it is there");
        let census = Census::take(&processes).expect("they can be seen");
        let of = |shared, limit| mapped_memory(&processes, &census, (shared, limit));
        assert_eq!(of(0, u64::MAX).expect("memory"), census.resident, "far below the limit");
        assert_eq!(of(0, 1).expect("memory"), census.resident, "far above the limit");
        if rustix::process::geteuid().is_root() {
            let exact = of(u64::MAX, census.resident - 1).expect("memory");
            assert!(exact > 0 && exact < census.resident, "{exact} of {}", census.resident);
        }
    }
}
