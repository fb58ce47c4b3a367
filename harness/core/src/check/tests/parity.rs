use std::collections::BTreeMap;

use globset::Glob;

use super::run::run;
use super::{Case, Expectations, Rule, RunExpectation, caught, silent};
use crate::check::Parity;
use crate::evidence::run::{Extent, RunEnd, RunEvidence};
use crate::fixture::{ElfFile, Image, Layer, Variant};

pub(super) fn cases() -> Vec<Case> {
    [output(), files(), identical(), builds(), images(), packages(), linkage(), links(), data()]
        .into_iter()
        .flatten()
        .collect()
}

const PLATFORMS: [&str; 3] = ["linux/386", "linux/amd64", "linux/arm64"];

/// Three platforms of one image.
fn three(variant: impl Fn(&'static str) -> Variant) -> Image {
    Image::of(PLATFORMS.map(variant))
}

/// An image of which one variant is different.
fn but_for(
    odd: &'static str,
    usual: impl Fn(Variant) -> Variant,
    other: impl Fn(Variant) -> Variant,
) -> Image {
    three(|name| {
        let variant = Variant::healthy(name);
        if name == odd { other(variant) } else { usual(variant) }
    })
}

impl Case {
    fn printing(self, outputs: [&str; 3]) -> Self {
        self.after_each(outputs.map(|it| run(RunEnd::Exited { code: 0 }, it)))
    }

    /// The case demands the same output, but for lines of these patterns.
    fn demanding(self, except: &[&str]) -> Self {
        let except = except.iter().map(|it| Glob::new(it).expect("a pattern").compile_matcher());
        let parity = Parity::Same { except: except.collect() };
        let run = RunExpectation { parity, ..RunExpectation::default() };
        Self { expectations: Expectations { run, ..self.expectations }, ..self }
    }
}

fn output() -> Vec<Case> {
    use Rule::ParityOutput as Output;
    let image = || three(Variant::healthy);
    let short = ["Usage\n --sqlite\n", "Usage\n --sqlite\n", "Usage\n"];
    vec![
        silent(Output, "the makers in triplets", image())
            .printing([
                "bash (i686-pc-linux-gnu)",
                "bash (x86_64-pc-linux-gnu)",
                "bash (aarch64-unknown-linux-gnu)",
            ])
            .demanding(&[]),
        caught(Output, "a line less on one", image(), &["note linux/arm64 -"]).printing(short),
        caught(Output, "and nothing may differ", image(), &["error linux/arm64 -"])
            .printing(short)
            .demanding(&[]),
        caught(Output, "another line than the ones that may", image(), &["error linux/arm64 -"])
            .printing(short)
            .demanding(&["Usage*"]),
        caught(Output, "another platform's name", image(), &["error linux/arm64 -"])
            .printing(["tool 386", "tool amd64", "tool s390x"])
            .demanding(&[]),
        silent(Output, "the name of the platform that built it", image())
            .printing(["built on amd64"; 3])
            .demanding(&[]),
        caught(Output, "the same lines in another order", image(), &["error linux/386 -"])
            .printing(["b\na\n", "a\nb\n", "a\nb\n"])
            .demanding(&[]),
        silent(Output, "the same", image()).printing(["Usage\n"; 3]).demanding(&[]),
        silent(Output, "its own platform's names", image())
            .printing(["tool linux/386", "tool linux/amd64", "tool linux/arm64"])
            .demanding(&[]),
        silent(Output, "a number that is a platform's name as well", image())
            .printing(["386 files"; 3])
            .demanding(&[]),
        silent(Output, "a line that may differ", image())
            .printing(["a\n built 1\n", "a\n built 2\n", "a\n built 3\n"])
            .demanding(&["built *"]),
        caught(
            Rule::RunForeignExecutable,
            "what was refused would have printed something",
            image(),
            &["error linux/arm64 /tmp/helper"],
        )
        .after_each([
            run(RunEnd::Exited { code: 0 }, "a"),
            run(RunEnd::Exited { code: 0 }, "a"),
            RunEvidence {
                foreign: vec!["/tmp/helper".to_owned()],
                ..run(RunEnd::Exited { code: 0 }, "b")
            },
        ]),
        caught(
            Output,
            "one that failed, where all have to print the same",
            image(),
            &["error linux/arm64 -"],
        )
        .after_each([
            run(RunEnd::Exited { code: 0 }, "a"),
            run(RunEnd::Exited { code: 0 }, "a"),
            run(RunEnd::Exited { code: 1 }, ""),
        ])
        .demanding(&[])
        .besides(&["RunFailed error linux/arm64 /app"]),
        caught(
            Output,
            "more than is kept, where all have to print the same",
            image(),
            &["error linux/arm64 -"],
        )
        .after_each([
            run(RunEnd::Exited { code: 0 }, "a"),
            run(RunEnd::Exited { code: 0 }, "a"),
            RunEvidence {
                stdout: crate::evidence::run::Output::new(b"a", Extent::Beginning),
                ..run(RunEnd::Exited { code: 0 }, "")
            },
        ])
        .demanding(&[]),
        silent(Output, "one that could not be run, where all have to print the same", image())
            .after_each([
                run(RunEnd::Exited { code: 0 }, "a"),
                run(RunEnd::Exited { code: 0 }, "a"),
                run(RunEnd::EngineFault { message: "gone".into() }, ""),
            ])
            .demanding(&[]),
        caught(
            Rule::RunFailed,
            "one that fails prints what it wants",
            image(),
            &["error linux/arm64 /app"],
        )
        .after_each([
            run(RunEnd::Exited { code: 0 }, "a"),
            run(RunEnd::Exited { code: 0 }, "a"),
            run(RunEnd::Exited { code: 1 }, "b"),
        ])
        .demanding(&[])
        .besides(&["ParityOutput error linux/arm64 -"]),
    ]
}

fn files() -> Vec<Case> {
    use Rule::ParityFiles as Files;
    let script =
        |path: &'static str| move |it: Variant| it.layer(Layer::new().executable(path, "#!/app\n"));
    let data =
        |path: &'static str| move |it: Variant| it.layer(Layer::new().file(path, 0o644, "x"));
    let plain = |it: Variant| it;
    vec![
        caught(
            Files,
            "one has no such command",
            but_for("linux/arm64", script("usr/local/bin/report"), plain),
            &["warning linux/arm64 /usr/local/bin/report"],
        ),
        caught(
            Files,
            "a folder is missing on one, and all that is in it with it",
            but_for(
                "linux/386",
                |it| it.layer(Layer::new().file("app.d/a", 0o644, "x").file("app.d/b", 0o644, "x")),
                plain,
            ),
            &["note linux/386 -"],
        ),
        caught(
            Files,
            "a file that was copied into the distribution's folders",
            but_for(
                "linux/arm64",
                |it| {
                    script("usr/bin/report")(it).made_by(&["", "COPY report /usr/bin/ # buildkit"])
                },
                plain,
            ),
            &["warning linux/arm64 /usr/bin/report"],
        ),
        silent(Files, "the same everywhere", three(|it| data("srv/data")(Variant::healthy(it)))),
        silent(
            Files,
            "names that differ by the architecture",
            Image::of([
                data("opt/tool-amd64/x86_64-linux-gnu/data")(Variant::healthy("linux/amd64")),
                data("opt/tool-arm64/aarch64-linux-gnu/data")(Variant::healthy("linux/arm64")),
            ]),
        ),
        silent(
            Files,
            "what packages bring along",
            but_for("linux/arm64", data("usr/lib/libquadmath.so"), plain),
        ),
        silent(
            Files,
            "a whole distribution that was copied",
            but_for(
                "linux/arm64",
                |it| data("usr/lib/data")(it).made_by(&["", "COPY / / # buildkit"]),
                plain,
            ),
        ),
        silent(
            Files,
            "the command in another folder of PATH",
            but_for("linux/arm64", script("usr/local/bin/report"), script("usr/bin/report")),
        ),
        silent(
            Files,
            "what comes and goes",
            but_for("linux/arm64", data("root/.cache/data"), plain),
        ),
        silent(Files, "few have it", but_for("linux/arm64", plain, script("usr/local/bin/report"))),
        caught(
            Rule::EntrypointMissing,
            "what is missing of the command is said once",
            but_for("linux/arm64", plain, |_| {
                Variant::new("linux/arm64")
                    .layer(Layer::new().file("data", 0o644, "x"))
                    .entrypoint(&["/app"])
            }),
            &["error linux/arm64 /app"],
        ),
    ]
}

fn identical() -> Vec<Case> {
    use Rule::ParityIdenticalBinary as Identical;
    let arm = |platform: &'static str, lines: &str| {
        let file = ElfFile::of(platform).with_go_build("go1.24", lines).bytes();
        Variant::new(platform).layer(Layer::new().executable("app", file)).entrypoint(&["/app"])
    };
    let lines = |arm: &str| format!("build\tGOARCH=arm\nbuild\tGOARM={arm}\n");
    vec![
        caught(
            Identical,
            "ARMv6 code for ARMv7",
            Image::of([arm("linux/arm/v6", &lines("6")), arm("linux/arm/v7", &lines("6"))]),
            &["note linux/arm/v7 /app"],
        ),
        silent(
            Identical,
            "each its own",
            Image::of([arm("linux/arm/v6", &lines("6")), arm("linux/arm/v7", &lines("7"))]),
        ),
        caught(
            Rule::ElfMachineMismatch,
            "another machine's program is just that",
            Image::of([
                Variant::healthy("linux/amd64"),
                Variant::new("linux/arm64").app("linux/amd64"),
            ]),
            &["error linux/arm64 /app"],
        ),
    ]
}

