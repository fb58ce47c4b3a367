//! Where glibc's loader looks.
//!
//! Source: `ld.so(8)`; glibc, `elf/dl-load.c`, `_dl_map_object`.

use std::collections::HashMap;

use super::catalogue::{Catalogue, Found, Object};
use super::cause::Cause;
use super::loaded::{Loaded, Opened, ancestry};
use super::paths::{built_in, expand, expand_one, origin, shown};
use crate::arch::{Amd64Level, Architecture, GlibcNames};
use crate::elf::DynamicFlags1;
use crate::evidence::image::{CacheEntry, Content, Hardware, ImagePath};
use crate::launch::variable;
use crate::platform::Platform;

/// A glibc as its loader shows it.
pub(super) struct Glibc<'a> {
    names: GlibcNames,
    /// The cache's entries for this ABI, best first, and where the cache lies.
    cache: HashMap<&'a str, Vec<&'a CacheEntry>>,
    cache_path: Option<String>,
    built_in: Vec<String>,
    /// The subfolders of `glibc-hwcaps` whose code every processor of the platform executes.
    hardware: Vec<String>,
}

impl<'a> Glibc<'a> {
    pub(super) fn new(catalogue: &Catalogue<'a>, loader: Object<'a>) -> Self {
        let names = catalogue.variant.platform.facts().glibc;
        let folder = loader.path.parent().unwrap_or_else(ImagePath::root);
        let standard = built_in(&names);
        let is_standard = standard.iter().any(|it| catalogue.folder(it).as_ref() == Some(&folder));
        // A glibc of a prefix of its own has its folder and its cache there. Nix and Guix build it
        // to see nothing else; of others that is not known.
        let is_closed =
            ["/nix/store/", "/gnu/store/"].map(|it| loader.path.as_str().starts_with(it));
        let prefix = folder.parent().unwrap_or_else(ImagePath::root);
        let own_cache = prefix.join("etc").join("ld.so.cache").to_string();
        let (built_in, caches) = match (is_standard, is_closed.contains(&true)) {
            (true, _) => (standard, vec!["/etc/ld.so.cache".to_owned()]),
            (false, true) => (vec![folder.to_string()], vec![own_cache]),
            (false, false) => (
                [vec![folder.to_string()], standard].concat(),
                vec![own_cache, "/etc/ld.so.cache".to_owned()],
            ),
        };
        let hardware = usable_hardware(catalogue.variant.platform);
        let mut glibc = Self { names, cache: HashMap::new(), cache_path: None, built_in, hardware };
        for path in caches {
            glibc.add_cache(catalogue, path);
        }
        glibc
    }

    /// A cache in the other byte order is not read (`cache_file_new_matches_endian`).
    fn add_cache(&mut self, catalogue: &Catalogue<'a>, path: String) {
        let node = catalogue.variant.files.resolve(&ImagePath::root(), &path).map(|it| it.1);
        let Ok(Some(Content::LoaderCache(cache))) = node.map(|it| it.content()) else { return };
        if cache.data != catalogue.target().data {
            return;
        }
        let accepted = self.names.cache_flags;
        for entry in &cache.entries {
            if accepted.is_empty() || accepted.contains(&entry.flags) {
                self.cache.entry(&entry.name).or_default().push(entry);
            }
        }
        let hardware = &self.hardware;
        for entries in self.cache.values_mut() {
            entries.retain(|it| preference(it, hardware).is_some());
            entries.sort_by_key(|it| preference(it, hardware));
        }
        self.cache_path.get_or_insert(path);
    }

    pub(super) fn open(
        &self,
        catalogue: &Catalogue<'a>,
        loaded: &[Loaded<'a>],
        by: usize,
        name: &str,
    ) -> Result<Opened<'a>, Cause> {
        let Some(asking) = loaded.get(by) else { return Err(Cause::Nowhere { places: vec![] }) };
        if name.contains('/') {
            return self.open_path(catalogue, &asking.opened, name);
        }
        let lists = self.lists(catalogue, loaded, by)?;
        let folders = lists.iter().flat_map(|(_, folders)| folders);
        catalogue.take(folders.clone().map(String::as_str))?;
        if let Some(opened) = first(folders.map(|it| self.probe(catalogue, it, name))) {
            return opened;
        }
        let built_in: &[String] = if asking.object.facts.flags_1.has(DynamicFlags1::NODEFLIB) {
            &[]
        } else {
            &self.built_in
        };
        // What the cache has of folders that are not searched does not count either.
        let is_left_out =
            |path: &&str| built_in.is_empty() && self.built_in.iter().any(|it| origin(path) == it);
        let cached = self.cached(name).filter(|it| !is_left_out(it));
        if let Some(opened) = first(cached.map(|path| accept(catalogue, path, catalogue.at(path))))
        {
            return opened;
        }
        if let Some(opened) = first(built_in.iter().map(|it| self.probe(catalogue, it, name))) {
            return opened;
        }
        Err(Cause::Nowhere { places: self.places(&lists, built_in) })
    }

