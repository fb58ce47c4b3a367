//! Layers become a filesystem, as an engine unpacks them.
//!
//! What layers say of links and names costs them little and may make a filesystem of any size: a
//! path of 2000 parts makes as many directories, a link gives a large file's facts another name. So
//! everything that is put into the filesystem takes room, of which there is not more than any sane
//! image needs; what is replaced or removed later gives none back.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use thiserror::Error;

use super::layer::{Change, LayerEntry, LayerFacts};
use crate::evidence::image::{ImagePath, Node, NodeKind, ResolveError, RootFs};
use crate::oci::Digest;

/// Why layers make no filesystem.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum AssemblyError {
    /// It would take too much memory: no sane image comes near.
    #[error("the image's files cannot be listed in {} MiB", ROOM >> 20)]
    TooMany,
    /// So would the directories that no entry names and that lie above entries.
    #[error("the directories that the image's layers do not list take more than {} MiB", IMPLIED_ROOM >> 20)]
    TooDeep,
    /// An entry lies where no engine could put it.
    #[error(transparent)]
    Nowhere(#[from] ResolveError),
}

/// The most that the filesystems of one image may take, in bytes. Eight variants of a million
/// files each find room.
const ROOM: usize = 2 << 30;

/// The most that those of their directories may take that no entry names, in bytes: 400,000 of the
/// usual depth. Layers list their directories, but for those that some tools write.
const IMPLIED_ROOM: usize = 64 << 20;

/// The memory that is left for filesystems, in bytes.
#[derive(Debug)]
pub(super) struct Budget {
    left: usize,
    /// Of it, for directories that no entry names.
    implied: usize,
}

impl Default for Budget {
    fn default() -> Self {
        Self { left: ROOM, implied: IMPLIED_ROOM }
    }
}

impl Budget {
    fn take(&mut self, size: usize) -> Result<(), AssemblyError> {
        self.left = self.left.checked_sub(size).ok_or(AssemblyError::TooMany)?;
        Ok(())
    }

    fn take_implied(&mut self, size: usize) -> Result<(), AssemblyError> {
        self.implied = self.implied.checked_sub(size).ok_or(AssemblyError::TooDeep)?;
        Ok(())
    }
}

/// The filesystem that layers make, applied lowest first.
///
/// # Errors
///
/// When there is more of it than any sane image has.
pub fn assemble<'a>(
    layers: impl IntoIterator<Item = &'a LayerFacts>,
) -> Result<RootFs, AssemblyError> {
    Assembly::within(&mut Budget::default()).apply_all(layers)
}

/// A filesystem in the making.
pub(super) struct Assembly<'a> {
    files: RootFs,
    room: &'a mut Budget,
}

impl<'a> Assembly<'a> {
    pub(super) fn within(room: &'a mut Budget) -> Self {
        Self { files: RootFs::default(), room }
    }

    /// Applies layers, lowest first.
    pub(super) fn apply_all<'l>(
        mut self,
        layers: impl IntoIterator<Item = &'l LayerFacts>,
    ) -> Result<RootFs, AssemblyError> {
        for (number, layer) in layers.into_iter().enumerate() {
            self.apply(number, &layer.entries)?;
        }
        adopt_orphans(&mut self.files);
        Ok(self.files)
    }

    /// A whiteout hides what lower layers hold, never what its own layer does, wherever in the
    /// tar it stands: so all of them come first.
    fn apply(&mut self, layer: usize, entries: &[LayerEntry]) -> Result<(), AssemblyError> {
        for entry in entries {
            match entry.change {
                Change::Whiteout => {
                    let path = self.files.settle(&entry.path)?;
                    self.remove_below(&path);
                    self.files.nodes_mut().remove(&path);
                }
                Change::Opaque => {
                    let path = self.files.settle(&entry.path)?;
                    self.remove_below(&path);
                }
                _ => {}
            }
        }
        entries.iter().try_for_each(|it| self.add(layer, it))
    }

    fn add(&mut self, layer: usize, entry: &LayerEntry) -> Result<(), AssemblyError> {
        let path = self.files.settle(&entry.path)?;
        let kind = match &entry.change {
            Change::Whiteout | Change::Opaque => return Ok(()),
            Change::Directory => NodeKind::Directory,
            Change::File { size, content } => {
                NodeKind::File { size: *size, content: content.clone() }
            }
            Change::Symlink { target } => NodeKind::Symlink { target: target.clone() },
            Change::Special => NodeKind::Special,
            Change::Hardlink { target } => return self.link(layer, path, target),
        };
        self.put(path, Node { mode: entry.mode, uid: entry.uid, gid: entry.gid, layer, kind })
    }

    fn link(
        &mut self,
        layer: usize,
        path: ImagePath,
        target: &ImagePath,
    ) -> Result<(), AssemblyError> {
        let target = self.files.settle(target)?;
        // A link to nowhere makes no file.
        let Some(node) = self.files.get(&target).cloned() else { return Ok(()) };
        let kind = match node.kind {
            NodeKind::File { size, content } => NodeKind::Hardlink { first: target, size, content },
            other => other,
        };
        self.put(path, Node { layer, kind, ..node })
    }

    fn put(&mut self, path: ImagePath, node: Node) -> Result<(), AssemblyError> {
        self.make_parents(&path, node.layer)?;
        if self.files.is_directory(&path) && node.kind != NodeKind::Directory {
            self.remove_below(&path);
        }
        if path.is_root() { Ok(()) } else { self.insert(path, node) }
    }

    /// A tar need not list the directories that its files lie in.
    fn make_parents(&mut self, path: &ImagePath, layer: usize) -> Result<(), AssemblyError> {
        let mut parent = path.parent();
        while let Some(at) = parent.filter(|it| !it.is_root()) {
            if self.files.is_directory(&at) {
                break;
            }
            parent = at.parent();
            self.room.take_implied(size_of::<(ImagePath, Node)>() + at.as_str().len())?;
            let node = Node { mode: 0o755, uid: 0, gid: 0, layer, kind: NodeKind::Directory };
            self.insert(at, node)?;
        }
        Ok(())
    }

    fn insert(&mut self, path: ImagePath, node: Node) -> Result<(), AssemblyError> {
        self.room.take(size_of::<ImagePath>() + path.as_str().len() + node.size_in_memory())?;
        self.files.nodes_mut().insert(path, node);
        Ok(())
    }

    fn remove_below(&mut self, path: &ImagePath) {
        let below: Vec<ImagePath> = self.files.below(path).cloned().collect();
        for path in below {
            self.files.nodes_mut().remove(&path);
        }
    }
}

