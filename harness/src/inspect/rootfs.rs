//! The filesystem that a variant's layers make, as the kernel would see it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::content::Content;
use super::layer::{Change, LayerEntry, LayerFacts};
use super::path::ImagePath;

/// All files over all layers, by path.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RootFs {
    nodes: BTreeMap<ImagePath, Node>,
}

/// One file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Node {
    /// Permission, set-id and sticky bits.
    pub mode: u32,
    /// The owner.
    pub uid: u64,
    /// The group.
    pub gid: u64,
    /// The layer that wrote it, 0 the lowest.
    pub layer: usize,
    /// What it is.
    pub kind: NodeKind,
}

/// What a file is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NodeKind {
    /// A directory.
    Directory,
    /// A regular file, under the first of its names.
    File {
        /// Its size in bytes.
        size: u64,
        /// What it is.
        content: Content,
    },
    /// A further name of a regular file.
    Hardlink {
        /// The first name, in this same filesystem at the time the link was made.
        first: ImagePath,
        /// Its size in bytes.
        size: u64,
        /// What it is.
        content: Content,
    },
    /// A symbolic link.
    Symlink {
        /// Its text, as written.
        target: String,
    },
    /// A device, FIFO or the like.
    Special,
}

impl Node {
    /// What a regular file is, under whichever of its names; `None` for everything else.
    #[must_use]
    pub fn content(&self) -> Option<&Content> {
        match &self.kind {
            NodeKind::File { content, .. } | NodeKind::Hardlink { content, .. } => Some(content),
            NodeKind::Directory | NodeKind::Symlink { .. } | NodeKind::Special => None,
        }
    }

    /// Whether anybody may execute it.
    #[must_use]
    pub fn is_executable(&self) -> bool {
        self.mode & 0o111 != 0
    }
}

/// Why a path leads nowhere.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ResolveError {
    /// Nothing is there (`ENOENT`).
    #[error("{0} does not exist")]
    Missing(ImagePath),
    /// A part of the path is no directory (`ENOTDIR`).
    #[error("{0} is not a directory")]
    NotDirectory(ImagePath),
    /// Links lead in a circle (`ELOOP`).
    #[error("the links at {0} lead in a circle")]
    Loop(ImagePath),
}

/// Linux gives up after as many links (`MAXSYMLINKS`).
const LINK_LIMIT: usize = 40;

