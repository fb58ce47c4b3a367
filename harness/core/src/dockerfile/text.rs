//! Pieces of a Dockerfile that know where they stand in it.

use std::ops::Range;

/// A piece of a Dockerfile, as the builder reads it: without the ends of continued lines and the
/// comments between them. Every byte knows its place in the file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Text {
    value: String,
    /// Where a run of bytes begins here, and in the file. Sorted.
    runs: Vec<(usize, usize)>,
}

impl Text {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.value
    }

    /// Where in the file a byte of it stands, both counted from 0.
    #[must_use]
    pub fn place_of(&self, byte: usize) -> usize {
        let run = self.runs.partition_point(|(here, _)| *here <= byte).checked_sub(1);
        run.map_or(0, |run| self.runs[run].1 + (byte - self.runs[run].0))
    }

    /// Where in the file it begins.
    #[must_use]
    pub fn start(&self) -> usize {
        self.place_of(0)
    }

    /// Adds bytes that stand at a place of the file.
    pub(super) fn push(&mut self, text: &str, place: usize) {
        if !text.is_empty() || self.runs.is_empty() {
            self.runs.push((self.value.len(), place));
            self.value.push_str(text);
        }
    }

    /// Adds another piece of the same file.
    pub(super) fn append(&mut self, other: &Self) {
        let start = self.value.len();
        self.value.push_str(&other.value);
        self.runs.extend(other.runs.iter().map(|(here, place)| (start + here, *place)));
    }

    /// A part of it. The bounds must be between characters.
    #[must_use]
    pub(super) fn part(&self, range: Range<usize>) -> Self {
        let mut part = Self::default();
        part.push(&self.value[range.start..range.start], self.place_of(range.start));
        let after = self.runs.iter().filter(|(here, _)| range.contains(here));
        part.runs.extend(after.map(|(here, place)| (here - range.start, *place)));
        part.runs.dedup_by_key(|(here, _)| *here);
        part.value.push_str(&self.value[range]);
        part
    }

    /// Without the blanks at both ends.
    #[must_use]
    pub(super) fn trimmed(&self) -> Self {
        let start = self.value.len() - self.value.trim_start().len();
        let end = self.value.trim_end().len();
        self.part(start..end.max(start))
    }
}

/// A place in a file for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The line, from 1.
    pub line: u32,
    /// The column in characters, from 1.
    pub column: u32,
}

/// Where the lines of a file begin.
#[derive(Clone, Debug)]
pub(super) struct LineIndex {
    starts: Vec<usize>,
}

impl LineIndex {
    pub(super) fn new(source: &str) -> Self {
        let ends = source.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        Self { starts: std::iter::once(0).chain(ends.map(|(place, _)| place + 1)).collect() }
    }

    /// The position of a byte.
    pub(super) fn position(&self, source: &str, place: usize) -> Position {
        let line = self.starts.partition_point(|start| *start <= place).max(1);
        let start = self.starts[line - 1];
        let before = source.get(start..place).unwrap_or_default();
        Position { line: number(line), column: number(before.chars().count() + 1) }
    }

    /// The line that a byte stands in, without its end.
    pub(super) fn line<'a>(&self, source: &'a str, place: usize) -> &'a str {
        let line = self.starts.partition_point(|start| *start <= place).max(1);
        let end = self.starts.get(line).copied().unwrap_or(source.len());
        source[self.starts[line - 1]..end].trim_end_matches(['\r', '\n'])
    }
}

fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_know_their_places() {
        let mut text = Text::default();
        text.push("RUN a ", 10);
        text.push("b c", 30);
        assert_eq!(text.as_str(), "RUN a b c");
        assert_eq!((text.place_of(0), text.place_of(4), text.place_of(6)), (10, 14, 30));
        let part = text.part(4..7);
        assert_eq!(part.as_str(), "a b");
        assert_eq!((part.start(), part.place_of(2)), (14, 30));
        assert_eq!(text.part(6..9).start(), 30);
        assert_eq!(text.part(9..9).start(), 33);
        let mut joined = part.clone();
        joined.append(&text.part(0..3));
        assert_eq!((joined.as_str(), joined.place_of(3)), ("a bRUN", 10));
        assert_eq!(text.part(3..7).trimmed(), text.part(4..7));
    }

    #[test]
    fn positions_count_characters() {
        let source = "FROM ä\r\nRUN ü x\n";
        let index = LineIndex::new(source);
        let at = |needle: &str| index.position(source, source.find(needle).expect("is there"));
        assert_eq!(at("FROM"), Position { line: 1, column: 1 });
        assert_eq!(at("x"), Position { line: 2, column: 7 });
        assert_eq!(index.line(source, source.find('x').expect("is there")), "RUN ü x");
        assert_eq!(index.line(source, 0), "FROM ä");
    }
}
