//! Which files of a local folder BuildKit wants to see.
//!
//! With each request BuildKit's frontend sends what it read from `.dockerignore` (exclude
//! patterns), what the Dockerfile copies (paths, whose symbolic links are followed within the
//! folder), and at times include patterns. The semantics are those of
//! [tonistiigi/fsutil](https://github.com/tonistiigi/fsutil), `filter.go` and `followlinks.go`.

use std::collections::BTreeSet;
use std::path::Path;

use tonic::metadata::MetadataMap;

use super::ignore::{FolderMatch, PatternError, Patterns, clean};
use crate::linux::MAXSYMLINKS;

/// What BuildKit asked for, as it came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Wanted {
    /// The name of the local folder.
    pub(super) folder: String,
    include: Vec<String>,
    exclude: Vec<String>,
    follow: Option<Vec<String>>,
}

/// What BuildKit asked for, ready to be asked of each path.
#[derive(Clone, Debug)]
pub(super) struct Filter {
    /// `None` includes everything.
    include: Option<Patterns>,
    exclude: Patterns,
}

/// What a folder's entries inherit.
#[derive(Clone, Debug)]
pub(super) struct Inherited {
    include: Option<FolderMatch>,
    exclude: FolderMatch,
}

/// What becomes of a path.
pub(super) struct Fate {
    /// It is sent.
    pub(super) sent: bool,
    /// Should it be a folder: something in it may be sent.
    pub(super) entered: bool,
    /// Should it be a folder: for its entries.
    pub(super) inherited: Inherited,
}

impl Wanted {
    /// Reads the headers of a request.
    pub(super) fn from_metadata(metadata: &MetadataMap) -> Self {
        Self {
            folder: values(metadata, "dir-name").pop().unwrap_or_default(),
            include: values(metadata, "include-patterns"),
            exclude: values(metadata, "exclude-patterns"),
            follow: metadata.contains_key("followpaths").then(|| values(metadata, "followpaths")),
        }
    }

    /// Resolves the paths to follow and reads the patterns.
    pub(super) fn filter(&self, root: &Path) -> Result<Filter, PatternError> {
        let followed = self.follow.as_ref().and_then(|paths| follow(root, paths));
        let mut include = self.include.clone();
        if let Some(followed) = followed {
            include.extend(followed);
            include.sort_unstable();
        }
        let include = Patterns::parse(include.iter().map(String::as_str))?;
        Ok(Filter {
            include: (!include.is_empty()).then_some(include),
            exclude: Patterns::parse(self.exclude.iter().map(String::as_str))?,
        })
    }
}

impl Filter {
    /// Decides on a path relative to the root, given what was decided of its folder; `None` for
    /// an entry of the root itself.
    pub(super) fn decide(&self, path: &str, parent: Option<&Inherited>) -> Fate {
        let exclude = self.exclude.judge(path, parent.map(|it| &it.exclude));
        let include = self
            .include
            .as_ref()
            .map(|it| it.judge(path, parent.and_then(|parent| parent.include.as_ref())));
        let included = include.as_ref().is_none_or(|it| it.matched);
        let may_include =
            included || self.include.as_ref().is_none_or(|it| it.may_match_within(path));
        let may_keep = !exclude.matched || self.exclude.may_except_within(path);
        Fate {
            sent: included && !exclude.matched,
            entered: may_include && may_keep,
            inherited: Inherited { include: include.map(|it| it.folder), exclude: exclude.folder },
        }
    }
}

/// The values of a header, unescaped: BuildKit escapes all of them where one is not ASCII.
fn values(metadata: &MetadataMap, key: &str) -> Vec<String> {
    let encoded = metadata
        .get(format!("{key}-encoded"))
        .and_then(|it| it.to_str().ok())
        .is_some_and(|it| matches!(it, "1" | "t" | "T" | "true" | "TRUE" | "True"));
    metadata
        .get_all(key)
        .iter()
        .map(|it| String::from_utf8_lossy(it.as_encoded_bytes()).into_owned())
        .map(|it| if encoded { unescape(&it) } else { it })
        .collect()
}

/// Undoes Go's `url.QueryEscape`. What is no escape stays as it is.
fn unescape(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        let hex = |index: usize| (*tail.get(index)? as char).to_digit(16);
        match (first, hex(0), hex(1)) {
            (b'%', Some(high), Some(low)) => {
                bytes.extend(u8::try_from(high * 16 + low));
                rest = &tail[2..];
                continue;
            }
            (b'+', ..) => bytes.push(b' '),
            _ => bytes.push(first),
        }
        rest = tail;
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Turns paths into the patterns of all that is needed to read them: the paths and every symbolic
/// link on the way, with its target. Links are resolved as if the root were `/`, so none leads
/// out. `None` when one of the paths is the root: then everything is needed.
fn follow(root: &Path, paths: &[String]) -> Option<Vec<String>> {
    let mut links = Links { root, resolved: BTreeSet::new(), seen: BTreeSet::new() };
    for path in paths {
        links.add(path, MAXSYMLINKS);
    }
    if links.resolved.contains(".") {
        return None;
    }
    let mut kept: Vec<String> = Vec::new();
    for path in links.resolved {
        let covered = kept.last().is_some_and(|it| path.starts_with(&format!("{it}/")));
        if !covered {
            kept.push(path);
        }
    }
    Some(kept)
}

struct Links<'a> {
    root: &'a Path,
    resolved: BTreeSet<String>,
    /// The paths looked at: each once, so that wildcards and loops end.
    seen: BTreeSet<String>,
}

