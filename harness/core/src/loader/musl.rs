//! Where musl's loader looks.
//!
//! Source: musl, `ldso/dynlink.c`, `load_library`, `path_open` and `fixup_rpath`.

use super::catalogue::{Catalogue, Found, Object};
use super::cause::Cause;
use super::family::Family;
use super::loaded::{Loaded, Opened, ancestry};
use super::paths::{origin, shown, with_origin};
use crate::evidence::image::{Content, ImagePath};
use crate::launch::variable;

/// A musl as its loader shows it.
pub(super) struct Musl {
    loader: String,
    folders: Vec<String>,
    folders_from: String,
}

/// What musl is itself, whatever follows the name: `libc.so.6`, `libm.so.6`,
/// `libc.musl-x86_64.so.1`.
const RESERVED: [&str; 7] =
    ["libc.", "libpthread.", "librt.", "libm.", "libdl.", "libutil.", "libxnet."];

/// The built-in list.
const FOLDERS: &str = "/lib:/usr/local/lib:/usr/lib";

/// Whether musl's loader takes a name for itself.
#[must_use]
pub fn is_part_of_musl(name: &str) -> bool {
    RESERVED.iter().any(|it| name.starts_with(it))
}

impl Musl {
    pub(super) fn new(catalogue: &Catalogue<'_>, object: Object<'_>, named: &str) -> Self {
        let loader = object.path.to_string();
        let files = &catalogue.variant.files;
        let path = path_file(object, named).unwrap_or_default();
        let node = files.resolve(&ImagePath::root(), &path).map(|it| it.1);
        // A file that is there counts, even an empty one.
        if let Ok(Some(Content::Text(text))) = node.map(|it| it.content()) {
            return Self { loader, folders: split(text), folders_from: path };
        }
        let folders_from = "the loader's own folders".to_owned();
        Self { loader, folders: split(FOLDERS), folders_from }
    }

    pub(super) fn open<'a>(
        &self,
        catalogue: &Catalogue<'a>,
        loaded: &[Loaded<'a>],
        by: usize,
        name: &str,
    ) -> Result<Opened<'a>, Cause> {
        if is_part_of_musl(name) {
            let found = catalogue.at(&self.loader);
            return found
                .map(|found| Opened { found, path: self.loader.clone() })
                .ok_or(Cause::Nowhere { places: Vec::new() });
        }
        if name.contains('/') {
            let places = vec![name.to_owned()];
            return accept(name, catalogue.at(name)).unwrap_or(Err(Cause::Nowhere { places }));
        }
        let lists = self.lists(catalogue, loaded, by)?;
        let folders = lists.iter().flat_map(|(_, folders)| folders);
        catalogue.take(folders.map(String::as_str))?;
        for folder in lists.iter().flat_map(|(_, folders)| folders) {
            let path = format!("{folder}/{name}");
            if let Some(opened) = accept(&path, catalogue.within(folder, name)) {
                return opened;
            }
        }
        Err(Cause::Nowhere { places: shown(&lists) })
    }

    /// `DT_RUNPATH` is read as `DT_RPATH` is: it counts for all that the file loads.
    fn lists(
        &self,
        catalogue: &Catalogue<'_>,
        loaded: &[Loaded<'_>],
        by: usize,
    ) -> Result<Vec<(String, Vec<String>)>, Cause> {
        let mut lists = Vec::new();
        if let Some(path) = variable(&catalogue.variant.config, "LD_LIBRARY_PATH") {
            catalogue.take([path])?;
            lists.push(("LD_LIBRARY_PATH".to_owned(), split(path)));
        }
        for file in ancestry(loaded, by) {
            let facts = file.object.facts;
            let Some(list) = facts.runpath.as_deref().or(facts.rpath.as_deref()) else { continue };
            catalogue.take([list])?;
            lists.extend(expand(list, &file.opened).map(|it| ("RPATH".to_owned(), it)));
        }
        lists.push((self.folders_from.clone(), self.folders.clone()));
        Ok(lists)
    }
}

/// Neither machine nor class is looked at: what is there is mapped.
fn accept<'a>(path: &str, found: Option<Found<'a>>) -> Option<Result<Opened<'a>, Cause>> {
    Some(match found? {
        Found::Other(path) => Err(Cause::Unusable(path.clone())),
        found => Ok(Opened { found, path: path.to_owned() }),
    })
}

/// `PREFIX/etc/ld-musl-ARCH.path`, the prefix two levels above the loader as the program names it.
/// What stands under a name of glibc's starts the loader in `/lib`.
fn path_file(object: Object<'_>, named: &str) -> Option<String> {
    let architecture = |path: &str| {
        let name = path.rsplit('/').next()?;
        let rest = name.strip_prefix("ld-musl-").or_else(|| name.strip_prefix("libc.musl-"))?;
        rest.split_once(".so").map(|(architecture, _)| architecture.to_owned())
    };
    let soname = object.facts.soname.as_deref().unwrap_or_default();
    let architecture = [named, object.path.as_str(), soname].into_iter().find_map(architecture);
    let is_own_name = Family::of_name(named.rsplit('/').next()?) == Some(Family::Musl);
    let prefix = if is_own_name { origin(origin(named)).trim_end_matches('/') } else { "" };
    Some(format!("{prefix}/etc/ld-musl-{}.path", architecture?))
}

/// Empty entries are skipped.
fn split(list: &str) -> Vec<String> {
    list.split([':', '\n']).filter(|it| !it.is_empty()).map(str::to_owned).collect()
}

/// A list with another token than `$ORIGIN` is not looked at. What is too long for the kernel leads
/// nowhere.
fn expand(list: &str, opened: &str) -> Option<Vec<String>> {
    let folders = split(list);
    let folders = folders.iter().filter_map(|it| with_origin(it, origin(opened)));
    let folders: Vec<String> = folders.collect();
    folders.iter().all(|it| !it.contains('$')).then_some(folders)
}
