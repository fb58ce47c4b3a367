//! What there is of archproof's outside its processes.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use archproof::oci::Digest;

use super::workload::Place;
use crate::common::{RUNTIME, holdings};

/// What may not become more.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Held {
    /// Containers, volumes and images in the engine.
    in_engine: Vec<String>,
    /// Mounts of this machine that lie in a cache.
    mounts: Vec<String>,
    temporary: Vec<String>,
    /// Half-made entries of the cache, sessions and staging folders.
    unfinished: Vec<String>,
}

impl Held {
    pub(crate) fn now(place: &Place) -> Self {
        let mounts = fs::read_to_string("/proc/self/mountinfo").expect("it is there");
        let cache = place.cache();
        let is_ours = |line: &&str| line.contains(&*cache.to_string_lossy());
        let below = |name: &str| names(&cache.join(name));
        let mut unfinished: Vec<String> =
            ["sessions", "sandbox/staging"].into_iter().flat_map(below).collect();
        for folder in ["", "facts", "sandbox", "sandbox/layers", "sandbox/notes"] {
            let is_unfinished = |it: &String| it.starts_with("new-") || it.starts_with('.');
            unfinished.extend(below(folder).into_iter().filter(is_unfinished));
        }
        Self {
            in_engine: RUNTIME.block_on(holdings()),
            mounts: mounts.lines().filter(is_ours).map(ToOwned::to_owned).collect(),
            temporary: names(&place.temporary()),
            unfinished,
        }
    }
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|it| it.file_name().to_string_lossy().into_owned()).collect()
}

/// A file's mode and the digest of its content; a folder's mode; where a link leads.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Content {
    File(u32, Digest),
    Folder(u32),
    Link(PathBuf),
    /// A device, which is how an overlay notes what was removed.
    Device(u64),
}

/// The unpacked layers and the facts of a cache.
pub(crate) fn files_of(cache: &Path) -> BTreeMap<PathBuf, Content> {
    let mut files = BTreeMap::new();
    for part in ["facts", "sandbox/layers"] {
        collect(cache, &cache.join(part), &mut files);
    }
    files
}

fn collect(cache: &Path, folder: &Path, files: &mut BTreeMap<PathBuf, Content>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        let found = entry.metadata().expect("it is there");
        let content = if found.is_dir() {
            collect(cache, &path, files);
            Content::Folder(found.mode())
        } else if found.is_symlink() {
            Content::Link(fs::read_link(&path).expect("a link"))
        } else if !found.is_file() {
            Content::Device(found.rdev())
        } else {
            Content::File(found.mode(), Digest::of(&fs::read(&path).expect("a file")))
        };
        files.insert(path.strip_prefix(cache).expect("below it").to_owned(), content);
    }
}
