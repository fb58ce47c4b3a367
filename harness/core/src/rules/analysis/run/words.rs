//! What a program's own words show of `--help`: that it does not know the option, or that it serves.
//!
//! Words prove little, so a doubt keeps the error: whatever sounds like a failure of another kind
//! outweighs every usage text.

use crate::evidence::run::{Extent, Output, RunEnd, RunEvidence};

/// Shells end so where a program is missing or cannot be executed (POSIX, "Exit Status for Commands").
const NOT_EXECUTED: [i64; 2] = [126, 127];

/// Loaders, runtimes and shells say these of crashes and of what is missing, wherever in a line and in
/// small letters.
const FAILURES: [&str; 59] = [
    // Loaders: glibc's, musl's, Java's and .NET's.
    "error while loading shared libraries",
    "error loading shared library",
    "error relocating",
    "relocation error",
    "symbol lookup error",
    "symbol not found",
    "undefined symbol",
    "undefined reference",
    "cannot open shared object",
    "wrong elf class",
    "invalid elf header",
    "exec format error",
    "cannot execute",
    "bad interpreter",
    "version `glibc",
    "fatal glibc error",
    "cpu isa level",
    "unsatisfiedlinkerror",
    "dllnotfoundexception",
    "you must install or update .net",
    "libcoreclr",
    "could not find or load main class",
    "unable to access jarfile",
    // Crashes, as shells and the C library tell them.
    "segmentation fault",
    "bus error",
    "illegal instruction",
    "floating point exception",
    "core dumped",
    "trace/breakpoint trap",
    "stack smashing",
    "double free",
    "terminate called",
    "assertion `",
    "assertion failed",
    "sigsegv",
    "sigill",
    "sigbus",
    "sigabrt",
    // Runtimes: Go, Rust, Python, Ruby, Perl, PHP, Lua, Node, Java, Erlang.
    "panic:",
    "panicked at",
    "goroutine ",
    "fatal error:",
    "traceback (most recent call last)",
    "stack traceback",
    "stack backtrace",
    "stack trace:",
    "(loaderror)",
    "importerror",
    "modulenotfounderror",
    "can't locate ",
    "cannot find module",
    "node:internal",
    "unhandled exception",
    "exception in thread",
    "caused by:",
    "uncaught ",
    "terminating in do_boot",
    "crash dump",
    "classnotfoundexception",
];

/// Programs say these of what they miss. In the body of a usage text they may describe an option.
const COMPLAINTS: [&str; 21] = [
    "no such file",
    "not found",
    "permission denied",
    "operation not permitted",
    "not implemented",
    "read-only file system",
    "no space left",
    "out of memory",
    "cannot allocate",
    "connection refused",
    "cannot open",
    "can't open",
    "could not open",
    "couldn't open",
    "failed to",
    "cannot find",
    "could not find",
    "unable to",
    "could not connect",
    "aborted",
    "is not set",
];

/// How programs call what they do not know.
const UNKNOWN: [&str; 9] = [
    "unknown",
    "invalid",
    "illegal",
    "unrecognized",
    "unrecognised",
    "unexpected",
    "unsupported",
    "bad",
    "undefined",
];
/// What they do not know.
const NOUNS: [&str; 9] = [
    "option",
    "options",
    "argument",
    "arguments",
    "flag",
    "switch",
    "parameter",
    "command",
    "operand",
];
/// Such sentences with the noun elsewhere.
const SENTENCES: [&str; 8] = [
    "not an option",
    "not a valid option",
    "is unknown",
    "is not recognized",
    "is not defined",
    "provided but not defined",
    "which wasn't expected",
    "no such option",
];
/// The option that a run asks for, as it is echoed: whole, or letter by letter as `getopt` reads it.
const HELP: [&str; 9] = ["--help", "-help", "help", "-", "--", "h", "e", "l", "p"];

/// What servers say of themselves that do what they are for.
const READY: [&str; 16] = [
    "listening",
    "ready",
    "started",
    "serving",
    "accepting connections",
    "waiting for connections",
    "running on http",
    "running at http",
    "running on port",
    "resuming normal operations",
    "startup complete",
    "start up complete",
    "startup in",
    "initialization complete",
    "initialised",
    "now running",
];
/// What makes the opposite of it.
const NOT_READY: [&str; 10] = [
    "not ",
    "n't ",
    "fail",
    "error",
    "unable",
    "waiting for",
    "until",
    "before",
    "when ",
    "trying",
];

/// The words by which a program shows only that it does not know `--help`: where it ended by itself,
/// with a status that is not success.
pub(in crate::rules) fn unknown_help(run: &RunEvidence) -> Option<&str> {
    let RunEnd::Exited { code } = run.end else { return None };
    let outputs = [&run.stderr, &run.stdout];
    let is_whole = outputs.iter().all(|it| it.extent == Extent::Whole);
    if code == 0 || NOT_EXECUTED.contains(&code) || !is_whole || !run.foreign.is_empty() {
        return None;
    }
    if outputs.iter().any(|it| says_failure(it) || says_complaint(it)) {
        return None;
    }
    let lines = || outputs.iter().flat_map(|it| lines(it));
    let mut refusals = lines().filter_map(|line| Some((line, refusal(line)?)));
    if refusals.clone().any(|it| it.1 == Refused::Another) {
        return None;
    }
    let refused = refusals.next().map(|it| it.0);
    refused.or_else(|| lines().find(|it| is_usage(it))).map(str::trim)
}

