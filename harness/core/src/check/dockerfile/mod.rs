//! What a Dockerfile gets wrong about platforms. Nothing is built and nothing asked for this.

mod bases;
mod branch;
mod builder;
mod cache_mount;
mod hardcoded;
mod out_of_scope;
mod shadowed;
mod spelling;
mod stages;
mod study;
mod target;
mod uname;
mod variables;
mod work;

use super::Finding;
use super::names::machines;
use crate::dockerfile::{DockerfileError, Recipe};
use crate::platform::Platform;

use study::Study;

/// All findings about a Dockerfile, sorted.
///
/// # Errors
///
/// When it is none.
pub fn check_dockerfile(recipe: &Recipe) -> Result<Vec<Finding>, DockerfileError> {
    let study = Study::new(recipe)?;
    let mut findings = bases::check(&study);
    findings.extend(shadowed::check(&study));
    findings.extend(out_of_scope::check(&study));
    findings.extend(stages::check(&study));
    findings.extend(builder::check(&study));
    findings.extend(target::check(&study));
    findings.extend(hardcoded::check(&study));
    findings.extend(variables::check(&study));
    findings.extend(uname::check(&study));
    findings.extend(cache_mount::check(&study));
    findings.extend(spelling::check(&study));
    findings.sort_by(|a, b| (&a.place, a).cmp(&(&b.place, b)));
    findings.dedup();
    Ok(findings)
}

/// The usual platforms of the architectures that the name of a Dockerfile states:
/// `Dockerfile.arm64` is for one.
#[must_use]
pub fn named_platforms(file_name: &str) -> Vec<Platform> {
    let named = machines(file_name);
    let is_named = |it: &Platform| named.contains(&it.elf_target().machine);
    Platform::ALL.into_iter().filter(is_named).collect()
}
