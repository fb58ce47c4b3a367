//! Images that are there already: inspected and verified from wherever they lie, by an ordinary
//! user, and without an engine where none is needed.

use std::fs::{self, File};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use crate::common::{Project, RUNTIME, Said, archproof, assert_matches_schema, engine, root};
use archproof::build::{BuildPlan, KeepAs, build};
use archproof::case::Case;
use archproof::event::Events;
use archproof::run::Session;
use archproof::subject::Subject;
use bollard::query_parameters::RemoveImageOptions;
use futures_util::StreamExt;
use rstest::rstest;
use serde_json::Value;
use tempfile::TempDir;

/// One image in every shape that a file can have. Its arm64 variant holds an amd64 program.
struct Shapes {
    folder: TempDir,
}

static SHAPES: LazyLock<Shapes> = LazyLock::new(|| RUNTIME.block_on(Shapes::make()));

impl Shapes {
    async fn make() -> Self {
        let engine = engine().await;
        let session = Session::new().expect("random numbers");
        remove_stale();
        let name = format!("{SHAPES_PREFIX}{}-", std::process::id());
        let folder = tempfile::Builder::new().prefix(&name).tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        let subject = root().join("cases/goarch-hardcoded");
        let subject = Subject::find(&subject.to_string_lossy()).expect("a case");
        let plan = plan(subject.case(), KeepAs::Image(session.image_name()));
        let events = Events::ignored();
        build(&engine, &plan, &at("image.tar"), &events).await.expect("the case builds");

        let name = plan.image_names(engine.store()).remove(0);
        let mut saved = Vec::new();
        let mut stream = engine.docker().export_image(&name);
        while let Some(chunk) = stream.next().await {
            saved.extend(chunk.expect("the engine saves what it has"));
        }
        fs::write(at("saved.tar"), saved).expect("a file");
        session.clean(&engine).await.expect("nothing is left behind");

        unpack(&at("image.tar"), &at("layout"));
        fs::create_dir(at("rootfs")).expect("a folder");
        for layer in layers(&at("layout"), "arm64") {
            let file = File::open(layer).expect("a blob");
            let tar = flate2::read::GzDecoder::new(file);
            tar::Archive::new(tar).unpack(at("rootfs")).expect("a layer");
        }
        everybody_may_read(folder.path());
        Self { folder }
    }

    fn subject(&self, scheme: &str, name: &str) -> String {
        format!("{scheme}:{}", self.folder.path().join(name).display())
    }
}

const SHAPES_PREFIX: &str = "archproof-shapes-";

/// What is static is not dropped at the end: the next process removes the folder of this one.
fn remove_stale() {
    let entries = fs::read_dir(std::env::temp_dir()).into_iter().flatten().flatten();
    for entry in entries {
        let name = entry.file_name().to_string_lossy().into_owned();
        let process = name.strip_prefix(SHAPES_PREFIX).and_then(|it| it.split('-').next());
        if process.is_some_and(|it| !Path::new("/proc").join(it).exists()) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

fn plan(case: &Case, keep_as: KeepAs) -> BuildPlan {
    let spec = case.build.clone();
    BuildPlan { keep_as, ..BuildPlan::new(spec.dockerfile, spec.context, spec.platforms) }
}

fn unpack(archive: &Path, to: &Path) {
    fs::create_dir(to).expect("a folder");
    tar::Archive::new(File::open(archive).expect("a file")).unpack(to).expect("a tar");
}

/// The layers of one platform in a layout, lowest first.
fn layers(layout: &Path, architecture: &str) -> Vec<PathBuf> {
    let blob = |digest: &Value| {
        let digest = digest.as_str().expect("a digest").replace(':', "/");
        layout.join("blobs").join(digest)
    };
    let read = |path: PathBuf| -> Value {
        serde_json::from_slice(&fs::read(path).expect("a document")).expect("JSON")
    };
    let index = read(layout.join("index.json"));
    let index = read(blob(&index["manifests"][0]["digest"]));
    let manifests = index["manifests"].as_array().expect("manifests");
    let of = |it: &&Value| it["platform"]["architecture"] == architecture;
    let manifest = read(blob(&manifests.iter().find(of).expect("the platform")["digest"]));
    let layers = manifest["layers"].as_array().expect("layers");
    layers.iter().map(|it| blob(&it["digest"])).collect()
}

fn everybody_may_read(folder: &Path) {
    fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).expect("a mode");
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_symlink() {
        } else if path.is_dir() {
            everybody_may_read(&path);
        } else {
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("a mode");
        }
    }
}

