//! Reports for other programs: what they hold, that others can read them, and that nothing which an image
//! brings becomes markup or a command in them.

use std::fs;

use archproof_core::fixture::{Image, Layer, Variant, program};
use rstest::rstest;
use serde_json::Value;

use crate::common::{Project, Said, archproof, root};

/// A name that is a command to GitHub, a tag, a mention, a table's end, code, and an escape sequence.
const HOSTILE: &str = "opt/\u{1b}[31m`x`|<script>@all\n::error::a%0A]]>&#1;";
const DOCKERFILE: &str = "FROM golang\nRUN GOARCH=amd64 go build -o /tool\n";

/// A folder with a healthy image, a faulty one, one that is cut off, and a Dockerfile.
fn project() -> Project {
    let project = Project::new(&[("Dockerfile", DOCKERFILE), ("cut-off.tar", "not a tar")]);
    let helper = || Layer::new().executable(HOSTILE, program("linux/amd64"));
    let platforms = ["linux/arm64", "linux/s390x"];
    let healthy = Image::new(platforms.map(Variant::healthy));
    let faulty = Image::new(platforms.map(|it| Variant::healthy(it).layer(helper())));
    for (name, image) in [("healthy.tar", healthy), ("faulty.tar", faulty)] {
        fs::copy(image.layout().write().path(), project.path(name)).expect("a file");
    }
    project
}

/// What a command reports of the images, or of the Dockerfile.
fn reported(project: &Project, command: &str, kind: &str) -> String {
    let subjects: &[&str] = match command {
        "lint" => &["Dockerfile"],
        "diff" => &["oci-archive:healthy.tar", "oci-archive:faulty.tar", "--runner", "none"],
        _ => &[
            "oci-archive:healthy.tar",
            "oci-archive:faulty.tar",
            "oci-archive:cut-off.tar",
            "--runner",
            "none",
        ],
    };
    let mut archproof = archproof();
    archproof.arg(command).args(subjects).args(["--report", &format!("{kind}=report")]);
    let said = Said::by(archproof.current_dir(project.folder()));
    assert_eq!(said.status, Some(1), "{said}");
    fs::read_to_string(project.path("report")).expect("a report in UTF-8")
}

