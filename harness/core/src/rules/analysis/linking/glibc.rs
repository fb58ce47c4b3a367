//! The parts of glibc, which go with one another.

use std::collections::HashSet;

use super::found::{Linking, Mixture, Stranger};
use super::subjects::Program;
use crate::evidence::image::ImagePath;
use crate::loader::{Family, Object, Process};

/// The libraries that glibc consists of, by the beginnings of their names.
const PARTS: [&str; 12] = [
    "ld-",
    "ld.so",
    "ld64.so",
    "libanl.so.",
    "libc.so.6",
    "libdl.so.2",
    "libm.so.6",
    "libmvec.so.1",
    "libpthread.so.0",
    "libresolv.so.2",
    "librt.so.1",
    "libutil.so.1",
];

/// The name of glibc's own library.
const LIBC: &str = "libc.so.6";

pub(super) fn add<'a>(linking: &mut Linking<'a>, program: Program<'a>, process: &Process<'a>) {
    let loader = loader_of(process);
    let defined = process.loaded.iter().flat_map(|it| &it.object.facts.glibc_private.defines);
    let defined: HashSet<&String> = defined.collect();
    for file in &process.loaded {
        let object = file.object;
        let needs = object.facts.glibc_private.needs.iter();
        let lacks: Vec<&str> = needs.filter(|it| !defined.contains(it)).map(|it| &**it).collect();
        // A loader that defines none of them is no glibc's, or was not read.
        if !defined.is_empty() && !lacks.is_empty() && is_part_of_glibc(object) {
            linking.strangers.push(Stranger { role: program.role, object, loader, lacks });
        }
    }
    if let (Some(glibc), Some(musl)) = (process.get(LIBC), musl_of(process)) {
        let (glibc, musl) = (glibc.object.path, musl.path);
        linking.mixtures.push(Mixture { program, loader, glibc, musl });
    }
}

/// Whether a file is one of glibc's own, which belong to one build.
pub(in crate::rules) fn is_part_of_glibc(object: Object<'_>) -> bool {
    let soname = object.facts.soname.as_deref();
    let names = soname.into_iter().chain([object.path.file_name()]);
    let is_part = |name: &str| PARTS.iter().any(|it| name.starts_with(it));
    names.into_iter().any(is_part)
}

fn loader_of<'a>(process: &Process<'a>) -> Option<&'a ImagePath> {
    process.loaded.get(1).map(|it| it.object.path)
}

fn musl_of<'a>(process: &Process<'a>) -> Option<Object<'a>> {
    // Only what is also called so: `libc.so` may be anybody's.
    let is_musl = |name: &str| name != "libc.so" && Family::of_name(name) == Some(Family::Musl);
    let names = |it: &Object<'_>| {
        is_musl(it.path.file_name()) || it.facts.soname.as_deref().is_some_and(is_musl)
    };
    process.loaded.iter().map(|it| it.object).find(names)
}
