use crate::elf::ElfType;
use crate::fixture::{ElfFile, Layer, program};
use crate::rules::entrypoint::entrypoint_not_executable::RULE;
use crate::rules::tests::entrypoint::{debian, starting};
use crate::rules::tests::{Case, caught, silent};

pub(super) fn cases() -> Vec<Case> {
    [not_executable(), permissions()].into_iter().flatten().collect()
}

fn not_executable() -> Vec<Case> {
    let app: &[&str] = &["error linux/amd64 /app"];
    let object = ElfFile::of("linux/amd64").with_type(ElfType::REL).bytes();
    let with_mode = |mode| {
        debian().layer(Layer::new().file("app", mode, program("linux/amd64"))).entrypoint(&["/app"])
    };
    vec![
        caught(RULE.rule, "COPY kept a mode without x", with_mode(0o644), app),
        caught(RULE.rule, "a text without `#!`", starting("echo hello\n"), app),
        caught(RULE.rule, "an empty file", starting(""), app),
        caught(RULE.rule, "an object file", starting(object), app),
        caught(
            RULE.rule,
            "a directory",
            debian().layer(Layer::new().directory("app")).entrypoint(&["/app"]),
            app,
        ),
        caught(
            RULE.rule,
            "a device",
            debian().layer(Layer::new().device("app")).entrypoint(&["/app"]),
            app,
        ),
        caught(
            RULE.rule,
            "the script may be executed, its interpreter may not",
            starting("#!/opt/sh\n").layer(Layer::new().file(
                "opt/sh",
                0o644,
                program("linux/amd64"),
            )),
            &["error linux/amd64 /opt/sh"],
        ),
        caught(
            RULE.rule,
            "all that PATH has of that name may not be executed",
            debian().layer(Layer::new().file("usr/bin/app", 0o600, "")).entrypoint(&["app"]),
            &["error linux/amd64 /usr/bin/app"],
        ),
        silent(RULE.rule, "root needs one x bit, whosever", with_mode(0o001)),
        silent(RULE.rule, "a script named as a table of accounts is", {
            let script = Layer::new().executable("usr/local/bin/group", "#!/bin/sh\n");
            debian().layer(script).entrypoint(&["group"])
        }),
    ]
}

fn permissions() -> Vec<Case> {
    let app: &[&str] = &["error linux/amd64 /app"];
    let owned = |uid, gid, mode| {
        let layer = Layer::new().owned_by(uid, gid).file("app", mode, program("linux/amd64"));
        debian().layer(layer).entrypoint(&["/app"])
    };
    vec![
        caught(
            RULE.rule,
            "root's alone, and the image runs as another",
            owned(0, 0, 0o700).user("app"),
            app,
        ),
        caught(
            RULE.rule,
            "the owner's bit decides for the owner",
            owned(1000, 0, 0o655).user("app"),
            app,
        ),
        caught(
            RULE.rule,
            "the group's bit decides for the group",
            owned(0, 2000, 0o705).user("app"),
            app,
        ),
        caught(
            RULE.rule,
            "a stated group replaces the account's own",
            owned(0, 2000, 0o750).user("app:50"),
            app,
        ),
        caught(
            RULE.rule,
            "a number without an account has root's group",
            owned(0, 1, 0o750).user("4711"),
            app,
        ),
        silent(RULE.rule, "its owner", owned(1000, 0, 0o700).user("app")),
        silent(RULE.rule, "its group", owned(0, 2000, 0o750).user("1000")),
        silent(
            RULE.rule,
            "one of the groups that the account is a member of",
            owned(0, 44, 0o750).user("app"),
        ),
        silent(RULE.rule, "the stated group", owned(0, 50, 0o750).user("app:staff")),
        silent(RULE.rule, "anybody", owned(0, 5, 0o701).user("65532")),
        silent(RULE.rule, "a number is a number, whatever accounts are called", {
            owned(1234, 0, 0o700).user("1234")
        }),
    ]
}
