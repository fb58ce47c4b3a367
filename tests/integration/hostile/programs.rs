//! ELF files and scripts that say anything, as the whole program meets them.

use rstest::rstest;
use serde_json::json;

use super::elf::{AARCH64, Elf, PT_DYNAMIC, PT_INTERP, PT_LOAD, PT_NOTE, X86_64};
use super::layout::{Blob, Layout, program, tool};
use super::tar::Tar;
use super::whole::attack;

const DT_NEEDED: u64 = 1;
const DT_HASH: u64 = 4;
const DT_STRTAB: u64 = 5;
const DT_SYMTAB: u64 = 6;
const DT_STRSZ: u64 = 10;
const DT_RPATH: u64 = 15;
const DT_GNU_HASH: u64 = 0x6fff_fef5;
const DT_VERNEED: u64 = 0x6fff_fffe;
const DT_VERNEEDNUM: u64 = 0x6fff_ffff;

/// A file for linux/arm64 of strings, of a table, and of dynamic entries. The function makes these
/// of the addresses of strings and table.
fn file(
    interpreter: Option<&str>,
    strings: &[u8],
    table: &[u8],
    entries: impl FnOnce(u64, u64) -> Vec<(u64, u64)>,
) -> Vec<u8> {
    let start = Elf::start(if interpreter.is_some() { 3 } else { 2 });
    let mut data = strings.to_vec();
    let interpreter_at = start + data.len() as u64;
    let interpreter = interpreter.map(|it| [it.as_bytes(), b"\0"].concat());
    data.extend(interpreter.iter().flatten());
    data.resize(data.len().next_multiple_of(8), 0);
    let table_at = start + data.len() as u64;
    data.extend(table);
    data.resize(data.len().next_multiple_of(8), 0);
    let dynamic_at = start + data.len() as u64;
    let mut all = entries(start, table_at);
    all.extend([(DT_STRTAB, start), (DT_STRSZ, strings.len() as u64), (0, 0)]);
    for (tag, value) in &all {
        data.extend([tag.to_le_bytes(), value.to_le_bytes()].concat());
    }
    let size = 16 * all.len() as u64;
    let elf = Elf::new(AARCH64)
        .segment(PT_LOAD, 0, 0, dynamic_at + size)
        .segment(PT_DYNAMIC, dynamic_at, dynamic_at, size);
    let elf = match &interpreter {
        Some(it) => elf.segment(PT_INTERP, interpreter_at, interpreter_at, it.len() as u64),
        None => elf,
    };
    elf.data(data).bytes()
}

/// A shared object.
fn library(
    strings: &[u8],
    table: &[u8],
    entries: impl FnOnce(u64, u64) -> Vec<(u64, u64)>,
) -> Vec<u8> {
    file(None, strings, table, entries)
}

/// A program or shared object that needs others, and names folders (`DT_RPATH`).
fn linked(interpreter: Option<&str>, needed: &[String], folders: &str) -> Vec<u8> {
    let mut strings = vec![0];
    let mut starts = Vec::new();
    for text in needed.iter().map(String::as_str).chain([folders]) {
        starts.push(strings.len() as u64);
        strings.extend(text.bytes().chain([0]));
    }
    let folders = starts.pop().expect("there is one");
    let entries = |_, _| [needing(starts), vec![(DT_RPATH, folders)]].concat();
    let mut file = file(interpreter, &strings, b"", entries);
    // So that pages of any size do.
    file[64 + 48..][..8].copy_from_slice(&0x1_0000_u64.to_le_bytes());
    file
}

const LOADER: &str = "/lib/ld-linux-aarch64.so.1";

/// A file that glibc's loader starts.
fn started(needed: &[String], folders: &str) -> Vec<u8> {
    linked(Some(LOADER), needed, folders)
}

/// An image with that loader, in which `/tool` is one of the files.
fn with_loader(tar: Tar, change: impl FnOnce(&mut serde_json::Value)) -> Layout {
    let tar = tar.file(&LOADER[1..], &linked(None, &[], ""));
    Layout::with([Blob::packed(tar)], change)
}

fn words(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|it| it.to_le_bytes()).collect()
}

fn in_lib(file: &[u8]) -> Layout {
    Layout::of([Blob::packed(Tar::default().file("usr/lib/libx.so", file))])
}

/// As many strings, and where each begins.
fn names(count: usize) -> (Vec<u8>, Vec<u64>) {
    let (mut strings, mut starts) = (vec![0], Vec::new());
    for number in 0..count {
        starts.push(strings.len() as u64);
        strings.extend(format!("lib{number}.so\0").bytes());
    }
    (strings, starts)
}

