//! Untrusted text made printable: the one place where it is.
//!
//! Images, builds and registries choose names and messages. What could steer a terminal, reorder a
//! line or hide in it is written out: control characters (C0, DEL, C1), and letters that are
//! invisible or turn the text around them.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io;

use serde_json::ser::{CompactFormatter, Formatter, PrettyFormatter, Serializer};

/// Text of bytes that may not be UTF-8, such that different bytes stay different. It may still
/// steer a terminal.
#[must_use]
pub fn escape(raw: &[u8]) -> String {
    let mut text = String::with_capacity(raw.len());
    for chunk in raw.utf8_chunks() {
        text.push_str(chunk.valid());
        write_bytes(chunk.invalid(), &mut text);
    }
    text
}

/// Writes out what could steer a terminal. Lines and tabs stay.
#[must_use]
pub fn printable(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        for letter in chunk.valid().chars() {
            match letter {
                '\n' | '\t' => text.push(letter),
                _ if is_unprintable(letter) => text.extend(letter.escape_default()),
                _ => text.push(letter),
            }
        }
        write_bytes(chunk.invalid(), &mut text);
    }
    text
}

/// The same in one line.
#[must_use]
pub fn line(text: &str) -> String {
    printable(text.as_bytes()).split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The first letters of a text that may be of any length, and how much more there is.
#[must_use]
pub fn shortened(text: &str, letters: usize) -> Cow<'_, str> {
    match text.char_indices().nth(letters) {
        None => Cow::Borrowed(text),
        Some((at, _)) => Cow::Owned(format!("{}… ({} bytes more)", &text[..at], text.len() - at)),
    }
}

/// A number of bytes for people: `40.1 MiB`.
#[must_use]
pub fn size(bytes: u64) -> String {
    bytesize::ByteSize::b(bytes).to_string()
}

/// Makes text printable that has colours of our own in it: those alone stay.
#[must_use]
pub fn styled(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some(at) = rest.windows(2).position(|it| it == STYLE) {
        let style = &rest[at..];
        let length = style_length(style).unwrap_or(1);
        text.push_str(&printable(&rest[..at]));
        // A style is ASCII; what only begins like one is written out.
        let is_style = length > 1;
        let part = String::from_utf8_lossy(&style[..length]);
        text.push_str(&if is_style { part.into_owned() } else { printable(part.as_bytes()) });
        rest = &style[length..];
    }
    text.push_str(&printable(rest));
    text
}

/// What a style begins with.
///
/// Source: ECMA-48, section 8.3.117, "SGR".
const STYLE: &[u8] = b"\x1b[";

fn style_length(bytes: &[u8]) -> Option<usize> {
    let numbers = bytes[STYLE.len()..].iter().take_while(|it| matches!(it, b'0'..=b'9' | b';'));
    let end = STYLE.len() + numbers.count();
    (bytes.get(end) == Some(&b'm')).then_some(end + 1)
}

fn write_bytes(bytes: &[u8], text: &mut String) {
    for byte in bytes {
        // Writing to a String cannot fail.
        let _ = write!(text, "\\x{byte:02x}");
    }
}

/// Whether a letter steers a terminal, or reorders or hides the text around it.
fn is_unprintable(letter: char) -> bool {
    letter.is_control() || is_invisible(letter)
}

/// Letters without a shape, and those that turn the direction. Selectors of a letter's shape, as
/// emoji have them, do no harm.
///
/// Source: Unicode 17, `Default_Ignorable_Code_Point`, and UAX #9, section 2.
fn is_invisible(letter: char) -> bool {
    matches!(
        letter,
        '\u{ad}'
            | '\u{34f}'
            | '\u{61c}'
            | '\u{115f}'..='\u{1160}'
            | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{3164}'
            | '\u{feff}'
            | '\u{ffa0}'
            | '\u{fff0}'..='\u{fffb}'
            | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}'
    )
}

/// Writes JSON in which such letters are escaped: it means the same, and may be shown.
///
/// # Errors
///
/// The writer's.
pub fn write_json(value: &impl serde::Serialize, to: &mut dyn io::Write) -> io::Result<()> {
    let mut json = Serializer::with_formatter(to, Escaping(CompactFormatter));
    Ok(value.serialize(&mut json)?)
}

/// The same, over many lines.
///
/// # Errors
///
/// The writer's.
pub fn write_pretty_json(value: &impl serde::Serialize, to: &mut dyn io::Write) -> io::Result<()> {
    let mut json = Serializer::with_formatter(to, Escaping(PrettyFormatter::new()));
    Ok(value.serialize(&mut json)?)
}

