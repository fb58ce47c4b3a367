use crate::expectation::Expectations;
use crate::fixture::{Layer, Variant, program};
use crate::launch::Arguments;
use crate::rules::entrypoint::entrypoint_missing::RULE;
use crate::rules::tests::entrypoint::debian;
use crate::rules::tests::{Case, caught, silent};

pub(super) fn cases() -> Vec<Case> {
    [missing(), shell()].into_iter().flatten().collect()
}

fn missing() -> Vec<Case> {
    let tool = || Layer::new().executable("opt/tool", program("linux/amd64"));
    vec![
        caught(
            RULE.rule,
            "the file was not copied on this platform",
            debian().entrypoint(&["/usr/local/bin/app"]),
            &["error linux/amd64 /usr/local/bin/app"],
        ),
        caught(
            RULE.rule,
            "no directory of PATH has it",
            debian().layer(tool()).entrypoint(&["tool"]).env(&["PATH=/usr/bin:/bin"]),
            &["error linux/amd64 tool"],
        ),
        caught(RULE.rule, "neither ENTRYPOINT nor CMD", debian(), &["note linux/amd64 -"]),
        caught(
            RULE.rule,
            "a link to nowhere",
            debian().layer(Layer::new().symlink("app", "/opt/app-amd64")).entrypoint(&["/app"]),
            &["error linux/amd64 /app"],
        ),
        caught(
            RULE.rule,
            "links in a circle",
            debian().layer(Layer::new().symlink("a", "b").symlink("b", "a")).entrypoint(&["/a"]),
            &["error linux/amd64 /a"],
        ),
        caught(
            RULE.rule,
            "a path through a file",
            debian().layer(tool()).entrypoint(&["/opt/tool/tool"]),
            &["error linux/amd64 /opt/tool/tool"],
        ),
        caught(
            RULE.rule,
            "relative, and the working directory is another",
            debian().layer(tool()).entrypoint(&["./tool"]).working_dir("/srv"),
            &["error linux/amd64 ./tool"],
        ),
        caught(
            RULE.rule,
            "a later layer hides it",
            debian()
                .layer(tool())
                .layer(Layer::new().whiteout("opt/tool"))
                .entrypoint(&["/opt/tool"]),
            &["error linux/amd64 /opt/tool"],
        ),
        silent(RULE.rule, "a link in the directory", debian().entrypoint(&["/bin/dash"])),
        silent(RULE.rule, "a link in the name", debian().entrypoint(&["/bin/sh"])),
        silent(RULE.rule, "found in the engine's own PATH", debian().entrypoint(&["dash"])),
        silent(
            RULE.rule,
            "found in the image's PATH, of which the last one counts",
            debian().layer(tool()).entrypoint(&["tool"]).env(&["PATH=/bin", "PATH=/sbin:/opt"]),
        ),
        silent(
            RULE.rule,
            "the first of that name may not be executed, the second may",
            debian()
                .layer(tool().file("srv/tool", 0o644, "no program"))
                .entrypoint(&["tool"])
                .env(&["PATH=/srv:/opt"]),
        ),
        silent(
            RULE.rule,
            "a directory of that name comes first",
            debian()
                .layer(tool().directory("srv/tool"))
                .entrypoint(&["tool"])
                .env(&["PATH=/srv:/opt"]),
        ),
        silent(
            RULE.rule,
            "relative to the working directory",
            debian().layer(tool()).entrypoint(&["./tool"]).working_dir("/opt"),
        ),
        silent(
            RULE.rule,
            "an empty entry of PATH is the working directory",
            debian().layer(tool()).entrypoint(&["tool"]).env(&["PATH=/bin:"]).working_dir("/opt/"),
        ),
        silent(RULE.rule, "CMD alone", debian().cmd(&["/bin/sh", "-l"])),
        Case {
            expectations: Expectations {
                arguments: Arguments::Given(vec!["dash".into()]),
                run: crate::expectation::RunExpectation::default(),
                trace: crate::expectation::TraceExpectation::default(),
            },
            ..silent(RULE.rule, "no command, but words for the run", debian())
        },
    ]
}

fn shell() -> Vec<Case> {
    let scratch = || Variant::healthy("linux/amd64").entrypoint(&[]);
    vec![caught(
        RULE.rule,
        "-c is some other program's option",
        scratch().entrypoint(&["/server", "-c", "server.conf"]),
        &["error linux/amd64 /server"],
    )]
}
