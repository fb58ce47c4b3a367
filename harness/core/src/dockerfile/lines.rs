//! Takes a Dockerfile apart into instructions, as BuildKit does: directives, comments, continued
//! lines, flags, here-documents.
//!
//! Source: [moby/buildkit, `frontend/dockerfile/parser`](https://github.com/moby/buildkit/tree/v0.25.0/frontend/dockerfile/parser).

use super::error::{DockerfileError, DockerfileErrorKind};
use super::text::{LineIndex, Text};
use super::words::{Word, words};

/// An instruction, not yet understood.
#[derive(Clone, Debug)]
pub(super) struct Line {
    /// In capitals.
    pub(super) keyword: String,
    /// Where it begins in the file.
    pub(super) start: usize,
    pub(super) flags: Vec<Flag>,
    /// What stands behind keyword and flags, without blanks around it.
    pub(super) rest: Text,
    pub(super) here_documents: Vec<HereDocument>,
}

/// `--name=value` behind the keyword.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Flag {
    pub(super) name: String,
    /// Empty where there is none.
    pub(super) value: Text,
}

/// What stands below the line that has its `<<NAME`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HereDocument {
    /// The word that ends it.
    pub delimiter: String,
    /// Whether variables in it are replaced: the delimiter is not quoted.
    pub expands: bool,
    /// The lines, without the last one.
    pub body: Text,
}

/// A file taken apart.
#[derive(Debug)]
pub(super) struct Lines {
    /// The character that continues lines: `\` or a backtick.
    pub(super) escape: char,
    pub(super) lines: Vec<Line>,
}

/// The instructions that may have here-documents.
const WITH_HERE_DOCUMENTS: [&str; 3] = ["ADD", "COPY", "RUN"];

/// Takes a file apart.
pub(super) fn split(source: &str) -> Result<Lines, DockerfileError> {
    let start = if source.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    let escape = escape_directive(&source[start..]);
    let mut reader = Reader { source, at: start, escape };
    let mut lines = Vec::new();
    while let Some(text) = reader.logical_line() {
        lines.push(reader.instruction(&text)?);
    }
    Ok(Lines { escape, lines })
}

/// The `escape` directive: a comment among the first ones that say `key=value`.
fn escape_directive(source: &str) -> char {
    for line in source.lines() {
        let directive = line.trim().strip_prefix('#').and_then(|it| it.split_once('='));
        match directive {
            Some((key, value)) if key.trim().eq_ignore_ascii_case("escape") => {
                return if value.trim() == "`" { '`' } else { '\\' };
            }
            Some((key, _)) if is_directive_name(key.trim()) => {}
            _ => break,
        }
    }
    '\\'
}

fn is_directive_name(name: &str) -> bool {
    name.starts_with(|it: char| it.is_ascii_alphabetic())
        && name.chars().all(|it| it.is_ascii_alphanumeric())
}

/// Reads on from a place of the file.
struct Reader<'a> {
    source: &'a str,
    at: usize,
    escape: char,
}

impl<'a> Reader<'a> {
    /// The next line with its end, and where it begins.
    fn physical_line(&mut self) -> Option<(&'a str, usize)> {
        let start = self.at;
        let rest = self.source.get(start..).filter(|it| !it.is_empty())?;
        let length = rest.find('\n').map_or(rest.len(), |end| end + 1);
        self.at += length;
        Some((&rest[..length], start))
    }

    /// The next instruction as one line. Empty lines and comments are skipped, between the parts
    /// of a continued line too.
    fn logical_line(&mut self) -> Option<Text> {
        let mut text = Text::default();
        while let Some((line, start)) = self.physical_line() {
            let is_first = text.as_str().is_empty();
            let content = line.trim_end_matches(['\r', '\n']);
            let indent = content.len() - content.trim_start().len();
            if content.trim().is_empty() || content[indent..].starts_with('#') {
                continue;
            }
            let begin = if is_first { indent } else { 0 };
            let Some(end) = self.continued(content) else {
                text.push(&content[begin..], start + begin);
                break;
            };
            text.push(&content[begin..end.max(begin)], start + begin);
        }
        (!text.as_str().trim().is_empty()).then_some(text)
    }

