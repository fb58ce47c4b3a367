//! The filesystem that a variant's layers make, as the kernel would see it.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::content::Content;
use super::path::ImagePath;
use crate::linux::{MAXSYMLINKS, PATH_MAX};

/// All files over all layers, by path. A copy costs nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RootFs {
    pub(crate) nodes: Arc<BTreeMap<ImagePath, Node>>,
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

    /// About the memory that it takes, in bytes.
    pub(crate) fn size_in_memory(&self) -> usize {
        let kind = match &self.kind {
            NodeKind::File { content, .. } => content.size_in_memory(),
            NodeKind::Hardlink { first, content, .. } => {
                first.as_str().len() + content.size_in_memory()
            }
            NodeKind::Symlink { target } => target.len(),
            NodeKind::Directory | NodeKind::Special => 0,
        };
        size_of::<Self>() + kind
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
    /// Links lead to a path that is too long (`ENAMETOOLONG`), or through more directories than
    /// anybody has.
    #[error("the links at {} lead too far", brief(.0))]
    TooLong(ImagePath),
}

/// The beginning of a path that is too long.
fn brief(path: &ImagePath) -> String {
    path.as_str().chars().take(256).collect()
}

/// The most directories that all links on a way may name: with paths of 4096 bytes they could name
/// 80000, and keep whoever follows them busy.
const STEP_LIMIT: usize = 1024;
/// `PATH_MAX`, of bytes that each may be written as `\xNN`.
const LENGTH_LIMIT: usize = 4 * PATH_MAX;