fn go(platform: &'static str, version: &str, lines: &str) -> Variant {
    let file = ElfFile::of(platform).with_go_build(version, lines).bytes();
    Variant::new(platform).layer(Layer::new().executable("app", file)).entrypoint(&["/app"])
}

fn builds() -> Vec<Case> {
    use Rule::ParityBuildInfo as Info;
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
        caught(Info, "another toolchain", odd("go1.23", LINES), app),
        caught(Info, "another version", odd("go1.24", &LINES.replace("v1.2.3", "v1.2.2")), app),
        caught(Info, "another commit", odd("go1.24", &LINES.replace("=abc", "=abd")), app),
        caught(Info, "changed sources", odd("go1.24", &LINES.replace("false", "true")), app),
        caught(Info, "other tags", odd("go1.24", &LINES.replace("sqlite", "pure")), app),
        caught(Info, "C on one alone", odd("go1.24", &LINES.replace("LED=0", "LED=1")), app),
        caught(
            Info,
            "an older helper on one",
            Image::of([helper("linux/amd64", "v2.0.0"), helper("linux/arm64", "v1.9.0")]),
            &["warning linux/arm64 /usr/local/bin/helper"],
        ),
        silent(Info, "one build", odd("go1.24", LINES)),
        silent(
            Info,
            "what names the platform differs",
            odd("go1.24", &format!("{LINES}build\tGOARCH=arm64\nbuild\tGOARM64=v8.0\n")),
        ),
        silent(
            Info,
            "other programs",
            Image::of([
                helper("linux/amd64", "v2.0.0"),
                helper("linux/arm64", "v2.0.0"),
                go("linux/ppc64le", "go1.23", ""),
            ]),
        )
        .besides(&["ParityFiles warning linux/ppc64le /usr/local/bin/helper"]),
    ]
}

