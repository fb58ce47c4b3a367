//! What the tests that need an engine share.

pub(crate) mod attack;
mod holdings;
mod home;
mod image;
mod layout;
mod processes;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::LazyLock;

use archproof::engine::{Engine, Environment};
use archproof::run::SandboxRunner;
use serde_json::Value;
use tokio::runtime::Runtime;

pub(crate) use holdings::{assert_nothing_is_left, holdings};
pub(crate) use home::{Home, build_into};
pub(crate) use image::Image;
pub(crate) use layout::Layout;
pub(crate) use processes::{Process, processes, send};

/// One runtime for all tests of a program: testcontainers keeps one client for the process, which
/// dies with the runtime that made it.
pub(crate) static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().expect("a runtime"));

/// The engine that the environment leads to. Nothing passes for want of one.
pub(crate) async fn engine() -> Engine {
    match Engine::connect(&Environment::of_process()).await {
        Ok(engine) => engine,
        Err(error) => panic!("this test needs an engine, `ci/lab up` makes one: {error}"),
    }
}

/// The root of the checkout.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The program, built once. It belongs to another package than the tests, so cargo names it to
/// nobody.
static PROGRAM: LazyLock<PathBuf> = LazyLock::new(|| {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let built = Command::new(cargo)
        .args(["build", "--quiet", "--package", "archproof", "--bin", "archproof"])
        .arg("--message-format=json")
        .current_dir(root())
        .output()
        .expect("cargo runs");
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    let messages = String::from_utf8_lossy(&built.stdout);
    let executable = messages.lines().find_map(|line| {
        let message: Value = serde_json::from_str(line).ok()?;
        message["executable"].as_str().map(PathBuf::from)
    });
    executable.expect("cargo names the program")
});

/// What makes sandboxes, as the program does it.
pub(crate) fn sandbox() -> SandboxRunner {
    SandboxRunner::of_user().expect("a folder for caches")
}

/// The program, with nothing in its environment that changes what it prints.
pub(crate) fn archproof() -> Command {
    let mut command = Command::new(&*PROGRAM);
    command.current_dir(root());
    // Plain logs instead of a terminal's, and no platforms but those of the case.
    command.env("CI", "true").env("NO_COLOR", "1").env_remove("DOCKER_DEFAULT_PLATFORM");
    command
}

/// Compares what was printed with a schema in `docs`.
pub(crate) fn assert_matches_schema(document: &Value, schema: &str) {
    let path = root().join("docs").join(schema).with_extension("schema.json");
    let text = std::fs::read_to_string(path).expect("a schema");
    let schema: Value = serde_json::from_str(&text).expect("JSON");
    let validator = jsonschema::validator_for(&schema).expect("a schema");
    let errors: Vec<String> = validator.iter_errors(document).map(|it| it.to_string()).collect();
    assert!(errors.is_empty(), "{errors:#?}");
}

/// The rules of the errors and warnings of a subject or variant in a report: notes are no complaints.
pub(crate) fn complaints(judged: &Value) -> Vec<&str> {
    let findings = judged["findings"].as_array().into_iter().flatten();
    let complaints = findings.filter(|it| it["severity"] != "note");
    complaints.filter_map(|it| it["rule"].as_str()).collect()
}

/// What a finished program said.
pub(crate) struct Said {
    pub(crate) status: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Said {
    pub(crate) fn by(command: &mut Command) -> Self {
        Self::new(&command.output().expect("the program runs"))
    }

    pub(crate) fn new(output: &Output) -> Self {
        let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
        Self {
            status: output.status.code(),
            stdout: text(&output.stdout),
            stderr: text(&output.stderr),
        }
    }
}

impl std::fmt::Display for Said {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "status {:?}\n{}\n{}", self.status, self.stdout, self.stderr)
    }
}

/// A folder with files, removed at the end.
pub(crate) struct Project(tempfile::TempDir);

impl Project {
    pub(crate) fn new(files: &[(&str, &str)]) -> Self {
        let project = Self(tempfile::tempdir().expect("a folder"));
        for (name, text) in files {
            std::fs::write(project.path(name), text).expect("a file");
        }
        project
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn folder(&self) -> &Path {
        self.0.path()
    }
}