fn needing(starts: impl IntoIterator<Item = u64>) -> Vec<(u64, u64)> {
    starts.into_iter().map(|it| (DT_NEEDED, it)).collect()
}

/// The first section says how many there are: 2^60.
fn sections_without_end() -> Layout {
    let mut file = program();
    let at = file.len() as u64;
    file[0x28..0x30].copy_from_slice(&at.to_le_bytes());
    file[0x3a..0x3c].copy_from_slice(&64_u16.to_le_bytes());
    file.extend([0; 32]);
    file.extend((1_u64 << 60).to_le_bytes());
    file.extend([0; 24]);
    Layout::of([Tar::default().file("t", &file).into()])
}

fn program_headers_over_each_other() -> Layout {
    let elf = (0..65_000).fold(Elf::new(AARCH64), |it, _| it.segment(PT_LOAD, 0, 0, 3 << 20));
    let file = elf.bytes();
    let tar = (0..10).fold(Tar::default(), |tar, it| tar.file(&format!("t{it}"), &file));
    Layout::of([Blob::packed(tar)])
}

fn notes_over_each_other() -> Layout {
    let notes = words(&[0, 0, 1]).repeat(200_000);
    let start = Elf::start(2000);
    let segment = |it: Elf, _| it.segment(PT_NOTE, start, 0, notes.len() as u64);
    let elf = (0..2000).fold(Elf::new(AARCH64), segment).data(notes.clone());
    Layout::of([Blob::packed(Tar::default().file("t", &elf.bytes()))])
}

fn needs_100_000() -> Layout {
    let (strings, starts) = names(100_000);
    in_lib(&library(&strings, b"", |_, _| needing(starts)))
}

fn needs_one_20_000_times() -> Layout {
    in_lib(&library(b"\0libx.so\0", b"", |_, _| needing(vec![1; 20_000])))
}

/// Each name is the end of one long string: together they are ten gigabytes.
fn needs_ends_of_one_string() -> Layout {
    let strings = [b"\0".as_slice(), &vec![b'a'; 1 << 20], b"\0"].concat();
    in_lib(&library(&strings, b"", |_, _| needing(1..20_000)))
}

fn needs_all_others() -> Layout {
    let (strings, starts) = names(200);
    let file = library(&strings, b"", |_, _| needing(starts));
    let each = |tar: Tar, it| tar.file(&format!("usr/lib/lib{it}.so"), &file);
    Layout::of([Blob::packed((0..200).fold(Tar::default(), each))])
}

fn needs_the_next() -> Layout {
    let each = |tar: Tar, it| {
        let strings = format!("\0lib{}.so\0", it + 1);
        let file = library(strings.as_bytes(), b"", |_, _| needing([1]));
        tar.file(&format!("usr/lib/lib{it}.so"), &file)
    };
    Layout::of([Blob::packed((0..2000).fold(Tar::default(), each))])
}

fn hash(tag: u64, table: &[u32]) -> Layout {
    in_lib(&library(b"\0", &words(table), |_, at| vec![(tag, at), (DT_SYMTAB, at)]))
}

fn gnu_hash_of_all_buckets() -> Layout {
    hash(DT_GNU_HASH, &[u32::MAX, 1, 1, 0, 0, 0, 0, 0])
}

/// Each bucket names a symbol whose chain has no end in the file.
fn gnu_hash_without_end() -> Layout {
    let count = 200_000;
    let head = [u32::try_from(count).expect("few"), 1, 1, 0, 0, 0];
    hash(DT_GNU_HASH, &[head.as_slice(), &vec![1; count], &vec![2; count]].concat())
}

fn hash_of_all_symbols() -> Layout {
    hash(DT_HASH, &[1, u32::MAX, 1, 1, 1, 1])
}

/// So many needs, each with 65535 versions that lie over each other.
fn versions_over_each_other() -> Layout {
    let count = 2000;
    // vn_version 1, vn_cnt 65535; vn_file, vn_aux, vn_next. Then vna_hash, vna_flags and vna_other,
    // vna_name, vna_next.
    let needs = words(&[0xffff_0001, 1, 16 * count, 16]).repeat(count as usize);
    let versions = words(&[0, 0x2_0000, 1, 16]).repeat(66_000);
    let entries = |_, at| vec![(DT_VERNEED, at), (DT_VERNEEDNUM, u64::from(count))];
    in_lib(&library(b"\0libx.so\0", &[needs, versions].concat(), entries))
}

