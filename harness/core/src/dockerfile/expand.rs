//! Replaces variables in words of a Dockerfile, as BuildKit does, and finds them in scripts.
//!
//! Source: [moby/buildkit, `frontend/dockerfile/shell/lex.go`](https://github.com/moby/buildkit/blob/v0.25.0/frontend/dockerfile/shell/lex.go)
//! and the [Dockerfile reference](https://docs.docker.com/reference/dockerfile/#environment-replacement).

use std::iter::Peekable;
use std::str::Chars;

use thiserror::Error;

/// A word with its variables replaced and its quotes taken off.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expansion {
    /// What it comes to.
    pub value: String,
    /// The variables that have a value, in order.
    pub used: Vec<String>,
    /// The variables that have none, in order.
    pub unset: Vec<String>,
}

/// Why a word cannot be replaced.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum ExpandError {
    /// `${` without `}`, or a quote without another.
    #[error("`{0}` is not closed")]
    Open(char),
    /// `${}` and the like, or an operator that there is not.
    #[error("`{0}` is not a valid substitution")]
    Bad(String),
    /// More than anybody writes: nested deeper or longer than is read.
    #[error("it is longer or more nested than is read")]
    TooMuch,
    /// `${NAME:?message}` of a variable without a value.
    #[error("{name}: {message}")]
    Required {
        /// The variable.
        name: String,
        /// What the Dockerfile says of it.
        message: String,
    },
}

/// How deep substitutions may nest, and how many bytes a word may come to: arguments that are made
/// of each other grow without bounds.
const LIMITS: (usize, usize) = (32, 64 << 10);

/// Replaces the variables of a word by what `get` says.
///
/// # Errors
///
/// Where BuildKit refuses the word.
pub fn expand<'a>(
    word: &'a str,
    escape: char,
    get: &'a dyn Fn(&str) -> Option<String>,
) -> Result<Expansion, ExpandError> {
    let mut lexer = Lexer {
        letters: word.chars().peekable(),
        escape,
        get,
        expansion: Expansion::default(),
        depth: 0,
    };
    let value = lexer.until(None, Escapes::Taken)?;
    Ok(Expansion { value, ..lexer.expansion })
}

/// What happens to an escape character.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Escapes {
    /// It goes, what it escapes stays.
    Taken,
    /// Both stay, for a pattern.
    Kept,
}

struct Lexer<'a> {
    letters: Peekable<Chars<'a>>,
    escape: char,
    get: &'a dyn Fn(&str) -> Option<String>,
    expansion: Expansion,
    depth: usize,
}

