use crate::fixture::Layer;
use crate::rules::linking::symbol_version_missing::RULE;
use crate::rules::tests::linking::{AMD64, APP};
use crate::rules::tests::{Case, caught, silent};

pub(in crate::rules) fn cases() -> Vec<Case> {
    let needing =
        |versions: &[&'static str]| AMD64.program().with_version_needs("libc.so.6", versions);
    let newer = || needing(&["GLIBC_2.2.5", "GLIBC_2.38", "GLIBC_2.4"]);
    let weak = AMD64.program().with_weak_version_need("libc.so.6", "GLIBC_2.38");
    let plugin = AMD64.elf().with_needed(&["libq.so"]).with_version_needs("libq.so", &["Q_3"]);
    let libq =
        |version| AMD64.elf().with_soname("libq.so").with_version_definitions(&[version]).bytes();
    let plugin_with = |versions: &[&'static str]| {
        let layer = Layer::new().file("srv/plugin.so", 0o644, plugin.bytes());
        AMD64.beside(versions.iter().enumerate().fold(layer, |layer, (number, version)| {
            layer.file(&format!("opt/{number}/libq.so"), 0o644, libq(version))
        }))
    };
    vec![
        caught(RULE.rule, "built on a newer distribution", AMD64.running(&newer()), APP),
        caught(
            RULE.rule,
            "a helper that was built there",
            AMD64.beside(Layer::new().executable("opt/tool", newer().bytes())),
            &["warning linux/amd64 /opt/tool"],
        ),
        caught(
            RULE.rule,
            "a version that is no number",
            AMD64.running(&needing(&["GLIBC_2.34", "GLIBC_ABI_DT_RELR"])),
            APP,
        ),
        caught(
            RULE.rule,
            "a library that the entrypoint loads",
            AMD64.running_with(
                &AMD64.program().with_needed(&["liba.so"]),
                Layer::new().file(
                    "usr/lib/liba.so",
                    0o644,
                    AMD64
                        .library("liba.so")
                        .with_version_needs("libc.so.6", &["GLIBC_2.38"])
                        .bytes(),
                ),
            ),
            &["error linux/amd64 /usr/lib/liba.so"],
        ),
        caught(
            RULE.rule,
            "a plugin, of which no library has the version",
            plugin_with(&["Q_1", "Q_2"]),
            &["warning linux/amd64 /srv/plugin.so"],
        ),
        silent(RULE.rule, "one of two libraries has the version", plugin_with(&["Q_1", "Q_3"])),
        silent(
            RULE.rule,
            "2.4 is older than 2.34",
            AMD64.running(&needing(&["GLIBC_2.4", "GLIBC_2.34"])),
        ),
        silent(RULE.rule, "a version that may be missing", AMD64.running(&weak)),
        silent(
            RULE.rule,
            "a library without versions",
            AMD64.running_with(
                &AMD64.program().with_needed(&["libq.so"]).with_version_needs("libq.so", &["Q_1"]),
                Layer::new().file("usr/lib/libq.so", 0o644, AMD64.elf().bytes()),
            ),
        ),
    ]
}
