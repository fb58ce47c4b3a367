use crate::evidence::run::{Extent, RunEnd, RunEvidence};
use crate::fixture::Variant;
use crate::rules::parity::parity_output::RULE;
use crate::rules::tests::parity::three;
use crate::rules::tests::run::run;
use crate::rules::tests::{Case, caught, silent};

pub(in crate::rules) fn cases() -> Vec<Case> {
    let image = || three(Variant::healthy);
    let short = ["Usage\n --sqlite\n", "Usage\n --sqlite\n", "Usage\n"];
    vec![
        silent(RULE.rule, "the makers in triplets", image())
            .printing([
                "bash (i686-pc-linux-gnu)",
                "bash (x86_64-pc-linux-gnu)",
                "bash (aarch64-unknown-linux-gnu)",
            ])
            .demanding(&[]),
        caught(RULE.rule, "a line less on one", image(), &["note linux/arm64 -"]).printing(short),
        caught(RULE.rule, "and nothing may differ", image(), &["error linux/arm64 -"])
            .printing(short)
            .demanding(&[]),
        caught(RULE.rule, "another line than the ones that may", image(), &["error linux/arm64 -"])
            .printing(short)
            .demanding(&["Usage*"]),
        caught(RULE.rule, "another platform's name", image(), &["error linux/arm64 -"])
            .printing(["tool 386", "tool amd64", "tool s390x"])
            .demanding(&[]),
        silent(RULE.rule, "the name of the platform that built it", image())
            .printing(["built on amd64"; 3])
            .demanding(&[]),
        caught(RULE.rule, "the same lines in another order", image(), &["error linux/386 -"])
            .printing(["b\na\n", "a\nb\n", "a\nb\n"])
            .demanding(&[]),
        silent(RULE.rule, "the same", image()).printing(["Usage\n"; 3]).demanding(&[]),
        silent(RULE.rule, "its own platform's names", image())
            .printing(["tool linux/386", "tool linux/amd64", "tool linux/arm64"])
            .demanding(&[]),
        silent(RULE.rule, "a number that is a platform's name as well", image())
            .printing(["386 files"; 3])
            .demanding(&[]),
        silent(RULE.rule, "a line that may differ", image())
            .printing(["a\n built 1\n", "a\n built 2\n", "a\n built 3\n"])
            .demanding(&["built *"]),
        caught(
            RULE.rule,
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
            RULE.rule,
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
        silent(RULE.rule, "one that could not be run, where all have to print the same", image())
            .after_each([
                run(RunEnd::Exited { code: 0 }, "a"),
                run(RunEnd::Exited { code: 0 }, "a"),
                run(RunEnd::EngineFault { message: "gone".into() }, ""),
            ])
            .demanding(&[]),
    ]
}
