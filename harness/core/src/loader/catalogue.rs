//! The files of a variant as a loader sees them: by path, and by name.

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::{HashMap, HashSet};

use super::cause::Cause;
use super::family::Family;
use crate::elf::{ElfFacts, ElfTarget};
use crate::evidence::image::{Content, ImagePath, Node, NodeKind, Variant};

/// A file that a loader can map. Two with the same path are the same file.
#[derive(Clone, Copy, Debug)]
pub struct Object<'a> {
    /// Its first name, links followed.
    pub path: &'a ImagePath,
    /// Its node.
    pub node: &'a Node,
    /// What it says.
    pub facts: &'a ElfFacts,
}

/// What a path leads to.
#[derive(Clone, Copy, Debug)]
pub enum Found<'a> {
    /// A file that a loader can map.
    Elf(Object<'a>),
    /// An ELF file that cannot be read to its end, which is a defect of its own.
    Broken(&'a ImagePath),
    /// A file that is nothing that a loader maps.
    Other(&'a ImagePath),
}

/// A variant's files, with what was looked up once kept.
pub struct Catalogue<'a> {
    /// The variant.
    pub variant: &'a Variant,
    directory: ImagePath,
    folders: RefCell<HashMap<String, Option<ImagePath>>>,
    by_name: HashMap<&'a str, Vec<Object<'a>>>,
    loaders: OnceCell<Vec<&'a ImagePath>>,
    /// How many folders may still be looked at.
    left: Cell<usize>,
}

/// How many folders are looked at for all that the programs of a variant need; long ones count for
/// more. 2000 programs that each need 100 libraries and name 20 folders look at four millions.
const FOLDERS_LIMIT: usize = 10_000_000;

/// So many folders are kept in mind.
const KNOWN_FOLDERS: usize = 1 << 14;

impl<'a> Catalogue<'a> {
    /// Notes the names of all files for the platform's machine that `counts` does not leave out.
    #[must_use]
    pub fn new(variant: &'a Variant, counts: impl Fn(Object<'a>) -> bool) -> Self {
        let directory = ImagePath::clean(&variant.config.working_dir);
        let mut catalogue = Self {
            variant,
            directory,
            folders: RefCell::default(),
            by_name: HashMap::new(),
            loaders: OnceCell::new(),
            left: Cell::new(FOLDERS_LIMIT),
        };
        let mut noted = HashSet::new();
        for (path, node) in variant.files.iter() {
            let is_file = match &node.kind {
                NodeKind::File { .. } | NodeKind::Hardlink { .. } => true,
                NodeKind::Symlink { .. } => path.file_name().contains(".so"),
                NodeKind::Directory | NodeKind::Special => false,
            };
            let Some(Found::Elf(object)) = is_file.then(|| catalogue.node_at(path)).flatten()
            else {
                continue;
            };
            if object.facts.target() == catalogue.target() && counts(object) {
                let names = [Some(path.file_name()), object.facts.soname.as_deref()];
                for name in names.into_iter().flatten() {
                    if noted.insert((name, object.path)) {
                        catalogue.by_name.entry(name).or_default().push(object);
                    }
                }
            }
        }
        catalogue
    }

    /// The machine, class and byte order of the platform.
    #[must_use]
    pub fn target(&self) -> ElfTarget {
        self.variant.platform.elf_target()
    }

    /// The files that have a name, or give it as their `DT_SONAME`, wherever they lie.
    #[must_use]
    pub fn named(&self, name: &str) -> &[Object<'a>] {
        self.by_name.get(name).map_or(&[], Vec::as_slice)
    }

    /// All loaders of glibc and musl for the platform's machine, by path.
    #[must_use]
    pub fn loaders(&self) -> &[&'a ImagePath] {
        self.loaders.get_or_init(|| {
            let is_loader = |name: &&&str| {
                name.starts_with("ld-") && Family::of_name(name).is_some()
                    || ["ld64.so.", "ld.so."].iter().any(|it| name.starts_with(it))
            };
            let names = self.by_name.keys().filter(is_loader);
            let mut paths: Vec<_> = names.flat_map(|it| self.named(it)).map(|it| it.path).collect();
            paths.sort();
            paths.dedup();
            paths
        })
    }

    /// Counts folders that are about to be looked at, or a list of them that is taken apart.
    ///
    /// # Errors
    ///
    /// [`Cause::Endless`] where there were too many.
    pub(super) fn take<'t>(&self, texts: impl IntoIterator<Item = &'t str>) -> Result<(), Cause> {
        let folders = texts.into_iter().map(|it| 1 + it.len() / 16).sum();
        self.left.set(self.left.get().saturating_sub(folders));
        if self.left.get() == 0 { Err(Cause::Endless { limit: FOLDERS_LIMIT }) } else { Ok(()) }
    }

    /// What a path leads to, relative to the image's working directory.
    #[must_use]
    pub fn at(&self, path: &str) -> Option<Found<'a>> {
        let (real, _) = self.variant.files.resolve(&self.directory, path).ok()?;
        self.node_at(&real)
    }

    /// What a name in a folder leads to.
    #[must_use]
    pub fn within(&self, folder: &str, name: &str) -> Option<Found<'a>> {
        self.node_at(&self.folder(folder)?.join(name))
    }

    /// The real path of a folder, relative to the image's working directory.
    #[must_use]
    pub fn folder(&self, folder: &str) -> Option<ImagePath> {
        if let Some(known) = self.folders.borrow().get(folder) {
            return known.clone();
        }
        let found = self.variant.files.resolve(&self.directory, folder).ok();
        let real = found.filter(|(_, node)| node.kind == NodeKind::Directory).map(|it| it.0);
        let mut folders = self.folders.borrow_mut();
        if folders.len() >= KNOWN_FOLDERS {
            folders.clear();
        }
        folders.insert(folder.to_owned(), real.clone());
        real
    }

    fn node_at(&self, path: &ImagePath) -> Option<Found<'a>> {
        let files = &self.variant.files;
        let (path, node) = files.entry(path)?;
        match &node.kind {
            NodeKind::Symlink { .. } => {
                let (real, _) = files.resolve(&ImagePath::root(), path.as_str()).ok()?;
                // Resolved, it is no link any more.
                self.node_at(&real)
            }
            NodeKind::Hardlink { first, .. } => {
                let (first, _) = files.entry(first)?;
                Some(Self::classify(first, node))
            }
            NodeKind::File { .. } => Some(Self::classify(path, node)),
            NodeKind::Directory | NodeKind::Special => None,
        }
    }

    fn classify(path: &'a ImagePath, node: &'a Node) -> Found<'a> {
        match node.content() {
            Some(Content::Elf(facts)) if facts.malformation.is_some() => Found::Broken(path),
            Some(Content::Elf(facts)) if facts.elf_type.is_loadable() => {
                Found::Elf(Object { path, node, facts })
            }
            Some(Content::BrokenElf(_)) => Found::Broken(path),
            _ => Found::Other(path),
        }
    }
}
