//! Go's build information, which the linker writes into every program.
//!
//! Source: Go, debug/buildinfo (`readRawBuildInfo`) and runtime/debug (`ParseBuildInfo`).

use goblin::elf::program_header::{PF_W, PF_X, PT_LOAD};
use memchr::memmem;

use super::GoBuild;
use super::build_attributes::uleb128;
use super::view::{Encoding, View};
use super::{Class, Data};

const SECTION: &str = ".go.buildinfo";
const MAGIC: &[u8] = b"\xff Go buildinf:";
/// Of the magic's address.
const ALIGNMENT: u64 = 16;
/// The magic, the size of a pointer, the flags, and in older files two pointers.
const HEADER: usize = 32;
const FLAG_BIG_ENDIAN: u8 = 1;
const FLAG_INLINE: u8 = 2;
/// The lines stand between two marks by which a running program finds them.
const SENTINEL: usize = 16;
/// No build has so many settings that speak of the platform, and none is so long.
const SETTINGS_LIMIT: usize = 64;
const SETTING_LENGTH: usize = 1024;

/// Reads the build information. Where it is damaged, there is none.
pub(super) fn read(view: &View<'_>) -> Option<GoBuild> {
    let blob = find(view)?;
    let (version, lines) = match *blob.get(MAGIC.len()..HEADER)? {
        [_, flags, ..] if flags & FLAG_INLINE != 0 => {
            let mut rest = &blob[HEADER..];
            (prefixed(&mut rest)?, prefixed(&mut rest).unwrap_or_default())
        }
        [size, flags, ..] => pointed(view, &blob[MAGIC.len() + 2..], size, flags)?,
        _ => return None,
    };
    let version = std::str::from_utf8(version).ok().filter(|it| !it.is_empty())?;
    let mut build = GoBuild { version: version.to_owned(), ..GoBuild::default() };
    let lines = without_sentinels(lines).and_then(|it| std::str::from_utf8(it).ok());
    read_lines(&mut build, lines.unwrap_or_default());
    Some(build)
}

/// From the magic on: in its section, or, as Go does it where there are no sections, in the first
/// segment of data.
fn find<'a>(view: &View<'a>) -> Option<&'a [u8]> {
    let (content, address) = if view.sections().is_empty() {
        let is_data = |flags| flags & (PF_W | PF_X) == PF_W;
        let segment = view.stored(PT_LOAD).find(|it| is_data(it.p_flags))?;
        (view.content(segment), segment.p_vaddr)
    } else {
        let section = view.section_named(SECTION)?;
        (view.section_content(section)?, section.sh_addr)
    };
    let is_aligned = |at: &usize| address.wrapping_add(*at as u64) % ALIGNMENT == 0;
    memmem::find_iter(content, MAGIC).find(is_aligned).map(|at| &content[at..])
}

/// A string with its length before it: Go 1.18 and later.
fn prefixed<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let size = usize::try_from(uleb128(rest)?).ok()?;
    let (text, others) = rest.split_at_checked(size)?;
    *rest = others;
    Some(text)
}

/// Pointers to two strings, each a pointer and a length: Go before 1.18.
fn pointed<'a>(
    view: &View<'a>,
    pointers: &[u8],
    size: u8,
    flags: u8,
) -> Option<(&'a [u8], &'a [u8])> {
    let data = if flags & FLAG_BIG_ENDIAN == 0 { Data::Lsb } else { Data::Msb };
    let class = match size {
        4 => Class::Elf32,
        8 => Class::Elf64,
        _ => return None,
    };
    let encoding = Encoding { class, data };
    let size = usize::from(size);
    let string = |pointer: u64| {
        let header = view.at_address(pointer)?;
        let text = view.at_address(encoding.address(header, 0)?)?;
        text.get(..usize::try_from(encoding.address(header, size)?).ok()?)
    };
    let version = string(encoding.address(pointers, 0)?)?;
    Some((version, encoding.address(pointers, size).and_then(string).unwrap_or_default()))
}

