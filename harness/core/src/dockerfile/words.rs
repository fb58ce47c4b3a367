//! Splits the rest of an instruction at blanks, as BuildKit does.

use super::text::Text;

/// A word, with its quotes and escapes.
#[derive(Clone, Debug)]
pub(super) struct Word {
    pub(super) raw: Text,
    /// Where it ends in what was split, in bytes.
    pub(super) end: usize,
}

/// Splits at blanks that are not quoted.
///
/// Source: `parseWords` of BuildKit's `parser/line_parsers.go`.
pub(super) fn words(text: &Text, escape: char) -> impl Iterator<Item = Word> {
    let mut letters = text.as_str().char_indices();
    std::iter::from_fn(move || {
        let (begin, first) = letters.by_ref().find(|(_, letter)| !letter.is_whitespace())?;
        let mut quote = None;
        let mut next = Some((begin, first));
        while let Some((at, letter)) = next {
            match quote {
                None if letter.is_whitespace() => {
                    return Some(Word { raw: text.part(begin..at), end: at });
                }
                Some(open) if open == letter => quote = None,
                // Nothing is escaped between single quotes.
                Some('\'') => {}
                _ if letter == escape => {
                    letters.next();
                }
                None if matches!(letter, '"' | '\'') => quote = Some(letter),
                _ => {}
            }
            next = letters.next();
        }
        let end = text.as_str().len();
        Some(Word { raw: text.part(begin..end), end })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blanks_between_quotes_split_nothing() {
        let mut text = Text::default();
        text.push(r#"a="b c" d\ e 'f\' g"#, 100);
        let words: Vec<Word> = words(&text, '\\').collect();
        let raw: Vec<&str> = words.iter().map(|it| it.raw.as_str()).collect();
        assert_eq!(raw, [r#"a="b c""#, r"d\ e", r"'f\'", "g"]);
        assert_eq!(words[1].raw.start(), 108);
    }
}
