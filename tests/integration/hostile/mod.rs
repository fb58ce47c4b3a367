//! Images that were made to break whoever reads them. Nothing panics or takes all memory, and each
//! ends as facts or as an error. What takes memory is run in a process that has little.

mod documents;
mod elf;
mod growth;
mod images;
mod layout;
mod limited;
mod programs;
mod tar;
mod whole;

use std::collections::BTreeMap;
use std::error::Error;

use ::tar::EntryType;
use archproof::elf::ElfFacts;
use archproof::evidence::Evidence;
use archproof::evidence::build::Provenance;
use archproof::evidence::image::{
    Content, EntryNumber, ImageFacts, ImagePath, NodeKind, ResolveError, RootFs, Variant,
};
use archproof::expectation::{Expectations, RunExpectation, TraceExpectation};
use archproof::inspect::{AssemblyError, Change, LayerFacts, assemble};
use archproof::launch::Arguments;
use archproof::oci::{Digest, RawPlatform, RunConfig};
use archproof::platform::Platform;
use archproof::rules::{Finding, check};
use elf::{AARCH64, Elf, PT_DYNAMIC, PT_LOAD, PT_NOTE, X86_64};
use tar::{GZIP, PLAIN, Tar, ZSTD, gzip, header, read, zstd};

/// An error with all its causes.
fn chain(error: &(dyn Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |it| (*it).source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

fn files_of(layers: &[LayerFacts]) -> Result<RootFs, AssemblyError> {
    assemble(layers)
}

fn files(tar: Tar) -> RootFs {
    files_of(&[tar.read().expect("a layer")]).expect("few files")
}

fn paths(files: &RootFs) -> Vec<&str> {
    files.iter().map(|(path, _)| path.as_str()).collect()
}

fn kind<'a>(files: &'a RootFs, path: &str) -> Option<&'a NodeKind> {
    files.get(&ImagePath::clean(path)).map(|it| &it.kind)
}

/// All that the rules say of an image for amd64 that starts a program.
fn judge(files: RootFs, program: &str) -> Vec<Finding> {
    judge_all(vec![("linux/amd64", files)], program)
}

/// The same of several platforms.
fn judge_all(platforms: Vec<(&str, RootFs)>, program: &str) -> Vec<Finding> {
    judge_with(platforms, program, Vec::new())
}

/// The same with variables in the environment.
fn judge_with(platforms: Vec<(&str, RootFs)>, program: &str, env: Vec<String>) -> Vec<Finding> {
    let entrypoint = Some(vec![program.to_owned()]);
    let config = RunConfig { entrypoint, env: Some(env), ..RunConfig::default() };
    let variant = |(number, (platform, files)): (usize, (&str, RootFs))| {
        let platform: Platform = platform.parse().expect("a platform");
        Variant {
            created: String::new(),
            entry: EntryNumber(number),
            platform,
            digest: Digest::of(platform.to_string().as_bytes()),
            config_digest: Digest::of(b"config"),
            config_platform: RawPlatform::from(platform),
            config: config.clone(),
            layers: Vec::new(),
            surplus: Vec::new(),
            files,
        }
    };
    let image = ImageFacts {
        digest: Digest::of(b"index"),
        requested: Vec::new(),
        oddities: Vec::new(),
        variants: platforms.into_iter().enumerate().map(variant).collect(),
        unreadable: Vec::new(),
        unread: Vec::new(),
    };
    let expectations = Expectations {
        arguments: Arguments::Default,
        run: RunExpectation::default(),
        trace: TraceExpectation::default(),
    };
    check(&Evidence { image, runs: BTreeMap::new(), provenance: Provenance::Found }, &expectations)
}

#[test]
fn names_never_lead_out() {
    let tar = Tar::default()
        .file("/absolute", b"")
        .file("../../climbing", b"")
        .file("a/../../../b/./c", b"")
        .file("..", b"")
        .file("/", b"")
        .symlink("out", "../../../etc")
        .file("out/passwd", b"root")
        .symlink("up", "/..")
        .file("up/up/there", b"");
    let files = files(tar);
    assert_eq!(
        paths(&files),
        ["/absolute", "/b", "/b/c", "/climbing", "/etc", "/etc/passwd", "/out", "/there", "/up"]
    );
    let (real, _) = files.resolve(&ImagePath::root(), "out/../up/out/passwd").expect("it is there");
    assert_eq!(real.as_str(), "/etc/passwd");
}