fn without_sentinels(lines: &[u8]) -> Option<&[u8]> {
    let lines = lines.get(SENTINEL..)?;
    let lines = lines.get(..lines.len().checked_sub(SENTINEL)?)?;
    lines.ends_with(b"\n").then_some(lines)
}

/// `path`, `mod` and `build` lines, of which the words are separated by tabs. What a replacement
/// (`=>`) or a dependency (`dep`) says is not kept.
fn read_lines(build: &mut GoBuild, lines: &str) {
    for line in lines.lines() {
        let mut words = line.split('\t');
        match (words.next(), words.next()) {
            (Some("path"), Some(path)) => path.clone_into(&mut build.path),
            (Some("mod"), Some(module)) => {
                module.clone_into(&mut build.module);
                words.next().unwrap_or_default().clone_into(&mut build.module_version);
            }
            (Some("build"), Some(_)) => {
                let setting = setting(&line["build\t".len()..]);
                if let Some((name, value)) = setting
                    && build.settings.len() < SETTINGS_LIMIT
                {
                    build.settings.insert(name, value);
                }
            }
            _ => {}
        }
    }
}

/// `NAME=VALUE`, if it is a setting to be kept. Either may be quoted as Go quotes strings.
fn setting(text: &str) -> Option<(String, String)> {
    let (name, rest) = match quoted(text) {
        Some((name, rest)) => (name, rest.strip_prefix('=')?),
        None => text.split_once('=').map(|(name, rest)| (name.to_owned(), rest))?,
    };
    let value = match quoted(rest) {
        Some((value, "")) => value,
        Some(_) => return None,
        None => rest.to_owned(),
    };
    (is_kept(&name) && value.len() <= SETTING_LENGTH).then_some((name, value))
}

/// What tells one platform's build from another's. Flags for compilers are of no use and may be
/// long.
fn is_kept(name: &str) -> bool {
    const FLAGS: [&str; 6] = ["-buildmode", "-compiler", "-tags", "-race", "-msan", "-asan"];
    name.starts_with("GO")
        || name == "CGO_ENABLED"
        || name.starts_with("vcs")
        || FLAGS.contains(&name)
}

/// A Go string literal at the beginning, and what follows it.
fn quoted(text: &str) -> Option<(String, &str)> {
    if let Some(raw) = text.strip_prefix('`') {
        return raw.split_once('`').map(|(value, rest)| (value.to_owned(), rest));
    }
    let mut rest = text.strip_prefix('"')?.chars();
    let mut value = String::new();
    loop {
        match rest.next()? {
            '"' => return Some((value, rest.as_str())),
            '\\' => value.push(escape(&mut rest)?),
            other => value.push(other),
        }
    }
}

