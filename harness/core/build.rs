//! Gives the facts of a layer a version of their own, made of the sources that read them: facts
//! that another archproof cached are not taken for this one's.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::path::{Path, PathBuf};

/// What decides about the facts of a layer. The last ones say how long and how names are written, and which
/// scripts are a shell's, whose text is kept.
const SOURCES: [&str; 7] = [
    "src/elf",
    "src/evidence/image",
    "src/inspect",
    "src/launch/handover.rs",
    "src/linux.rs",
    "src/text.rs",
    "src/dockerfile/syntax.rs",
];

fn main() -> io::Result<()> {
    let mut hasher = DefaultHasher::new();
    for path in SOURCES {
        println!("cargo::rerun-if-changed={path}");
        for file in files(Path::new(path))? {
            file.hash(&mut hasher);
            std::fs::read(file)?.hash(&mut hasher);
        }
    }
    println!("cargo::rustc-env=FACTS_VERSION={:016x}", hasher.finish());
    Ok(())
}

/// All files below a folder, sorted; a file alone is itself.
fn files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    if folder.is_file() {
        return Ok(vec![folder.to_owned()]);
    }
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() { found.extend(files(&path)?) } else { found.push(path) }
    }
    found.sort();
    Ok(found)
}