#[test]
fn links_in_a_circle_lead_nowhere() {
    let tar = Tar::default()
        .symlink("self", "self")
        .symlink("a", "b")
        .symlink("b", "a")
        .symlink("deeper", "deeper/deeper")
        .file("a/below", b"")
        .file("deeper/below", b"");
    let files = files(tar);
    // As elsewhere, what cannot be put where it should be replaces what is in its way.
    assert_eq!(paths(&files), ["/a", "/a/below", "/b", "/deeper", "/deeper/below", "/self"]);
    let end = files.resolve(&ImagePath::root(), "self");
    assert!(matches!(end, Err(ResolveError::Loop(_))), "{end:?}");
}

/// Linux follows 40.
#[test]
fn as_many_links_are_followed_as_linux_does() {
    let chain = |count: usize| {
        let tar = Tar::default().file("l0", b"");
        (1..=count).fold(tar, |tar, it| tar.symlink(&format!("l{it}"), &format!("l{}", it - 1)))
    };
    let resolve = |count| {
        let files = files(chain(count));
        files.resolve(&ImagePath::root(), &format!("l{count}")).map(|it| it.0)
    };
    assert_eq!(resolve(40), Ok(ImagePath::clean("/l0")));
    assert!(matches!(resolve(41), Err(ResolveError::Loop(_))));
}

/// Each link leads 2000 directories on: a few of them would make gigabytes of names.
#[test]
fn links_that_lead_too_far_are_refused() {
    let deep = "d/".repeat(2000);
    let mut tar = Tar::default();
    for number in 0..30 {
        let from: Vec<String> = (0..=number).map(|it| format!("l{it}")).collect();
        tar = tar.symlink(&from.join("/"), &deep);
    }
    let layer = tar.read().expect("a layer");
    let error = files_of(&[layer]).expect_err("too far");
    assert!(chain(&error).contains("too far"), "{error}");
}

#[test]
fn hardlinks_to_nowhere_and_to_themselves() {
    let tar = Tar::default()
        .hardlink("nowhere", "missing")
        .hardlink("self", "self")
        .file("file", b"#!/bin/sh\n")
        .hardlink("file", "file")
        .hardlink("other", "file")
        .hardlink("out", "../../file")
        .hardlink("directory", "folder")
        .file("folder/below", b"")
        .hardlink("folder/again", "folder");
    let files = files(tar);
    for (path, content) in files.iter().filter_map(|(path, node)| Some((path, node.content()?))) {
        assert!(matches!(content, Content::Script(_) | Content::Empty), "{path}");
    }
    assert_eq!(kind(&files, "/nowhere"), None);
    assert_eq!(kind(&files, "/self"), None);
    assert!(matches!(kind(&files, "/file"), Some(NodeKind::File { .. })));
    for other in ["/other", "/out"] {
        let Some(NodeKind::Hardlink { first, .. }) = kind(&files, other) else { panic!("{other}") };
        assert_eq!(first.as_str(), "/file");
    }
    assert_eq!(kind(&files, "/folder/again"), Some(&NodeKind::Directory));
}

#[test]
fn pax_headers_come_before_others() {
    let tar = Tar::default()
        .raw(&header(EntryType::XGlobalHeader, b"g", b"", 19), b"19 comment=nothing\n")
        .pax(&[("path", "a/long name"), ("size", "4"), ("uid", "70000"), ("mtime", "1.5")])
        .raw(&header(EntryType::Regular, b"short", b"", 0), b"#!/x")
        .pax(&[("linkpath", "a/long name"), ("path", "link")])
        .symlink("short", "shorter");
    let files = files(tar);
    assert_eq!(paths(&files), ["/a", "/a/long name", "/link"]);
    let node = files.get(&ImagePath::clean("/a/long name")).expect("it is there");
    assert_eq!(node.uid, 70000);
    assert!(matches!(node.kind, NodeKind::File { size: 4, content: Content::Script(_) }));
    let link = NodeKind::Symlink { target: "a/long name".to_owned() };
    assert_eq!(kind(&files, "/link"), Some(&link));
}

