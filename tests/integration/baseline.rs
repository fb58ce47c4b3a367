//! What an image is, in a file that is committed.

use std::fs;
use std::process::Command;

use archproof_core::fixture::{Image, Variant};
use rstest::rstest;
use serde_json::Value;

use crate::common::{Project, Said, archproof, assert_matches_schema};

/// A folder with an image whose programs run as a user.
fn project(user: &str) -> Project {
    let project = Project::new(&[]);
    write_image(&project, user);
    project
}

fn write_image(project: &Project, user: &str) {
    let platforms = ["linux/amd64", "linux/arm64"];
    let image = Image::new(platforms.map(|it| Variant::healthy(it).user(user)));
    fs::copy(image.layout().write().path(), project.path("image.tar")).expect("a file");
}

/// The program, as somebody at a terminal runs it.
fn verify(project: &Project, arguments: &[&str]) -> Command {
    let mut command = archproof();
    command.args(["verify", "oci-archive:image.tar", "--runner", "none"]);
    command.args(["--baseline", "baseline.toml"]).args(arguments);
    command.current_dir(project.folder()).env_remove("CI");
    command
}

fn baseline(project: &Project) -> String {
    fs::read_to_string(project.path("baseline.toml")).expect("a baseline")
}

#[test]
fn a_baseline_is_written_compared_and_updated() {
    let project = project("1000");
    let said = Said::by(&mut verify(&project, &[]));
    assert_eq!(said.status, Some(0), "{said}");
    assert!(said.stdout.contains("baseline.toml was written; review it and commit it"), "{said}");
    let first = baseline(&project);
    let said = Said::by(verify(&project, &[]).env("CI", "true"));
    assert_eq!(said.status, Some(0), "{said}");
    assert!(said.stdout.ends_with("pass: the image is what baseline.toml says\n"), "{said}");
    write_image(&project, "2000");
    let said = Said::by(verify(&project, &[]).env("CI", "true"));
    assert_eq!(said.status, Some(1), "{said}");
    assert!(said.stdout.contains("\n| -user = \"1000\"\n| +user = \"2000\"\n"), "{said}");
    assert_eq!(baseline(&project), first, "nothing was written");
    let said = Said::by(&mut verify(&project, &["--update-baseline"]));
    assert_eq!(said.status, Some(0), "{said}");
    assert_ne!(baseline(&project), first);
    let said = Said::by(&mut verify(&project, &[]));
    assert_eq!(said.status, Some(0), "{said}");
}

#[test]
fn reports_tell_of_the_difference() {
    let project = project("1000");
    Said::by(&mut verify(&project, &[]));
    write_image(&project, "2000");
    let reports = ["--output", "json", "--report", "junit=junit", "--report", "github=github"];
    let said = Said::by(&mut verify(&project, &reports));
    assert_eq!(said.status, Some(1), "{said}");
    let report: Value = serde_json::from_str(&said.stdout).expect("JSON");
    assert_matches_schema(&report, "report");
    assert_eq!(
        (&report["verdict"], &report["baseline"]["outcome"]),
        (&"fail".into(), &"differs".into())
    );
    let read = |name: &str| fs::read_to_string(project.path(name)).expect("a report");
    assert!(read("junit").contains("failures=\"1\""), "{}", read("junit"));
    let annotation = "::error file=baseline.toml,line=1,col=1,title=baseline::2 lines differ";
    assert!(read("github").starts_with(annotation), "{}", read("github"));
}

#[rstest]
#[case::missing(None, &[], "baseline baseline.toml: it does not exist: run with --update-baseline")]
#[case::updated(None, &["--update-baseline"], "--update-baseline is refused under CI")]
#[case::foreign(Some("[package]\n"), &[], "it is not a baseline that archproof wrote")]
#[case::newer(Some("schema = 2\n"), &[], "it has schema 2, and this archproof reads schema 1")]
#[case::binary(Some("\u{0}"), &[], "it is not a baseline that archproof wrote")]
fn what_cannot_be_compared_is_named(
    #[case] text: Option<&str>,
    #[case] arguments: &[&str],
    #[case] why: &str,
) {
    let project = project("1000");
    if let Some(text) = text {
        fs::write(project.path("baseline.toml"), text).expect("a file");
    }
    let said = Said::by(verify(&project, arguments).env("CI", "true"));
    assert_eq!(said.status, Some(2), "{said}");
    assert!(said.stderr.contains(why), "{said}");
    assert_eq!(said.stdout, "");
    let kept = fs::read_to_string(project.path("baseline.toml")).ok();
    assert_eq!(kept.as_deref(), text, "what was there stays");
}

#[test]
fn what_is_something_else_is_not_overwritten() {
    let project = project("1000");
    fs::write(project.path("baseline.toml"), "[package]\n").expect("a file");
    let said = Said::by(&mut verify(&project, &["--update-baseline"]));
    assert_eq!(said.status, Some(2), "{said}");
    assert_eq!(baseline(&project), "[package]\n");
}

#[test]
fn what_could_not_be_verified_is_not_written() {
    let project = project("1000");
    let image = fs::read(project.path("image.tar")).expect("an image");
    fs::write(project.path("image.tar"), &image[..image.len() / 2]).expect("a file");
    let said = Said::by(&mut verify(&project, &[]));
    assert_eq!(said.status, Some(2), "{said}");
    assert!(said.stdout.contains("blocked: not compared with baseline.toml"), "{said}");
    assert!(!project.path("baseline.toml").exists());
}

#[test]
fn two_builds_of_one_commit_have_the_same_baseline() {
    let build = |arguments: &[&str]| {
        let project = Project::new(&[]);
        let file = project.path("baseline.toml");
        let mut command = archproof();
        command.args(["verify", "cases/go-cross", "--platform", "linux/amd64,linux/arm64"]);
        command.arg("--baseline").arg(&file).args(arguments).env_remove("CI");
        let said = Said::by(&mut command);
        assert_eq!(said.status, Some(0), "{said}");
        fs::read_to_string(file).expect("a baseline")
    };
    let first = build(&[]);
    assert_eq!(first, build(&["--no-cache"]));
    assert!(first.contains("Usage: tool"), "what runs printed is in it\n{first}");
}