impl Lexer<'_> {
    fn until(&mut self, stop: Option<char>, escapes: Escapes) -> Result<String, ExpandError> {
        self.depth += 1;
        let out = self.read(stop, escapes);
        self.depth -= 1;
        out
    }

    fn read(&mut self, stop: Option<char>, escapes: Escapes) -> Result<String, ExpandError> {
        let mut out = String::new();
        while let Some(letter) = self.letters.next() {
            if self.depth > LIMITS.0 || out.len() > LIMITS.1 {
                return Err(ExpandError::TooMuch);
            }
            match letter {
                _ if Some(letter) == stop => return Ok(out),
                '\'' => out.push_str(&self.single_quoted()?),
                '"' => out.push_str(&self.double_quoted()?),
                '$' => out.push_str(&self.dollar()?),
                _ if letter == self.escape => {
                    if escapes == Escapes::Kept {
                        out.push(letter);
                    }
                    out.extend(self.letters.next());
                }
                _ => out.push(letter),
            }
        }
        match stop {
            Some(stop) => Err(ExpandError::Open(stop)),
            None => Ok(out),
        }
    }

    fn single_quoted(&mut self) -> Result<String, ExpandError> {
        let mut out = String::new();
        for letter in self.letters.by_ref() {
            if letter == '\'' {
                return Ok(out);
            }
            out.push(letter);
        }
        Err(ExpandError::Open('\''))
    }

    fn double_quoted(&mut self) -> Result<String, ExpandError> {
        let mut out = String::new();
        while let Some(letter) = self.letters.next() {
            if out.len() > LIMITS.1 {
                return Err(ExpandError::TooMuch);
            }
            match letter {
                '"' => return Ok(out),
                '$' => out.push_str(&self.dollar()?),
                _ if letter == self.escape => {
                    let escape = self.escape;
                    let is_special = |it: &char| matches!(*it, '"' | '$') || *it == escape;
                    out.push(self.letters.next_if(is_special).unwrap_or(letter));
                }
                _ => out.push(letter),
            }
        }
        Err(ExpandError::Open('"'))
    }

    fn dollar(&mut self) -> Result<String, ExpandError> {
        if self.letters.next_if_eq(&'{').is_none() {
            let name = self.name();
            return Ok(if name.is_empty() {
                "$".to_owned()
            } else {
                self.value(&name).unwrap_or_default()
            });
        }
        let name = self.name();
        let operator = self.letters.next().ok_or(ExpandError::Open('{'))?;
        if name.is_empty() {
            return Err(ExpandError::Bad(format!("${{{operator}")));
        }
        match operator {
            '}' => Ok(self.value(&name).unwrap_or_default()),
            ':' => {
                let operator = self.letters.next().ok_or(ExpandError::Open('{'))?;
                let value = self.value(&name).filter(|it| !it.is_empty());
                self.conditional(&name, operator, value)
            }
            '-' | '+' | '?' => {
                let value = self.value(&name);
                self.conditional(&name, operator, value)
            }
            '#' | '%' => self.trimmed(&name, operator),
            '/' => self.replaced(&name),
            other => Err(ExpandError::Bad(format!("${{{name}{other}"))),
        }
    }

    fn conditional(
        &mut self,
        name: &str,
        operator: char,
        value: Option<String>,
    ) -> Result<String, ExpandError> {
        // The word is read even if it is not needed: its variables count as used.
        let word = self.until(Some('}'), Escapes::Taken)?;
        match (operator, value) {
            ('-', value) => Ok(value.unwrap_or(word)),
            ('+', value) => Ok(value.map(|_| word).unwrap_or_default()),
            ('?', Some(value)) => Ok(value),
            ('?', None) => {
                let message =
                    if word.is_empty() { "is not allowed to be empty".to_owned() } else { word };
                Err(ExpandError::Required { name: name.to_owned(), message })
            }
            (other, _) => Err(ExpandError::Bad(format!("${{{name}:{other}"))),
        }
    }

    /// `${NAME#pattern}` and `##`, `%`, `%%`.
    fn trimmed(&mut self, name: &str, operator: char) -> Result<String, ExpandError> {
        let is_greedy = self.letters.next_if_eq(&operator).is_some();
        let pattern: Vec<char> = self.until(Some('}'), Escapes::Kept)?.chars().collect();
        let value: Vec<char> = self.value(name).unwrap_or_default().chars().collect();
        let mut cuts: Vec<usize> = (0..=value.len()).collect();
        // The shortest match first; the longest for the doubled operator.
        if is_greedy == (operator == '#') {
            cuts.reverse();
        }
        let matching = |cut: &usize| match operator {
            '#' => matches(&pattern, &value[..*cut]),
            _ => matches(&pattern, &value[*cut..]),
        };
        Ok(match cuts.into_iter().find(matching) {
            Some(cut) if operator == '#' => value[cut..].iter().collect(),
            Some(cut) => value[..cut].iter().collect(),
            None => value.iter().collect(),
        })
    }

    /// `${NAME/pattern/text}` and `//`.
    fn replaced(&mut self, name: &str) -> Result<String, ExpandError> {
        let is_all = self.letters.next_if_eq(&'/').is_some();
        let pattern: Vec<char> = self.until(Some('/'), Escapes::Kept)?.chars().collect();
        let by = self.until(Some('}'), Escapes::Kept)?;
        let value: Vec<char> = self.value(name).unwrap_or_default().chars().collect();
        let (mut out, mut at, mut may_replace) = (String::new(), 0, true);
        while at < value.len() {
            let end = (at + 1..=value.len()).rev().find(|end| matches(&pattern, &value[at..*end]));
            match end {
                Some(end) if may_replace => {
                    out.push_str(&by);
                    at = end;
                    may_replace = is_all;
                }
                _ => {
                    out.push(value[at]);
                    at += 1;
                }
            }
        }
        Ok(out)
    }

    fn name(&mut self) -> String {
        let mut name = String::new();
        if let Some(digit) = self.letters.next_if(char::is_ascii_digit) {
            name.push(digit);
            while let Some(digit) = self.letters.next_if(char::is_ascii_digit) {
                name.push(digit);
            }
            return name;
        }
        if let Some(special) = self.letters.next_if(|it| "@*#?-$!".contains(*it)) {
            return special.to_string();
        }
        while let Some(letter) = self.letters.next_if(|it| it.is_alphanumeric() || *it == '_') {
            name.push(letter);
        }
        name
    }

    fn value(&mut self, name: &str) -> Option<String> {
        let value = (self.get)(name);
        let list =
            if value.is_some() { &mut self.expansion.used } else { &mut self.expansion.unset };
        list.push(name.to_owned());
        value
    }
}

