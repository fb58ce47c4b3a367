use crate::fixture::{ElfFile, Image, Layer, Variant};
use crate::rules::parity::parity_build_info::RULE;
use crate::rules::tests::parity::{but_for, three};
use crate::rules::tests::{Case, caught, silent};

pub(in crate::rules) fn cases() -> Vec<Case> {
    [builds(), images(), packages()].into_iter().flatten().collect()
}

fn go(platform: &'static str, version: &str, lines: &str) -> Variant {
    let file = ElfFile::of(platform).with_go_build(version, lines).bytes();
    Variant::new(platform).layer(Layer::new().executable("app", file)).entrypoint(&["/app"])
}

fn builds() -> Vec<Case> {
    const LINES: &str = "mod\texample.org/a\tv1.2.3\nbuild\t-tags=sqlite\nbuild\tCGO_ENABLED=0\n\
        build\tvcs.revision=abc\nbuild\tvcs.modified=false\n";
    let odd = |version: &'static str, lines: &str| {
        let lines = lines.to_owned();
        three(move |name| match name {
            "linux/arm64" => go(name, version, &lines),
            _ => go(name, "go1.24", LINES),
        })
    };
    let app = &["warning linux/arm64 /app"];
    let helper = |platform: &'static str, module: &str| {
        let lines = format!("mod\texample.org/helper\t{module}\n");
        let file = ElfFile::of(platform).with_go_build("go1.24", &lines).bytes();
        Variant::healthy(platform).layer(Layer::new().executable("usr/local/bin/helper", file))
    };
    vec![
        caught(RULE.rule, "another toolchain", odd("go1.23", LINES), app),
        caught(
            RULE.rule,
            "another version",
            odd("go1.24", &LINES.replace("v1.2.3", "v1.2.2")),
            app,
        ),
        caught(RULE.rule, "another commit", odd("go1.24", &LINES.replace("=abc", "=abd")), app),
        caught(RULE.rule, "changed sources", odd("go1.24", &LINES.replace("false", "true")), app),
        caught(RULE.rule, "other tags", odd("go1.24", &LINES.replace("sqlite", "pure")), app),
        caught(RULE.rule, "C on one alone", odd("go1.24", &LINES.replace("LED=0", "LED=1")), app),
        caught(
            RULE.rule,
            "an older helper on one",
            Image::new([helper("linux/amd64", "v2.0.0"), helper("linux/arm64", "v1.9.0")]),
            &["warning linux/arm64 /usr/local/bin/helper"],
        ),
        silent(RULE.rule, "one build", odd("go1.24", LINES)),
        silent(
            RULE.rule,
            "what names the platform differs",
            odd("go1.24", &format!("{LINES}build\tGOARCH=arm64\nbuild\tGOARM64=v8.0\n")),
        ),
        silent(
            RULE.rule,
            "other programs",
            Image::new([
                helper("linux/amd64", "v2.0.0"),
                helper("linux/arm64", "v2.0.0"),
                go("linux/ppc64le", "go1.23", ""),
            ]),
        )
        .besides(&["ParityFiles warning linux/ppc64le /usr/local/bin/helper"]),
    ]
}

fn images() -> Vec<Case> {
    const REVISION: &str = "org.opencontainers.image.revision";
    const VERSION: &str = "org.opencontainers.image.version";
    let labelled = |name: &'static str, usual: &'static str, odd: &'static str| {
        but_for("linux/386", move |it| it.label(name, usual), move |it| it.label(name, odd))
    };
    let made = |usual: &'static str, odd: &'static str| {
        but_for("linux/386", move |it| it.created(usual), move |it| it.created(odd))
    };
    vec![
        caught(
            RULE.rule,
            "a label's revision",
            labelled(REVISION, "abc", "abd"),
            &["warning linux/386 -"],
        ),
        caught(
            RULE.rule,
            "a label's version",
            labelled(VERSION, "1.2", "1.1"),
            &["warning linux/386 -"],
        ),
        caught(
            RULE.rule,
            "forgotten for half a year",
            made("2026-06-30T10:00:00.5Z", "2026-01-01T10:00:00Z"),
            &["note linux/386 -"],
        ),
        silent(RULE.rule, "another label", labelled("maintainer", "a", "b")),
        silent(
            RULE.rule,
            "a version that names the platform",
            three(|name| {
                let version = match name {
                    "linux/386" => "386-1.2",
                    "linux/amd64" => "amd64-1.2",
                    _ => "arm64-1.2",
                };
                Variant::healthy(name).label(VERSION, version)
            }),
        ),
        silent(RULE.rule, "made weeks apart", made("2026-06-30T10:00:00Z", "2026-06-01T10:00:00Z")),
        silent(RULE.rule, "no time at all", made("2026-06-30T10:00:00Z", "1970-01-01T00:00:00Z")),
        silent(RULE.rule, "a time that is none", made("2026-06-30T10:00:00Z", "yesterday")),
    ]
}

fn packages() -> Vec<Case> {
    const DPKG: &str = "var/lib/dpkg/status";
    const DISTROLESS: &str = "var/lib/dpkg/status.d/libc6";
    const APK: &str = "lib/apk/db/installed";
    let list = |path: &'static str, usual: String, odd: String| {
        but_for(
            "linux/386",
            move |it| it.layer(Layer::new().file(path, 0o644, &usual)),
            move |it| it.layer(Layer::new().file(path, 0o644, &odd)),
        )
    };
    let dpkg = |version: &str| {
        format!("Package: libc6\nStatus: install ok installed\nVersion: {version}\n")
    };
    let group = |time: &str| format!("C:Q1a=\nP:.rundeps\nV:{time}\n");
    let apk = |version: &str| format!("C:Q1a=\nP:musl\nV:{version}\n");
    let odd = &["note linux/386 -"];
    vec![
        caught(RULE.rule, "an older package", list(DPKG, dpkg("2.41-12"), dpkg("2.41-11")), odd),
        caught(RULE.rule, "of distroless", list(DISTROLESS, dpkg("2.41-12"), dpkg("2.36-9")), odd),
        silent(
            RULE.rule,
            "apk's groups, which have a time for a version",
            list(APK, group("20250124.193449"), group("20250124.193512")),
        ),
        caught(RULE.rule, "of apk", list(APK, apk("1.2.5-r9"), apk("1.2.4-r9")), odd),
        silent(RULE.rule, "the same package", list(DPKG, dpkg("2.41-12"), dpkg("2.41-12"))),
        silent(
            RULE.rule,
            "the same sources again",
            list(DPKG, dpkg("2.41-12"), dpkg("2.41-12+b1")),
        ),
        silent(RULE.rule, "the same sources of apk", list(APK, apk("1.2.5-r9"), apk("1.2.5-r10"))),
        silent(
            RULE.rule,
            "a package of one architecture",
            list(DPKG, dpkg("2.41-12"), dpkg("2.41-12").replace("libc6", "libx86")),
        ),
    ]
}
