use crate::fixture::{Layer, Variant};
use crate::rules::entrypoint::user_missing::RULE;
use crate::rules::tests::entrypoint::{ACCOUNTS, debian};
use crate::rules::tests::{Case, caught, silent};

pub(in crate::rules) fn cases() -> Vec<Case> {
    let found: &[&str] = &["error linux/amd64 -"];
    let run_by = |user| debian().entrypoint(&["/bin/sh"]).user(user);
    let scratch_by = |user| Variant::healthy("linux/amd64").user(user);
    vec![
        caught(RULE.rule, "adduser did not run on this platform", run_by("nonroot"), found),
        caught(RULE.rule, "a number that no engine takes", run_by("4294967296"), found),
        caught(RULE.rule, "a number that only the kernel takes", run_by("2147483648"), found),
        caught(RULE.rule, "a group of such a number", run_by("0:2147483648"), found),
        silent(RULE.rule, "the largest number", run_by("2147483647:2147483647")),
        caught(RULE.rule, "the group is not there", run_by("app:nogroup"), found),
        caught(RULE.rule, "a name on scratch", scratch_by("nobody"), found),
        caught(RULE.rule, "a negative number is a name", run_by("-1"), found),
        silent(RULE.rule, "a name", run_by("app")),
        silent(RULE.rule, "a name and a group", run_by("app:staff")),
        silent(RULE.rule, "a name and an empty group", run_by("app:")),
        silent(RULE.rule, "a number and a group", run_by("1000:staff")),
        silent(RULE.rule, "numbers need no tables", scratch_by("65532:65532")),
        silent(RULE.rule, "nobody in particular is root", scratch_by("")),
        silent(
            RULE.rule,
            "a table behind a link, as Nix makes it",
            Variant::healthy("linux/amd64")
                .layer(
                    Layer::new()
                        .file("nix/store/1-fake-nss/etc/passwd", 0o444, ACCOUNTS)
                        .symlink("etc/passwd", "/nix/store/1-fake-nss/etc/passwd"),
                )
                .user("app"),
        ),
        silent(
            RULE.rule,
            "a table that is kept under another name was not read",
            Variant::healthy("linux/amd64")
                .layer(
                    Layer::new()
                        .file("nix/store/1-users", 0o444, "nix:x:1:1::/:/bin/sh")
                        .symlink("etc/passwd", "/nix/store/1-users"),
                )
                .user("nix"),
        ),
    ]
}
