//! Layers that say anything, and compression that has no end, as the whole program meets them.

use ::tar::EntryType;
use archproof::oci::Digest;
use rstest::rstest;

use super::elf::{AARCH64, Elf, PT_LOAD};
use super::layout::{Blob, Layout, runnable};
use super::tar::{Tar, gzip, header, zstd};
use super::whole::{attack, attack_sandbox, attack_within};

/// Any digest: that of the tar does not matter where there is none.
fn any() -> Digest {
    Digest::of(b"")
}

fn paths_that_lead_out() -> Layout {
    let tar = ["../../etc/x", "/abs", "a/../../b", ".", "..", "", "//", "a//b/./c", "tool/../d"]
        .iter()
        .fold(Tar::default(), |tar, it| tar.file(it, b"x"))
        .symlink("esc", "../../../../../../etc")
        .file("esc/passwd2", b"x")
        .hardlink("hl", "/etc/shadow")
        .hardlink("hl2", "../../../../etc/shadow");
    Layout::of([tar.into()])
}

fn kinds() -> Layout {
    let kinds = b"345679ABCDIMNVXgxLK\0\x80z";
    let tar = kinds.iter().fold(Tar::default(), |tar, kind| {
        let content: &[u8] = if b"xgLK".contains(kind) { b"12 path=aaa\n" } else { b"" };
        tar.entry(EntryType::new(*kind), format!("k-{kind:02x}").as_bytes(), b"", content)
            .file(&format!("after-{kind:02x}"), b"x")
    });
    Layout::of([tar.into()])
}

/// The size of a file, as 12 bytes of its header.
fn sized(size: [u8; 12]) -> Layout {
    let mut header = header(EntryType::Regular, b"huge", b"", 0);
    header.as_old_mut().size = size;
    header.set_cksum();
    Layout::of([Tar::default().raw(&header, b"").file("x", b"x").into()])
}

fn huge() -> Layout {
    sized(*b"\x80\0\0\0\x7f\xff\xff\xff\xff\xff\xff\xff")
}

fn negative() -> Layout {
    sized([0xff; 12])
}

fn endless_by_pax() -> Layout {
    let tar = Tar::default().pax(&[("size", "18446744073709551615")]).file("x", b"x");
    Layout::of([tar.into()])
}

fn pax_of_16_mib() -> Layout {
    let tar = Tar::default().pax(&[("comment", &"a".repeat(16 << 20))]).file("x", b"x");
    Layout::of([Blob::packed(tar)])
}

fn pax_of_many_records() -> Layout {
    let keys: Vec<String> = (0..60_000).map(|it| format!("a{it}")).collect();
    let records: Vec<(&str, &str)> = keys.iter().map(|it| (it.as_str(), "b")).collect();
    Layout::of([Blob::packed(Tar::default().pax(&records).file("x", b"x"))])
}

fn pax_before_every_file() -> Layout {
    let comment = "a".repeat(1_000_000);
    let each = |tar: Tar, it| tar.pax(&[("comment", &comment)]).file(&format!("x{it}"), b"");
    Layout::of([Blob::packed((0..30).fold(Tar::default(), each))])
}

fn odd_whiteouts() -> Layout {
    let names = ["d/.wh.", "d/.wh..", "d/.wh...", ".wh..wh..opq/x", ".wh.tool/x", "d/.wh.a\nb"];
    Layout::of([names.iter().fold(Tar::default(), |tar, it| tar.file(it, b"")).into()])
}

fn many(count: usize) -> Tar {
    (0..count).fold(Tar::default(), |tar, it| tar.file(&format!("d/{it:07}"), b""))
}

fn entries(count: usize) -> Layout {
    Layout::of([Blob::packed(many(count))])
}

fn whiteouts(count: usize) -> Layout {
    let gone = (0..count).fold(Tar::default(), |tar, it| tar.file(&format!("d/.wh.{it:07}"), b""));
    Layout::of([many(count), gone, many(count)].map(Blob::packed))
}

fn opaque(count: usize) -> Layout {
    let gone = (0..count).fold(Tar::default(), |tar, _| tar.file("d/.wh..wh..opq", b""));
    Layout::of([many(count), gone].map(Blob::packed))
}

fn deep(count: usize) -> Layout {
    let rest = "d/".repeat(1990);
    let each = |tar: Tar, it| tar.file(&format!("{it}/{rest}f"), b"");
    Layout::of([Blob::packed((0..count).fold(Tar::default(), each))])
}

/// A name that is in turn a directory with a deep tree, and a file.
fn directory_and_file(count: usize) -> Layout {
    let deep = format!("{}f", "a/".repeat(1000));
    let each = |tar: Tar, _| tar.file(&deep, b"").file("a", b"");
    Layout::of([Blob::packed((0..count).fold(Tar::default(), each))])
}

