//! What the fuzzer found, and the inputs that lead it everywhere it has been: `docs/fuzzing.md`.

#[path = "../../harness/fuzz/src/lib.rs"]
#[allow(unreachable_pub, reason = "a crate of its own elsewhere")]
mod fuzz;

use std::fs::{self, File};
use std::io::Read;
use std::path::Path;
use std::process::Command;

use flate2::read::GzDecoder;

/// The inputs of a target, with their names.
fn inputs(target: &str) -> Vec<(String, Vec<u8>)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("harness/fuzz");
    let seeds = File::open(root.join("seeds").join(target).with_extension("tar.gz"));
    let mut seeds = tar::Archive::new(GzDecoder::new(seeds.expect("a corpus")));
    let mut inputs = Vec::new();
    for entry in seeds.entries().expect("a tar") {
        let mut entry = entry.expect("an entry");
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).expect("a tar");
        inputs.push((entry.path().expect("a name").display().to_string(), bytes));
    }
    for entry in fs::read_dir(root.join("regressions").join(target)).into_iter().flatten() {
        let path = entry.expect("an entry").path();
        inputs.push((path.display().to_string(), fs::read(&path).expect("an input")));
    }
    inputs
}

fn run_all(target: &str, run: fn(&[u8])) {
    let inputs = inputs(target);
    assert!(inputs.len() > 100, "{target} has a corpus");
    for (name, bytes) in inputs {
        let run = std::panic::catch_unwind(|| run(&bytes));
        assert!(run.is_ok(), "{name}");
    }
}

#[test]
fn elf() {
    run_all("elf", fuzz::elf::run);
}

#[test]
fn layer() {
    run_all("layer", fuzz::layer::run);
}

#[test]
fn archive() {
    run_all("archive", fuzz::archive::run);
}

#[test]
fn dockerfile() {
    run_all("dockerfile", fuzz::dockerfile::run);
}

#[test]
fn document() {
    run_all("document", fuzz::document::run);
}

#[test]
fn case() {
    run_all("case", fuzz::case::run);
}

#[test]
fn registry() {
    run_all("registry", fuzz::registry::run);
}

/// With the program on the PATH that keeps the logins.
#[test]
fn credentials() {
    let helper = Path::new(env!("CARGO_MANIFEST_DIR")).join("harness/fuzz/helper");
    let others = std::env::var("PATH").unwrap_or_default();
    let said = Command::new(std::env::current_exe().expect("this program"))
        .args(["--exact", "fuzzed::credentials_with_helper", "--ignored"])
        .env("PATH", format!("{}:{others}", helper.display()))
        .output()
        .expect("this program runs");
    let output = String::from_utf8_lossy(&said.stdout);
    assert!(said.status.success() && output.contains("1 passed"), "{output}");
}

#[test]
#[ignore = "for a process with another PATH"]
fn credentials_with_helper() {
    run_all("credentials", fuzz::credentials::run);
}