/// What engines would read in another way is refused rather than guessed.
#[test]
fn headers_of_two_meanings_are_refused() {
    let sparse = |version: &[(&str, &str)]| Tar::default().pax(version).file("0/app", b"\x7fELF");
    for (what, tar) in [
        ("1.0", sparse(&[("GNU.sparse.major", "1"), ("GNU.sparse.name", "app")])),
        ("0.1", sparse(&[("GNU.sparse.map", "0,4")])),
        ("0.0", sparse(&[("GNU.sparse.size", "9000"), ("GNU.sparse.numblocks", "1")])),
        ("a record in a comment", {
            let inner = tar::record("path", "decoy");
            Tar::default().pax(&[("comment", &format!("x\n{inner}"))]).file("app", b"")
        }),
    ] {
        let error = tar.read().expect_err(what);
        assert!(chain(&error).contains("pax"), "{what}: {}", chain(&error));
    }
    // Attributes are bytes, and may hold the end of a line.
    let honest = Tar::default()
        .pax_text(tar::record("SCHILY.xattr.security.capability", "\x01\n\x02").as_bytes())
        .file("ping", b"");
    assert_eq!(honest.read().expect("a layer").entries.len(), 1);
}

#[test]
fn holes_are_read_as_zeros_and_bounded() {
    let sparse = |size: u64| {
        let mut header = header(EntryType::GNUSparse, b"app", b"", 512);
        let gnu = header.as_gnu_mut().expect("GNU's");
        let octal = |number: u64| -> [u8; 12] {
            *format!("{number:011o}\0").as_bytes().first_chunk().expect("12 digits")
        };
        gnu.realsize = octal(size);
        gnu.sparse[0].offset = octal(0);
        gnu.sparse[0].numbytes = octal(512);
        gnu.sparse[1].offset = octal(size);
        gnu.sparse[1].numbytes = octal(0);
        header.set_cksum();
        let mut program = Elf::new(X86_64).segment(PT_LOAD, 0, 0, 512).bytes();
        program.resize(512, 0);
        Tar::default().raw(&header, &program)
    };
    let files = files(sparse(1 << 20));
    let Some(NodeKind::File { size: 0x10_0000, content: Content::Elf(facts) }) =
        kind(&files, "/app")
    else {
        panic!("a program");
    };
    assert_eq!(facts.malformation, None);
    let error = sparse(1 << 32).read().expect_err("too large");
    assert!(chain(&error).contains("too large"), "{}", chain(&error));
}

#[test]
fn damaged_blobs_are_errors_or_facts() {
    let tar = Tar::default().file("app", &elf::linked("/lib/ld.so", "", &[])).bytes();
    for (media_type, blob) in [(PLAIN, tar.clone()), (GZIP, gzip(&tar)), (ZSTD, zstd(&tar, 0))] {
        assert_eq!(read(media_type, &blob).expect("whole").entries.len(), 1, "{media_type}");
        for at in (0..blob.len()).step_by(blob.len() / 64) {
            let _ = read(media_type, &blob[..at]);
            let mut flipped = blob.clone();
            flipped[at] ^= 1 << (at % 8);
            let _ = read(media_type, &flipped);
        }
        // In the middle of the file.
        let half = read(media_type, &blob[..blob.len() * 3 / 8]);
        assert!(half.is_err(), "{media_type}");
    }
    for media_type in [GZIP, ZSTD] {
        assert!(read(media_type, &tar).is_err(), "{media_type} that is none");
    }
}

/// What the descriptor says of a blob is compared with what it is, not believed.
#[test]
fn a_digest_that_does_not_match_is_told() {
    let blob = Tar::default().file("app", b"").bytes();
    let facts = read(PLAIN, &blob).expect("a layer");
    assert_eq!(facts.blob, (Digest::of(&blob), blob.len() as u64));
    assert_ne!(facts.blob.0, Digest::of(b""), "what the descriptor said");
}

/// Names come out as they are, of bytes that are no text each apart; reports escape what steers a
/// terminal.
#[test]
fn odd_names_stay_apart() {
    let names: [&[u8]; 6] = [b"new\nline", b"caf\xe9", b"caf\xc3\xa9", b"\x1b[31mred", b" ", b"\\"];
    let tar = names
        .iter()
        .fold(Tar::default(), |tar, it| tar.entry(EntryType::Regular, it, b"", b"\x7fELF"));
    let files = files(tar);
    let mut expected = ["/new\nline", "/caf\\xe9", "/caf\u{e9}", "/\u{1b}[31mred", "/ ", "/\\"];
    expected.sort_unstable();
    assert_eq!(paths(&files), expected);
    let findings = judge(files, "/none");
    assert_eq!(findings.iter().filter(|it| it.rule.name() == "ElfMalformed").count(), 6);
}