fn images() -> Vec<Case> {
    use Rule::ParityBuildInfo as Info;
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
            Info,
            "a label's revision",
            labelled(REVISION, "abc", "abd"),
            &["warning linux/386 -"],
        ),
        caught(
            Info,
            "a label's version",
            labelled(VERSION, "1.2", "1.1"),
            &["warning linux/386 -"],
        ),
        caught(
            Info,
            "forgotten for half a year",
            made("2026-06-30T10:00:00.5Z", "2026-01-01T10:00:00Z"),
            &["note linux/386 -"],
        ),
        silent(Info, "another label", labelled("maintainer", "a", "b")),
        silent(
            Info,
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
        silent(Info, "made weeks apart", made("2026-06-30T10:00:00Z", "2026-06-01T10:00:00Z")),
        silent(Info, "no time at all", made("2026-06-30T10:00:00Z", "1970-01-01T00:00:00Z")),
        silent(Info, "a time that is none", made("2026-06-30T10:00:00Z", "yesterday")),
    ]
}

fn packages() -> Vec<Case> {
    use Rule::ParityBuildInfo as Info;
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
        caught(Info, "an older package", list(DPKG, dpkg("2.41-12"), dpkg("2.41-11")), odd),
        caught(Info, "of distroless", list(DISTROLESS, dpkg("2.41-12"), dpkg("2.36-9")), odd),
        silent(
            Info,
            "apk's groups, which have a time for a version",
            list(APK, group("20250124.193449"), group("20250124.193512")),
        ),
        caught(Info, "of apk", list(APK, apk("1.2.5-r9"), apk("1.2.4-r9")), odd),
        silent(Info, "the same package", list(DPKG, dpkg("2.41-12"), dpkg("2.41-12"))),
        silent(Info, "the same sources again", list(DPKG, dpkg("2.41-12"), dpkg("2.41-12+b1"))),
        silent(Info, "the same sources of apk", list(APK, apk("1.2.5-r9"), apk("1.2.5-r10"))),
        silent(
            Info,
            "a package of one architecture",
            list(DPKG, dpkg("2.41-12"), dpkg("2.41-12").replace("libc6", "libx86")),
        ),
    ]
}