/// A file keeps its further names when the first is removed or replaced: then the next of them is
/// the first.
fn adopt_orphans(files: &mut RootFs) {
    let is_orphan = |(_, node): &(&ImagePath, &Node)| match &node.kind {
        NodeKind::Hardlink { first, size, content } => {
            let first = files.get(first).map(|it| &it.kind);
            !matches!(first, Some(NodeKind::File { size: its, content: that })
                if its == size && that == content)
        }
        _ => false,
    };
    let orphans: Vec<ImagePath> = files.iter().filter(is_orphan).map(|it| it.0.clone()).collect();
    // The files that had one first name, one after another, each with who is the first now: told
    // apart by what they hold, for a name may have been given to very many.
    let mut adopted: HashMap<(ImagePath, u64, Digest), ImagePath> = HashMap::new();
    for path in orphans {
        let Some(node) = files.nodes_mut().get_mut(&path) else { continue };
        let NodeKind::Hardlink { first, size, content } = &mut node.kind else { continue };
        // What is read of a file is written as JSON in every cache.
        let held = Digest::of(&serde_json::to_vec(content).unwrap_or_default());
        match adopted.entry((first.clone(), *size, held)) {
            Entry::Occupied(heir) => first.clone_from(heir.get()),
            Entry::Vacant(place) => {
                node.kind = NodeKind::File { size: *size, content: content.clone() };
                place.insert(path);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{ElfFile, Layer};
    use crate::inspect::read_layer;

    fn assemble(layer: &Layer, room: usize) -> Result<RootFs, AssemblyError> {
        let facts = read_layer(&layer.descriptor(), layer.blob().as_slice()).expect("a layer");
        let mut room = Budget { left: room, ..Budget::default() };
        Assembly::within(&mut room).apply_all([&facts])
    }

    #[test]
    fn directories_that_no_entry_names_take_room() {
        let deep = "d/".repeat(2000) + "f";
        let layer = Layer::new().file(&deep, 0o644, "");
        assert_eq!(assemble(&layer, 1 << 20), Err(AssemblyError::TooMany));
        assert_eq!(assemble(&layer, ROOM).expect("room").iter().count(), 2001);
    }

    /// A name of 4 KB makes directories whose names take 4 MB.
    #[test]
    fn deep_paths_do_not_take_all_memory() {
        let deep = |count: usize| {
            (0..count).fold(Layer::new(), |layer, it| {
                layer.file(&format!("{it}/{}f", "a/".repeat(1900)), 0o644, "")
            })
        };
        assert_eq!(assemble(&deep(30), ROOM), Err(AssemblyError::TooDeep));
        assert!(assemble(&deep(5), ROOM).is_ok());
        // As many directories as a large image has are no crime.
        let wide = (0..2000)
            .fold(Layer::new(), |it, at| it.file(&format!("opt/app/{at}/lib/f"), 0o644, ""));
        assert!(assemble(&wide, ROOM).is_ok());
    }

    #[test]
    fn every_name_of_a_file_takes_room() {
        let needed = ["a-library-with-a-name-of-some-length.so"; 100];
        let program = ElfFile::of("linux/amd64").shared().with_needed(&needed).bytes();
        let first = Layer::new().executable("first", program);
        let layer = (0..200).fold(first, |it, number| it.hardlink(&format!("l{number}"), "first"));
        assert_eq!(assemble(&layer, 1 << 20), Err(AssemblyError::TooMany));
        assert_eq!(assemble(&layer, ROOM).expect("room").iter().count(), 201);
    }

    /// All variants of an image share the room.
    #[test]
    fn what_was_taken_is_gone() {
        let layer = Layer::new().file("a/b/c", 0o644, "");
        let facts = read_layer(&layer.descriptor(), layer.blob().as_slice()).expect("a layer");
        let mut room = Budget { left: 700, ..Budget::default() };
        let mut again = || Assembly::within(&mut room).apply_all([&facts]).is_ok();
        assert_eq!([again(), again(), again()], [true, false, false]);
    }
}
