//! That time grows with an image and not with its square: `docs/fuzzing.md` has the figures.
//!
//! `cargo test --release --test hostile -- growth --ignored --nocapture --test-threads=1`

#![allow(clippy::print_stderr, reason = "figures are for whoever asked")]

use std::time::{Duration, Instant};

use archproof::inspect::LayerFacts;

use super::elf::{AARCH64, Elf, PT_LOAD, linked};
use super::tar::Tar;
use super::{files_of, judge_all, judge_with};

/// How many times longer eight times as many may take: with the square it would be 64.
const LIMIT: u32 = 32;

/// Measures how long something takes for twice as many, four and eight times as many.
fn measure(what: &str, smallest: usize, make: impl Fn(usize) -> Vec<LayerFacts>, program: &str) {
    measure_all(what, smallest, |count| vec![("linux/amd64", make(count))], program);
}

/// The same for several platforms.
fn measure_all(
    what: &str,
    smallest: usize,
    make: impl Fn(usize) -> Vec<(&'static str, Vec<LayerFacts>)>,
    program: &str,
) {
    let mut taken = Vec::new();
    for count in [1, 2, 4, 8].map(|it| it * smallest) {
        let platforms = make(count);
        let start = Instant::now();
        let files = platforms.iter().map(|it| (it.0, files_of(&it.1).expect("few enough")));
        let files = files.collect();
        let assembled = start.elapsed();
        let start = Instant::now();
        let findings = judge_all(files, program);
        let (judged, found) = (start.elapsed(), findings.len());
        eprintln!(
            "{what}: {count}: put together {assembled:.2?}, judged {judged:.2?}, {found} findings"
        );
        // What is over at once is no measure of anything.
        taken.push((assembled + judged).max(Duration::from_millis(2)));
    }
    assert!(taken[3] < taken[0] * LIMIT, "{what}: {taken:?}");
}

fn layer(tar: Tar) -> Vec<LayerFacts> {
    vec![tar.read().expect("a layer")]
}

#[test]
#[ignore = "takes a while, and a machine that does nothing else"]
fn growth_of_folders() {
    let flat =
        |count| (0..count).fold(Tar::default(), |tar, it| tar.file(&format!("f/{it}"), b"x"));
    measure("files in one folder", 25_000, |count| layer(flat(count)), "/f/0");
    let links = |count| {
        let tar = Tar::default().file("first", b"#!/bin/sh\n");
        (0..count).fold(tar, |tar, it| tar.hardlink(&format!("l{it}"), "first"))
    };
    measure("hardlinks", 25_000, |count| layer(links(count)), "/l0");
    let orphans =
        |count| [layer(links(count)), layer(Tar::default().file(".wh.first", b""))].concat();
    measure("hardlinks whose first name is gone", 25_000, orphans, "/l0");
    let adopted = |count| {
        let each = |tar: Tar, it| {
            tar.file(&format!("f{it}"), b"#!/bin/sh\n")
                .hardlink(&format!("l{it}"), &format!("f{it}"))
        };
        let lower = (0..count).fold(Tar::default(), each);
        let upper = (0..count).fold(Tar::default(), |tar, it| tar.file(&format!(".wh.f{it}"), b""));
        [layer(lower), layer(upper)].concat()
    };
    measure("files each with an orphan", 12_500, adopted, "/l0");
    let replaced = |count| {
        let each = |tar: Tar, it| {
            tar.file("first", format!("#!/{it:07}\n").as_bytes())
                .hardlink(&format!("l/{it}"), "first")
        };
        layer((0..count).fold(Tar::default(), each))
    };
    measure("a name replaced and hardlinked", 12_500, replaced, "/l/0");
    let whiteouts = |count| {
        let siblings = |tar: Tar, it| tar.file(&format!("a-/{it}"), b"");
        let lower = (0..count).fold(Tar::default().file("a/b", b""), siblings);
        let upper = (0..count).fold(Tar::default(), |tar, _| tar.file("a/.wh..wh..opq", b""));
        [layer(lower), layer(upper)].concat()
    };
    measure("opaque whiteouts beside a large folder", 12_500, whiteouts, "/a");
}

#[test]
#[ignore = "takes a while, and a machine that does nothing else"]
fn growth_of_differences() {
    let of = |platform: &'static str, count: usize, name: &dyn Fn(usize) -> String| {
        let each = |tar: Tar, it| tar.file(&name(it), b"#!/bin/sh\n");
        (platform, layer((0..count).fold(Tar::default(), each)))
    };
    let both = |folder: &'static str| {
        move |count| {
            let names = |letter: &'static str| move |it| format!("{folder}/{letter}{it}");
            vec![of("linux/amd64", count, &names("a")), of("linux/arm64", count, &names("b"))]
        }
    };
    measure_all("commands that the other has not", 12_500, both("usr/local/bin"), "/a");
    measure_all("files that the other has not", 12_500, both("srv"), "/a");
    measure_all("shared data", 12_500, both("usr/share/x"), "/a");
}

