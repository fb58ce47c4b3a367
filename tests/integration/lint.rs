//! Dockerfiles by themselves: no engine is reached, because none is there.

use crate::common::{Project, Said, archproof, assert_matches_schema, root};
use rstest::rstest;
use serde_json::Value;

const SHADOWED: &str = "FROM debian\nARG TARGETARCH=amd64\nRUN fetch $TARGETARCH\n";
const HEALTHY: &str = "FROM debian\nARG TARGETARCH\nRUN fetch $TARGETARCH\n";
const WARNED: &str = "FROM debian\nRUN fetch $TARGETARCH\n";

/// `archproof lint` where no engine answers.
fn lint(project: &Project, file: &str, arguments: &[&str]) -> Said {
    let mut command = archproof();
    command.env("DOCKER_HOST", "unix:///nowhere/docker.sock");
    Said::by(command.current_dir(project.folder()).arg("lint").arg(file).args(arguments))
}

#[test]
fn a_finding_says_where_why_and_what_the_line_should_be() {
    let said = lint(&Project::new(&[("Dockerfile", SHADOWED)]), "Dockerfile", &[]);
    assert_eq!(said.status, Some(1), "{said}");
    let expected = "\
Dockerfile
Dockerfile:2:5: error[PlatformArgShadowed]: ARG sets TARGETARCH to `amd64` and overrides BuildKit's own value, which is wrong for linux/arm64
  help: ARG TARGETARCH
fail: 1 error
";
    assert_eq!(said.stdout, expected, "{said}");
    assert_eq!(said.stderr, "", "{said}");
}

#[rstest]
#[case::healthy(HEALTHY, &[], 0)]
#[case::healthy_strictly(HEALTHY, &["--strict"], 0)]
#[case::error(SHADOWED, &[], 1)]
#[case::warning(WARNED, &[], 0)]
#[case::warning_strictly(WARNED, &["--strict"], 1)]
#[case::no_dockerfile("COPPY a b\n", &[], 2)]
#[case::wrong_platform(HEALTHY, &["--platform", "linux/arm64/v7"], 2)]
#[case::target(SHADOWED, &["--target", "0"], 1)]
#[case::no_target(SHADOWED, &["--target", "nosuch"], 2)]
fn the_exit_status_says_what_was_found(
    #[case] text: &str,
    #[case] arguments: &[&str],
    #[case] status: i32,
) {
    let said = lint(&Project::new(&[("Dockerfile", text)]), "Dockerfile", arguments);
    assert_eq!(said.status, Some(status), "{said}");
}

#[rstest]
#[case::syntax(
    "Dockerfile",
    "cannot parse Dockerfile\n  because: line 2, column 1: `COPPY` is not an instruction"
)]
#[case::missing("nosuch/Dockerfile", "`nosuch/Dockerfile` does not exist")]
#[case::image(
    "registry:example.com/x",
    "`registry:example.com/x` does not exist: name a Dockerfile, or a folder with one"
)]
fn what_cannot_be_read_is_named(#[case] name: &str, #[case] message: &str) {
    let said = lint(&Project::new(&[("Dockerfile", "FROM x\nCOPPY a b\n")]), name, &[]);
    assert_eq!(said.status, Some(2), "{said}");
    assert!(format!("{said}").contains(message), "{said}");
}

#[test]
fn a_stage_that_is_not_there_is_named_with_those_that_are() {
    let project = Project::new(&[("Dockerfile", "FROM a AS one\nFROM b\nFROM c AS Two\n")]);
    let said = lint(&project, "Dockerfile", &["--target", "three"]);
    assert_eq!(said.status, Some(2), "{said}");
    let message = "Dockerfile has no stage `three`; there is `one`, `two`";
    assert!(format!("{said}").contains(message), "{said}");
}

#[test]
fn comments_may_have_any_bytes() {
    let project = Project::new(&[]);
    let text = [b"# M\xfcller\n", SHADOWED.as_bytes()].concat();
    std::fs::write(project.path("Dockerfile"), text).expect("a file");
    let said = lint(&project, "Dockerfile", &[]);
    assert!(said.stdout.contains("Dockerfile:3:5"), "{said}");
}

