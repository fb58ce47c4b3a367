//! A program with all that its loader loads for it.

use std::collections::HashMap;

use super::catalogue::{Catalogue, Found, Object};
use super::cause::Unresolved;
use super::family::Family;
use super::loaded::{Loaded, Opened};
use super::search::Loader;
use crate::evidence::image::{Content, ImagePath};
use crate::launch::variable;

/// The files of a process when its own code begins.
pub struct Process<'a> {
    /// The program, its loader, and the rest in the order in which they are loaded.
    pub loaded: Vec<Loaded<'a>>,
    /// What cannot be loaded, so that the program's own code never begins.
    pub unresolved: Vec<Unresolved>,
    /// The loaded file that each name stands for; `None` for one that is not followed.
    names: HashMap<String, Option<usize>>,
    /// Where each file stands among the loaded.
    places: HashMap<&'a ImagePath, usize>,
}

/// The loader's place among the loaded files.
const LOADER: usize = 1;

impl<'a> Process<'a> {
    /// Loads a program, breadth first, as both loaders do.
    ///
    /// Source: glibc, `elf/dl-deps.c`, `_dl_map_object_deps`; musl, `ldso/dynlink.c`, `load_deps`.
    #[must_use]
    pub fn start(catalogue: &Catalogue<'a>, loader: &Loader<'a>, program: Object<'a>) -> Self {
        let file = |object: Object<'a>, opened: &str| Loaded {
            object,
            opened: opened.to_owned(),
            by: None,
            above: None,
        };
        let mut process = Self {
            // The kernel gives the program's real path (/proc/self/exe).
            loaded: vec![file(program, program.path.as_str()), file(loader.object, &loader.named)],
            unresolved: Vec::new(),
            names: HashMap::new(),
            // Of a loader that is its own program, the first.
            places: HashMap::from([(loader.object.path, LOADER), (program.path, 0)]),
        };
        process.name_loader(loader);
        for name in preloads(catalogue, loader.family()) {
            process.need(catalogue, loader, 0, &name);
        }
        // glibc says so and goes on, musl says nothing.
        process.unresolved.clear();
        process.names.retain(|_, file| file.is_some());
        let mut next = 0;
        while let Some(file) = process.loaded.get(next) {
            for name in &file.object.facts.needed {
                process.need(catalogue, loader, next, name);
            }
            next += 1;
        }
        process
    }

    /// The loaded file that a name stands for.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Loaded<'a>> {
        self.loaded.get((*self.names.get(name)?)?)
    }

    /// The loader is a loaded file like others, and other files may need it by name.
    fn name_loader(&mut self, loader: &Loader<'a>) {
        let mut names = vec![loader.named.as_str()];
        if loader.family() == Family::Glibc {
            names.extend(loader.named.rsplit('/').next());
            names.extend(loader.object.facts.soname.as_deref());
        }
        self.names.extend(names.into_iter().map(|it| (it.to_owned(), Some(LOADER))));
    }

    fn need(&mut self, catalogue: &Catalogue<'a>, loader: &Loader<'a>, by: usize, name: &str) {
        if self.names.contains_key(name) {
            return;
        }
        let place = match loader.open(catalogue, &self.loaded, by, name) {
            Ok(Opened { found: Found::Elf(object), path }) => {
                Some(self.load(loader.family(), object, path, by))
            }
            Ok(_) => None,
            Err(cause) => {
                self.unresolved.push(Unresolved { by, name: name.to_owned(), cause });
                None
            }
        };
        self.names.insert(name.to_owned(), place);
    }

    /// A file that is loaded already, under whichever name, is not loaded again. glibc knows it by
    /// its `DT_SONAME` from then on (`_dl_map_object`); musl looks at names alone.
    fn load(&mut self, family: Family, object: Object<'a>, opened: String, by: usize) -> usize {
        if let Some(same) = self.places.get(object.path) {
            return *same;
        }
        let place = self.loaded.len();
        if let (Family::Glibc, Some(soname)) = (family, &object.facts.soname) {
            self.names.entry(soname.clone()).or_insert(Some(place));
        }
        self.places.insert(object.path, place);
        let above =
            self.loaded.get(by).and_then(|it| if it.names_folders() { Some(by) } else { it.above });
        self.loaded.push(Loaded { object, opened, by: Some(by), above });
        place
    }
}

/// What is loaded before all that is needed.
fn preloads(catalogue: &Catalogue<'_>, family: Family) -> Vec<String> {
    let variable = variable(&catalogue.variant.config, "LD_PRELOAD").unwrap_or_default();
    let file = catalogue.variant.files.resolve(&ImagePath::root(), "/etc/ld.so.preload");
    let file = match file.map(|(_, node)| node.content()) {
        Ok(Some(Content::Text(text))) if family == Family::Glibc => text.as_str(),
        _ => "",
    };
    let lines = file.lines().map(|line| line.split('#').next().unwrap_or_default());
    let words = std::iter::once(variable).chain(lines);
    let words = words.flat_map(|it| it.split([':', ' ', '\t', '\n']));
    words.filter(|it| !it.is_empty()).map(str::to_owned).collect()
}
