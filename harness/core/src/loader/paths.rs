//! Lists of folders, and the tokens in them.

use crate::arch::GlibcNames;
use crate::linux::PATH_MAX;
use crate::text::shortened;

/// Linux takes no longer paths.
const PATH_LIMIT: usize = PATH_MAX - 1;

/// So many folders of a list, and lists, are named in a message.
const NAMED: usize = 10;

/// So many letters of a folder are.
const LETTERS: usize = 200;

/// The folders that some glibc of an architecture has built in. Which of them an image's own has
/// does not show from outside: a library in any of them counts as found.
pub(super) fn built_in(names: &GlibcNames) -> Vec<String> {
    let multiarch = names.triplets.iter().map(|it| format!("lib/{it}"));
    let others = names.libraries.iter().chain(&["lib"]).map(|it| (*it).to_owned());
    multiarch.chain(others).flat_map(|it| [format!("/{it}"), format!("/usr/{it}")]).collect()
}

/// The folders of a list with glibc's tokens replaced; a token that may mean several things gives
/// several folders. An empty entry is the working directory.
///
/// Source: `ld.so(8)`, "Dynamic string tokens"; glibc, `elf/dl-load.c`, `fillin_rpath` and
/// `_dl_dst_substitute`.
pub(super) fn expand(
    list: &str,
    separators: &[char],
    origin: &str,
    names: &GlibcNames,
) -> Vec<String> {
    let folders = list.split(separators).map(|it| if it.is_empty() { "." } else { it });
    folders.flat_map(|it| expand_one(it, origin, names)).collect()
}

/// One path with its tokens replaced. One that is too long for the kernel leads nowhere.
pub(super) fn expand_one(path: &str, origin: &str, names: &GlibcNames) -> Vec<String> {
    let Some(path) = with_origin(path, origin) else { return Vec::new() };
    if !path.contains('$') {
        return vec![path];
    }
    let multiarch: Vec<String> = names.triplets.iter().map(|it| format!("lib/{it}")).collect();
    let libraries = multiarch.iter().map(String::as_str);
    let libraries: Vec<&str> =
        libraries.chain(names.libraries.iter().copied()).chain(["lib"]).collect();
    each(vec![path], "LIB", &libraries)
        .into_iter()
        .flat_map(|it| each(vec![it], "PLATFORM", names.platforms))
        .collect()
}

/// The folder of a path as it was opened.
pub(super) fn origin(opened: &str) -> &str {
    match opened.rsplit_once('/') {
        Some(("", _)) => "/",
        Some((folder, _)) => folder,
        None => ".",
    }
}

/// A path with `$ORIGIN` replaced; `None` for one that is too long for the kernel, of which a list
/// has as many as it likes.
pub(super) fn with_origin(path: &str, origin: &str) -> Option<String> {
    let length = |token: &str| path.matches(token).count() * origin.len().max(token.len());
    let is_short = path.len() <= PATH_LIMIT
        && path.len() + length("$ORIGIN") + length("${ORIGIN}") <= 2 * PATH_LIMIT;
    let path = is_short.then(|| replace(path, "ORIGIN", origin))?;
    (path.len() <= PATH_LIMIT).then_some(path)
}

/// Lists of folders for a message, each with its name: the first of them.
pub(super) fn shown(lists: &[(impl AsRef<str>, Vec<String>)]) -> Vec<String> {
    let first = lists.iter().take(NAMED);
    let mut shown: Vec<String> =
        first.map(|(name, folders)| format!("{} ({})", name.as_ref(), named(folders))).collect();
    match lists.len().saturating_sub(NAMED) {
        0 => {}
        more => shown.push(format!("{more} more lists")),
    }
    shown
}

fn named(folders: &[String]) -> String {
    let first = folders.iter().take(NAMED).map(|it| shortened(it, LETTERS).into_owned());
    let first = first.collect::<Vec<_>>().join(":");
    match folders.len().saturating_sub(NAMED) {
        0 => first,
        more => format!("{first} and {more} more"),
    }
}

/// `$NAME` and `${NAME}`.
fn replace(path: &str, name: &str, value: &str) -> String {
    path.replace(&format!("${{{name}}}"), value).replace(&format!("${name}"), value)
}

fn each(paths: Vec<String>, name: &str, values: &[&str]) -> Vec<String> {
    let has_it = |path: &str| replace(path, name, "") != path;
    if values.is_empty() || !paths.iter().any(|it| has_it(it)) {
        return paths;
    }
    values.iter().flat_map(|value| paths.iter().map(|it| replace(it, name, value))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::platform;

    #[test]
    fn tokens_are_replaced() {
        let names = platform("linux/amd64").facts().glibc;
        for (list, expected) in [
            ("/a:/b", &["/a", "/b"][..]),
            ("/a::", &["/a", ".", "."]),
            ("$ORIGIN/../lib:${ORIGIN}", &["/opt/bin/../lib", "/opt/bin"]),
            ("/x/$LIB", &["/x/lib/x86_64-linux-gnu", "/x/lib64", "/x/lib"]),
            ("/x/${PLATFORM}", &["/x/x86_64", "/x/haswell", "/x/xeon_phi"]),
            ("/x/$OTHER", &["/x/$OTHER"]),
        ] {
            assert_eq!(expand(list, &[':'], "/opt/bin", &names), expected, "{list}");
        }
        let far = "$ORIGIN".repeat(1000);
        assert_eq!(expand(&format!("{far}:/a"), &[':'], "/opt/bin", &names), ["/a"]);
        assert_eq!(origin("/app"), "/");
        assert_eq!(origin("/usr/lib/libz.so.1"), "/usr/lib");
    }

    #[test]
    fn messages_name_the_first_folders() {
        let folders = |count: usize| (0..count).map(|it| format!("/{it}")).collect::<Vec<_>>();
        assert_eq!(shown(&[("RPATH", folders(2))]), ["RPATH (/0:/1)"]);
        let many = shown(&vec![("RPATH", folders(12)); 12]);
        assert_eq!(many[0], "RPATH (/0:/1:/2:/3:/4:/5:/6:/7:/8:/9 and 2 more)");
        assert_eq!((many.len(), many[10].as_str()), (11, "2 more lists"));
    }
}