    /// Where a line ends that goes on in the next one: before an escape character that is the
    /// last one but blanks, and not escaped itself.
    fn continued(&self, line: &str) -> Option<usize> {
        let head = line.trim_end_matches([' ', '\t']).strip_suffix(self.escape)?;
        (!head.ends_with(self.escape)).then_some(head.len())
    }

    fn instruction(&mut self, text: &Text) -> Result<Line, DockerfileError> {
        let whole = text.as_str();
        let end = whole.find(char::is_whitespace).unwrap_or(whole.len());
        let keyword = whole[..end].to_ascii_uppercase();
        let (flags, rest) = flags(&text.part(end..whole.len()).trimmed(), self.escape);
        let is_fitting = |it: &str| it == keyword || keyword == "ONBUILD";
        let here_documents = if WITH_HERE_DOCUMENTS.iter().any(|it| is_fitting(it)) {
            self.here_documents(&rest)?
        } else {
            Vec::new()
        };
        Ok(Line { keyword, start: text.start(), flags, rest, here_documents })
    }

    fn here_documents(&mut self, rest: &Text) -> Result<Vec<HereDocument>, DockerfileError> {
        if !rest.as_str().contains("<<") {
            return Ok(Vec::new());
        }
        let markers: Vec<Marker> =
            words(rest, self.escape).filter_map(|it| Marker::of(&it, self.escape)).collect();
        markers.into_iter().map(|it| self.here_document(it)).collect()
    }

    fn here_document(&mut self, marker: Marker) -> Result<HereDocument, DockerfileError> {
        let mut body = Text::default();
        while let Some((line, start)) = self.physical_line() {
            let content = line.trim_end_matches(['\r', '\n']);
            let stripped = if marker.strips_tabs { line.trim_start_matches('\t') } else { line };
            if content.trim_start_matches(if marker.strips_tabs { '\t' } else { '\n' })
                == marker.delimiter
            {
                let Marker { delimiter, expands, .. } = marker;
                return Ok(HereDocument { delimiter, expands, body });
            }
            body.push(stripped, start + (line.len() - stripped.len()));
        }
        let kind = DockerfileErrorKind::OpenHereDocument(marker.delimiter);
        let index = LineIndex::new(self.source);
        Err(DockerfileError::new(index.position(self.source, marker.start), kind))
    }
}

/// `<<NAME`, `<<-"NAME"`, `3<<NAME`.
struct Marker {
    delimiter: String,
    expands: bool,
    strips_tabs: bool,
    start: usize,
}

impl Marker {
    fn of(word: &Word, escape: char) -> Option<Self> {
        let raw = word.raw.as_str().trim_start_matches(|it: char| it.is_ascii_digit());
        let name = raw.strip_prefix("<<")?;
        let (strips_tabs, name) = match name.strip_prefix('-') {
            Some(name) => (true, name),
            None => (false, name),
        };
        if name.is_empty() || name.contains('<') {
            return None;
        }
        let delimiter: String =
            name.chars().filter(|it| !matches!(it, '"' | '\'') && *it != escape).collect();
        let expands = delimiter == name;
        Some(Self { delimiter, expands, strips_tabs, start: word.raw.start() })
    }
}

impl Line {
    /// The instruction behind an `ONBUILD`.
    pub(super) fn trigger(&self, escape: char) -> Self {
        let whole = self.rest.as_str();
        let end = whole.find(char::is_whitespace).unwrap_or(whole.len());
        let (flags, rest) = flags(&self.rest.part(end..whole.len()).trimmed(), escape);
        Self {
            keyword: whole[..end].to_ascii_uppercase(),
            start: self.rest.start(),
            flags,
            rest,
            here_documents: self.here_documents.clone(),
        }
    }
}

