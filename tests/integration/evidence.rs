//! What was observed is kept in a file, and judged again later as if it had just been observed.

use crate::common::{Project, Said, archproof};
use archproof_core::fixture::{Image, Variant};
use rstest::rstest;

/// Verifies a subject, keeps its evidence, and verifies that where no engine answers.
fn verified_twice(subject: &str, arguments: &[&str]) -> (Said, Said) {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("evidence.json");
    let mut command = archproof();
    let report = format!("evidence={}", file.display());
    command.arg("verify").arg(subject).args(arguments).args(["--report", &report]);
    let first = Said::by(&mut command);
    let mut command = archproof();
    command.env("DOCKER_HOST", "unix:///nowhere.sock").arg("verify");
    command.arg(format!("evidence:{}", file.display())).args(output_of(arguments));
    (first, Said::by(&mut command))
}

/// The arguments that are about the report alone.
fn output_of<'a>(arguments: &[&'a str]) -> Vec<&'a str> {
    let at = arguments.iter().position(|it| *it == "--output");
    at.map(|it| arguments[it..].to_vec()).unwrap_or_default()
}

#[rstest]
#[case::passes("cases/go-cross", &["--platform", "linux/amd64,linux/arm64"], 0)]
#[case::caught_as_its_case_expects("cases/goarch-hardcoded", &[], 0)]
#[case::in_json("cases/goarch-hardcoded", &["--output", "json"], 0)]
#[case::not_run("cases/helper-unpacked-at-start", &["--runner", "none"], 0)]
#[case::a_dockerfile_alone("cases/goarch-hardcoded/Dockerfile", &[], 1)]
fn saved_evidence_gives_the_same_report(
    #[case] subject: &str,
    #[case] arguments: &[&str],
    #[case] status: i32,
) {
    let (first, again) = verified_twice(subject, arguments);
    assert_eq!(first.status, Some(status), "{first}");
    assert_eq!(again.status, Some(status), "{again}");
    assert_eq!(first.stdout, again.stdout);
}

#[test]
fn a_build_that_failed_is_judged_again_as_well() {
    let project = Project::new(&[("Dockerfile", "FROM busybox\nRUN exit 3\n")]);
    let folder = project.folder().display().to_string();
    let (first, again) = verified_twice(&folder, &["--platform", "linux/amd64,linux/arm64"]);
    assert_eq!(first.status, Some(1), "{first}");
    assert!(again.stdout.contains("error[BuildFailed]"), "{again}");
    assert_eq!((first.status, first.stdout), (again.status, again.stdout));
}

#[rstest]
#[case::none("", "it is not evidence that archproof wrote")]
#[case::other(
    "{\"schema\": 99, \"subjects\": 3}",
    "it has schema 99, and this archproof reads schema 1"
)]
#[case::damaged("{\"schema\": 1, \"subjects\": [{}]}", "it is not evidence that archproof wrote")]
fn what_is_no_evidence_is_refused(#[case] text: &str, #[case] why: &str) {
    let project = Project::new(&[("file", text)]);
    let subject = format!("evidence:{}", project.path("file").display());
    let said = Said::by(archproof().args(["verify", &subject]));
    assert_eq!(said.status, Some(2), "{said}");
    assert!(said.stderr.contains(why), "{said}");
}

/// An archive of an image with a program that does nothing.
fn archive() -> (tempfile::NamedTempFile, String) {
    let file = Image::new([Variant::healthy("linux/amd64")]).layout().write();
    let subject = format!("oci-archive:{}", file.path().display());
    (file, subject)
}

#[test]
fn an_archive_is_judged_again_without_it() {
    let (file, subject) = archive();
    let (first, again) = verified_twice(&subject, &["--runner", "none"]);
    drop(file);
    assert_eq!((first.status, first.stdout), (again.status, again.stdout));
}

#[test]
fn a_report_that_cannot_be_written_is_named() {
    let (_file, archive) = archive();
    let arguments = ["verify", &archive, "--runner", "none", "--report", "json=/nowhere/x.json"];
    let said = Said::by(archproof().args(arguments));
    assert_eq!(said.status, Some(2), "{said}");
    assert!(said.stderr.contains("cannot write the report /nowhere/x.json: "), "{said}");
    let said = Said::by(archproof().args(["verify", &archive, "--report", "pdf=x"]));
    assert_eq!(said.status, Some(2), "{said}");
    assert!(said.stderr.contains("there is no report `pdf`"), "{said}");
}
