//! The versions of distributions' packages.

use std::collections::BTreeMap;

use crate::evidence::image::{Content, ImagePath, Packages, Variant};
use crate::rules::analysis::parity::usual::odd_ones;
use crate::rules::definition::Definition;
use crate::rules::finding::Finding;
use crate::rules::severity::Severity;

/// dpkg's list, and apk's at its two places. Distroless images have a folder of lists.
const LISTS: [&str; 3] =
    ["/var/lib/dpkg/status", "/lib/apk/db/installed", "/usr/lib/apk/db/installed"];
const FOLDER: &str = "/var/lib/dpkg/status.d";

/// A note: the architectures of a distribution are built on different days, and an image is made
/// anew by whoever maintains it.
pub(super) fn check(rule: &Definition, variants: &[&Variant]) -> Vec<Finding> {
    let mut versions: BTreeMap<&str, Vec<(&Variant, &str)>> = BTreeMap::new();
    for variant in variants {
        for (name, version) in packages(variant) {
            versions.entry(name).or_default().push((variant, sources(version)));
        }
    }
    // By platform; the message names the first, and whose it is compared with.
    let mut odd: BTreeMap<_, (String, usize)> = BTreeMap::new();
    for (name, versions) in &versions {
        for it in odd_ones(versions) {
            let first =
                || format!("{name} is {}, but on {} it is {}", it.value, it.holders, it.usual);
            odd.entry(it.variant.platform).or_insert_with(|| (first(), 0)).1 += 1;
        }
    }
    let finding = |(platform, (first, count)): (_, (String, usize))| {
        let message = match count {
            1 => format!("the package {first}"),
            count => format!("the package {first}; {} more packages differ", count - 1),
        };
        rule.of_platform(platform, message).with_severity(Severity::Note)
    };
    odd.into_iter().map(finding).collect()
}

fn packages(variant: &Variant) -> BTreeMap<&str, &str> {
    let folder = variant.files.resolve(&ImagePath::root(), FOLDER).ok().map(|it| it.0);
    let names = folder.iter().flat_map(|it| variant.files.names(it));
    let listed = names.map(|name| format!("{FOLDER}/{name}"));
    let paths = LISTS.map(str::to_owned).into_iter().chain(listed);
    let nodes = paths.filter_map(|it| Some(variant.files.resolve(&ImagePath::root(), &it).ok()?.1));
    let lists = nodes.filter_map(|node| match node.content() {
        Some(Content::Packages(packages)) => Some(packages),
        _ => None,
    });
    let packages = lists.flat_map(Packages::iter);
    // apk's groups of packages have a name with a dot, and the time of their making as a version.
    packages.filter(|(name, _)| !name.starts_with('.')).collect()
}

/// A version without what counts the builds of the same sources: Debian's `+b1` for one
/// architecture alone, and apk's `-r2`.
///
/// Source: Debian Developer's Reference, 5.10.2.1; apk-package(5), `pkgver`.
fn sources(version: &str) -> &str {
    let counts = |mark: &str| {
        let (sources, count) = version.rsplit_once(mark)?;
        (!count.is_empty() && count.bytes().all(|it| it.is_ascii_digit())).then_some(sources)
    };
    counts("+b").or_else(|| counts("-r")).unwrap_or(version)
}
