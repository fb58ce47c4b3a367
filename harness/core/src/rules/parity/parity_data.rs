//! Data that does not depend on the architecture, and differs.

use std::collections::{BTreeMap, BTreeSet};

use crate::evidence::image::{Content, ImagePath, Node, NodeKind, Variant};
use crate::rules::analysis::parity::usual::{listed, odd_ones};
use crate::rules::context::Context;
use crate::rules::definition::{Check, Definition, Group, Needs};
use crate::rules::finding::Finding;
use crate::rules::rule::Rule;
use crate::rules::severity::Severity;

#[cfg(test)]
pub(in crate::rules) mod cases;

pub(in crate::rules) const RULE: Definition = Definition {
    rule: Rule::ParityData,
    group: Group::Parity,
    severity: Severity::Warning,
    summary: "Data that should not depend on the architecture differs.",
    page: include_str!("../../../pages/ParityData.md"),
    needs: Needs::Image,
    check: Check::Image(check),
};

fn check(context: &Context<'_>) -> Vec<Finding> {
    let variants: Vec<&Variant> = context.comparable().into_iter().map(|it| it.variant).collect();
    let mut findings = certificate_links(&variants);
    findings.extend(certificate_bundles(&variants));
    findings.extend(shared_files(&variants));
    findings
}

/// Where OpenSSL looks for certificates by the hash of their subject.
const CERTIFICATES: &str = "/etc/ssl/certs";

/// `c_rehash` and `openssl rehash` make a link for each certificate. Under emulation they have been
/// seen to make none, and to end well.
///
/// Source: OpenSSL, openssl-rehash(1).
fn certificate_links(variants: &[&Variant]) -> Vec<Finding> {
    let folders: Vec<(&Variant, BTreeSet<&str>, usize)> = variants
        .iter()
        .filter_map(|variant| {
            let (folder, _) = variant.files.resolve(&ImagePath::root(), CERTIFICATES).ok()?;
            let (links, certificates): (Vec<&str>, Vec<&str>) =
                variant.files.names(&folder).partition(|it| is_hash(it));
            Some((*variant, certificates.into_iter().collect(), links.len()))
        })
        .collect();
    // Other certificates have other links.
    let mut findings = Vec::new();
    let kinds: BTreeSet<&BTreeSet<&str>> = folders.iter().map(|it| &it.1).collect();
    for kind in kinds {
        let of_kind: Vec<(&Variant, usize)> =
            folders.iter().filter(|it| it.1 == *kind).map(|it| (it.0, it.2)).collect();
        for odd in odd_ones(&of_kind) {
            let message = format!(
                "{} certificates are linked by their hash, but on {} {} are, of the same certificates",
                odd.value, odd.holders, odd.usual
            );
            let finding = RULE.of_path(odd.variant.platform, CERTIFICATES, message);
            findings.push(finding.with_values(odd.usual, odd.value));
        }
    }
    findings
}

/// `1d3472b9.0`
fn is_hash(name: &str) -> bool {
    name.split_once('.').is_some_and(|(hash, number)| {
        hash.len() == 8
            && hash.bytes().all(|it| it.is_ascii_hexdigit())
            && !number.is_empty()
            && number.bytes().all(|it| it.is_ascii_digit())
    })
}

/// Where programs look for the certificates that they trust, in one file.
///
/// Source: Go, crypto/x509, `root_linux.go`.
const BUNDLES: [&str; 5] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

fn certificate_bundles(variants: &[&Variant]) -> Vec<Finding> {
    let has_any = |variant: &Variant| {
        let found = BUNDLES.iter().map(|it| variant.files.resolve(&ImagePath::root(), it));
        found.flatten().any(|(_, node)| size(node).is_some_and(|it| it > 0))
    };
    let values: Vec<(&Variant, bool)> = variants.iter().map(|it| (*it, has_any(it))).collect();
    let with = || values.iter().filter(|it| it.1).map(|it| it.0.platform);
    if with().count() == 0 {
        return Vec::new();
    }
    let without = values.iter().filter(|it| !it.1).map(|it| it.0.platform);
    let message = format!("no CA certificates are installed, but they are on {}", listed(with()));
    without.map(|it| RULE.of_platform(it, message.clone())).collect()
}

/// Files that are the same for all architectures, of which one has lost most of its content: an
/// index made under emulation that found nothing to list. Small differences have many reasons.
fn shared_files(variants: &[&Variant]) -> Vec<Finding> {
    let mut sizes: BTreeMap<&ImagePath, Vec<(&Variant, u64)>> = BTreeMap::new();
    for variant in variants {
        for (path, node) in variant.files.iter().filter(|(path, _)| is_shared(path)) {
            if let Some(size) = size(node) {
                sizes.entry(path).or_default().push((variant, size));
            }
        }
    }
    let mut findings = Vec::new();
    for (path, of_path) in sizes {
        let mut sorted: Vec<u64> = of_path.iter().map(|it| it.1).collect();
        sorted.sort_unstable();
        // Of two, the larger.
        let median = sorted[sorted.len() / 2];
        for (variant, size) in of_path.iter().filter(|it| it.1.saturating_mul(2) < median) {
            let others = of_path
                .iter()
                .filter(|it| it.1.saturating_mul(2) >= median)
                .map(|it| it.0.platform);
            let message = format!(
                "the file has {size} bytes, but on {} it has about {median}",
                listed(others)
            );
            let finding = RULE.of_path(variant.platform, path.as_str(), message);
            findings
                .push(finding.with_values(&format!("{median} bytes"), &format!("{size} bytes")));
        }
    }
    findings
}

/// Source: Filesystem Hierarchy Standard 3.0, 4.11: `/usr/share` is for what is independent of the
/// architecture. Documentation is not what a program works with, and is packed once per build.
fn is_shared(path: &ImagePath) -> bool {
    let parts: Vec<&str> = path.components().collect();
    match parts.as_slice() {
        ["usr", "share", kind, ..] | ["usr", "local", "share", kind, ..] => {
            !matches!(*kind, "bug" | "doc" | "gdb" | "info" | "lintian" | "locale" | "man")
        }
        _ => false,
    }
}

/// Of data; what the architecture decides is none.
fn size(node: &Node) -> Option<u64> {
    match &node.kind {
        NodeKind::File { size, content } | NodeKind::Hardlink { size, content, .. } => {
            let is_data = matches!(content, Content::Empty | Content::Data | Content::Text(_));
            is_data.then_some(*size)
        }
        _ => None,
    }
}
