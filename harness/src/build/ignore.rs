//! The patterns of `.dockerignore`, matched as BuildKit matches them.
//!
//! Source: [moby/patternmatcher](https://github.com/moby/patternmatcher), whose semantics no
//! crate has: neither gitignore's (a pattern is anchored at the root) nor a plain glob's (`**`
//! may stand for nothing, a matched folder covers what is in it, `!` takes back). There a pattern
//! becomes a regular expression; here it is a list of tokens, run in time proportional to
//! pattern times path, whatever the pattern.

use thiserror::Error;

/// A list of patterns, in order: the last one that matches decides.
#[derive(Clone, Debug, Default)]
pub(super) struct Patterns {
    patterns: Vec<Pattern>,
}

/// Which patterns matched a folder: what lies in it need not be asked again.
#[derive(Clone, Debug)]
pub(super) struct FolderMatch(Vec<bool>);

/// A pattern that is no pattern.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("`{0}` is not a pattern (see .dockerignore)")]
pub(super) struct PatternError(String);

/// What a list of patterns says of a path, and of what lies beneath.
pub(super) struct Judgement {
    /// The path is matched, and no later exception takes it back.
    pub(super) matched: bool,
    /// For the entries of the folder, should it be one.
    pub(super) folder: FolderMatch,
}

#[derive(Clone, Debug)]
struct Pattern {
    /// The text without `!`, cleaned: for prefixes and messages.
    text: String,
    effect: Effect,
    matcher: Matcher,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Effect {
    Match,
    /// Written with `!`: takes back an earlier match.
    Except,
}

#[derive(Clone, Debug)]
enum Matcher {
    /// `**text`: whatever ends so. BuildKit sees no boundary there: `**foo` matches `barfoo`.
    Suffix(String),
    Tokens(Vec<Token>),
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    Char(char),
    /// `?`: one character within a name.
    AnyInName,
    /// `*`: any number of characters within a name.
    Star,
    /// `**/` inside a pattern: the next token, or neither it nor this.
    FoldersOrNothing,
    /// Always after [`Token::FoldersOrNothing`]: anything that ends with a slash.
    Folders,
    /// `**` at the end: everything.
    Rest,
    /// `[a-z]`, `[^a-z]`.
    Class(CharClass),
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct CharClass {
    ranges: Vec<(char, char)>,
    /// What a character within the ranges means: `false` after `[^`.
    includes: bool,
}

impl Patterns {
    /// Reads patterns as they stand in a `.dockerignore`, one each.
    pub(super) fn parse<'a>(
        lines: impl IntoIterator<Item = &'a str>,
    ) -> Result<Self, PatternError> {
        let patterns = lines
            .into_iter()
            .map(str::trim)
            .filter(|line| !line.is_empty())
            .map(Pattern::parse)
            .collect::<Result<_, _>>()?;
        Ok(Self { patterns })
    }

    pub(super) fn is_empty(&self) -> bool {
        self.patterns.is_empty()
    }

    /// Judges a path relative to the root, with `/` between names, given what was said of the
    /// folder that it lies in; `None` for an entry of the root itself.
    pub(super) fn judge(&self, path: &str, parent: Option<&FolderMatch>) -> Judgement {
        let mut matched = false;
        let mut folder = vec![false; self.patterns.len()];
        for (index, pattern) in self.patterns.iter().enumerate() {
            let inherited = parent.is_some_and(|it| it.0.get(index).copied().unwrap_or(false));
            // A pattern that could not change the outcome is not asked, as it is not upstream,
            // where that shows in what the folder's entries inherit.
            let idle = (pattern.effect == Effect::Except) != matched;
            if inherited || (!idle && pattern.matcher.matches(path)) {
                folder[index] = true;
                matched = pattern.effect == Effect::Match;
            }
        }
        Judgement { matched, folder: FolderMatch(folder) }
    }

    /// Whether something in a folder could be matched although the folder itself is not: may say
    /// yes too often, never no.
    pub(super) fn may_match_within(&self, folder: &str) -> bool {
        self.may_apply_within(folder, Effect::Match)
    }