    fn open_path(
        &self,
        catalogue: &Catalogue<'a>,
        asking: &str,
        name: &str,
    ) -> Result<Opened<'a>, Cause> {
        let paths = expand_one(name, origin(asking), &self.names);
        first(paths.iter().map(|it| accept(catalogue, it, catalogue.at(it))))
            .unwrap_or(Err(Cause::Nowhere { places: paths }))
    }

    /// The lists of folders that come before the cache, each with its name. A file's `DT_RPATH`
    /// counts for what it loads however indirectly, its `DT_RUNPATH` for itself alone, and who has
    /// the latter has neither its own nor others' `DT_RPATH`.
    fn lists(
        &self,
        catalogue: &Catalogue<'a>,
        loaded: &[Loaded<'a>],
        by: usize,
    ) -> Result<Vec<(&'static str, Vec<String>)>, Cause> {
        let expand = |list: &str, separators: &[char], opened: &str| {
            catalogue.take([list])?;
            Ok(expand(list, separators, origin(opened), &self.names))
        };
        let mut lists = Vec::new();
        let runpath = loaded.get(by).and_then(|it| it.object.facts.runpath.as_deref());
        if runpath.is_none() {
            for file in ancestry(loaded, by).filter(|it| it.object.facts.runpath.is_none()) {
                if let Some(rpath) = file.object.facts.rpath.as_deref() {
                    lists.push(("RPATH", expand(rpath, &[':'], &file.opened)?));
                }
            }
        }
        let path = variable(&catalogue.variant.config, "LD_LIBRARY_PATH");
        if let (Some(path), Some(program)) = (path.filter(|it| !it.is_empty()), loaded.first()) {
            lists.push(("LD_LIBRARY_PATH", expand(path, &[':', ';'], &program.opened)?));
        }
        if let (Some(runpath), Some(file)) = (runpath, loaded.get(by)) {
            lists.push(("RUNPATH", expand(runpath, &[':'], &file.opened)?));
        }
        Ok(lists)
    }

    /// A file that is for another machine or class is passed over (`open_verify`).
    fn probe(&self, catalogue: &Catalogue<'a>, folder: &str, name: &str) -> Attempt<'a> {
        catalogue.folder(folder)?;
        let subfolders = self.hardware.iter().map(|it| format!("{folder}/glibc-hwcaps/{it}"));
        // Folders of loaders before 2.37, such as `tls`, matter to nobody who has the plain file.
        let folders = subfolders.chain([folder.to_owned(), format!("{folder}/tls")]);
        let mut attempts = folders.map(|it| {
            let path = format!("{it}/{name}");
            accept(catalogue, &path, catalogue.within(&it, name))
        });
        attempts.find_map(|it| it)
    }

    fn cached(&self, name: &str) -> impl Iterator<Item = &'a str> {
        let entries = self.cache.get(name).map_or(&[][..], Vec::as_slice);
        entries.iter().map(|it| it.path.as_str())
    }

    fn places(&self, lists: &[(&'static str, Vec<String>)], built_in: &[String]) -> Vec<String> {
        let mut places = shown(lists);
        places.extend(self.cache_path.clone());
        if let Some(folder) = built_in.first() {
            places.push(format!("the loader's own folders ({folder} and others)"));
        }
        places
    }
}

/// `None`: nothing is there, and the search goes on.
type Attempt<'a> = Option<Result<Opened<'a>, Cause>>;

fn first<'a>(mut attempts: impl Iterator<Item = Attempt<'a>>) -> Attempt<'a> {
    attempts.find_map(|it| it)
}

/// A file that is no ELF file ends the search with an error (`open_verify`, "invalid ELF header").
fn accept<'a>(catalogue: &Catalogue<'a>, path: &str, found: Option<Found<'a>>) -> Attempt<'a> {
    match found? {
        Found::Elf(object) if object.facts.target() != catalogue.target() => None,
        Found::Other(path) => Some(Err(Cause::Unusable(path.clone()))),
        found => Some(Ok(Opened { found, path: path.to_owned() })),
    }
}

/// The order in which entries of one name are taken; `None` for one whose code not every processor
/// of the platform executes.
fn preference(entry: &CacheEntry, usable: &[String]) -> Option<usize> {
    match &entry.hardware {
        Some(Hardware::Subfolder(name)) => usable.iter().position(|it| it == name),
        None => Some(usable.len()),
        Some(Hardware::Legacy(_)) => Some(usable.len() + 1),
    }
}

/// The subfolders for the platform's processors, best first. Only amd64 has a level in its name;
/// elsewhere a library that is in such a folder alone is missing on the oldest.
///
/// Source: `ld.so(8)`, "Hardware capabilities (since glibc 2.33)".
fn usable_hardware(platform: Platform) -> Vec<String> {
    let Architecture::Amd64(level) = platform.architecture() else { return Vec::new() };
    let levels = [Amd64Level::V4, Amd64Level::V3, Amd64Level::V2];
    let usable = levels.into_iter().filter(|it| *it <= level);
    usable.map(|it| format!("x86-64-v{}", it.number())).collect()
}