#[test]
fn tables_that_point_outside_are_malformations() {
    let far = u64::MAX - 8;
    for (what, file) in [
        ("a segment", Elf::new(X86_64).segment(PT_LOAD, far, far, 64)),
        ("the dynamic section", Elf::new(X86_64).segment(PT_DYNAMIC, far, far, 64)),
        ("the interpreter", Elf::new(X86_64).segment(elf::PT_INTERP, far, far, 64)),
        ("all of it", Elf::new(X86_64).says(u16::MAX)),
    ] {
        let facts = ElfFacts::read(&file.bytes()).expect("a header");
        assert!(facts.malformation.is_some(), "{what}");
    }
    let notes = Elf::new(X86_64).segment(PT_NOTE, far, far, 64);
    assert_eq!(ElfFacts::read(&notes.bytes()).expect("a header").malformation, None);
}

/// Each of them claims the whole file: looked at one after another they would take an hour.
#[test]
fn as_many_segments_as_there_may_be() {
    for kind in [PT_NOTE, PT_LOAD] {
        let size = 4 << 20;
        let elf = (0..u16::MAX).fold(Elf::new(AARCH64), |elf, _| elf.segment(kind, 0, 0, size));
        let mut file = elf.bytes();
        file.resize(8 << 20, 0);
        let facts = ElfFacts::read(&file).expect("a header");
        assert_eq!((facts.malformation, facts.build_id), (None, None));
    }
}

#[test]
fn names_that_are_needed_over_and_over() {
    let needed = vec!["libc.so.6".to_owned(); 5000];
    let file = elf::linked("/lib/ld.so", "", &needed);
    let facts = ElfFacts::read(&file).expect("a header");
    assert_eq!((facts.needed.len(), facts.malformation.clone()), (5000, None));
    let findings = judge(files(Tar::default().file("app", &file)), "/app");
    assert!(findings.len() < 10, "one cause is one finding: {}", findings.len());
}

/// `vn_next` only ever leads on, and each name costs the file's size.
#[test]
fn version_chains_end() {
    let start = Elf::start(2);
    let need = |next: u32| {
        let mut need = [1_u16, 1].iter().flat_map(|it| it.to_le_bytes()).collect::<Vec<u8>>();
        need.extend([1_u32, 0, next].iter().flat_map(|it| it.to_le_bytes()));
        need
    };
    // Strings, needs that lead to themselves, the dynamic section.
    for next in [0, 1, 16, u32::MAX] {
        let mut data = b"\0lib\0\0\0\0".to_vec();
        for _ in 0..1000 {
            data.extend(need(next));
        }
        let at = start + data.len() as u64;
        let entries = [(5, start), (10, 8), (0x6fff_fffe, start + 8), (0x6fff_ffff, 1000), (0, 0)];
        for (tag, value) in entries {
            data.extend([u64::to_le_bytes(tag), u64::to_le_bytes(value)].concat());
        }
        let size = start + data.len() as u64;
        let elf = Elf::new(X86_64).segment(PT_LOAD, 0, 0, size).segment(
            PT_DYNAMIC,
            at,
            at,
            16 * entries.len() as u64,
        );
        let facts = ElfFacts::read(&elf.data(data).bytes()).expect("a header");
        assert!(facts.version_needs.len() <= 1000, "{next}");
    }
}

/// The kernel takes no longer paths; deeper directories there may be.
#[test]
fn folders_may_be_deep() {
    let deep = "d/".repeat(2047);
    let files = files(Tar::default().file(&deep[..deep.len() - 2], b"#!/bin/sh\n"));
    assert_eq!(files.iter().count(), 2046);
    let longer = Tar::default().file(&"d/".repeat(2049), b"").read();
    assert!(chain(&longer.expect_err("too long")).contains("longer than Linux takes"));
}

#[test]
fn empty_names_are_the_root() {
    let tar = Tar::default()
        .entry(EntryType::Regular, b"", b"", b"")
        .entry(EntryType::Symlink, b"./", b"/etc", b"")
        .entry(EntryType::Directory, b".", b"", b"")
        .pax(&[("path", "")])
        .file("app", b"");
    let facts = tar.read().expect("a layer");
    assert!(facts.entries.iter().any(|it| it.change == Change::Directory));
    assert!(files_of(&[facts]).expect("few files").iter().count() <= 1);
}