/// The flags at the beginning, and what follows them.
fn flags(text: &Text, escape: char) -> (Vec<Flag>, Text) {
    let mut flags = Vec::new();
    let mut rest = text.clone();
    while rest.as_str().starts_with("--") {
        let length = words(&rest, escape).next().map_or(2, |it| it.end);
        let flag = rest.part(2..length);
        let is_end = flag.as_str().is_empty();
        rest = rest.part(length..rest.as_str().len()).trimmed();
        if is_end {
            break;
        }
        let split = flag.as_str().find('=');
        let name = flag.as_str()[..split.unwrap_or(flag.as_str().len())].to_owned();
        let value = split.map_or_else(Text::default, |at| flag.part(at + 1..flag.as_str().len()));
        flags.push(Flag { name, value });
    }
    (flags, rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keywords(source: &str) -> Vec<(String, String)> {
        let lines = split(source).expect("a Dockerfile").lines;
        lines.into_iter().map(|it| (it.keyword, it.rest.as_str().to_owned())).collect()
    }

    fn pair(keyword: &str, rest: &str) -> (String, String) {
        (keyword.to_owned(), rest.to_owned())
    }

    #[test]
    fn lines_are_joined_as_the_builder_joins_them() {
        let source = "# a comment\nFROM x\n\nrun a && \\\n  # why\n\n  b \\  \n&& c\n  ENV d=e\\\\\nRUN f\\\n";
        let expected = [
            pair("FROM", "x"),
            pair("RUN", "a &&   b && c"),
            pair("ENV", "d=e\\\\"),
            pair("RUN", "f"),
        ];
        assert_eq!(keywords(source), expected);
    }

    #[test]
    fn the_escape_character_can_be_chosen() {
        let source = "# syntax=docker/dockerfile:1\n# escape=`\nFROM x\nRUN a `\n  b\\\nRUN c\n";
        let expected = [pair("FROM", "x"), pair("RUN", "a   b\\"), pair("RUN", "c")];
        assert_eq!(keywords(source), expected);
        let late = "FROM x\n# escape=`\nRUN a \\\n b\n";
        assert_eq!(keywords(late)[1], pair("RUN", "a  b"));
        let after_comment = "# hello\n# escape=`\nFROM x\nRUN a \\\n b\n";
        assert_eq!(keywords(after_comment)[1], pair("RUN", "a  b"));
    }

    #[test]
    fn here_documents_belong_to_their_instruction() {
        let source = "FROM x\nRUN cat <<A > /a && cat <<-'B' > /b\nFROM a\nA\n\tx $y\n\tB\nRUN z\n";
        let lines = split(source).expect("a Dockerfile").lines;
        assert_eq!(lines.len(), 3);
        let [a, b] = lines[1].here_documents.as_slice() else { panic!("there are two") };
        assert_eq!((a.body.as_str(), a.expands), ("FROM a\n", true));
        assert_eq!((b.body.as_str(), b.expands, b.delimiter.as_str()), ("x $y\n", false, "B"));
        assert_eq!(b.body.start(), source.find("x $y").expect("is there"));
    }

    #[test]
    fn shifts_and_strings_are_no_here_documents() {
        for run in ["RUN echo $((1<<4))", "RUN echo \"<<EOF\"", "RUN a <<< b", "ENV a=<<EOF"] {
            let source = format!("FROM x\n{run}\nRUN b\n");
            assert_eq!(split(&source).expect("a Dockerfile").lines.len(), 3, "{run}");
        }
    }

    #[test]
    fn an_open_here_document_is_named() {
        let error = split("FROM x\nRUN <<EOF\na\n").expect_err("it is open");
        assert_eq!(error.to_string(), "line 2, column 5: nothing ends the here-document `EOF`");
    }

    #[test]
    fn flags_are_taken_off() {
        let source = "FROM --platform=$BUILDPLATFORM \\\n  golang AS b\nRUN --mount=type=cache,target=/x --network=none go\n";
        let lines = split(source).expect("a Dockerfile").lines;
        assert_eq!(lines[0].flags[0].name, "platform");
        assert_eq!(lines[0].flags[0].value.as_str(), "$BUILDPLATFORM");
        assert_eq!(lines[0].flags[0].value.start(), 16);
        assert_eq!(lines[0].rest.as_str(), "golang AS b");
        assert_eq!(lines[1].flags.len(), 2);
        assert_eq!(lines[1].rest.as_str(), "go");
    }
}