/// Writes what another formatter does, but for letters that are better not shown.
struct Escaping<F>(F);

/// Hands a method on.
macro_rules! hand_on {
    ($($name:ident($($argument:ident: $kind:ty),*);)*) => {
        $(fn $name<W: ?Sized + io::Write>(
            &mut self,
            writer: &mut W,
            $($argument: $kind),*
        ) -> io::Result<()> {
            self.0.$name(writer, $($argument),*)
        })*
    };
}

impl<F: Formatter> Formatter for Escaping<F> {
    hand_on! {
        begin_array();
        end_array();
        begin_array_value(first: bool);
        end_array_value();
        begin_object();
        end_object();
        begin_object_key(first: bool);
        end_object_key();
        begin_object_value();
        end_object_value();
    }

    fn write_string_fragment<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        let mut rest = fragment;
        while let Some((at, letter)) = rest.char_indices().find(|it| is_unprintable(it.1)) {
            self.0.write_string_fragment(writer, &rest[..at])?;
            for unit in letter.encode_utf16(&mut [0; 2]) {
                write!(writer, "\\u{unit:04x}")?;
            }
            rest = &rest[at + letter.len_utf8()..];
        }
        self.0.write_string_fragment(writer, rest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What steers, reorders or hides, each kind once.
    const BAD: &str = "\u{1b}\u{7}\r\u{8}\u{7f}\u{9b}\u{9d}\u{90}\u{85}\u{202e}\u{2067}\u{61c}\
        \u{2028}\u{200b}\u{2060}\u{ad}\u{e0041}\u{180e}\u{feff}";

    #[test]
    fn what_steers_a_terminal_is_written_out() {
        assert_eq!(printable(b"a\tb\n"), "a\tb\n");
        assert_eq!(printable(b"\x1b[2J\r\x07\x7f"), "\\u{1b}[2J\\r\\u{7}\\u{7f}");
        assert_eq!(printable("\u{202e}gpj.exe".as_bytes()), "\\u{202e}gpj.exe");
        assert_eq!(printable(b"\xff\xfe"), "\\xff\\xfe");
        assert_eq!(printable("naïve ✓ ⚠\u{fe0f} عربي".as_bytes()), "naïve ✓ ⚠\u{fe0f} عربي");
        for letter in BAD.chars() {
            assert!(printable(letter.to_string().as_bytes()).is_ascii(), "{letter:?}");
        }
        assert_eq!(line("a\nb \x1b c"), "a b \\u{1b} c");
    }

    #[test]
    fn different_bytes_stay_different() {
        assert_eq!(escape(b"caf\xe9"), "caf\\xe9");
        assert_eq!(escape("caf\u{e9}\n".as_bytes()), "caf\u{e9}\n");
    }

    #[test]
    fn long_texts_are_cut() {
        assert_eq!(shortened("three", 5), "three");
        assert_eq!(shortened("a\u{e9}\u{e9}\u{e9}", 2), "a\u{e9}… (4 bytes more)");
        assert_eq!(shortened("", 0), "");
    }

    #[test]
    fn only_styles_pass() {
        let own = "\x1b[1m\x1b[31;1mred\x1b[0m\n";
        assert_eq!(styled(own.as_bytes()), own);
        assert_eq!(styled(b"\x1b[2J\x1b]0;x\x07\x1b["), "\\u{1b}[2J\\u{1b}]0;x\\u{7}\\u{1b}[");
        assert_eq!(styled("\u{9b}31m\x1b[3é".as_bytes()), "\\u{9b}31m\\u{1b}[3é");
        assert_eq!(styled(b"\x1b[1m\xff"), "\x1b[1m\\xff");
    }

    #[test]
    fn json_means_the_same() {
        for text in [BAD, "", "plain", "naïve \"✓\" \\ \n", &format!("a{BAD}b{BAD}")] {
            let mut json = Vec::new();
            write_json(&[text], &mut json).expect("in memory");
            let json = String::from_utf8(json).expect("UTF-8");
            assert!(!json.chars().any(is_unprintable), "{json}");
            assert_eq!(serde_json::from_str::<[String; 1]>(&json).expect("JSON"), [text]);
        }
        let mut json = Vec::new();
        let value = serde_json::json!({"a": [1, {"b\u{7f}": null}], "c": {}});
        write_pretty_json(&value, &mut json).expect("in memory");
        let plain = serde_json::to_string_pretty(&value).expect("JSON");
        assert_eq!(String::from_utf8(json).expect("UTF-8"), plain.replace('\u{7f}', "\\u007f"));
    }
}
