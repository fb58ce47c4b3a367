//! Images made as Docker's official ones are, with entrypoint scripts in the same manner: none is
//! wronged, in any runner, by any user.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use crate::common::{
    Home, RUNTIME, Said, archproof, assert_matches_schema, build_into, complaints, root,
};
use rstest::rstest;
use serde_json::Value;

/// What archproof may say about an image that is as it should be.
#[derive(Clone, Copy, Debug)]
enum Answer {
    /// `--help` is answered: there is nothing to warn of.
    Help,
    /// The program says that it does not know `--help`, which is the warning `RunHelpUnknown` on
    /// every platform.
    Unknown,
}

impl Answer {
    /// The rules of the warnings on each platform.
    fn warnings(self) -> &'static [&'static str] {
        match self {
            Self::Help => &[],
            Self::Unknown => &["RunHelpUnknown"],
        }
    }
}

#[rstest]
#[case("haproxy", Answer::Unknown)]
#[case("nginx", Answer::Unknown)]
#[case("redis", Answer::Unknown)]
#[case("s6", Answer::Help)]
fn small_image_passes(#[case] name: &str, #[case] answer: Answer) {
    assert_passes(name, answer);
}

#[rstest]
#[case("elixir", Answer::Unknown)]
#[case("golang", Answer::Help)]
#[case("httpd", Answer::Unknown)]
#[case("mariadb", Answer::Help)]
#[case("node", Answer::Help)]
#[case("openjdk", Answer::Help)]
#[case("php", Answer::Help)]
#[case("postgres", Answer::Help)]
#[case("python", Answer::Help)]
#[case("rabbitmq", Answer::Unknown)]
#[ignore = "large packages for four platforms; ci/nightly runs it"]
fn large_image_passes(#[case] name: &str, #[case] answer: Answer) {
    assert_passes(name, answer);
}

/// In the engine, and in sandboxes: as the user of the tests, who is root in CI, and as an ordinary one.
fn assert_passes(name: &str, answer: Answer) {
    let case = root().join("cases/official").join(name);
    assert_passes_as(archproof().args(["verify", "--runner", "engine"]).arg(&case), answer);
    let home = Home::new();
    let file = home.path("image.tar");
    RUNTIME.block_on(build_into(&case, &file));
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).expect("a mode");
    let image = format!("oci-archive:{}", file.display());
    for mut command in [archproof(), home.archproof()] {
        assert_passes_as(command.args(["verify", "--runner", "sandbox", &image]), answer);
    }
}

fn assert_passes_as(command: &mut Command, answer: Answer) {
    let said = Said::by(command.args(["--output", "json"]));
    assert_eq!(said.status, Some(0), "{command:?}: {said}");
    let report: Value = serde_json::from_str(&said.stdout).expect("JSON");
    assert_matches_schema(&report, "report");
    let subject = &report["subjects"][0];
    assert_eq!(complaints(subject), [] as [&str; 0], "{command:?}: {said}");
    let variants = subject["variants"].as_array().expect("variants");
    assert_eq!(variants.len(), 4, "{said}");
    for variant in variants {
        assert_eq!(variant["verdict"], "pass", "{command:?}: {said}");
        assert_eq!(complaints(variant), answer.warnings(), "{command:?}: {said}");
        assert!(variant["runs"].as_array().is_some_and(|it| !it.is_empty()), "{said}");
    }
}

/// A folder that no test names would be verified by nobody.
#[test]
fn every_folder_is_tested() {
    let source = include_str!("official.rs");
    let folders = fs::read_dir(root().join("cases/official")).expect("a folder");
    for folder in folders {
        let path = folder.expect("an entry").path();
        let name = Path::new(&path).file_name().expect("a name").to_string_lossy().into_owned();
        assert!(source.contains(&format!("#[case(\"{name}\"")), "{name} is not tested");
    }
}