fn versions_without_end() -> Layout {
    let table = words(&[0xffff_0001, 1, 16, 0, 0, 0x2_0000, 1, 0]);
    let entries = |_, at| vec![(DT_VERNEED, at), (DT_VERNEEDNUM, 1 << 40)];
    in_lib(&library(b"\0libx.so\0", &table, entries))
}

/// A search path of as many folders, for each of as many names.
fn folders_for_each_name() -> Layout {
    let (mut strings, starts) = names(1000);
    let path = strings.len() as u64;
    let folders: Vec<String> = (0..20_000).map(|it| format!("/r{it}")).collect();
    strings.extend(folders.join(":").bytes().chain([0]));
    let entries = |_, _| [needing(starts), vec![(DT_RPATH, path)]].concat();
    in_lib(&library(&strings, b"", entries))
}

fn numbered(count: usize, name: impl Fn(usize) -> String) -> Vec<String> {
    (0..count).map(name).collect()
}

/// A program that needs as many libraries as it names folders, with a library in one of these.
fn searches(count: usize) -> Tar {
    let needed = numbered(count, |it| format!("lib{it}.so"));
    let folders = numbered(count, |it| format!("/r{it}")).join(":");
    Tar::default().file("tool", &started(&needed, &folders))
}

fn many_libraries_in_many_folders(count: usize) -> Layout {
    with_loader(searches(count), |_| {})
}

/// All of the libraries are in the last of the folders.
fn libraries_in_the_last_folder() -> Layout {
    let library = linked(None, &[], "");
    let each = |tar: Tar, it| tar.file(&format!("r199/lib{it}.so"), &library);
    with_loader((0..200).fold(searches(200), each), |_| {})
}

fn many_programs_and_folders(count: usize) -> Layout {
    let each =
        |tar: Tar, it| tar.file(&format!("bin/{it}"), &started(&[format!("lib{it}.so")], "/none"));
    let folders = numbered(count, |it| format!("/r{it}")).join(":");
    with_loader((0..count).fold(Tar::default(), each), |it| {
        it["config"]["Env"] = json!([format!("LD_LIBRARY_PATH={folders}")]);
    })
}

/// Each library needs the next, and whoever is searched for is searched for in the folders of all
/// before it.
fn folders_of_a_chain(count: usize) -> Layout {
    let name = |it: usize| format!("lib{it}.so");
    let first = started(&[name(0)], "/l");
    let each = |tar: Tar, it| {
        let library = linked(None, &[name(it + 1)], &format!("/r{it}:/l"));
        tar.file(&format!("l/{}", name(it)), &library)
    };
    with_loader((0..count).fold(Tar::default().file("tool", &first), each), |_| {})
}

/// The folder of a program in its list over and over, which is no path that there can be.
fn origin_over_and_over() -> Layout {
    let deep = format!("{}/", "d".repeat(200)).repeat(15);
    let needed = numbered(200, |it| format!("lib{it}.so"));
    let program = started(&needed, &"$ORIGIN".repeat(100_000));
    let tar = Tar::default()
        .file(&format!("{deep}tool"), &program)
        .symlink("bin/tool", &format!("/{deep}tool"));
    with_loader(tar, |it| it["config"]["Entrypoint"] = json!(["/bin/tool"]))
}

fn programs_of(machine: u16) -> Layout {
    let file = Elf::new(machine).segment(PT_LOAD, 0, 0, Elf::start(1)).bytes();
    let each = |tar: Tar, it| tar.file(&format!("bin/{it:06}"), &file);
    Layout::of([Blob::packed((0..3000).fold(Tar::default(), each))])
}

fn many_programs() -> Layout {
    programs_of(AARCH64)
}

fn foreign_programs() -> Layout {
    programs_of(X86_64)
}

fn starting(words: &[&str], tar: Tar) -> Layout {
    Layout::with([Blob::packed(tar)], |it| it["config"]["Entrypoint"] = json!(words))
}

fn scripts_that_start_each_other() -> Layout {
    let each =
        |tar: Tar, it: i32| tar.file(&format!("s{it}"), format!("#!/s{}\n", it + 1).as_bytes());
    starting(&["/s0"], (0..3000).fold(Tar::default(), each))
}

fn script_of_depth() -> Layout {
    let script = format!("#!/bin/sh\n{}", "$(".repeat(200_000));
    starting(&["/e"], Tar::default().file("e", script.as_bytes()).file("bin/sh", &program()))
}

