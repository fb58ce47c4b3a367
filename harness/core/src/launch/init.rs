//! Inits: programs that do nothing but start another one and look after it.
//!
//! They take their own options before the program's words, as `getopt` reads them.

/// An init, by what its options are.
struct Init {
    name: &'static str,
    /// One-letter options that take a value.
    valued: &'static str,
    /// Long options that take a value.
    valued_long: &'static [&'static str],
}

/// Sources: tini, `src/tini.c`, `parse_args`; dumb-init, `dumb-init.c`, `parse_command`; catatonit,
/// `catatonit.c`, `main`.
const INITS: [Init; 4] = [
    Init { name: "tini", valued: "ep", valued_long: &[] },
    Init { name: "docker-init", valued: "ep", valued_long: &[] },
    Init { name: "dumb-init", valued: "r", valued_long: &["--rewrite"] },
    Init { name: "catatonit", valued: "", valued_long: &[] },
];

/// The words that an init starts, its own options left out; `None` where it is none. Releases are
/// also called `tini-static-arm64` and the like.
pub(super) fn behind_init(words: &[String]) -> Option<&[String]> {
    let (program, mut rest) = words.split_first()?;
    let name = program.rsplit('/').next().unwrap_or(program);
    let is_named = |it: &&Init| {
        name.strip_prefix(it.name)
            .is_some_and(|more| more.is_empty() || more.starts_with(['-', '_']))
    };
    let init = INITS.iter().find(is_named)?;
    while let Some((word, after)) = rest.split_first() {
        if word == "--" {
            return Some(after);
        }
        if !word.starts_with('-') || word == "-" {
            break;
        }
        rest = if init.takes_next(word) { after.get(1..).unwrap_or_default() } else { after };
    }
    Some(rest)
}

impl Init {
    /// Whether the value of an option is the next word: `-e 143`, but not `-e143`.
    fn takes_next(&self, option: &str) -> bool {
        if option.starts_with("--") {
            return self.valued_long.contains(&option);
        }
        option.find(|letter| self.valued.contains(letter)) == Some(option.len() - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_behind_an_init_are_the_programs() {
        for (line, expected) in [
            ("/sbin/tini -- /app --port 80", Some("/app --port 80")),
            ("tini /app", Some("/app")),
            ("/tini-static-arm64 -vvg -e 143 -p SIGTERM -- /app", Some("/app")),
            ("tini -e143 /app", Some("/app")),
            ("dumb-init --rewrite 15:3 --single-child app -c x", Some("app -c x")),
            ("dumb-init --rewrite=15:3 -- app", Some("app")),
            ("tini --", Some("")),
            ("tini", Some("")),
            ("/app -- tini", None),
            ("tinitool /app", None),
        ] {
            let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
            let behind = behind_init(&words).map(|it| it.join(" "));
            assert_eq!(behind.as_deref(), expected, "{line}");
        }
    }
}