#[rstest]
fn every_kind_is_written_for_every_command(
    #[values("verify", "lint", "diff")] command: &str,
    #[values("junit", "sarif", "gitlab", "github", "markdown")] kind: &str,
) {
    let report = reported(&project(), command, kind);
    assert_harmless(kind, &report);
    insta::with_settings!({
        snapshot_path => root().join("snapshots"),
        prepend_module_to_snapshot => false,
        omit_expression => true,
        filters => [(r#""version": "\d+\.\d+\.\d+""#, r#""version": "[VERSION]""#)],
    }, {
        insta::assert_snapshot!(format!("report-{kind}-{command}"), report);
    });
}

/// Nothing of an image's is more than text in it.
fn assert_harmless(kind: &str, report: &str) {
    assert!(!report.contains('\u{1b}'), "{report}");
    match kind {
        "sarif" => assert_sarif(report),
        "gitlab" => {
            let issues: Value = serde_json::from_str(report).expect("JSON");
            let issues = issues.as_array().expect("a list");
            let fingerprint = |it: &Value| it["fingerprint"].to_string();
            let mut fingerprints: Vec<String> = issues.iter().map(fingerprint).collect();
            fingerprints.sort();
            fingerprints.dedup();
            assert_eq!(fingerprints.len(), issues.len(), "GitLab shows one of a fingerprint");
        }
        "github" => assert!(report.lines().all(|it| !it.starts_with("::error::a")), "{report}"),
        "markdown" => {
            assert!(report.starts_with("<!-- archproof -->\n"), "{report}");
            assert!(!report.contains("<script>") && !report.contains("@all"), "{report}");
        }
        _ => assert!(report.starts_with("<?xml") && !report.contains("<script>"), "{report}"),
    }
}

fn assert_sarif(report: &str) {
    let sarif: serde_sarif::sarif::Sarif = serde_json::from_str(report).expect("SARIF 2.1.0");
    for run in &sarif.runs {
        let rules = run.tool.driver.rules.as_ref().expect("the rules");
        for result in run.results.iter().flatten() {
            let index = result.rule_index.expect("the rule's place");
            let rule = &rules[usize::try_from(index).expect("a place")];
            assert_eq!(result.rule_id.as_ref(), Some(&rule.id));
        }
    }
}

#[test]
fn the_same_defect_has_the_same_fingerprint_in_another_build() {
    let fingerprints = |layer: Layer| {
        let project = Project::new(&[]);
        let helper = Layer::new().executable("opt/helper", program("linux/amd64"));
        let image = Image::new([Variant::healthy("linux/arm64").layer(layer).layer(helper)]);
        fs::copy(image.layout().write().path(), project.path("faulty.tar")).expect("a file");
        let mut archproof = archproof();
        archproof.args(["verify", "oci-archive:faulty.tar", "--runner", "none"]);
        archproof.args(["--report", "sarif=report"]).current_dir(project.folder());
        let said = Said::by(&mut archproof);
        assert_eq!(said.status, Some(1), "{said}");
        let report = fs::read_to_string(project.path("report")).expect("a report");
        let report: Value = serde_json::from_str(&report).expect("JSON");
        report["runs"][0]["results"][0]["partialFingerprints"].clone()
    };
    let of = |text: &str| fingerprints(Layer::new().file("built", 0o644, text));
    assert_eq!(of("2026-11-29"), of("2026-11-30"));
}

/// What a statement about a digest says: its result, and the rules that passed, warned and failed.
fn statements(folder: &std::path::Path) -> Vec<(String, String, Vec<String>, Vec<String>)> {
    let entries = fs::read_dir(folder).expect("a folder").flatten();
    let mut statements: Vec<_> = entries
        .map(|entry| {
            let text = fs::read_to_string(entry.path()).expect("a statement");
            let statement: Value = serde_json::from_str(&text).expect("JSON");
            assert_eq!(statement["_type"], "https://in-toto.io/Statement/v1");
            let digest = statement["subject"][0]["digest"]["sha256"].as_str().expect("a digest");
            let file = entry.file_name().into_string().expect("a name");
            assert_eq!(file, format!("sha256-{digest}.intoto.json"));
            let predicate = &statement["predicate"];
            let rules = |name: &str| {
                let rules = predicate[name].as_array().expect("rules").iter();
                rules.filter_map(|it| it.as_str().map(str::to_owned)).collect::<Vec<_>>()
            };
            let result = predicate["result"].as_str().expect("a result").to_owned();
            (result, digest.to_owned(), rules("passedTests"), rules("failedTests"))
        })
        .collect();
    statements.sort();
    statements
}

#[test]
fn a_verdict_is_stated_of_each_digest() {
    let project = project();
    let mut archproof = archproof();
    archproof.args(["verify", "oci-archive:healthy.tar", "oci-archive:faulty.tar"]);
    archproof.args(["oci-archive:cut-off.tar", "--runner", "none", "--report", "attest=out"]);
    let said = Said::by(archproof.current_dir(project.folder()));
    assert_eq!(said.status, Some(1), "{said}");
    let statements = statements(&project.path("out"));
    let results: Vec<&str> = statements.iter().map(|it| it.0.as_str()).collect();
    assert_eq!(results, ["FAILED", "FAILED", "FAILED", "PASSED", "PASSED", "PASSED"]);
    let has = |rules: &[String], name: &str| rules.iter().any(|it| it == name);
    for (result, _, passed, failed) in &statements {
        assert_eq!(has(failed, "ElfMachineMismatch"), result == "FAILED");
        assert_eq!(has(passed, "ElfMachineMismatch"), result == "PASSED");
        assert!(!has(passed, "RunFailed"), "nothing was run");
        assert!(!has(passed, "ArchHardcoded"), "there was no Dockerfile");
    }
    let of_index = statements.iter().filter(|it| has(&it.2, "PlatformMissing")).count();
    assert_eq!(of_index, 2, "of an index alone");
}

#[rstest]
#[case::a_folder_that_is_not_there("junit=/nowhere/report", "/nowhere/report: ")]
#[case::a_folder_in_its_place("sarif=.", "cannot write the report .: ")]
#[case::an_unknown_kind(
    "pdf=report",
    "there is no report `pdf`: expected one of text, json, junit"
)]
#[case::no_file("junit=", "expected KIND=FILE")]
#[case::statements_on_standard_output("attest=-", "statements are files: name a folder")]
fn what_cannot_be_written_is_found_before_the_work(#[case] report: &str, #[case] why: &str) {
    let project = project();
    let mut archproof = archproof();
    archproof.args(["verify", "oci-archive:healthy.tar", "--runner", "none", "--report", report]);
    let said = Said::by(archproof.current_dir(project.folder()));
    assert_eq!(said.status, Some(2), "{said}");
    assert!(said.stderr.contains(why), "{said}");
    assert!(!said.stderr.contains("archproof: "), "nothing was begun: {said}");
    assert_eq!(said.stdout, "");
}