fn replaced_and_linked(count: usize) -> Layout {
    let each = |tar: Tar, it| {
        let script = format!("#!/{it:07}\n");
        tar.file("first", script.as_bytes()).hardlink(&format!("l/{it}"), "first")
    };
    Layout::of([Blob::packed((0..count).fold(Tar::default(), each))])
}

/// Files behind as many links as Linux follows, each with a long way to the next.
fn behind_links(count: usize) -> Layout {
    let way = "./".repeat(20);
    let link = |tar: Tar, it| tar.symlink(&format!("l{it}"), &format!("{way}l{}", it + 1));
    let links = (0..39).fold(Tar::default(), link);
    let links = links.entry(EntryType::Directory, b"l39", b"", b"");
    let each = |tar: Tar, it| tar.file(&format!("l0/{it:07}"), b"");
    Layout::of([Blob::packed((0..count).fold(links, each))])
}

/// Links whose text goes through what is not there, and back to themselves.
fn links_to_themselves() -> Layout {
    let tar = Tar::default()
        .symlink("l", "missing/../l/g/h")
        .file("l/f", b"x")
        .symlink("m", "missing/../l/x")
        .file("m/f", b"x");
    Layout::of([tar.into()])
}

fn one_name(count: usize) -> Layout {
    let tar = (0..count).fold(Tar::default(), |tar, _| tar.file("tool", b""));
    Layout::of([Blob::packed(tar.file("tool", &runnable()))])
}

/// A file of which 512 bytes are there, and all others are holes.
fn sparse(size: u64) -> Layout {
    let mut header = header(EntryType::GNUSparse, b"sparse", b"", 512);
    let gnu = header.as_gnu_mut().expect("GNU's");
    gnu.sparse[0].offset = *b"00000000000\0";
    gnu.sparse[0].numbytes = *b"00000001000\0";
    let mut bytes = [0; 12];
    bytes[0] = 0x80;
    bytes[4..].copy_from_slice(&size.to_be_bytes());
    gnu.realsize = bytes;
    // The last part ends where the file does.
    gnu.sparse[1].offset = bytes;
    gnu.sparse[1].numbytes = *b"00000000000\0";
    header.set_cksum();
    Layout::of([Tar::default().raw(&header, &[b'x'; 512]).file("x", b"x").into()])
}

fn cut_off() -> Layout {
    let tar = Tar::default().file("x", &[b'x'; 10_000]).bytes();
    Layout::of([Blob::plain(&tar[..5000])])
}

fn nothing_at_all() -> Layout {
    let empty = [Blob::plain(b""), Blob::gzip(Vec::new(), any()), Blob::zstd(Vec::new(), any())];
    Layout::of(empty)
}

/// Zeros, a mebibyte at a time as a stream of many members.
fn gzip_of_zeros(mebibytes: usize) -> Layout {
    Layout::of([Blob::gzip(gzip(&vec![0; 1 << 20]).repeat(mebibytes), any())])
}

/// A file of zeros, or what begins as a program does.
fn zeros(start: &[u8], mebibytes: usize) -> Layout {
    let mut header = header(EntryType::Regular, b"big", b"", 0);
    header.set_size((mebibytes as u64) << 20);
    header.set_cksum();
    let mut first = [header.as_bytes().as_slice(), start].concat();
    first.resize((1 << 20) + 512, 0);
    let rest = gzip(&vec![0; 1 << 20]).repeat(mebibytes - 1);
    let end = gzip(&[0; 1024]);
    Layout::of([Blob::gzip([gzip(&first), rest, end].concat(), any())])
}

fn members_without_anything() -> Layout {
    let tar = Tar::default().file("x", b"").bytes();
    let members = [gzip(b"").repeat(200_000), gzip(&tar)].concat();
    Layout::of([Blob::gzip(members, Digest::of(&tar))])
}

fn zstd_of_any_window() -> Layout {
    Layout::of([Blob::zstd(b"\x28\xb5\x2f\xfd\x00\xff\x01\0\0".to_vec(), any())])
}

fn frames_to_skip() -> Layout {
    Layout::of([Blob::zstd(b"\x50\x2a\x4d\x18\0\0\0\0".repeat(300_000), any())])
}

fn zstd_of_zeros() -> Layout {
    Layout::of([Blob::zstd(zstd(b"", 2000), any())])
}

fn gzip_in_gzip() -> Layout {
    let inner = gzip(&Tar::default().file("x", b"").bytes());
    Layout::of([Blob::gzip(gzip(&inner), Digest::of(&inner))])
}