fn command_of_depth() -> Layout {
    let line = format!("{}x{}", "$(".repeat(100_000), ")".repeat(100_000));
    starting(&["/bin/sh", "-c", &line], Tar::default().file("bin/sh", &program()))
}

fn step_of_depth() -> Layout {
    let step = format!("RUN /bin/sh -c {}", "$(".repeat(100_000));
    let foreign = Elf::new(X86_64).segment(PT_LOAD, 0, 0, Elf::start(1)).bytes();
    Layout::with([Tar::default().file("x", &foreign).into()], |it| {
        it["history"] = json!([{"created_by": step}, {"created_by": step}]);
    })
}

/// Each finding names the step that made its layer.
fn findings_of_a_long_step() -> Layout {
    let foreign = Elf::new(X86_64).segment(PT_LOAD, 0, 0, Elf::start(1)).bytes();
    let each = |tar: Tar, it| tar.file(&format!("bin/{it}"), &foreign);
    Layout::with([Blob::packed((0..3000).fold(Tar::default(), each))], |it| {
        let step = format!("RUN {}", "x".repeat(4 << 20));
        it["history"] = json!([{"created_by": "COPY tool /"}, {"created_by": step}]);
    })
}

#[rstest]
#[case("elf_shnum", sections_without_end, 0, "pass")]
#[case("elf_phnum", program_headers_over_each_other, 0, "pass")]
#[case("elf_notes", notes_over_each_other, 0, "pass")]
#[case("needed", needs_100_000, 1, "")]
#[case("needed_long", needs_one_20_000_times, 1, "")]
#[case("needed_shared", needs_ends_of_one_string, 1, "")]
#[case("needed_cycle", needs_all_others, 1, "ElfPageAlignment")]
#[case("needed_chain", needs_the_next, 1, "")]
#[case("gnuhash", gnu_hash_of_all_buckets, 1, "ElfPageAlignment")]
#[case("gnuhash_loop", gnu_hash_without_end, 1, "ElfPageAlignment")]
#[case("sysvhash", hash_of_all_symbols, 1, "ElfPageAlignment")]
#[case("verneed_loop", versions_without_end, 1, "")]
#[case("verneed_overlap", versions_over_each_other, 1, "")]
#[case("rpaths", folders_for_each_name, 1, "")]
#[case("searches-healthy", libraries_in_the_last_folder, 0, "pass")]
#[case("origins", origin_over_and_over, 1, "needs lib0.so, which is not in the image")]
#[case("steps", findings_of_a_long_step, 1, "ElfMachineMismatch")]
#[case("elfmany", many_programs, 0, "pass")]
#[case("foreignmany", foreign_programs, 1, "ElfMachineMismatch")]
#[case("scripts", scripts_that_start_each_other, 1, "")]
#[case("entryscript", script_of_depth, 0, "pass")]
#[case("shellform", command_of_depth, 0, "pass")]
#[case("createdby", step_of_depth, 1, "ElfMachineMismatch")]
fn programs(
    #[case] name: &str,
    #[case] image: fn() -> Layout,
    #[case] status: i32,
    #[case] words: &str,
) {
    attack(name, &image(), status, words);
}

/// What is looked for in very many folders, of which the report names some.
#[rstest]
#[case("searches", many_libraries_in_many_folders, 500, 1)]
#[case("searchenv", many_programs_and_folders, 500, 0)]
#[case("searchchain", folders_of_a_chain, 500, 1)]
fn folders(
    #[case] name: &str,
    #[case] image: fn(usize) -> Layout,
    #[case] count: usize,
    #[case] status: i32,
) {
    // Of programs that nothing starts, what is missing is a warning.
    attack(name, &image(count), status, "LibraryMissing");
}

/// The same in more folders than are looked at. What all programs look through is looked through once.
#[rstest]
#[case("searches", many_libraries_in_many_folders, 1, "more than 10 million folders")]
#[case("searchenv", many_programs_and_folders, 0, "LibraryMissing")]
#[case("searchchain", folders_of_a_chain, 1, "more than 10 million folders")]
#[ignore = "takes a while"]
fn too_many_folders(
    #[case] name: &str,
    #[case] image: fn(usize) -> Layout,
    #[case] status: i32,
    #[case] words: &str,
) {
    attack(&format!("{name}-large"), &image(20_000), status, words);
}

/// The healthy one beside them all.
#[test]
fn an_honest_image_passes() {
    attack("none", &Layout::of([tool()]), 0, "pass: 1 of 1 platform passed");
}