    /// Whether an exception could take back something in a folder that is matched: may say yes
    /// too often, never no.
    pub(super) fn may_except_within(&self, folder: &str) -> bool {
        self.may_apply_within(folder, Effect::Except)
    }

    fn may_apply_within(&self, folder: &str, effect: Effect) -> bool {
        let folder = format!("{folder}/");
        self.patterns.iter().filter(|it| it.effect == effect).any(|pattern| {
            let stem = pattern.text.strip_suffix("/**").unwrap_or(&pattern.text);
            let stem = stem.strip_suffix("/*").unwrap_or(stem);
            stem.contains(is_special) || format!("{stem}/").starts_with(&folder)
        })
    }
}

impl Pattern {
    fn parse(line: &str) -> Result<Self, PatternError> {
        let cleaned = clean(line);
        let (effect, text) = match cleaned.strip_prefix('!') {
            Some(text) => (Effect::Except, text),
            None => (Effect::Match, cleaned.as_str()),
        };
        let fail = || PatternError(line.to_owned());
        if text.is_empty() {
            return Err(fail());
        }
        let matcher = match text.strip_prefix("**") {
            Some(rest) if !rest.contains(is_special) => Matcher::Suffix(rest.to_owned()),
            _ => Matcher::Tokens(tokens(text).ok_or_else(fail)?),
        };
        Ok(Self { text: text.to_owned(), effect, matcher })
    }
}

impl Matcher {
    fn matches(&self, path: &str) -> bool {
        match self {
            // `**/foo` also matches `foo`.
            Self::Suffix(suffix) => {
                path.ends_with(suffix.as_str()) || suffix.strip_prefix('/') == Some(path)
            }
            Self::Tokens(tokens) => run(tokens, path),
        }
    }
}

impl CharClass {
    fn contains(&self, character: char) -> bool {
        let within = self.ranges.iter().any(|&(low, high)| (low..=high).contains(&character));
        within == self.includes
    }
}

fn is_special(character: char) -> bool {
    matches!(character, '*' | '?' | '[' | ']' | '\\' | '^')
}

/// Shortens a path as Go's `path.Clean` does: no `//`, no `.`, `..` resolved where it can be.
pub(super) fn clean(path: &str) -> String {
    let rooted = path.starts_with('/');
    let mut names: Vec<&str> = Vec::new();
    for name in path.split('/') {
        match name {
            "" | "." => {}
            ".." if names.last().is_some_and(|it| *it != "..") => {
                names.pop();
            }
            ".." if rooted => {}
            name => names.push(name),
        }
    }
    let joined = names.join("/");
    match (rooted, joined.is_empty()) {
        (true, _) => format!("/{joined}"),
        (false, true) => ".".to_owned(),
        (false, false) => joined,
    }
}

/// Takes a pattern apart; `None` where Go's `filepath.Match` finds no pattern.
fn tokens(text: &str) -> Option<Vec<Token>> {
    let mut tokens = Vec::new();
    let mut rest = text.chars().peekable();
    while let Some(character) = rest.next() {
        let token = match character {
            '*' if rest.next_if_eq(&'*').is_some() => {
                rest.next_if_eq(&'/');
                if rest.peek().is_none() {
                    Token::Rest
                } else {
                    tokens.push(Token::FoldersOrNothing);
                    Token::Folders
                }
            }
            '*' => Token::Star,
            '?' => Token::AnyInName,
            '[' => Token::Class(char_class(&mut rest)?),
            '\\' => Token::Char(rest.next()?),
            other => Token::Char(other),
        };
        tokens.push(token);
    }
    Some(tokens)
}

/// Reads `[` … `]` after its bracket; `None` where it is empty, open or has half a range.
fn char_class(rest: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Option<CharClass> {
    let includes = rest.next_if_eq(&'^').is_none();
    let mut ranges = Vec::new();
    while ranges.is_empty() || rest.peek() != Some(&']') {
        let low = class_member(rest)?;
        let high = if rest.next_if_eq(&'-').is_some() { class_member(rest)? } else { low };
        ranges.push((low, high));
    }
    rest.next();
    Some(CharClass { ranges, includes })
}

fn class_member(rest: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Option<char> {
    match rest.next()? {
        '-' | ']' => None,
        '\\' => rest.next(),
        other => Some(other),
    }
}

/// Runs all the ways a pattern can match side by side. `alive[i]`: the tokens before `i` have
/// matched the text so far.
fn run(tokens: &[Token], text: &str) -> bool {
    let mut alive = vec![false; tokens.len() + 1];
    alive[0] = true;
    skip_optional(tokens, &mut alive);
    for character in text.chars() {
        alive = step(tokens, &alive, character);
        skip_optional(tokens, &mut alive);
        if !alive.contains(&true) {
            return false;
        }
    }
    alive[tokens.len()]
}

/// What is alive after one more character, before anything is skipped.
fn step(tokens: &[Token], alive: &[bool], character: char) -> Vec<bool> {
    let mut next = vec![false; alive.len()];
    for (index, token) in tokens.iter().enumerate().filter(|(index, _)| alive[*index]) {
        let (stays, advances) = match token {
            Token::Char(expected) => (false, *expected == character),
            Token::AnyInName => (false, character != '/'),
            Token::Class(class) => (false, class.contains(character)),
            Token::Star => (character != '/', false),
            Token::Rest => (true, false),
            Token::FoldersOrNothing => (false, false),
            Token::Folders => (true, character == '/'),
        };
        next[index] |= stays;
        next[index + 1] |= advances;
    }
    next
}

/// Lets the tokens that may match nothing do so.
fn skip_optional(tokens: &[Token], alive: &mut [bool]) {
    for (index, token) in tokens.iter().enumerate() {
        if !alive[index] {
            continue;
        }
        match token {
            Token::Star | Token::Rest => alive[index + 1] = true,
            Token::FoldersOrNothing => {
                alive[index + 1] = true;
                alive[index + 2] = true;
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Judges as a walk does: folder by folder.
    fn matches(patterns: &[&str], path: &str) -> bool {
        let patterns = Patterns::parse(patterns.iter().copied()).expect("patterns");
        let mut folder = None;
        for (index, _) in path.match_indices('/') {
            folder = Some(patterns.judge(&path[..index], folder.as_ref()).folder);
        }
        patterns.judge(path, folder.as_ref()).matched
    }

    /// The table of the project's own tests, less the paths that no walk produces.
    #[test]
    fn single_patterns_match_as_upstream() {
        for (pattern, path, expected) in [
            ("**", "file", true),
            ("**/", "file", true),
            ("**", "dir/file", true),
            ("**/**", "dir/file", true),
            ("dir/**", "dir/file", true),
            ("dir/**", "dir/dir2/file", true),
            ("**/dir", "dir", true),
            ("**/dir", "dir/file", true),
            ("**/dir2/*", "dir/dir2/file", true),
            ("**/dir2/**", "dir/dir2/dir3/file", true),
            ("**file", "file", true),
            ("**file", "dir/file", true),
            ("**file", "dir/otherfile", true),
            ("**/file", "dir/file", true),
            ("**/file", "dir/dir/file", true),
            ("**/file*", "dir/dir/file", true),
            ("**/file*", "dir/dir/file.txt", true),
            ("**/file*txt", "dir/dir/file.txt", true),
            ("**/file*.txt*", "dir/dir/file.txt", true),
            ("**/**/*.txt", "dir/dir/file.txt", true),
            ("**/**/*.txt2", "dir/dir/file.txt", false),
            ("**/*.txt", "file.txt", true),
            ("**/**/*.txt", "file.txt", true),
            ("a**/*.txt", "a/file.txt", true),
            ("a**/*.txt", "a/dir/dir/file.txt", true),
            ("a**/*.txt", "ab/file.txt", true),
            ("a/*.txt", "a/dir/file.txt", false),
            ("a/*.txt", "a/file.txt", true),
            ("a/*.txt**", "a/file.txt", true),
            ("a[b-d]e", "ae", false),
            ("a[b-d]e", "ace", true),
            ("a[b-d]e", "aae", false),
            ("a[^b-d]e", "aze", true),
            (".*", ".foo", true),
            (".*", "foo", false),
            ("abc.def", "abcZdef", false),
            ("abc?def", "abcZdef", true),
            ("abc?def", "abcdef", false),
            ("a\\\\", "a\\", true),
            ("a\\*b", "a*b", true),
            ("a\\*b", "ab", false),
            ("**/foo/bar", "foo/bar", true),
            ("**/foo/bar", "dir/dir2/foo/bar", true),
            ("abc/**", "abc", false),
            ("abc/**", "abc/def/ghi", true),
            ("**/.foo", ".foo", true),
            ("**/.foo", "bar.foo", false),
            ("a(b)c/def", "a(b)c/def", true),
            ("a.|)$(}+{bc", "a.|)$(}+{bc", true),
            ("dist/*.whl", "dist/proxy.py-2.4.0rc3.dev36+g08acad9-py3-none-any.whl", true),
            ("a*", "ab/c", true),
            ("a*/b", "a/c/b", false),
            ("a*b*c*d*e*/f", "axbxcxdxexxx/f", true),
            ("a*b?c*x", "abxbbxdbxebxczzy", false),
            ("a?b", "a\u{263a}b", true),
            ("a[^a]b", "a\u{263a}b", true),
            ("[a-\u{3b6}]*", "\u{3b1}", true),
            ("a?b", "a/b", false),
            ("[\\]a]", "]", true),
            ("./foo/../bar/", "bar/x", true),
            ("  foo  ", "foo", true),
            ("foo", "dir/foo", false),
        ] {
            assert_eq!(matches(&[pattern], path), expected, "{pattern} on {path}");
        }
    }

    #[test]
    fn the_last_pattern_that_matches_decides() {
        for (patterns, path, expected) in [
            (&["docs", "!docs/README.md"][..], "docs/README.md", false),
            (&["docs/", "!docs/README.md"], "docs/README.md", false),
            (&["docs/*", "!docs/README.md"], "docs/README.md", false),
            (&["docs/*", "!docs/README.md"], "docs/other.md", true),
            (&["*.go", "!file.go"], "file.go", false),
            (&["!file.go", "*.go"], "file.go", true),
            (&["**", "!util/docker/web"], "util/docker/web/foo", false),
            (&["**", "!util/docker/web", "util/docker/web/foo"], "util/docker/web/foo", true),
            (&["*", "!src/**/*.rs"], "src/a/b.rs", false),
            (&["*", "!src/**/*.rs"], "src/a/b.c", true),
        ] {
            assert_eq!(matches(patterns, path), expected, "{patterns:?} on {path}");
        }
    }

    #[test]
    fn what_is_no_pattern_is_refused() {
        for line in ["!", "[", "a[", "[]a]", "[-]", "[x-]", "[a-b-c]", "a\\"] {
            let error = Patterns::parse([line]).expect_err(line);
            assert_eq!(error.to_string(), format!("`{line}` is not a pattern (see .dockerignore)"));
        }
    }

    #[test]
    fn a_folder_is_left_alone_only_where_nothing_in_it_can_matter() {
        let patterns = Patterns::parse(["vendor", "!vendor/keep/**"]).expect("patterns");
        assert!(patterns.may_except_within("vendor"));
        assert!(patterns.may_except_within("vendor/keep"));
        assert!(!patterns.may_except_within("vendor/other"));
        assert!(!patterns.may_except_within("vend"));
        let wild = Patterns::parse(["*", "!**/*.go"]).expect("patterns");
        assert!(wild.may_except_within("anything"));
        let includes = Patterns::parse(["a/b/c"]).expect("patterns");
        assert!(includes.may_match_within("a/b"));
        assert!(!includes.may_match_within("b"));
    }

    #[test]
    fn a_hostile_pattern_takes_no_longer_than_another() {
        let pattern = "a*".repeat(40) + "b";
        assert!(!matches(&[&pattern], &"a".repeat(2000)));
    }

    #[test]
    fn paths_are_cleaned_as_go_does() {
        for (path, cleaned) in [
            ("", "."),
            (".", "."),
            ("/", "/"),
            ("a//b/./c/", "a/b/c"),
            ("a/../b", "b"),
            ("../a", "../a"),
            ("/../a", "/a"),
            ("a/..", "."),
        ] {
            assert_eq!(clean(path), cleaned, "{path}");
        }
    }
}