/// A report that is written over what is no file would replace it.
#[test]
fn a_device_stays_and_a_link_is_followed() {
    let project = project();
    let (pipe, link) = (project.path("pipe"), project.path("link"));
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.expect("mkfifo runs").success());
    std::os::unix::fs::symlink("target", &link).expect("a link");
    fs::write(project.path("target"), "before").expect("a file");
    let reader = std::thread::spawn({
        let pipe = pipe.clone();
        move || fs::read_to_string(pipe).expect("a report")
    });
    let mut archproof = archproof();
    archproof.args(["verify", "oci-archive:healthy.tar", "--runner", "none"]);
    archproof.args(["--report", "json=pipe", "--report", "junit=link"]);
    let said = Said::by(archproof.current_dir(project.folder()));
    assert_eq!(said.status, Some(0), "{said}");
    assert!(reader.join().expect("it is read").starts_with('{'));
    assert!(fs::symlink_metadata(&link).expect("a link").is_symlink());
    assert!(fs::read_to_string(link).expect("a report").starts_with("<?xml"));
}

#[test]
fn a_warning_that_fails_fails_in_junit_as_well() {
    let project = Project::new(&[("Dockerfile", "FROM debian\nRUN dpkg --print-architecture\n")]);
    let broken =
        Layer::new().file("etc/passwd", 0o644, "").executable("usr/local/bin/x", "#!/gone\n");
    let image = Image::new([Variant::healthy("linux/arm64").user("lost").layer(broken)]);
    fs::copy(image.layout().write().path(), project.path("image.tar")).expect("a file");
    for (arguments, failures) in [(&[][..], false), (&["--strict"][..], true)] {
        let mut archproof = archproof();
        archproof.args(["verify", "oci-archive:image.tar", "--runner", "none"]).args(arguments);
        archproof.args(["--report", "junit=report", "--output", "json"]);
        let said = Said::by(archproof.current_dir(project.folder()));
        let fails = said.status == Some(1);
        let report = fs::read_to_string(project.path("report")).expect("a report");
        assert_eq!(report.contains("<failure"), fails, "{failures} {said}\n{report}");
    }
}

#[rstest]
fn only_verify_keeps_evidence(#[values("lint", "diff")] command: &str) {
    let project = project();
    let mut archproof = archproof();
    archproof.arg(command).args(["Dockerfile", "Dockerfile", "--report", "evidence=report"]);
    let said = Said::by(archproof.current_dir(project.folder()));
    assert_eq!(said.status, Some(2), "{said}");
    assert!(said.stderr.contains("only `archproof verify` keeps evidence"), "{said}");
}