#[test]
#[ignore = "takes a while, and a machine that does nothing else"]
fn growth_of_programs() {
    let foreign = Elf::new(AARCH64).segment(PT_LOAD, 0, 0, 64).bytes();
    let prebuilt = |count| {
        let each = |tar: Tar, it| tar.file(&format!("p/m{it}-arm64/x.node"), &foreign);
        layer((0..count).fold(Tar::default(), each))
    };
    measure("prebuilt files for another machine", 2500, prebuilt, "/p");
    let pairs = |count| {
        let file = linked("", "", &["libc.so".to_owned()]);
        let each = |tar: Tar, it| tar.file(&format!("p/m{it}-musl/x.node"), &file);
        layer((0..count).fold(Tar::default(), each))
    };
    measure("prebuilt files for another C library", 2500, pairs, "/p");
    let same = |count| {
        let file = linked("", "libsame.so", &["libc.so.6".to_owned()]);
        layer(
            (0..count)
                .fold(Tar::default(), |tar, it| tar.file(&format!("p/{it}/libsame.so"), &file)),
        )
    };
    measure("libraries of one name", 2500, same, "/p");
    let lonely = |count| {
        let file = linked("/lib64/ld-linux-x86-64.so.2", "", &["libc.so.6".to_owned()]);
        layer((0..count).fold(Tar::default(), |tar, it| tar.file(&format!("bin/{it}"), &file)))
    };
    measure("programs without a loader", 2500, lonely, "/bin/0");
}

#[test]
#[ignore = "takes a while, and a machine that does nothing else"]
fn growth_of_linking() {
    const LOADER: &str = "/lib64/ld-linux-x86-64.so.2";
    let with_loader = || {
        let loader = linked("", "ld-linux-x86-64.so.2", &[]);
        Tar::default().file(&LOADER[1..], &loader)
    };
    let name = |it: usize| format!("lib{it}.so");
    let programs = |count| {
        let program = linked(LOADER, "", &["lib0.so".to_owned(), "lib1.so".to_owned()]);
        let tar = with_loader()
            .file("lib64/lib0.so", &linked("", "lib0.so", &[]))
            .file("lib64/lib1.so", &linked("", "lib1.so", &[]));
        layer((0..count).fold(tar, |tar, it| tar.file(&format!("bin/{it}"), &program)))
    };
    measure("programs with two libraries", 2500, programs, "/bin/0");
    let chain = |count| {
        let each = |tar: Tar, it| {
            tar.file(&format!("lib64/{}", name(it)), &linked("", &name(it), &[name(it + 1)]))
        };
        let tar = with_loader().file("bin/app", &linked(LOADER, "", &[name(0)]));
        layer((0..count).fold(tar, each))
    };
    measure("libraries in a chain", 2500, chain, "/bin/app");
    let wide = |count| {
        let needed: Vec<String> = (0..count).map(name).collect();
        let tar = with_loader().file("bin/app", &linked(LOADER, "", &needed));
        let each =
            |tar: Tar, it| tar.file(&format!("lib64/{}", name(it)), &linked("", &name(it), &[]));
        layer((0..count).fold(tar, each))
    };
    measure("libraries of one program", 2500, wide, "/bin/app");
}

#[test]
#[ignore = "takes a while, and a machine that does nothing else"]
fn growth_of_variables() {
    let mut taken = Vec::new();
    for count in [1, 2, 4, 8].map(|it| it * 25_000) {
        let files = files_of(&layer(Tar::default().file("app", b"#!/bin/sh\n"))).expect("few");
        let env = (0..count).map(|it| format!("{it}=")).collect();
        let start = Instant::now();
        judge_with(vec![("linux/amd64", files)], "/app", env);
        taken.push(start.elapsed().max(Duration::from_millis(2)));
        eprintln!("variables: {count}: judged {:.2?}", taken.last());
    }
    assert!(taken[3] < taken[0] * LIMIT, "variables: {taken:?}");
}
