//! The documents of an image: configs, manifests, and the index that names them.

use std::collections::BTreeMap;
use std::io::Read;

use archproof::case::Case;
use archproof::evidence::build::Provenance;
use archproof::evidence::image::ImageFacts;
use archproof::evidence::{Evidence, Observation};
use archproof::inspect::{NoCache, inspect};
use archproof::oci::{BlobError, Blobs, Descriptor, Digest, Known, OpenImage};
use archproof::outcome::Outcome;
use archproof::platform::Platform;
use archproof::report::FactsReport;
use archproof::verdict::{Judgement, Strictness, Verdict, judge};

use super::report::{print, print_blocked, print_facts};
use super::tar;

/// What is asked for: all, or this platform.
const REQUESTED: &str = "linux/arm64";

const ROOTS: [&str; 4] = [
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "",
];

/// A line that parts the documents. Digests and sizes of those before are written `@0` and `#0`, of
/// the layer `@L` and `#L`: no fuzzer finds a digest.
const SEPARATOR: &[u8] = b"\n---\n";

/// Reads the image twice, judges and prints it.
pub fn run(data: &[u8]) {
    let Some((kind, text)) = data.split_first() else { return };
    let (root, known) = documents(text);
    let media_type = ROOTS[usize::from(*kind) % ROOTS.len()];
    let descriptor = Descriptor::of(media_type, &root);
    let requested: Vec<Platform> = match kind & 4 {
        0 => Vec::new(),
        _ => vec![REQUESTED.parse().expect("a platform")],
    };
    let read = || -> Result<ImageFacts, Box<dyn std::error::Error>> {
        let image = OpenImage::open(descriptor.clone(), Known::before(Nothing, known.clone()))?;
        let image = if kind & 8 == 0 { image } else { image.without_absent()? };
        Ok(inspect(&image, &requested, &NoCache)?)
    };
    let (facts, again) = (read(), read());
    assert_eq!(format!("{facts:?}"), format!("{again:?}"), "it is read alike");
    match facts {
        Ok(facts) => judge_all(facts, data.len()),
        Err(error) => print_blocked(&*error),
    }
}

fn judge_all(facts: ImageFacts, size: usize) {
    let json = serde_json::to_string(&facts).expect("facts are always written");
    let again: ImageFacts = serde_json::from_str(&json).expect("facts can be read again");
    assert_eq!(format!("{again:?}"), format!("{facts:?}"));
    let entries = facts.variants.len() + facts.unreadable.len();
    let is_unreadable = !facts.unreadable.is_empty() || facts.variants.is_empty();
    let subject = "subject".to_owned();
    print_facts(&FactsReport { subject, facts: Ok(facts.clone()) });
    let evidence = Evidence { image: facts, runs: BTreeMap::new(), provenance: Provenance::Found };
    let judgement = judge(&Observation::Image(evidence), &Case::default(), Strictness::Normal);
    let count = findings(&judgement);
    assert!(count <= 64 * (entries + 1) + size, "{count} findings of {entries} entries");
    assert!(!(is_unreadable && judgement.verdict == Verdict::Pass), "what is unread passes");
    print(Outcome::Judged(judgement));
}

fn findings(judgement: &Judgement) -> usize {
    let of_variants = judgement.variants.iter().map(|it| it.findings.len());
    judgement.findings.len() + of_variants.sum::<usize>()
}

/// The last document, and all that it and the others may name.
fn documents(text: &[u8]) -> (Vec<u8>, Vec<(Digest, Vec<u8>)>) {
    let mut known = vec![layer()];
    let mut rest = Some(text);
    let mut root = Vec::new();
    while let Some(text) = rest {
        let end = text.windows(SEPARATOR.len()).position(|it| it == SEPARATOR);
        let document = &text[..end.unwrap_or(text.len())];
        rest = end.map(|it| &text[it + SEPARATOR.len()..]);
        root = with_references(document, &known);
        known.push((Digest::of(&root), root.clone()));
    }
    (root, known)
}

/// The document with digests and sizes where they are referred to.
fn with_references(document: &[u8], known: &[(Digest, Vec<u8>)]) -> Vec<u8> {
    let mut whole = Vec::with_capacity(document.len());
    let mut rest = document;
    while let Some((byte, after)) = rest.split_first() {
        let number = match after.first() {
            Some(b'L') => Some(0),
            Some(digit @ b'0'..=b'9') => Some(usize::from(digit - b'0') + 1),
            _ => None,
        };
        let named = number.and_then(|it| known.get(it));
        match (byte, named) {
            (b'@', Some((digest, _))) => whole.extend(digest.to_string().bytes()),
            (b'#', Some((_, bytes))) => whole.extend(bytes.len().to_string().bytes()),
            _ => {
                whole.push(*byte);
                rest = after;
                continue;
            }
        }
        rest = &after[1..];
    }
    whole
}

/// A layer with one script.
fn layer() -> (Digest, Vec<u8>) {
    const SCRIPT: &[u8] = b"#!/bin/sh\n";
    let mut tar = vec![0; 4 * 512];
    tar[..3].copy_from_slice(b"app");
    tar[100..107].copy_from_slice(b"0000755");
    tar[124..135].copy_from_slice(format!("{:011o}", SCRIPT.len()).as_bytes());
    tar[156] = b'0';
    tar[512..][..SCRIPT.len()].copy_from_slice(SCRIPT);
    tar::mend(&mut tar);
    (Digest::of(&tar), tar)
}

/// There are no other blobs.
#[derive(Debug)]
struct Nothing;

impl Blobs for Nothing {
    fn blob(&self, descriptor: &Descriptor) -> Result<Box<dyn Read + Send>, BlobError> {
        Err(BlobError::Missing(descriptor.digest))
    }
}