fn linkage() -> Vec<Case> {
    use Rule::ParityLinkage as Linkage;
    /// Each with its own loader.
    fn dynamic(name: &'static str, libc: &str) -> Variant {
        let loaders = BTreeMap::from([
            (("linux/amd64", "glibc"), "/lib64/ld-linux-x86-64.so.2"),
            (("linux/arm64", "glibc"), "/lib/ld-linux-aarch64.so.1"),
            (("linux/amd64", "musl"), "/lib/ld-musl-x86_64.so.1"),
            (("linux/arm64", "musl"), "/lib/ld-musl-aarch64.so.1"),
        ]);
        let loader = loaders[&(name, libc)];
        let app = ElfFile::of(name).with_interpreter(loader).bytes();
        let layer = Layer::new().executable("app", app);
        let layer = layer.executable(&loader[1..], ElfFile::of(name).shared().bytes());
        Variant::new(name).layer(layer).entrypoint(&["/app"])
    }
    let app = &["warning linux/arm64 /app"];
    vec![
        caught(
            Linkage,
            "dynamic on one alone",
            Image::of([Variant::healthy("linux/amd64"), dynamic("linux/arm64", "musl")]),
            app,
        ),
        caught(
            Linkage,
            "another C library",
            Image::of([dynamic("linux/amd64", "glibc"), dynamic("linux/arm64", "musl")]),
            app,
        ),
        silent(
            Linkage,
            "the same C library by another loader",
            Image::of([dynamic("linux/amd64", "glibc"), dynamic("linux/arm64", "glibc")]),
        ),
        silent(Linkage, "static everywhere", three(Variant::healthy)),
    ]
}

fn links() -> Vec<Case> {
    use Rule::ParityData as Data;
    const CERTIFICATES: [&str; 2] = ["etc/ssl/certs/a.pem", "etc/ssl/certs/b.pem"];
    let certificates = |names: &[&str], links: &[&str]| {
        let layer = names.iter().fold(Layer::new(), |it, name| it.file(name, 0o644, "x"));
        links.iter().fold(layer, |it, hash| it.symlink(&format!("etc/ssl/certs/{hash}.0"), "a.pem"))
    };
    let image = |names: &'static [&str], links: &'static [&str]| {
        but_for(
            "linux/386",
            move |it| it.layer(certificates(&CERTIFICATES, &["0a1b2c3d", "1a1b2c3d"])),
            move |it| it.layer(certificates(names, links)),
        )
    };
    vec![
        caught(
            Data,
            "no links at all",
            image(&CERTIFICATES, &[]),
            &["warning linux/386 /etc/ssl/certs"],
        ),
        caught(
            Data,
            "a link less",
            image(&CERTIFICATES, &["0a1b2c3d"]),
            &["warning linux/386 /etc/ssl/certs"],
        ),
        silent(Data, "as many links", image(&CERTIFICATES, &["2a1b2c3d", "3a1b2c3d"])),
        silent(Data, "other certificates", image(&CERTIFICATES[..1], &["2a1b2c3d"])),
    ]
}

fn data() -> Vec<Case> {
    use Rule::ParityData as Data;
    const FONTS: &str = "usr/share/fonts/X11/misc/fonts.dir";
    const BUNDLE: &str = "etc/ssl/certs/ca-certificates.crt";
    const INDEX: &str = "3\na.pcf\nb.pcf\nc.pcf\n";
    let file = |path: &'static str, bytes: &'static str| {
        move |it: Variant| it.layer(Layer::new().file(path, 0o644, bytes))
    };
    vec![
        caught(
            Data,
            "an index that lists nothing",
            but_for("linux/386", file(FONTS, INDEX), file(FONTS, "0\n")),
            &["warning linux/386 /usr/share/fonts/X11/misc/fonts.dir"],
        ),
        caught(
            Data,
            "an empty one",
            but_for("linux/386", file(FONTS, INDEX), file(FONTS, "")),
            &["warning linux/386 /usr/share/fonts/X11/misc/fonts.dir"],
        ),
        caught(
            Data,
            "nothing to trust on one",
            but_for("linux/386", file(BUNDLE, "x"), |it| it),
            &["warning linux/386 -"],
        ),
        silent(
            Data,
            "an index of about the same size",
            but_for("linux/386", file(FONTS, INDEX), file(FONTS, "2\na.pcf\nb.pcf\n")),
        ),
        silent(
            Data,
            "documentation",
            but_for(
                "linux/386",
                file("usr/share/doc/a/changelog", INDEX),
                file("usr/share/doc/a/changelog", "x"),
            ),
        ),
        silent(Data, "where nobody trusts anybody", three(Variant::healthy)),
    ]
}