#[rstest]
#[case("dots", paths_that_lead_out, 0, "pass")]
#[case("kinds", kinds, 0, "pass")]
#[case("sizes", huge, 2, "the layer is damaged")]
#[case("negsize", negative, 2, "the layer is damaged: size overflow")]
#[case("paxsize", endless_by_pax, 2, "the layer is damaged: size overflow")]
#[case("paxbomb", pax_of_16_mib, 2, "a file's headers are too large")]
#[case("paxmany", pax_of_many_records, 0, "pass")]
#[case("paxfiles", pax_before_every_file, 0, "pass")]
#[case("oddwhiteouts", odd_whiteouts, 2, "the whiteout /d/.wh. hides no file")]
#[case("recurse", links_to_themselves, 0, "pass")]
#[case("truncated", cut_off, 2, "the layer is damaged")]
#[case("zerolength", nothing_at_all, 2, "the layer is damaged")]
#[case("gzmembers", members_without_anything, 0, "pass")]
#[case("zstwindow", zstd_of_any_window, 2, "the layer is damaged")]
#[case("zstskip", frames_to_skip, 0, "pass")]
#[case("zstrle", zstd_of_zeros, 1, "DigestMismatch")]
#[case("nested", gzip_in_gzip, 2, "the layer is damaged")]
fn layers(
    #[case] name: &str,
    #[case] image: fn() -> Layout,
    #[case] status: i32,
    #[case] words: &str,
) {
    attack(name, &image(), status, words);
}

#[rstest]
#[case("entries", entries, 10_000, 0, "pass")]
#[case("whiteouts", whiteouts, 5000, 0, "pass")]
#[case("opaques", opaque, 5000, 0, "pass")]
#[case("deep", deep, 200, 2, "directories")]
#[case("dirfile", directory_and_file, 2000, 2, "directories")]
#[case("orphans", replaced_and_linked, 5000, 0, "pass")]
#[case("links", behind_links, 2000, 0, "pass")]
#[case("duplicates", one_name, 5000, 0, "pass")]
fn many_of_a_kind(
    #[case] name: &str,
    #[case] image: fn(usize) -> Layout,
    #[case] count: usize,
    #[case] status: i32,
    #[case] words: &str,
) {
    attack(name, &image(count), status, words);
}

#[rstest]
#[case("entries", entries, 1_000_000, 0, "pass")]
#[case("whiteouts", whiteouts, 200_000, 0, "pass")]
#[case("opaques", opaque, 100_000, 0, "pass")]
#[case("deep", deep, 800, 2, "directories")]
#[case("orphans", replaced_and_linked, 200_000, 0, "pass")]
#[case("links", behind_links, 100_000, 0, "pass")]
#[case("duplicates", one_name, 200_000, 0, "pass")]
#[case("gzbomb", gzip_of_zeros, 5000, 2, "it decompresses to more than 200 times its size")]
#[ignore = "takes a while"]
fn very_many_of_a_kind(
    #[case] name: &str,
    #[case] image: fn(usize) -> Layout,
    #[case] count: usize,
    #[case] status: i32,
    #[case] words: &str,
) {
    attack(&format!("{name}-large"), &image(count), status, words);
}

#[test]
fn holes() {
    // What is no program is not read to its end.
    attack("sparse", &sparse(1 << 62), 0, "pass");
    attack("sparse_exec", &sparse(3000 << 20), 0, "pass");
    attack_sandbox("sparse", &sparse(1 << 62), 2, "the image takes more than");
}

/// What an ELF file claims and does not need is not read: addresses for all of it are taken, memory
/// is not.
#[test]
#[ignore = "takes a while"]
fn files_of_zeros() {
    let elf = Elf::new(AARCH64).segment(PT_LOAD, 0, 0, Elf::start(1)).bytes();
    // The digest of what they become is any.
    attack_within(1536, "gzbomb_file", &zeros(b"", 3900), 1, "DigestMismatch");
    attack_within(8192, "elf4g", &zeros(&elf, 3900), 1, "DigestMismatch");
}

/// What is unpacked, by a process of its own. It needs the emulators of the lab.
#[rstest]
#[case("recurse", links_to_themselves, 0, "pass")]
#[case("paxmany", pax_of_many_records, 0, "pass")]
fn unpacked(
    #[case] name: &str,
    #[case] image: fn() -> Layout,
    #[case] status: i32,
    #[case] words: &str,
) {
    attack_sandbox(name, &image(), status, words);
}

#[rstest]
#[case("entries", entries, 5000, 0, "pass")]
#[case("whiteouts", whiteouts, 1000, 0, "pass")]
#[case("opaques", opaque, 5000, 0, "pass")]
#[case("deep", deep, 5, 0, "pass")]
#[case("dirfile", directory_and_file, 20, 0, "pass")]
#[case("orphans", replaced_and_linked, 1000, 0, "pass")]
#[case("links", behind_links, 1000, 0, "pass")]
#[case("duplicates", one_name, 1000, 0, "pass")]
#[ignore = "needs the emulators of the lab, and takes a while"]
fn many_unpacked(
    #[case] name: &str,
    #[case] image: fn(usize) -> Layout,
    #[case] count: usize,
    #[case] status: i32,
    #[case] words: &str,
) {
    attack_sandbox(name, &image(count), status, words);
}