/// The program as an ordinary user starts it on a machine without an engine.
fn ordinary() -> Command {
    const NOBODY: u32 = 65534;
    let mut command = archproof();
    command.env("DOCKER_HOST", "unix:///nowhere.sock").env("HOME", "/nonexistent");
    command.env_remove("XDG_CACHE_HOME").current_dir("/");
    if fs::metadata("/proc/self").expect("it is there").uid() == 0 {
        // What only root may enter, as its own home, is of no use to anybody else.
        let program = PathBuf::from(command.get_program());
        let copy = SHAPES.folder.path().join("archproof");
        if !copy.exists() {
            let new = SHAPES.folder.path().join(format!("new-{:?}", std::thread::current().id()));
            fs::copy(program, &new).expect("a copy");
            fs::rename(new, &copy).expect("a copy");
        }
        let mut other = Command::new(copy);
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => other.env(name, value),
                None => other.env_remove(name),
            };
        }
        command = other;
        command.current_dir("/").uid(NOBODY).gid(NOBODY);
    }
    command
}

#[rstest]
#[case::layout("oci", "layout", 1)]
#[case::archive("oci-archive", "image.tar", 1)]
#[case::saved("docker-archive", "saved.tar", 1)]
#[case::tree("rootfs", "rootfs", 0)]
fn an_image_is_judged_wherever_it_lies(
    #[case] scheme: &str,
    #[case] name: &str,
    #[case] variant: usize,
) {
    let subject = SHAPES.subject(scheme, name);
    let platforms = if scheme == "rootfs" { "linux/arm64" } else { "linux/amd64,linux/arm64" };
    let arguments = ["--platform", platforms, "--output", "json", &subject];
    let said = Said::by(ordinary().args(["verify", "--runner", "none"]).args(arguments));
    assert_eq!(said.status, Some(1), "{said}");
    let report: Value = serde_json::from_str(&said.stdout).expect("JSON");
    let judged = &report["subjects"][0]["variants"][variant];
    assert_eq!(judged["platform"], "linux/arm64", "{said}");
    let findings = loud(judged);
    assert_eq!(findings.len(), 1, "{said}");
    assert_eq!(findings[0]["rule"], "ElfMachineMismatch");
    assert_eq!(findings[0]["path"], "/app/tool");

    let said = Said::by(ordinary().arg("inspect").args(arguments));
    assert_eq!(said.status, Some(0), "{said}");
    let facts: Value = serde_json::from_str(&said.stdout).expect("JSON");
    assert_matches_schema(&facts, "facts");
    let files = &facts["subjects"][0]["image"]["variants"][variant]["files"];
    assert_eq!(files["/app/tool"]["kind"]["file"]["content"]["elf"]["machine"], 62, "{said}");
}

/// What is found in a variant beyond notes.
fn loud(variant: &Value) -> Vec<&Value> {
    let findings = variant["findings"].as_array().expect("findings");
    findings.iter().filter(|it| it["severity"] != "note").collect()
}

#[test]
fn the_healthy_variant_passes_alone() {
    let subject = SHAPES.subject("oci-archive", "image.tar");
    let said = Said::by(ordinary().args([
        "verify",
        "--runner",
        "none",
        "--platform",
        "linux/amd64",
        &subject,
    ]));
    assert_eq!(said.status, Some(0), "{said}");
    assert!(said.stdout.contains("pass: 1 of 1 platform passed"), "{said}");
    let said = Said::by(ordinary().args(["inspect", &subject]));
    assert!(said.stdout.contains("/app/tool  EM_X86_64 static, go1."), "{said}");
}

#[test]
fn what_an_image_does_not_have_is_missing() {
    let subject = SHAPES.subject("oci", "layout");
    let arguments = ["verify", "--runner", "none", "--platform", "linux/mips64", &subject];
    let said = Said::by(ordinary().args(arguments));
    assert_eq!(said.status, Some(1), "{said}");
    assert!(
        said.stdout.contains("linux/mips64: error[PlatformMissing]: linux/mips64 was requested"),
        "{said}"
    );
}

