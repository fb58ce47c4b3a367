//! The processes of this machine, as `/proc` tells of them.

use std::fs;
use std::process::Command;

/// A process at a moment.
pub(crate) struct Process {
    pub(crate) id: u32,
    /// The words of its command line, with a blank between them.
    pub(crate) line: String,
    /// Its variables, as `NAME=value` and a zero each.
    pub(crate) environment: String,
}

/// All that can be seen.
pub(crate) fn processes() -> Vec<Process> {
    let folders = fs::read_dir("/proc").expect("it is there").flatten();
    let numbered = folders.filter_map(|it| it.file_name().to_str()?.parse().ok());
    let look = |id: u32| {
        let read = |file: &str| {
            let bytes = fs::read(format!("/proc/{id}/{file}")).unwrap_or_default();
            String::from_utf8_lossy(&bytes).into_owned()
        };
        Process { id, line: read("cmdline").replace('\0', " "), environment: read("environ") }
    };
    numbered.map(look).collect()
}

/// Sends a signal by its name, such as `TERM`; whether the process was still there.
pub(crate) fn send(signal: &str, process: u32) -> bool {
    let sent = Command::new("kill").args(["-s", signal, &process.to_string()]).output();
    sent.expect("kill runs").status.success()
}
