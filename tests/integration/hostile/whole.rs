//! Hostile images as `archproof verify` meets them, within a limit of memory and time.

use std::process::Command;
use std::time::{Duration, Instant};

use super::layout::Layout;
use super::limited::limited;
use crate::common::{Said, archproof, attack};

/// Addresses that the process may have, in MiB: those of its threads are a part of it.
const MEMORY: usize = 1536;

/// An image that is read for longer is no small one.
const TIME: Duration = Duration::from_mins(2);

/// Verifies an image without running it. It has to end with a status, and to say a part of the text.
pub(crate) fn attack(name: &str, image: &Layout, status: i32, words: &str) {
    attack_within(MEMORY, name, image, status, words);
}

/// The same within so many MiB of addresses.
pub(crate) fn attack_within(
    mebibytes: usize,
    name: &str,
    image: &Layout,
    status: i32,
    words: &str,
) {
    let mut command = limited(mebibytes, archproof().get_program());
    command.args(["verify", "--runner", "none"]);
    expect(command, name, image, status, words);
}

/// Verifies an image, and runs it in sandboxes.
pub(crate) fn attack_sandbox(name: &str, image: &Layout, status: i32, words: &str) {
    let mut command = archproof();
    command.args(["verify", "--runner", "sandbox"]);
    expect(command, &format!("{name}-unpacked"), image, status, words);
}

fn expect(mut command: Command, name: &str, image: &Layout, status: i32, words: &str) {
    let cache = tempfile::tempdir().expect("a folder");
    command
        .arg(format!("oci:{}", image.path().display()))
        .env("CI", "true")
        .env("NO_COLOR", "1")
        .env("DOCKER_HOST", "unix:///nowhere.sock")
        .env("XDG_CACHE_HOME", cache.path());
    let begin = Instant::now();
    let said = Said::by(&mut command);
    let ended = said.to_string().replace(&image.path().display().to_string(), "IMAGE");
    assert!(begin.elapsed() < TIME, "{name}: took {:?}", begin.elapsed());
    assert_eq!(said.status, Some(status), "{name}: {ended}");
    assert!(ended.contains(words), "{name}: {ended}");
    attack::held(&format!("readers/{name}"), &format!("exit {status}: {}", gist(&said.stdout)));
}

/// Why the image is blocked or fails, or else the verdict.
fn gist(report: &str) -> String {
    let line = |part: &str| report.lines().find(|it| it.contains(part));
    let of_interest = ["because: ", "cannot ", "error ", "warning ", "pass", "blocked"];
    let line = of_interest.into_iter().find_map(line).unwrap_or_default();
    line.trim().chars().take(120).collect()
}