#[rstest]
#[case::root_without_platform("rootfs", "rootfs", "name one with --platform")]
#[case::no_layout("oci", "rootfs", "index.json")]
#[case::no_archive("oci-archive", "layout/index.json", "index.json")]
#[case::nothing("docker-archive", "nothing", "nothing")]
fn what_is_no_image_is_blocked_in_a_word(
    #[case] scheme: &str,
    #[case] name: &str,
    #[case] message: &str,
) {
    let subject = SHAPES.subject(scheme, name);
    for command in [&["inspect"][..], &["verify", "--runner", "none"]] {
        let said = Said::by(ordinary().args(command).arg(&subject));
        assert_eq!(said.status, Some(2), "{said}");
        assert!(said.stdout.contains("blocked") && said.stdout.contains(message), "{said}");
    }
}

#[test]
fn a_second_look_reads_nothing_that_is_known() {
    let caches = tempfile::tempdir().expect("a folder");
    let archive = SHAPES.folder.path().join("image.tar");
    let inspect = || {
        let mut command = archproof();
        command.env("XDG_CACHE_HOME", caches.path()).args(["inspect", "--output", "json"]);
        Said::by(command.arg(format!("oci-archive:{}", archive.display())))
    };
    let first = inspect();
    assert_eq!(first.status, Some(0), "{first}");
    let entries = files_below(caches.path());
    assert!(!entries.is_empty());
    let second = inspect();
    assert_eq!(second.stdout, first.stdout);
    for entry in &entries {
        fs::write(entry, "damaged").expect("an entry");
    }
    assert_eq!(inspect().stdout, first.stdout, "what is damaged is read anew");
    assert_eq!(files_below(caches.path()), entries);
    assert!(entries.iter().all(|it| fs::read(it).is_ok_and(|it| it != b"damaged")));
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() { files.extend(files_below(&path)) } else { files.push(path) }
    }
    files.sort();
    files
}

/// The bases that images are built on. What they are warned of is in docs/rules.
#[rstest]
#[case::debian("debian:trixie-slim", "386,amd64,arm/v5,arm/v7,arm64,ppc64le,riscv64,s390x")]
#[case::busybox("busybox", "386,amd64,arm/v5,arm/v6,arm/v7,arm64,ppc64le,riscv64,s390x")]
#[case::golang("golang", "amd64")]
fn healthy_bases_have_no_findings(#[case] base: &str, #[case] platforms: &str) {
    let project = Project::new(&[("Dockerfile", &format!("FROM {base}\n"))]);
    let platforms = platforms.replace(',', ",linux/");
    let said = Said::by(
        archproof()
            .args(["verify", "--runner", "none", "--output", "json", "--platform"])
            .arg(format!("linux/{platforms}"))
            .arg(project.folder()),
    );
    assert_eq!(said.status, Some(0), "{said}");
    let report: Value = serde_json::from_str(&said.stdout).expect("JSON");
    for variant in report["subjects"][0]["variants"].as_array().expect("variants") {
        let findings = loud(variant);
        assert!(findings.is_empty(), "{}: {findings:#?}", variant["platform"]);
    }
}

#[test]
fn the_engine_s_images_are_read_by_name() {
    let name = "archproof.invalid/inspect/engine:it";
    RUNTIME.block_on(async {
        let engine = engine().await;
        let project = Project::new(&[("Dockerfile", "FROM busybox\nCMD [\"true\"]\n")]);
        let platforms = vec!["linux/amd64".parse().expect("a platform")];
        let (dockerfile, context) = (project.path("Dockerfile"), project.folder().to_owned());
        let plan = BuildPlan {
            keep_as: KeepAs::Image(name.to_owned()),
            ..BuildPlan::new(dockerfile, context, platforms)
        };
        let archive = project.path("image.tar");
        build(&engine, &plan, &archive, &Events::ignored()).await.expect("it builds");
        let stored = plan.image_names(engine.store()).remove(0);
        for subject in [format!("docker:{stored}"), stored.clone()] {
            let said = Said::by(archproof().args(["verify", "--runner", "none", &subject]));
            assert_eq!(said.status, Some(0), "{said}");
            assert!(said.stdout.contains("pass    linux/amd64"), "{said}");
        }
        let removed = RemoveImageOptions::default();
        engine.docker().remove_image(&stored, Some(removed), None).await.expect("it was there");
    });
}
