//! The parts of a C library that go with one another.

use std::collections::HashSet;

use super::Linking;
use super::report::Defect;
use super::subjects::Program;
use crate::check::Rule;
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

pub(super) fn check<'a>(
    linking: &mut Linking<'a, '_>,
    program: &Program<'a>,
    process: &Process<'a>,
) {
    let mut defects: Vec<(Object<'a>, String)> = Vec::new();
    let defined = process.loaded.iter().flat_map(|it| &it.object.facts.glibc_private.defines);
    let defined: HashSet<&String> = defined.collect();
    for file in &process.loaded {
        let object = file.object;
        let needs = object.facts.glibc_private.needs.iter();
        let lacks: Vec<&str> = needs.filter(|it| !defined.contains(it)).map(|it| &**it).collect();
        // A loader that defines none of them is no glibc's, or was not read.
        if !defined.is_empty() && !lacks.is_empty() && is_part_of_glibc(object) {
            defects.push((object, private(&lacks, process)));
        }
    }
    if let (Some(libc), Some(musl)) = (process.get(LIBC), musl_of(process)) {
        let message = format!("loads both glibc's {} and musl's {}", libc.object.path, musl.path);
        defects.push((program.object, message));
    }
    for (object, message) in defects {
        linking.report.add(Defect {
            rule: Rule::LoaderLibcMismatch,
            role: program.role,
            severity: program.role.severity(),
            cause: loader_of(process).map(ToString::to_string).unwrap_or_default(),
            object,
            message,
            values: None,
        });
    }
}

/// Whether a file is one of glibc's own, which belong to one build.
pub(super) fn is_part_of_glibc(object: Object<'_>) -> bool {
    let soname = object.facts.soname.as_deref();
    let names = soname.into_iter().chain([object.path.file_name()]);
    let is_part = |name: &str| PARTS.iter().any(|it| name.starts_with(it));
    names.into_iter().any(is_part)
}

fn private(lacks: &[&str], process: &Process<'_>) -> String {
    const NAMED: usize = 3;
    let named = lacks.iter().take(NAMED).copied().collect::<Vec<_>>().join(", ");
    let more = lacks.len().saturating_sub(NAMED);
    let more = if more == 0 { String::new() } else { format!(" and {more} more") };
    let loader = loader_of(process).map(ToString::to_string).unwrap_or_default();
    format!("is of another glibc than the loader {loader}: nothing defines its {named}{more}")
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
