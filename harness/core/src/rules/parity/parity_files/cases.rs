use crate::fixture::{Image, Layer, Variant};
use crate::rules::parity::parity_files::RULE;
use crate::rules::tests::parity::{but_for, three};
use crate::rules::tests::{Case, caught, silent};

pub(in crate::rules) fn cases() -> Vec<Case> {
    let script =
        |path: &'static str| move |it: Variant| it.layer(Layer::new().executable(path, "#!/app\n"));
    let data =
        |path: &'static str| move |it: Variant| it.layer(Layer::new().file(path, 0o644, "x"));
    let plain = |it: Variant| it;
    vec![
        caught(
            RULE.rule,
            "one has no such command",
            but_for("linux/arm64", script("usr/local/bin/report"), plain),
            &["warning linux/arm64 /usr/local/bin/report"],
        ),
        caught(
            RULE.rule,
            "a folder is missing on one, and all that is in it with it",
            but_for(
                "linux/386",
                |it| it.layer(Layer::new().file("app.d/a", 0o644, "x").file("app.d/b", 0o644, "x")),
                plain,
            ),
            &["note linux/386 -"],
        ),
        caught(
            RULE.rule,
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
        silent(
            RULE.rule,
            "the same everywhere",
            three(|it| data("srv/data")(Variant::healthy(it))),
        ),
        silent(
            RULE.rule,
            "names that differ by the architecture",
            Image::new([
                data("opt/tool-amd64/x86_64-linux-gnu/data")(Variant::healthy("linux/amd64")),
                data("opt/tool-arm64/aarch64-linux-gnu/data")(Variant::healthy("linux/arm64")),
            ]),
        ),
        silent(
            RULE.rule,
            "what packages bring along",
            but_for("linux/arm64", data("usr/lib/libquadmath.so"), plain),
        ),
        silent(
            RULE.rule,
            "a whole distribution that was copied",
            but_for(
                "linux/arm64",
                |it| data("usr/lib/data")(it).made_by(&["", "COPY / / # buildkit"]),
                plain,
            ),
        ),
        silent(
            RULE.rule,
            "the command in another folder of PATH",
            but_for("linux/arm64", script("usr/local/bin/report"), script("usr/bin/report")),
        ),
        silent(
            RULE.rule,
            "what comes and goes",
            but_for("linux/arm64", data("root/.cache/data"), plain),
        ),
        silent(
            RULE.rule,
            "few have it",
            but_for("linux/arm64", plain, script("usr/local/bin/report")),
        ),
    ]
}