impl RootFs {
    /// The files from a text on, in the order of their paths.
    fn from<'f>(&'f self, text: &str) -> impl Iterator<Item = (&'f ImagePath, &'f Node)> + use<'f> {
        self.nodes.range::<str, _>((Bound::Included(text), Bound::Unbounded))
    }

    /// The paths of all that a directory holds, however deep.
    pub(crate) fn below<'f>(
        &'f self,
        directory: &ImagePath,
    ) -> impl Iterator<Item = &'f ImagePath> + use<'f> {
        let prefix = directory.as_prefix();
        let paths = self.from(&prefix).map(|it| it.0);
        paths.take_while(move |it| it.as_str().starts_with(&prefix))
    }

    /// The names in a directory, which is named without links.
    pub fn names(&self, directory: &ImagePath) -> impl Iterator<Item = &str> {
        let prefix = directory.as_prefix();
        // What lies deeper is passed over: the next one to look at, or whatever comes after it.
        let mut next = prefix.clone();
        std::iter::from_fn(move || {
            loop {
                let (path, _) = self.from(&next).next()?;
                let name = path.as_str().strip_prefix(&prefix)?;
                let Some((directory, _)) = name.split_once('/') else {
                    next = format!("{}\0", path.as_str());
                    return Some(name);
                };
                // `0` comes after `/`.
                next = format!("{prefix}{directory}0");
            }
        })
    }

    /// Where an entry lands: links in the directories above it are followed, as the engine does
    /// when it unpacks; its own last component is not.
    pub(crate) fn settle(&self, path: &ImagePath) -> Result<ImagePath, ResolveError> {
        let Some(parent) = path.parent() else { return Ok(path.clone()) };
        // Nodes stand under their real paths: where the directory has one, no link is above.
        if parent.is_root() || self.is_directory(&parent) {
            return Ok(path.clone());
        }
        // What is not there is made, behind a link to nowhere as elsewhere.
        let real = match self.walk_with(ImagePath::root(), parent.as_str(), Ok) {
            Err(error @ ResolveError::TooLong(_)) => return Err(error),
            real => real.unwrap_or(parent),
        };
        Ok(real.join(path.file_name()))
    }

    pub(crate) fn is_directory(&self, path: &ImagePath) -> bool {
        self.nodes.get(path).is_some_and(|it| it.kind == NodeKind::Directory)
    }

    pub(crate) fn nodes_mut(&mut self) -> &mut BTreeMap<ImagePath, Node> {
        Arc::make_mut(&mut self.nodes)
    }

    /// The node of a path, links not followed.
    #[must_use]
    pub fn get(&self, path: &ImagePath) -> Option<&Node> {
        self.nodes.get(path)
    }

    /// The node of a path, links not followed, with the path that it stands under.
    #[must_use]
    pub fn entry(&self, path: &ImagePath) -> Option<(&ImagePath, &Node)> {
        self.nodes.get_key_value(path)
    }

    /// The first name of the file that a path names, links not followed.
    #[must_use]
    pub fn first_name(&self, path: &ImagePath) -> ImagePath {
        match self.nodes.get(path).map(|it| &it.kind) {
            Some(NodeKind::Hardlink { first, .. }) => first.clone(),
            _ => path.clone(),
        }
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
        let (mut links, mut steps) = (0, 0);
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
            if next.as_str().len() > LENGTH_LIMIT {
                return Err(ResolveError::TooLong(next));
            }
            match self.nodes.get(&next).map(|it| &it.kind) {
                None => at = missing(next)?,
                Some(NodeKind::Directory) => at = next,
                Some(NodeKind::Symlink { target }) => {
                    links += 1;
                    if links > MAXSYMLINKS {
                        return Err(ResolveError::Loop(next));
                    }
                    steps += target.split('/').count();
                    if steps > STEP_LIMIT {
                        return Err(ResolveError::TooLong(next));
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::Layer;
    use crate::inspect::{assemble, read_layer};

    fn root_fs<const N: usize>(layers: [Layer; N]) -> RootFs {
        let read = |it: Layer| read_layer(&it.descriptor(), it.blob().as_slice());
        let facts = layers.map(|it| read(it).expect("a layer"));
        assemble(&facts).expect("few files")
    }

    /// All but directories, with what links say.
    fn listing<const N: usize>(layers: [Layer; N]) -> Vec<String> {
        let fs = root_fs(layers);
        fs.iter()
            .filter_map(|(path, node)| match &node.kind {
                NodeKind::Directory => None,
                NodeKind::File { .. } => Some(path.to_string()),
                NodeKind::Hardlink { first, .. } => Some(format!("{path} = {first}")),
                NodeKind::Symlink { target } => Some(format!("{path} -> {target}")),
                NodeKind::Special => Some(format!("{path} (special)")),
            })
            .collect()
    }

    fn files(paths: &[&str]) -> Layer {
        paths.iter().fold(Layer::new(), |layer, path| layer.file(path, 0o644, path))
    }

    #[test]
    fn whiteouts_hide_lower_layers() {
        let lower = || files(&["a/b", "a/c/d", "a-b/e", "a.b"]);
        assert_eq!(listing([lower(), Layer::new().whiteout("a/b")]), ["/a-b/e", "/a.b", "/a/c/d"]);
        assert_eq!(listing([lower(), Layer::new().whiteout("a")]), ["/a-b/e", "/a.b"]);
        assert_eq!(listing([lower(), Layer::new().opaque("a")]), ["/a-b/e", "/a.b"]);
        assert_eq!(listing([lower(), Layer::new().opaque(".")]), [""; 0]);
        assert_eq!(listing([lower(), Layer::new().whiteout("nothing")]).len(), 4);
    }

    #[test]
    fn whiteouts_spare_their_own_layer() {
        for upper in [
            files(&["a/new"]).opaque("a"),
            Layer::new().opaque("a").file("a/new", 0o644, ""),
            files(&["a/new"]).whiteout("a/old"),
            files(&["a/new"]).whiteout("a"),
            files(&["a/new"]).whiteout("a/old").whiteout("a/new"),
        ] {
            assert_eq!(listing([files(&["a/old"]), upper]), ["/a/new"]);
        }
    }

    #[test]
    fn names_that_aufs_kept_for_itself_hide_nothing() {
        let upper = files(&[".wh..wh.plnk/1", ".wh..wh.aufs"]);
        assert_eq!(
            listing([files(&["plnk", "aufs"]), upper]),
            ["/.wh..wh.plnk/1", "/aufs", "/plnk"]
        );
    }

    #[test]
    fn later_layers_replace() {
        let directory = || files(&["a/b", "a/c"]);
        assert_eq!(listing([directory(), files(&["a"])]), ["/a"]);
        assert_eq!(listing([files(&["a"]), directory()]), ["/a/b", "/a/c"]);
        assert_eq!(listing([directory(), Layer::new().symlink("a", "/x")]), ["/a -> /x"]);
        assert_eq!(listing([directory(), Layer::new().directory("a")]), ["/a/b", "/a/c"]);
        assert_eq!(listing([directory(), Layer::new().device("a/b")]), ["/a/b (special)", "/a/c"]);
    }

    #[test]
    fn entries_land_behind_links_in_their_directories() {
        let merged = || Layer::new().symlink("bin", "usr/bin").directory("usr/bin");
        assert_eq!(listing([merged(), files(&["bin/sh"])]), ["/bin -> usr/bin", "/usr/bin/sh"]);
        assert_eq!(
            listing([merged().file("usr/bin/sh", 0o755, ""), Layer::new().whiteout("bin/sh")]),
            ["/bin -> usr/bin"]
        );
        assert_eq!(
            listing([merged(), Layer::new().directory("bin").file("bin/sh", 0o755, "")]),
            ["/bin/sh"],
            "a directory replaces the link"
        );
        assert_eq!(
            listing([Layer::new().symlink("var/run", "/run"), files(&["var/run/a/b"])]),
            ["/run/a/b", "/var/run -> /run"],
            "what the link leads to is made"
        );
        assert_eq!(
            listing([Layer::new().symlink("a", "b").symlink("b", "a"), files(&["a/c"])]),
            ["/a/c", "/b -> a"],
            "a circle leads nowhere"
        );
    }

    #[test]
    fn names_cannot_climb_out() {
        let layer = files(&["../../etc/x", "/abs", "a/../b", "./c", "d//e"]);
        assert_eq!(listing([layer]), ["/abs", "/b", "/c", "/d/e", "/etc/x"]);
        let fs = root_fs([files(&["etc/x"]).symlink("up", "../../../etc/x")]);
        let (path, _) = fs.resolve(&ImagePath::root(), "/up").expect("it stays inside");
        assert_eq!(path.as_str(), "/etc/x");
    }

    #[test]
    fn further_names_are_those_of_a_file() {
        let two = || files(&["a"]).hardlink("b", "a").hardlink("c", "b");
        assert_eq!(listing([two()]), ["/a", "/b = /a", "/c = /a"]);
        assert_eq!(listing([files(&["a"]), Layer::new().hardlink("b", "./a")]), ["/a", "/b = /a"]);
        assert_eq!(listing([Layer::new().hardlink("b", "nowhere")]), [""; 0]);
        assert_eq!(listing([two(), Layer::new().whiteout("a")]), ["/b", "/c = /b"]);
        let other = Layer::new().file("a", 0o644, "another file");
        assert_eq!(listing([two(), other]), ["/a", "/b", "/c = /b"]);
        assert_eq!(listing([files(&["a"]).hardlink("a", "a")]), ["/a"], "a name of itself");
    }

    #[test]
    fn paths_are_walked_as_the_kernel_does() {
        let fs = root_fs([files(&["usr/bin/dash", "opt/app/run"])
            .symlink("bin", "usr/bin")
            .symlink("usr/bin/sh", "dash")
            .symlink("opt/current", "/opt/app")
            .symlink("loop", "loop")
            .symlink("lost", "/nowhere/x")]);
        let from = ImagePath::clean("/opt/current");
        let walk = |path: &str| match fs.resolve(&from, path) {
            Ok((real, _)) => real.to_string(),
            Err(error) => error.to_string(),
        };
        for (path, expected) in [
            ("/bin/sh", "/usr/bin/dash"),
            ("/opt/current/run", "/opt/app/run"),
            ("run", "/opt/app/run"),
            ("./run", "/opt/app/run"),
            ("../../bin/sh", "/usr/bin/dash"),
            ("/bin/../app", "/usr/app does not exist"),
            ("/loop", "the links at /loop lead in a circle"),
            ("/lost", "/nowhere does not exist"),
            ("/opt/app/run/x", "/opt/app/run is not a directory"),
        ] {
            assert_eq!(walk(path), expected, "{path}");
        }
    }

    #[test]
    fn a_directory_lists_its_own_names_only() {
        let fs = root_fs([files(&["a/b/c", "a/d", "a-b/e"])]);
        let names = |path: &str| fs.names(&ImagePath::clean(path)).collect::<Vec<_>>();
        assert_eq!(names("/a"), ["b", "d"]);
        assert_eq!(names("/"), ["a", "a-b"]);
        assert_eq!(names("/none"), [""; 0]);
        let fs = root_fs([files(&["x/b/c", "x/b/d/e", "x/b-c", "x/b0/f", "x/b00", "y"])]);
        let names: Vec<&str> = fs.names(&ImagePath::clean("/x")).collect();
        assert_eq!(names, ["b", "b-c", "b0", "b00"], "in the order of paths");
    }
}
