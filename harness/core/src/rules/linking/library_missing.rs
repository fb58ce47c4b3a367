//! A shared library that the dynamic loader does not find.

use crate::evidence::image::ImagePath;
use crate::loader::{Cause, Family, Object};
use crate::rules::analysis::linking::{Linking, Role, Unmet, Unresolved, is_beside};
use crate::rules::context::VariantContext;
use crate::rules::definition::{Check, Definition, Group, Needs};
use crate::rules::finding::Finding;
use crate::rules::linking::defects::{Defect, report};
use crate::rules::rule::Rule;
use crate::rules::severity::Severity;

#[cfg(test)]
pub(in crate::rules) mod cases;

pub(in crate::rules) const RULE: Definition = Definition {
    rule: Rule::LibraryMissing,
    group: Group::Linking,
    severity: Severity::Error,
    summary: "A file needs a shared library that the dynamic loader does not find.",
    page: include_str!("../../../pages/LibraryMissing.md"),
    needs: Needs::Image,
    check: Check::Variant(check),
};

fn check(context: &VariantContext<'_>) -> Vec<Finding> {
    let linking = context.linking();
    let of_programs = linking.unresolved.iter().map(|it| of_program(linking, it));
    let of_plugins = linking.unmet.iter().map(|it| of_plugin(linking, it));
    report(&RULE, context.variant, of_programs.chain(of_plugins).collect())
}

fn of_program<'a>(linking: &Linking<'a>, unresolved: &Unresolved<'a>) -> Defect<'a> {
    let program = &unresolved.program;
    let elsewhere = linking.catalogue.named(&unresolved.name).first().copied();
    let severity = match (program.role, elsewhere) {
        _ if comes_from_host(&unresolved.name) => Severity::Note,
        // Who starts it may know where its libraries are (LD_LIBRARY_PATH).
        (Role::Other, Some(library)) if is_own_tree(program.object.path, library.path) => {
            Severity::Note
        }
        (role, _) => role.severity(),
    };
    Defect {
        role: program.role,
        severity,
        cause: unresolved.name.clone(),
        object: unresolved.by,
        message: message(unresolved, elsewhere),
        values: None,
    }
}

fn of_plugin<'a>(linking: &Linking<'a>, unmet: &Unmet<'a>) -> Defect<'a> {
    let name = unmet.name;
    // What is linked for another C library lacks all that for one cause.
    let (cause, message) = match linked_for(unmet) {
        Some((other, own)) => (
            format!("linked for {other}"),
            format!(
                "the file is linked for {other}, but the image has {own}: it needs {name}, which is \
                 not in the image"
            ),
        ),
        None => (name.to_owned(), format!("the file needs {name}, which is not in the image")),
    };
    Defect {
        role: Role::Other,
        severity: severity_of_plugin(linking, unmet.by, name),
        cause,
        object: unmet.by,
        message,
        values: None,
    }
}

/// What NVIDIA's container runtime brings with the host's driver when the container starts.
///
/// Source: NVIDIA Container Toolkit, `src/nvc_info.c`, the lists of libraries.
fn comes_from_host(name: &str) -> bool {
    const DRIVER: [&str; 9] = [
        "libcuda.so.",
        "libcudadebugger.so.",
        "libEGL_nvidia.so.",
        "libGLX_nvidia.so.",
        "libnvcuvid.so.",
        "libnvidia-",
        "libnvoptix.so.",
        "libOpenCL_nvidia.so.",
        "libvdpau_nvidia.so.",
    ];
    DRIVER.iter().any(|it| name.starts_with(it))
}

fn message(unresolved: &Unresolved<'_>, elsewhere: Option<Object<'_>>) -> String {
    let Unresolved { program, family, by: file, name, cause } = unresolved;
    let user = if file.path == program.object.path {
        String::new()
    } else {
        format!(" (loaded by {})", program.object.path)
    };
    let whose = match family {
        Family::Glibc => "glibc's loader",
        Family::Musl => "musl's loader",
    };
    let searched = match cause {
        Cause::Unusable(path) => {
            return format!("the file needs {name}, but {path} is not a shared object{user}");
        }
        Cause::Endless { limit } => {
            return format!(
                "the file needs {name}; where {whose} finds it is unknown, because the image's \
                 programs list more than {} million folders{user}",
                limit / 1_000_000
            );
        }
        Cause::Nowhere { places } if places.is_empty() => String::new(),
        Cause::Nowhere { places } => format!(" (searched: {})", places.join(", ")),
    };
    match elsewhere {
        Some(library) => {
            let at = &library.path;
            format!(
                "the file needs {name}, which is at {at}, where {whose} does not search{searched}{user}"
            )
        }
        None => format!("the file needs {name}, which is not in the image{searched}{user}"),
    }
}

/// Whether program and library lie in a folder that is a package's own: `/opt/app/bin/app` and
/// `/opt/app/lib/libapp.so`, but not `/usr/bin/app` and `/usr/local/lib/libapp.so`.
fn is_own_tree(program: &ImagePath, library: &ImagePath) -> bool {
    const SHARED: [&str; 9] =
        ["/", "/usr", "/usr/lib", "/usr/local", "/usr/local/lib", "/opt", "/srv", "/home", "/lib"];
    let Some(folder) = program.parent() else { return false };
    let tree = match (folder.file_name(), folder.parent()) {
        ("bin" | "sbin" | "libexec", Some(parent)) => parent,
        _ => folder,
    };
    !SHARED.contains(&tree.as_str()) && library.as_str().starts_with(&tree.as_prefix())
}

/// The C library that a file is linked for, and the image's, where these are two: it needs the other's
/// own loader or library.
fn linked_for(unmet: &Unmet<'_>) -> Option<(&'static str, &'static str)> {
    // The name under which glibc alone has its library.
    const LIBC_OF_GLIBC: &str = "libc.so.6";
    let needs = |family| {
        let mut needed = unmet.by.facts.needed.iter();
        needed.any(|it| Family::of_name(it) == Some(family))
    };
    match unmet.family {
        Family::Musl => {
            let is_for_glibc =
                needs(Family::Glibc) || unmet.by.facts.needed.iter().any(|it| it == LIBC_OF_GLIBC);
            is_for_glibc.then_some(("glibc", "musl"))
        }
        Family::Glibc => needs(Family::Musl).then_some(("musl", "glibc")),
    }
}

/// Parts of a language's own library are there whether or not what they are for is installed:
/// Python's `_tkinter` in an image without Tk, Java's windows in one without X, .NET's tracing.
fn severity_of_plugin(linking: &Linking<'_>, object: Object<'_>, name: &str) -> Severity {
    let beside = |file: &str| is_beside(linking, object, file);
    let is_optional = object.path.components().any(|it| it == "lib-dynload")
        || beside("libjava.so")
        || beside("libcoreclr.so");
    if is_optional || comes_from_host(name) { Severity::Note } else { Severity::Warning }
}