/// Whether a pattern of `*`, `?` and escaped letters is the whole text. Where it does not match
/// further, the last `*` takes one more letter: nothing before it need be tried again.
fn matches(pattern: &[char], text: &[char]) -> bool {
    let (mut at, mut read) = (0, 0);
    let mut last_star = None;
    while read < text.len() {
        let step = match pattern.get(at) {
            Some('*') => {
                last_star = Some((at, read));
                at += 1;
                continue;
            }
            Some('?') => Some(1),
            Some('\\') if pattern.get(at + 1) == Some(&text[read]) => Some(2),
            Some(letter) if *letter == text[read] => Some(1),
            _ => None,
        };
        match (step, last_star) {
            (Some(step), _) => {
                at += step;
                read += 1;
            }
            (None, Some((star, taken))) => {
                last_star = Some((star, taken + 1));
                (at, read) = (star + 1, taken + 1);
            }
            (None, None) => return false,
        }
    }
    pattern[at..].iter().all(|it| *it == '*')
}

/// A variable in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// Its name.
    pub name: String,
    /// Where its `$` stands in the text, in bytes.
    pub start: usize,
}

/// What surrounds a place of a script.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Nesting {
    DoubleQuotes,
    /// `$(…)`, or plain parentheses in one.
    Substitution,
    /// `${…}`.
    Braces,
}

/// Finds the variables of a word or of a script, those in its substitutions included. What stands
/// in single quotes is none.
#[must_use]
pub fn references(text: &str, escape: char) -> Vec<Reference> {
    let mut found = Vec::new();
    let mut nesting: Vec<Nesting> = Vec::new();
    let mut letters = text.char_indices().peekable();
    while let Some((at, letter)) = letters.next() {
        let inner = nesting.last().copied();
        match letter {
            _ if letter == escape => {
                letters.next();
            }
            '\'' if inner != Some(Nesting::DoubleQuotes) => {
                letters.by_ref().find(|(_, it)| *it == '\'');
            }
            '"' if inner == Some(Nesting::DoubleQuotes) => {
                nesting.pop();
            }
            '"' => nesting.push(Nesting::DoubleQuotes),
            '(' if inner == Some(Nesting::Substitution) => nesting.push(Nesting::Substitution),
            ')' if inner == Some(Nesting::Substitution) => {
                nesting.pop();
            }
            '}' if inner == Some(Nesting::Braces) => {
                nesting.pop();
            }
            '$' => {
                match text[at + 1..].chars().next() {
                    Some('(') => nesting.push(Nesting::Substitution),
                    Some('{') => nesting.push(Nesting::Braces),
                    _ => {}
                }
                let opening = usize::from(text[at + 1..].starts_with(['(', '{']));
                let name = name_at(&text[at + 1 + opening..]);
                let mut skip = opening;
                if !text[at + 1..].starts_with('(') && !name.is_empty() {
                    found.push(Reference { name: name.to_owned(), start: at });
                    skip += name.len();
                }
                for _ in 0..skip {
                    letters.next();
                }
            }
            _ => {}
        }
    }
    found
}

