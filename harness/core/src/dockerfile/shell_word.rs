//! Words of a shell.

/// A word as it is written, with its quotes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShellWord {
    /// The word.
    pub raw: String,
    /// Where it stands in the file; a word of a substitution may stand a little behind.
    pub place: usize,
}

impl ShellWord {
    /// Without quotes and escapes; substitutions stay as they are.
    #[must_use]
    pub fn unquoted(&self) -> String {
        self.raw.chars().filter(|it| !matches!(it, '"' | '\'' | '\\')).collect()
    }
}
