//! What the fuzzer found, and the inputs that lead it everywhere it has been: `docs/fuzzing.md`.

#[path = "../harness/fuzz/src/lib.rs"]
#[allow(unreachable_pub, reason = "a crate of its own elsewhere")]
mod fuzz;

use std::path::{Path, PathBuf};

/// The inputs of a target, by name.
fn inputs(target: &str) -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("harness/fuzz");
    let folders = ["corpus", "regressions"].map(|it| root.join(it).join(target));
    let files = folders.iter().filter_map(|it| std::fs::read_dir(it).ok()).flatten();
    let mut files: Vec<PathBuf> = files.map(|it| it.expect("a file").path()).collect();
    files.sort();
    files
}

fn run_all(target: &str, run: fn(&[u8])) {
    let inputs = inputs(target);
    assert!(!inputs.is_empty(), "{target} has a corpus");
    for input in inputs {
        let bytes = std::fs::read(&input).expect("an input");
        let run = std::panic::catch_unwind(|| run(&bytes));
        assert!(run.is_ok(), "{}", input.display());
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
