//! Lines that are no longer than a terminal is wide.

use textwrap::{Options, WordSplitter};

/// Narrower ones are not worth the trouble.
const NARROWEST: usize = 40;

/// Breaks lines between words; what follows is indented below its beginning. Escape sequences of
/// colours have no width.
#[must_use]
pub fn wrap(text: &str, width: usize) -> String {
    let width = width.max(NARROWEST);
    let mut wrapped = String::with_capacity(text.len());
    for line in text.lines() {
        let indent = line.len() - line.trim_start().len();
        let indent = " ".repeat(indent.min(width / 4) + 2);
        let options = Options::new(width).subsequent_indent(&indent).break_words(false);
        let options = options.word_splitter(WordSplitter::NoHyphenation);
        for part in textwrap::wrap(line, options) {
            wrapped.push_str(&part);
            wrapped.push('\n');
        }
    }
    wrapped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lines_go_on_below() {
        let line =
            "Dockerfile:6:5: \u{1b}[31merror[A]\u{1b}[0m: one two three four five six\n  help: x\n";
        let expected = "Dockerfile:6:5: \u{1b}[31merror[A]\u{1b}[0m: one two three\n  four five six\n  help: x\n";
        assert_eq!(wrap(line, 40), expected);
        assert_eq!(
            wrap("no-break/in-this-word-which-is-longer-than-any-line-may-be\n", 40)
                .lines()
                .count(),
            1
        );
        assert_eq!(wrap("\na\n", 80), "\na\n");
    }
}
