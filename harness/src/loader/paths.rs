//! Lists of folders, and the tokens in them.

use super::abi::Abi;

/// The folders of a list with glibc's tokens replaced; a token that may mean several things gives
/// several folders. An empty entry is the working directory.
///
/// Source: `ld.so(8)`, "Dynamic string tokens"; glibc, `elf/dl-load.c`, `fillin_rpath` and
/// `_dl_dst_substitute`.
pub(super) fn expand(list: &str, separators: &[char], origin: &str, abi: &Abi) -> Vec<String> {
    let folders = list.split(separators).map(|it| if it.is_empty() { "." } else { it });
    folders.flat_map(|it| expand_one(it, origin, abi)).collect()
}

/// One path with its tokens replaced.
pub(super) fn expand_one(path: &str, origin: &str, abi: &Abi) -> Vec<String> {
    let path = replace(path, "ORIGIN", origin);
    if !path.contains('$') {
        return vec![path];
    }
    let multiarch: Vec<String> = abi.triplets.iter().map(|it| format!("lib/{it}")).collect();
    let libraries = multiarch.iter().map(String::as_str);
    let libraries: Vec<&str> =
        libraries.chain(abi.libraries.iter().copied()).chain(["lib"]).collect();
    each(vec![path], "LIB", &libraries)
        .into_iter()
        .flat_map(|it| each(vec![it], "PLATFORM", abi.platforms))
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

/// `$NAME` and `${NAME}`.
pub(super) fn replace(path: &str, name: &str, value: &str) -> String {
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
        let abi = Abi::of(platform("linux/amd64").elf_target());
        for (list, expected) in [
            ("/a:/b", &["/a", "/b"][..]),
            ("/a::", &["/a", ".", "."]),
            ("$ORIGIN/../lib:${ORIGIN}", &["/opt/bin/../lib", "/opt/bin"]),
            ("/x/$LIB", &["/x/lib/x86_64-linux-gnu", "/x/lib64", "/x/lib"]),
            ("/x/${PLATFORM}", &["/x/x86_64", "/x/haswell", "/x/xeon_phi"]),
            ("/x/$OTHER", &["/x/$OTHER"]),
        ] {
            assert_eq!(expand(list, &[':'], "/opt/bin", &abi), expected, "{list}");
        }
        assert_eq!(origin("/app"), "/");
        assert_eq!(origin("/usr/lib/libz.so.1"), "/usr/lib");
    }
}