impl RootFs {
    /// Applies layers, lowest first.
    #[must_use]
    pub fn of_layers<'a>(layers: impl IntoIterator<Item = &'a LayerFacts>) -> Self {
        let mut fs = Self::default();
        for (number, layer) in layers.into_iter().enumerate() {
            fs.apply(number, &layer.entries);
        }
        fs.adopt_orphans();
        fs
    }

    /// A whiteout hides what lower layers hold, never what its own layer does, wherever in the
    /// tar it stands: so all of them come first.
    fn apply(&mut self, layer: usize, entries: &[LayerEntry]) {
        for entry in entries {
            match entry.change {
                Change::Whiteout => self.remove(&self.settle(&entry.path)),
                Change::Opaque => self.remove_below(&self.settle(&entry.path)),
                _ => {}
            }
        }
        for entry in entries {
            self.add(layer, entry);
        }
    }

    fn add(&mut self, layer: usize, entry: &LayerEntry) {
        let path = self.settle(&entry.path);
        let kind = match &entry.change {
            Change::Whiteout | Change::Opaque => return,
            Change::Directory => NodeKind::Directory,
            Change::File { size, content } => {
                NodeKind::File { size: *size, content: content.clone() }
            }
            Change::Symlink { target } => NodeKind::Symlink { target: target.clone() },
            Change::Special => NodeKind::Special,
            Change::Hardlink { target } => return self.link(layer, path, target),
        };
        self.put(path, Node { mode: entry.mode, uid: entry.uid, gid: entry.gid, layer, kind });
    }

    fn link(&mut self, layer: usize, path: ImagePath, target: &ImagePath) {
        let target = self.settle(target);
        // A link to nowhere makes no file.
        let Some(node) = self.nodes.get(&target).cloned() else { return };
        let kind = match node.kind {
            NodeKind::File { size, content } => NodeKind::Hardlink { first: target, size, content },
            other => other,
        };
        self.put(path, Node { layer, kind, ..node });
    }

    /// A file keeps its further names when the first is removed or replaced: then the next of
    /// them is the first.
    fn adopt_orphans(&mut self) {
        let is_orphan = |node: &Node| match &node.kind {
            NodeKind::Hardlink { first, size, content } => {
                let file = NodeKind::File { size: *size, content: content.clone() };
                self.nodes.get(first).is_none_or(|it| it.kind != file)
            }
            _ => false,
        };
        let orphans: Vec<ImagePath> =
            self.nodes.iter().filter(|it| is_orphan(it.1)).map(|it| it.0.clone()).collect();
        let mut adopted: Vec<(NodeKind, ImagePath)> = Vec::new();
        for path in orphans {
            let Some(node) = self.nodes.get_mut(&path) else { continue };
            if let Some((_, heir)) = adopted.iter().find(|(was, _)| *was == node.kind) {
                if let NodeKind::Hardlink { first, .. } = &mut node.kind {
                    *first = heir.clone();
                }
            } else if let NodeKind::Hardlink { size, content, .. } = &node.kind {
                let file = NodeKind::File { size: *size, content: content.clone() };
                adopted.push((std::mem::replace(&mut node.kind, file), path));
            }
        }
    }

    fn put(&mut self, path: ImagePath, node: Node) {
        self.make_parents(&path, node.layer);
        if self.is_directory(&path) && node.kind != NodeKind::Directory {
            self.remove_below(&path);
        }
        if !path.is_root() {
            self.nodes.insert(path, node);
        }
    }

    /// A tar need not list the directories that its files lie in.
    fn make_parents(&mut self, path: &ImagePath, layer: usize) {
        let mut parent = path.parent();
        while let Some(at) = parent.filter(|it| !it.is_root()) {
            if self.is_directory(&at) {
                return;
            }
            let node = Node { mode: 0o755, uid: 0, gid: 0, layer, kind: NodeKind::Directory };
            self.nodes.insert(at.clone(), node);
            parent = at.parent();
        }
    }

    fn remove(&mut self, path: &ImagePath) {
        self.remove_below(path);
        self.nodes.remove(path);
    }

    fn remove_below(&mut self, path: &ImagePath) {
        let below: Vec<ImagePath> = self.below(path).cloned().collect();
        for path in below {
            self.nodes.remove(&path);
        }
    }

    /// The paths of all that a directory holds, however deep.
    fn below(&self, directory: &ImagePath) -> impl Iterator<Item = &ImagePath> {
        let prefix = directory.as_prefix();
        let within = directory.clone();
        self.nodes
            .range(directory..)
            .map(|(it, _)| it)
            // Siblings such as `a-b` sort between `a` and `a/b`.
            .take_while(move |it| it.as_str().starts_with(within.as_str()))
            .filter(move |it| it.as_str().starts_with(&prefix))
    }

    /// The names in a directory, which is named without links.
    pub fn names(&self, directory: &ImagePath) -> impl Iterator<Item = &str> {
        let skip = directory.as_prefix().len();
        self.below(directory).map(move |it| &it.as_str()[skip..]).filter(|it| !it.contains('/'))
    }

    /// Where an entry lands: links in the directories above it are followed, as the engine does
    /// when it unpacks; its own last component is not.
    fn settle(&self, path: &ImagePath) -> ImagePath {
        let Some(parent) = path.parent() else { return path.clone() };
        // Nodes stand under their real paths: where the directory has one, no link is above.
        if parent.is_root() || self.is_directory(&parent) {
            return path.clone();
        }
        // What is not there is made, behind a link to nowhere as elsewhere.
        let real = self.walk_with(ImagePath::root(), parent.as_str(), Ok).unwrap_or(parent);
        real.join(path.file_name())
    }

    fn is_directory(&self, path: &ImagePath) -> bool {
        self.nodes.get(path).is_some_and(|it| it.kind == NodeKind::Directory)
    }

    /// The node of a path, links not followed.
    #[must_use]
    pub fn get(&self, path: &ImagePath) -> Option<&Node> {
        self.nodes.get(path)
    }

    /// All files, sorted by path.
    pub fn iter(&self) -> impl Iterator<Item = (&ImagePath, &Node)> {
        self.nodes.iter()
    }

    /// Whether there is no file at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// Follows all links of a path, relative to a directory if it is not absolute, as the kernel
    /// does with the image as its root.
    ///
    /// # Errors
    ///
    /// When the path leads nowhere.
    pub fn resolve(
        &self,
        from: &ImagePath,
        path: &str,
    ) -> Result<(ImagePath, &Node), ResolveError> {
        let start = if path.starts_with('/') { ImagePath::root() } else { self.walk(from)? };
        let real = self.walk_from(start, path)?;
        match self.nodes.get(&real) {
            Some(node) => Ok((real, node)),
            None => Err(ResolveError::Missing(real)),
        }
    }

    fn walk(&self, path: &ImagePath) -> Result<ImagePath, ResolveError> {
        self.walk_from(ImagePath::root(), path.as_str())
    }

    fn walk_from(&self, start: ImagePath, path: &str) -> Result<ImagePath, ResolveError> {
        self.walk_with(start, path, |it| Err(ResolveError::Missing(it)))
    }

    /// `missing` decides what becomes of a component that is not there.
    fn walk_with(
        &self,
        start: ImagePath,
        path: &str,
        missing: fn(ImagePath) -> Result<ImagePath, ResolveError>,
    ) -> Result<ImagePath, ResolveError> {
        let mut at = start;
        let mut links = 0;
        // A stack of components still to walk, the next one last.
        let mut rest: Vec<String> = path.rsplit('/').map(str::to_owned).collect();
        while let Some(component) = rest.pop() {
            match component.as_str() {
                "" | "." => continue,
                ".." => {
                    at = at.parent().unwrap_or_else(ImagePath::root);
                    continue;
                }
                _ => {}
            }
            let next = at.join(&component);
            match self.nodes.get(&next).map(|it| &it.kind) {
                None => at = missing(next)?,
                Some(NodeKind::Directory) => at = next,
                Some(NodeKind::Symlink { target }) => {
                    links += 1;
                    if links > LINK_LIMIT {
                        return Err(ResolveError::Loop(next));
                    }
                    if target.starts_with('/') {
                        at = ImagePath::root();
                    }
                    rest.extend(target.rsplit('/').map(str::to_owned));
                }
                Some(_) if rest.iter().all(String::is_empty) => at = next,
                Some(_) => return Err(ResolveError::NotDirectory(next)),
            }
        }
        Ok(at)
    }
}