/// The name of a variable at the beginning of a text; `${#NAME}` and `${!NAME}` have one too.
fn name_at(text: &str) -> &str {
    let text = text.strip_prefix(['#', '!']).unwrap_or(text);
    if text.starts_with(|it: char| it.is_ascii_digit()) {
        return "";
    }
    let end = text.find(|it: char| !it.is_ascii_alphanumeric() && it != '_');
    &text[..end.unwrap_or(text.len())]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn get(name: &str) -> Option<String> {
        match name {
            "A" => Some("amd64".to_owned()),
            "P" => Some("linux/arm/v7".to_owned()),
            "E" => Some(String::new()),
            _ => None,
        }
    }

    fn expanded(word: &str) -> String {
        expand(word, '\\', &get).map_or_else(|it| it.to_string(), |it| it.value)
    }

    #[test]
    fn words_are_replaced_as_the_builder_replaces_them() {
        for (word, value) in [
            ("build-$A", "build-amd64"),
            ("${A}x", "amd64x"),
            ("$Ax", ""),
            ("'$A' \"$A\" \\$A", "$A amd64 $A"),
            ("\"\\$A \\n\"", "$A \\n"),
            ("${X:-y}", "y"),
            ("${E:-y}", "y"),
            ("${E-y}", ""),
            ("${A:-y}", "amd64"),
            ("${X:-build-$A}", "build-amd64"),
            ("${A:+set}", "set"),
            ("${E:+set}", ""),
            ("${E+set}", "set"),
            ("${P#*/}", "arm/v7"),
            ("${P##*/}", "v7"),
            ("${P%/*}", "linux/arm"),
            ("${P%%/*}", "linux"),
            ("${P/\\//-}", "linux-arm/v7"),
            ("${P//\\//-}", "linux-arm-v7"),
            ("${A/amd/x}", "x64"),
            ("${X:?tell}", "X: tell"),
            ("a$", "a$"),
            ("${A", "`{` is not closed"),
            ("${}", "`${}` is not a valid substitution"),
            ("'a", "`'` is not closed"),
        ] {
            assert_eq!(expanded(word), value, "{word}");
        }
    }

    #[test]
    fn patterns_match_the_whole_text() {
        for (pattern, text, expected) in [
            ("", "", true),
            ("*", "", true),
            ("a*c", "abbc", true),
            ("a*c", "abcb", false),
            ("*b*d", "abcbcd", true),
            ("?", "", false),
            ("a?", "ab", true),
            ("\\*", "*", true),
            ("\\*", "a", false),
            ("ab", "abc", false),
        ] {
            let chars = |text: &str| text.chars().collect::<Vec<char>>();
            assert_eq!(matches(&chars(pattern), &chars(text)), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn nobody_runs_out_of_stack_or_memory() {
        let nested = "${X:-".repeat(100_000);
        assert_eq!(expand(&nested, '\\', &get), Err(ExpandError::TooMuch));
        let long = |_: &str| Some("x".repeat(40 << 10));
        assert_eq!(expand("$A$A$A", '\\', &long), Err(ExpandError::TooMuch));
        let stars = format!("${{A#{}b}}", "*a".repeat(10_000));
        assert_eq!(expand(&stars, '\\', &get).map(|it| it.value), Ok("amd64".to_owned()));
    }

    #[test]
    fn what_was_used_is_told() {
        let expansion = expand("${X:-$A}$E", '\\', &get).expect("is a word");
        assert_eq!(expansion.used, ["A", "E"]);
        assert_eq!(expansion.unset, ["X"]);
    }

    #[test]
    fn variables_are_found_in_scripts() {
        for (text, names) in [
            ("a $A ${B:-$C} \\$D '$E' \"$F '$G'\"", vec!["A", "B", "C", "F", "G"]),
            ("\"$(echo '$A' \"$B\" $(c $C))\" $D", vec!["B", "C", "D"]),
            ("$((1 + $A)) $1 $@ $$ ${#B} ${!C}", vec!["A", "B", "C"]),
            ("it's $A", vec![]),
            ("ä$A", vec!["A"]),
        ] {
            let found = references(text, '\\');
            let found: Vec<&str> = found.iter().map(|it| it.name.as_str()).collect();
            assert_eq!(found, names, "{text}");
        }
        assert_eq!(references("x ${AB}", '\\')[0].start, 2);
    }
}