impl Links<'_> {
    /// Adds a path, or every link on the way to it up to the first and what that leads to.
    fn add(&mut self, path: &str, links_left: usize) {
        let path = relative(path);
        if !self.seen.insert(path.clone()) {
            return;
        }
        let ends = path.match_indices('/').map(|(at, _)| at).chain([path.len()]);
        for end in ends {
            let (current, tail) = path.split_at(end);
            let targets = self.targets(current);
            if targets.is_empty() {
                continue;
            }
            self.resolved.insert(current.to_owned());
            if let Some(links_left) = links_left.checked_sub(1) {
                for target in targets {
                    self.add(&(target + tail), links_left);
                }
            }
            return;
        }
        self.resolved.insert(path);
    }

    /// Where the links that a path names lead to, as paths from the root. The last name may be a
    /// pattern.
    fn targets(&self, path: &str) -> Vec<String> {
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        if !name.contains(['*', '?', '[']) {
            return self.target(path).into_iter().collect();
        }
        let Ok(pattern) = Patterns::parse([name]) else { return Vec::new() };
        let Ok(entries) = std::fs::read_dir(self.root.join(folder)) else { return Vec::new() };
        let names = entries.flatten().filter_map(|it| it.file_name().into_string().ok());
        names
            .filter(|it| pattern.judge(it, None).matched)
            .filter_map(|it| self.target(&relative(&format!("{folder}/{it}"))))
            .collect()
    }

    fn target(&self, path: &str) -> Option<String> {
        let link = std::fs::read_link(self.root.join(path)).ok()?;
        let link = link.to_str()?;
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        Some(if link.starts_with('/') { link.to_owned() } else { format!("/{folder}/{link}") })
    }
}

/// A path from the root, cleaned so that it cannot leave it, without the leading slash.
fn relative(path: &str) -> String {
    let rooted = clean(&format!("/{path}"));
    match rooted.trim_start_matches('/') {
        "" => ".".to_owned(),
        path => path.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn followed(root: &Path, paths: &[&str]) -> Option<Vec<String>> {
        let paths: Vec<String> = paths.iter().map(|it| (*it).to_owned()).collect();
        follow(root, &paths)
    }

    #[test]
    fn links_are_followed_within_the_root() {
        let root = tempfile::tempdir().expect("a temporary folder");
        let at = |path: &str| root.path().join(path);
        std::fs::create_dir_all(at("real/deep")).expect("folders");
        symlink("real", at("link")).expect("a link");
        symlink("../../../../etc/passwd", at("real/escape")).expect("a link");
        symlink("/real/deep", at("absolute")).expect("a link");
        symlink("loop", at("loop")).expect("a link");
        symlink("grow/more", at("grow")).expect("a link");
        for (paths, expected) in [
            (&["plain"][..], &["plain"][..]),
            (&["link/a", "link/b"], &["link", "real/a", "real/b"]),
            (&["real/escape"], &["etc/passwd", "real/escape"]),
            (&["absolute/x"], &["absolute", "real/deep/x"]),
            (&["loop"], &["loop"]),
            (&["../outside"], &["outside"]),
            (&["a", "a/b"], &["a"]),
            (&["l*"], &["l*", "loop", "real"]),
        ] {
            let expected: Vec<String> = expected.iter().map(|it| (*it).to_owned()).collect();
            assert_eq!(followed(root.path(), paths), Some(expected), "{paths:?}");
        }
        assert!(followed(root.path(), &["grow"]).is_some(), "a link that grows comes to an end");
        assert_eq!(followed(root.path(), &["a", "/"]), None, "the root needs everything");
    }

    #[test]
    fn headers_are_unescaped_where_they_say_so() {
        let mut metadata = MetadataMap::new();
        let mut add = |key: &'static str, value: &str| {
            metadata.append(key, value.parse().expect("a header"));
        };
        add("dir-name", "context");
        add("exclude-patterns", "caf%C3%A9+x");
        add("exclude-patterns", "50%25");
        add("exclude-patterns-encoded", "1");
        add("include-patterns", "100%25+y");
        let wanted = Wanted::from_metadata(&metadata);
        assert_eq!(wanted.folder, "context");
        assert_eq!(wanted.exclude, ["caf\u{e9} x", "50%"]);
        assert_eq!(wanted.include, ["100%25+y"]);
        assert_eq!(wanted.follow, None);
    }
}
