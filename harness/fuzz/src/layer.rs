//! One to three layers, the filesystem that they make, and all that the rules say of it.

use std::collections::BTreeMap;

use archproof::evidence::Evidence;
use archproof::evidence::build::Provenance;
use archproof::evidence::image::{EntryNumber, ImageFacts, ImagePath, NodeKind, RootFs, Variant};
use archproof::expectation::{Expectations, RunExpectation, TraceExpectation};
use archproof::inspect::{LayerFacts, assemble, read_layer};
use archproof::launch::Arguments;
use archproof::oci::{Descriptor, Digest, RawPlatform, RunConfig};
use archproof::platform::Platform;
use archproof::rules::check;

use super::tar;

/// Before the layers: what they are, the platform, and the lengths of the first two.
const HEAD: usize = 6;

const PLATFORMS: [&str; 13] = [
    "linux/amd64",
    "linux/arm64",
    "linux/386",
    "linux/arm/v7",
    "linux/arm/v6",
    "linux/riscv64",
    "linux/s390x",
    "linux/ppc64le",
    "linux/ppc64",
    "linux/loong64",
    "linux/mips64",
    "linux/mips64le",
    "linux/amd64/v3",
];

/// Reads the layers, resolves every path of the filesystem, and checks it.
pub fn run(data: &[u8]) {
    let Some((head, rest)) = data.split_first_chunk::<HEAD>() else { return };
    let layers: Vec<LayerFacts> = split(*head, rest)
        .into_iter()
        .filter_map(|blob| read_layer(&Descriptor::of(media_type(head[0]), b""), &*blob).ok())
        .collect();
    for facts in &layers {
        let json = serde_json::to_vec(facts).expect("facts are always written");
        let again: LayerFacts = serde_json::from_slice(&json).expect("facts can be read again");
        assert_eq!(again, *facts);
    }
    let Ok(files) = assemble(&layers) else { return };
    resolve_all(&files);
    let evidence = evidence(files, head[1]);
    let arguments = match head[1] & 0x80 {
        0 => Arguments::Default,
        _ => Arguments::Given(vec!["--version".to_owned()]),
    };
    let (run, trace) = (RunExpectation::default(), TraceExpectation::default());
    let findings = check(&evidence, &Expectations { arguments, run, trace });
    let variant = &evidence.image.variants[0];
    assert!(findings.len() <= 64 * (variant.files.iter().count() + 1), "findings without end");
}

fn media_type(kind: u8) -> &'static str {
    match kind % 4 {
        0 | 3 => "application/vnd.oci.image.layer.v1.tar",
        1 => "application/vnd.oci.image.layer.v1.tar+gzip",
        _ => "application/vnd.oci.image.layer.v1.tar+zstd",
    }
}

/// One layer, or two or three, as the first byte says.
fn split(head: [u8; HEAD], rest: &[u8]) -> Vec<Vec<u8>> {
    let [kind, _, lengths @ ..] = &head;
    let mut blobs = Vec::new();
    let mut rest = rest;
    for length in lengths.chunks_exact(2).take(usize::from(kind >> 2) % 3) {
        let length = usize::from(u16::from_le_bytes([length[0], length[1]]));
        let (first, others) = rest.split_at(length.min(rest.len()));
        blobs.push(first.to_vec());
        rest = others;
    }
    blobs.push(rest.to_vec());
    if kind % 4 == 0 {
        for blob in &mut blobs {
            tar::mend(blob);
        }
    }
    blobs
}

fn resolve_all(files: &RootFs) {
    let root = ImagePath::root();
    for (path, node) in files.iter() {
        assert_eq!(ImagePath::clean(path.as_str()), *path, "paths are clean");
        assert!(files.resolve(&root, path.as_str()).is_ok() || is_link(&node.kind), "{path}");
        let parent = path.parent().expect("the root is no node");
        assert!(parent.is_root() || files.get(&parent).is_some(), "{path} lies nowhere");
        if let NodeKind::Symlink { target } = &node.kind {
            let _ = files.resolve(&parent, target);
        }
        if let NodeKind::Hardlink { first, .. } = &node.kind {
            let first = files.get(first).expect("the first name is there");
            assert!(matches!(first.kind, NodeKind::File { .. }), "{path} is no file's name");
        }
        assert!(files.names(&parent).any(|it| it == path.file_name()), "{path}");
    }
}

fn is_link(kind: &NodeKind) -> bool {
    matches!(kind, NodeKind::Symlink { .. })
}

/// An image of one variant whose command is one of its files.
fn evidence(files: RootFs, choice: u8) -> Evidence {
    let name = PLATFORMS[usize::from(choice & 0x7f) % PLATFORMS.len()];
    let platform: Platform = name.parse().expect("a platform");
    let program = files.iter().find(|(_, node)| node.is_executable() && !is_directory(&node.kind));
    let program = program.map_or_else(|| "app".to_owned(), |(path, _)| path.to_string());
    let config = RunConfig {
        entrypoint: Some(vec![program]),
        user: "user:group".to_owned(),
        ..RunConfig::default()
    };
    let variant = Variant {
        created: String::new(),
        entry: EntryNumber::default(),
        platform,
        digest: Digest::of(b"manifest"),
        config_digest: Digest::of(b"config"),
        config_platform: RawPlatform::from(platform),
        config,
        layers: Vec::new(),
        surplus: Vec::new(),
        files,
    };
    let image = ImageFacts {
        digest: Digest::of(b"index"),
        requested: vec![platform],
        oddities: Vec::new(),
        variants: vec![variant],
        unreadable: Vec::new(),
        unread: Vec::new(),
    };
    Evidence { image, runs: BTreeMap::new(), provenance: Provenance::Found }
}

fn is_directory(kind: &NodeKind) -> bool {
    *kind == NodeKind::Directory
}