/// What follows a backslash. A byte that is no character by itself is none of a setting's.
///
/// Source: The Go Programming Language Specification, "Rune literals".
fn escape(rest: &mut std::str::Chars<'_>) -> Option<char> {
    let digits = match rest.next()? {
        'a' => return Some('\x07'),
        'b' => return Some('\x08'),
        'f' => return Some('\x0c'),
        'n' => return Some('\n'),
        'r' => return Some('\r'),
        't' => return Some('\t'),
        'v' => return Some('\x0b'),
        literal @ ('\\' | '"') => return Some(literal),
        'x' => 2,
        'u' => 4,
        'U' => 8,
        _ => return None,
    };
    let text = rest.as_str();
    let code = u32::from_str_radix(text.get(..digits)?, 16).ok()?;
    *rest = text[digits..].chars();
    char::from_u32(code)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::elf::ElfFacts;
    use crate::fixture::ElfFile;

    const LINES: &str = "path\texample.org/tool/cmd\nmod\texample.org/tool\tv1.2.3\th1:x=\n\
        dep\texample.org/other\tv0.1.0\th1:y=\nbuild\t-compiler=gc\nbuild\tCGO_ENABLED=0\n\
        build\tCGO_CFLAGS=-O2\nbuild\tGOARCH=arm\nbuild\tGOARM=7\n\
        build\t-tags=\"a b\"\nbuild\tvcs.revision=abc\n";

    fn read(file: &ElfFile) -> Option<GoBuild> {
        let facts = ElfFacts::read(&file.bytes()).expect("a header");
        assert_eq!(facts.malformation, None);
        facts.go
    }

    #[test]
    fn build_information_is_read_in_every_class_and_byte_order() {
        for name in ["linux/386", "linux/amd64", "linux/mips64", "linux/arm/v7", "linux/s390x"] {
            let sections = ElfFile::of(name).with_go_build("go1.24.4", LINES);
            let stripped = ElfFile::of(name).with_stripped_go_build("go1.24.4", LINES);
            for file in [sections, stripped] {
                let build = read(&file).expect(name);
                assert_eq!(build.version, "go1.24.4", "{name}");
                assert_eq!(build.path, "example.org/tool/cmd", "{name}");
                assert_eq!(build.module, "example.org/tool", "{name}");
                assert_eq!(build.module_version, "v1.2.3", "{name}");
                assert_eq!(build.setting("GOARM"), Some("7"), "{name}");
                assert_eq!(build.setting("CGO_ENABLED"), Some("0"), "{name}");
                assert_eq!(build.setting("-tags"), Some("a b"), "{name}");
                assert_eq!(build.setting("vcs.revision"), Some("abc"), "{name}");
                assert_eq!(build.setting("CGO_CFLAGS"), None, "{name}");
            }
        }
    }

    #[test]
    fn pointers_are_followed_as_before_go_1_18() {
        for name in ["linux/386", "linux/amd64", "linux/mips64", "linux/s390x"] {
            let file = ElfFile::of(name).with_old_go_build("go1.17.13", LINES);
            let build = read(&file).expect(name);
            assert_eq!(
                (&*build.version, build.setting("GOARM")),
                ("go1.17.13", Some("7")),
                "{name}"
            );
        }
    }

    #[test]
    fn other_programs_have_none() {
        assert_eq!(read(&ElfFile::of("linux/amd64")), None);
        let quotes =
            ElfFile::of("linux/amd64").with_data(b"the magic is \xff Go buildinf:\x08\x02");
        assert_eq!(read(&quotes), None, "not aligned");
        let code = ElfFile::of("linux/amd64").with_data(b"\xff Go buildinf:\x08\x02");
        assert_eq!(read(&code), None, "not data");
    }

    #[test]
    fn lines_without_marks_are_not_read() {
        let mut bytes = ElfFile::of("linux/amd64").with_go_build("go1.24.4", LINES).bytes();
        let end = bytes.windows(5).rposition(|it| it == b"=abc\n").expect("the last line");
        bytes[end + 4] = b' ';
        let build = ElfFacts::read(&bytes).expect("a header").go.expect("a version");
        assert_eq!(build, GoBuild { version: "go1.24.4".into(), ..GoBuild::default() });
    }

    #[test]
    fn settings_are_unquoted() {
        for (text, expected) in [
            ("GOARM=7", Some(("GOARM", "7"))),
            (
                r#"GOFLAGS="-a \"b\" \\ \t\x41\u00e9\U0001f600""#,
                Some(("GOFLAGS", "-a \"b\" \\ \tAé😀")),
            ),
            ("GOFLAGS=`a \"b`", Some(("GOFLAGS", "a \"b"))),
            (r#""GO X"=1"#, Some(("GO X", "1"))),
            ("GOFIPS140=", Some(("GOFIPS140", ""))),
            (r#"GOFLAGS="a"#, Some(("GOFLAGS", "\"a"))),
            (r#"GOFLAGS="a"b"#, None),
            ("GOARM", None),
            ("-ldflags=-s", None),
        ] {
            let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
            assert_eq!(setting(text), expected, "{text}");
        }
    }

    #[test]
    fn no_byte_is_trusted() {
        let file = ElfFile::of("linux/amd64");
        crate::elf::testing::mutate(&file.clone().with_go_build("go1.24.4", LINES).bytes());
        crate::elf::testing::mutate(&file.clone().with_stripped_go_build("go1.24", LINES).bytes());
        crate::elf::testing::mutate(&file.with_old_go_build("go1.17", LINES).bytes());
    }
}
