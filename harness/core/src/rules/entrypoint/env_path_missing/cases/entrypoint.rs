use crate::fixture::{Layer, Variant};
use crate::rules::entrypoint::env_path_missing::RULE;
use crate::rules::tests::{Case, caught, silent};

pub(super) fn cases() -> Vec<Case> {
    let on =
        |platform, variables: &[&str]| {
            let files = Layer::new()
                .file("usr/lib/jvm/java-21-openjdk-arm64/release", 0o644, "")
                .file("opt/jdk-amd64/release", 0o644, "");
            Variant::healthy(platform).layer(files).env(variables)
        };
    let with = |variables: &[&str]| on("linux/arm64", variables);
    let tcmalloc = "LD_PRELOAD=/usr/lib/x86_64-linux-gnu/libtcmalloc.so.4";
    vec![
        caught(
            RULE.rule,
            "JAVA_HOME as it is on amd64",
            with(&["JAVA_HOME=/usr/lib/jvm/java-21-openjdk-amd64"]),
            &["error linux/arm64 /usr/lib/jvm/java-21-openjdk-amd64"],
        ),
        caught(
            RULE.rule,
            "LD_PRELOAD as it is on amd64",
            with(&[tcmalloc]),
            &["error linux/arm64 /usr/lib/x86_64-linux-gnu/libtcmalloc.so.4"],
        ),
        caught(
            RULE.rule,
            "a list of which nothing is there",
            with(&["LD_LIBRARY_PATH=/opt/none:/usr/lib/x86_64-linux-gnu"]),
            &["error linux/arm64 /usr/lib/x86_64-linux-gnu"],
        ),
        silent(
            RULE.rule,
            "JAVA_HOME as it is here",
            with(&["JAVA_HOME=/usr/lib/jvm/java-21-openjdk-arm64"]),
        ),
        silent(
            RULE.rule,
            "a missing path of the own architecture",
            with(&["X=/opt/aarch64-linux-gnu"]),
        ),
        silent(RULE.rule, "an oddly named path that is there", with(&["JAVA_HOME=/opt/jdk-amd64"])),
        silent(
            RULE.rule,
            "a list of which one is there",
            with(&["LD_LIBRARY_PATH=/usr/lib/x86_64-linux-gnu:/usr/lib/jvm"]),
        ),
        silent(RULE.rule, "a missing path of no architecture", with(&["CACHE=/var/cache/app"])),
        silent(RULE.rule, "PATH is a list of places to look", with(&["PATH=/opt/x86_64/bin"])),
        silent(
            RULE.rule,
            "an address is no path",
            with(&["SOURCE=https://example.com/linux-amd64/tool.tar.gz"]),
        ),
        silent(RULE.rule, "the last of several counts", with(&[tcmalloc, "LD_PRELOAD="])),
        silent(RULE.rule, "the same on amd64", on("linux/amd64", &[tcmalloc])),
        silent(RULE.rule, "words that contain a name", with(&["X=/opt/notamd64x"])),
    ]
}
