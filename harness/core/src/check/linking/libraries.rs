//! The libraries that a program's loader has to find.

use super::Linking;
use super::report::Defect;
use super::subjects::{Program, Role};
use crate::check::{Rule, Severity};
use crate::evidence::image::ImagePath;
use crate::loader::{Cause, Family, Object, Process, Unresolved};

pub(super) fn check<'a>(
    linking: &mut Linking<'a, '_>,
    program: &Program<'a>,
    family: Family,
    process: &Process<'a>,
) {
    for unresolved in &process.unresolved {
        let Some(file) = process.loaded.get(unresolved.by) else { continue };
        let candidates = linking.catalogue.named(&unresolved.name);
        let elsewhere = candidates.first().copied();
        let message = message(program, file.object, family, unresolved, elsewhere);
        let severity = match (program.role, elsewhere) {
            _ if comes_from_host(&unresolved.name) => Severity::Note,
            // Who starts it may know where its libraries are (LD_LIBRARY_PATH).
            (Role::Other, Some(library)) if is_own_tree(program.object.path, library.path) => {
                Severity::Note
            }
            (role, _) => role.severity(),
        };
        linking.report.add(Defect {
            rule: Rule::LibraryMissing,
            role: program.role,
            severity,
            cause: unresolved.name.clone(),
            object: file.object,
            message,
            values: None,
        });
    }
}

/// What NVIDIA's container runtime brings with the host's driver when the container starts.
///
/// Source: NVIDIA Container Toolkit, `src/nvc_info.c`, the lists of libraries.
pub(super) fn comes_from_host(name: &str) -> bool {
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

fn message(
    program: &Program<'_>,
    file: Object<'_>,
    family: Family,
    unresolved: &Unresolved,
    elsewhere: Option<Object<'_>>,
) -> String {
    let name = &unresolved.name;
    let user = if file.path == program.object.path {
        String::new()
    } else {
        format!(" ({} loads it)", program.object.path)
    };
    let whose = match family {
        Family::Glibc => "glibc's loader",
        Family::Musl => "musl's loader",
    };
    let searched = match &unresolved.cause {
        Cause::Unusable(path) => {
            return format!("needs {name}, but {path} is not a shared object{user}");
        }
        Cause::Endless { limit } => {
            return format!(
                "needs {name}, and where {whose} finds it is unknown: the image's programs name more \
                 than {} million folders{user}",
                limit / 1_000_000
            );
        }
        Cause::Nowhere { places } if places.is_empty() => String::new(),
        Cause::Nowhere { places } => format!(" (searched: {})", places.join(", ")),
    };
    match elsewhere {
        Some(library) => {
            let at = &library.path;
            format!("needs {name}, which is at {at}, where {whose} does not look{searched}{user}")
        }
        None => format!("needs {name}, which is not in the image{searched}{user}"),
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