/// The words by which a program shows that it serves, where it had to be ended.
pub(in crate::rules) fn serves(run: &RunEvidence) -> Option<&str> {
    let outputs = [&run.stderr, &run.stdout];
    let is_late = matches!(run.end, RunEnd::TimedOut { .. });
    if !is_late || !run.foreign.is_empty() || outputs.iter().any(|it| says_failure(it)) {
        return None;
    }
    let is_ready = |line: &&str| {
        let line = line.to_lowercase();
        READY.iter().any(|it| has_word(&line, it)) && !NOT_READY.iter().any(|it| line.contains(it))
    };
    outputs.iter().find_map(|it| lines(it).find(is_ready)).map(str::trim)
}

/// Whether a text has these words, not as the end or beginning of others.
fn has_word(text: &str, words: &str) -> bool {
    text.match_indices(words).any(|(at, _)| {
        let is_letter = |it: Option<char>| it.is_some_and(char::is_alphanumeric);
        let after = at + words.len();
        !is_letter(text[..at].chars().next_back()) && !is_letter(text[after..].chars().next())
    })
}

/// The lines, without the carriage return that some programs end them with, which is kept escaped.
fn lines(output: &Output) -> impl Iterator<Item = &str> + Clone {
    output.text.lines().map(|it| it.trim_end_matches("\\r"))
}

fn says_failure(output: &Output) -> bool {
    let text = output.text.to_lowercase();
    FAILURES.iter().any(|it| text.contains(it))
}

/// Whether a line outside of a usage text's body complains.
fn says_complaint(output: &Output) -> bool {
    let mut in_usage = false;
    lines(output).any(|line| {
        let is_body = in_usage && line.starts_with(|it: char| it.is_whitespace() || it == '-');
        in_usage |= is_usage(line);
        let line = line.to_lowercase();
        !is_body && COMPLAINTS.iter().any(|it| line.contains(it))
    })
}

/// `usage: app`, `Usage : app`, `Usage of app:`, `app: usage: app`.
fn is_usage(line: &str) -> bool {
    let line = line.trim_start().to_lowercase();
    let mut words = line.split_whitespace();
    words.next() == Some("usage") || line.split_whitespace().any(|it| it == "usage:")
}

/// What a program says that it does not know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Refused {
    /// `--help`, or nothing that it names.
    Help,
    /// Another option, which nobody asked for but the image itself.
    Another,
}

/// What a line refuses, if it is a refusal.
fn refusal(line: &str) -> Option<Refused> {
    let lower = line.to_lowercase();
    let words: Vec<&str> = lower.split_whitespace().collect();
    if let Some(sentence) = SENTENCES.iter().find(|it| has_word(&lower, it)) {
        let (before, after) = lower.split_once(sentence).unwrap_or((&lower, ""));
        let named = before.split_whitespace().chain(after.split_whitespace());
        let mut named = named.map(bare).filter(|it| it.starts_with('-'));
        return Some(match named.next() {
            Some(option) if HELP.contains(&option) => Refused::Help,
            Some(_) => Refused::Another,
            None => Refused::Help,
        });
    }
    let unknown = words.iter().position(|it| UNKNOWN.contains(&bare(it)))?;
    let behind = &words[unknown + 1..];
    let noun = behind.iter().take(3).position(|it| NOUNS.contains(&bare(it)))?;
    let is_of_options = !bare(behind[noun]).starts_with("argument");
    let mut rest = behind[noun + 1..].iter().copied();
    // What `getopt` says ends in two dashes and a letter.
    let first = match (rest.next(), rest.next()) {
        (Some("--" | "character:"), Some(letter)) => Some(letter),
        (first, _) => first,
    };
    Some(match first {
        // The C library's words for EINVAL name nothing.
        None if is_of_options => Refused::Help,
        None => return None,
        Some(named) if HELP.contains(&bare(named)) => Refused::Help,
        Some(named) if is_name(named) => Refused::Another,
        Some(_) if is_of_options => Refused::Help,
        Some(_) => Refused::Another,
    })
}

/// Whether a word is quoted, an option or the only letter that `getopt` names.
fn is_name(word: &str) -> bool {
    word.starts_with(['-', '\'', '"', '`', '\u{2018}']) || bare(word).chars().count() == 1
}

/// A word without quotes and punctuation around it.
fn bare(word: &str) -> &str {
    word.trim_matches(|it: char| !it.is_alphanumeric() && it != '-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_names_what_is_refused() {
        for (line, expected) in [
            ("nginx: invalid option: \"-\"", Some(Refused::Help)),
            ("unknown option -- -", Some(Refused::Help)),
            ("app: illegal option -- e", Some(Refused::Help)),
            ("dash: 0: Illegal option --", Some(Refused::Help)),
            ("ls: unrecognized option '--help'", Some(Refused::Help)),
            ("Option \"--help\" is unknown, try \"tc -help\".", Some(Refused::Help)),
            ("unknown option", Some(Refused::Help)),
            ("unknown option -- Z", Some(Refused::Another)),
            ("ls: unrecognized option '--colours'", Some(Refused::Another)),
            ("flag provided but not defined: -verbose", Some(Refused::Another)),
            ("Unrecognized VM option 'UseZGC'", Some(Refused::Another)),
            ("unknown command \"serv\" for \"app\"", Some(Refused::Another)),
            ("bind: Invalid argument", None),
            ("an unknown host asked for an option", None),
            ("listening on :8080", None),
        ] {
            assert_eq!(refusal(line), expected, "{line}");
        }
    }
}