#[test]
fn the_json_report_follows_its_contract() {
    let project = Project::new(&[("Dockerfile", SHADOWED), ("Broken", "FROM\n")]);
    let said = lint(&project, "Dockerfile", &["Broken", "--output", "json"]);
    let report: Value = serde_json::from_str(&said.stdout).expect("JSON");
    assert_matches_schema(&report, "report");
    let finding = &report["subjects"][0]["findings"][0];
    assert_eq!(finding["rule"], "PlatformArgShadowed");
    assert_eq!(finding["position"]["dockerfile"], "Dockerfile");
    assert_eq!(
        (&finding["position"]["line"], &finding["position"]["column"]),
        (&2.into(), &5.into())
    );
    assert_eq!(finding["suggestion"], "ARG TARGETARCH");
    assert_eq!(report["subjects"][1]["blocked"]["stage"], "dockerfile");
    assert_eq!(said.status, Some(1), "what is wrong outweighs what could not be read");
}

#[test]
fn platforms_are_the_users_the_cases_the_environments_or_the_file_names() {
    let text = "FROM debian\nADD https://example.com/tool-aarch64 /tool\n";
    let case = "[build]\nplatforms = [\"linux/arm64\"]\n";
    let project = Project::new(&[("Dockerfile", text), ("Dockerfile.arm64", text)]);
    let of_case = Project::new(&[("Dockerfile", text), ("case.toml", case)]);
    let count = |said: &Said| said.stdout.matches("ArchHardcoded").count();
    assert_eq!(count(&lint(&project, "Dockerfile", &[])), 1);
    assert_eq!(count(&lint(&project, "Dockerfile", &["--platform", "arm64"])), 0);
    assert_eq!(count(&lint(&project, "Dockerfile.arm64", &[])), 0);
    assert_eq!(
        count(&lint(&project, "Dockerfile.arm64", &["--platform", "all"])),
        0,
        "it says what it is for"
    );
    assert_eq!(count(&lint(&of_case, ".", &[])), 0);
    let said = Said::by(
        archproof()
            .current_dir(project.folder())
            .args(["lint", "Dockerfile"])
            .env("DOCKER_DEFAULT_PLATFORM", "linux/arm64"),
    );
    assert_eq!(count(&said), 0, "{said}");
}

#[test]
fn what_the_case_accepts_or_expects_does_not_fail() {
    let case = "[[allow]]\nrule = \"PlatformArgShadowed\"\nreason = \"amd64 alone is built\"\n";
    let allowed = Project::new(&[("Dockerfile", SHADOWED), ("case.toml", case)]);
    let said = lint(&allowed, ".", &[]);
    assert_eq!(said.status, Some(0), "{said}");
    assert!(said.stdout.contains("(allowed: amd64 alone is built)"), "{said}");

    let case =
        "[expect]\nfindings = [\"PlatformArgShadowed\", \"ElfMachineMismatch /x linux/arm64\"]\n";
    let expected = Project::new(&[("Dockerfile", SHADOWED), ("case.toml", case)]);
    assert_eq!(lint(&expected, ".", &[]).status, Some(0));
    let suggestion = Project::new(&[("Dockerfile", HEALTHY), ("case.toml", case)]);
    let said = lint(&suggestion, ".", &[]);
    assert_eq!(said.status, Some(1), "{said}");
    assert!(said.stdout.contains("missed PlatformArgShadowed"), "{said}");
}

/// Every case knows what its Dockerfile gets wrong.
#[test]
fn the_cases_get_what_they_expect() {
    let entries = |folder: &str| std::fs::read_dir(root().join(folder)).expect("the cases");
    let folders = entries("cases").chain(entries("cases/official"));
    let folders = folders.map(|it| it.expect("a case").path());
    let folders = folders.filter(|it| it.join("case.toml").exists());
    let said = Said::by(archproof().arg("lint").args(folders));
    assert_eq!(said.status, Some(0), "{said}");
}

#[test]
fn arguments_and_the_target_are_taken_into_account() {
    let text = "ARG BASE\nFROM debian AS a\nARG TARGETARCH=amd64\nRUN fetch $TARGETARCH\nFROM ${BASE}-$TARGETARCH AS b\n";
    let project = Project::new(&[("Dockerfile", text)]);
    assert_eq!(lint(&project, "Dockerfile", &[]).status, Some(0));
    assert_eq!(lint(&project, "Dockerfile", &["--target", "a"]).status, Some(1));
    let given = ["--target", "a", "--build-arg", "TARGETARCH=arm64"];
    assert_eq!(lint(&project, "Dockerfile", &given).status, Some(0));
}
