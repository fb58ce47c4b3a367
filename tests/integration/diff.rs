//! What changed: from one revision of a repository to the next, and from one image to another.

use std::fs;
use std::path::Path;
use std::process::Command;

use archproof_core::fixture::{ElfFile, Image, Layer, Lie, Variant, program};
use archproof_core::oci::Compression;
use rstest::rstest;
use serde_json::Value;

use crate::common::{Project, Said, archproof, assert_matches_schema, root};

/// A Go program that is cross-compiled, a table that the build platform makes, and a choice of two bases.
const DOCKERFILE: &str = r#"# Builds the tool.
FROM --platform=$BUILDPLATFORM golang AS builder
WORKDIR /build
COPY go.mod main.go ./
ARG TARGETARCH LEVEL=v1
RUN --mount=type=cache,target=/root/.cache/go-build \
    CGO_ENABLED=0 GOARCH=$TARGETARCH GOAMD64=$LEVEL go build -trimpath -o /out/tool

FROM --platform=$BUILDPLATFORM busybox AS table
RUN mkdir /out && seq 1000 > /out/table

FROM scratch AS debian-12
ARG TARGETARCH
COPY debian-12/$TARGETARCH/ /

FROM scratch AS debian-13
ARG TARGETARCH
COPY debian-13/$TARGETARCH/ /

FROM debian-12
ARG TARGETARCH
COPY data/$TARGETARCH /data
COPY --from=table /out/ /app/
COPY --from=builder /out/ /app/
ENTRYPOINT ["/app/tool"]
"#;
const CASE: &str = r#"[build]
platforms = ["linux/amd64", "linux/arm64"]

[size]
growth = "50 %"
"#;

/// A git repository with one revision.
struct Repository(Project);

impl Repository {
    fn new() -> Self {
        let repository = Self(Project::new(&[("Dockerfile", DOCKERFILE), ("case.toml", CASE)]));
        let of_case = root().join("cases/goarch-hardcoded");
        for name in ["go.mod", "main.go"] {
            fs::copy(of_case.join(name), repository.0.path(name)).expect("a file");
        }
        for architecture in ["amd64", "arm64"] {
            for (base, version) in [("debian-12", "GLIBC_2.36"), ("debian-13", "GLIBC_2.41")] {
                let libc = ElfFile::of(&format!("linux/{architecture}")).shared();
                let libc = libc.with_soname("libc.so.6").with_version_definitions(&[version]);
                let path = format!("{base}/{architecture}/lib/libc.so.6");
                repository.write(&path, &libc.bytes());
            }
            repository.write(&format!("data/{architecture}"), &vec![b'x'; 4 << 20]);
        }
        repository.git(&["init", "--quiet"]);
        repository.commit();
        repository
    }

    fn write(&self, name: &str, bytes: &[u8]) {
        let path = self.0.path(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, bytes).expect("a file");
    }

    fn git(&self, arguments: &[&str]) {
        let identity = ["-c", "user.name=a", "-c", "user.email=a@example.com"];
        let mut git = Command::new("git");
        git.arg("-C").arg(self.0.folder()).args(identity).args(arguments);
        assert!(git.status().expect("git runs").success(), "{arguments:?}");
    }

    fn commit(&self) {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--message", "All"]);
    }

    /// Changes a file of the working tree.
    fn replace(&self, name: &str, from: &str, to: &str) {
        let text = fs::read_to_string(self.0.path(name)).expect("a file");
        assert!(text.contains(from), "{name} has no {from}");
        self.write(name, text.replacen(from, to, 1).as_bytes());
    }

    fn diff(&self, arguments: &[&str]) -> Said {
        let mut command = archproof();
        Said::by(command.arg("diff").args(arguments).current_dir(self.0.folder()))
    }
}

#[rstest]
#[case::the_builder_is_of_the_images_platform(
    ("Dockerfile", "--platform=$BUILDPLATFORM busybox", "busybox"), 1,
    "linux/arm64: error[build-step]: `RUN mkdir /out && seq 1000 > /out/table` is executed under \
     emulation now; before, it was shared with other platforms"
)]
#[case::the_architecture_is_hard_coded(
    ("Dockerfile", "GOARCH=$TARGETARCH", "GOARCH=amd64"), 1,
    "/app/tool (linux/arm64): error[executable]: the file is built for EM_X86_64 now; before, for \
     EM_AARCH64"
)]
#[case::the_base_is_newer(
    ("Dockerfile", "FROM debian-12\n", "FROM debian-13\n"), 0,
    "linux/amd64, linux/arm64: note[glibc]: the image has glibc 2.41 now; before, it had 2.36"
)]
#[case::a_platform_is_dropped(
    ("case.toml", ", \"linux/arm64\"", ""), 1,
    "linux/arm64: error[platform-removed]: the image no longer has this platform"
)]
#[case::a_newer_processor_is_needed(
    ("Dockerfile", "LEVEL=v1", "LEVEL=v3"), 1,
    "/app/tool (linux/amd64): error[cpu]: the image needs x86-64-v3 now; before, x86-64-v1 was enough"
)]
#[case::only_a_comment_differs(("Dockerfile", "# Builds the tool.", "# Builds a tool."), 0, "")]
fn a_change_of_the_dockerfile_is_told_for_what_it_is(
    #[case] (file, from, to): (&str, &str, &str),
    #[case] status: i32,
    #[case] first: &str,
) {
    let repository = Repository::new();
    repository.replace(file, from, to);
    let said = repository.diff(&["--base", "HEAD"]);
    assert_eq!(said.status, Some(status), "{said}");
    assert_eq!(said.stdout.lines().next().unwrap_or_default(), first, "{said}");
    assert_eq!(said.stdout.is_empty(), first.is_empty(), "{said}");
}

#[test]
fn the_way_back_is_told_as_well() {
    let repository = Repository::new();
    repository.replace("Dockerfile", "FROM debian-12\n", "FROM debian-13\n");
    repository.commit();
    repository.replace("Dockerfile", "FROM debian-13\n", "FROM debian-12\n");
    let said = repository.diff(&["--base", "HEAD", "case.toml"]);
    let told =
        "linux/amd64, linux/arm64: note[glibc]: the image has glibc 2.36 now; before, it had 2.41";
    assert_eq!(said.stdout.lines().next(), Some(told), "{said}");
    assert_eq!(said.status, Some(0), "{said}");
}

#[test]
fn a_platform_that_grows_too_much_is_an_error() {
    let repository = Repository::new();
    repository.write("data/arm64", &vec![b'x'; 14 << 20]);
    let said = repository.diff(&["--base", "HEAD", "--output", "json"]);
    assert_eq!(said.status, Some(1), "{said}");
    let report: Value = serde_json::from_str(&said.stdout).expect("JSON");
    assert_matches_schema(&report, "diff");
    let change = &report["changes"][0];
    assert_eq!((&change["kind"], &change["severity"]), (&"size".into(), &"error".into()), "{said}");
    assert_eq!(change["platforms"], serde_json::json!(["linux/arm64"]));
    let detail = change["details"][0].as_str().unwrap_or_default();
    assert!(detail.starts_with("+10.0 MiB in COPY data/"), "{said}");
    let said = repository.diff(&["--base", "HEAD", "--exit-zero"]);
    assert_eq!(said.status, Some(0), "{said}");
    assert!(said.stdout.starts_with("linux/arm64: error[size]: "), "{said}");
}

#[rstest]
#[case::no_revision(&["--base", "nowhere"], "there is no revision `nowhere` in the repository of `.`")]
#[case::an_option(&["--base=--all"], "there is no revision `--all` in the repository of `.`")]
#[case::a_new_file(&["--base", "HEAD", "new"], "`new` does not exist at revision `HEAD`")]
#[case::two_images(&["--base", "HEAD", "a", "b"], "with --base there is one folder")]
#[case::one_image(&["oci:a"], "name two images to compare, or use --base REVISION")]
#[case::no_image(&[], "the following required arguments were not provided")]
#[case::missing(&["--base", "HEAD", "lost"], "`lost` does not exist")]
#[case::a_case_file_that_was_wrong(
    &["--base", "HEAD~1"],
    "HEAD~1:case.toml:1:2: unknown field `bulid`"
)]
fn what_cannot_be_compared_is_named(#[case] arguments: &[&str], #[case] why: &str) {
    let repository = Repository::new();
    repository.write("case.toml", b"[bulid]\n");
    repository.commit();
    repository.write("case.toml", CASE.as_bytes());
    repository.commit();
    repository.write("new", b"FROM scratch\n");
    let said = repository.diff(arguments);
    assert_eq!(said.status, Some(2), "{said}");
    assert!(said.stderr.contains(why), "{said}");
    assert_eq!(said.stdout, "");
}

#[test]
fn what_is_in_no_repository_has_no_revisions() {
    let project = Project::new(&[("Dockerfile", "FROM scratch\n")]);
    let mut command = archproof();
    command.args(["diff", "--base", "HEAD"]).current_dir(project.folder());
    let said = Said::by(command.env("GIT_CEILING_DIRECTORIES", "/"));
    assert_eq!(said.status, Some(2), "{said}");
    assert!(said.stderr.contains("`.` is not in a git repository"), "{said}");
}

/// What is told is what the repository says, not what lies beside it or what a hook's environment says.
#[test]
fn only_what_git_has_is_compared() {
    let repository = Repository(Project::new(&[
        ("Dockerfile", "FROM scratch\nCOPY . /files/\n"),
        (".gitignore", "ignored.sh\n"),
    ]));
    repository.write("sub/Dockerfile", b"FROM scratch\nCOPY x /x\n");
    repository.write("sub/x", b"#!/bin/sh\n");
    repository.git(&["init", "--quiet"]);
    repository.commit();
    repository.git(&["tag", "a\"b"]);
    repository.write("ignored.sh", b"#!/bin/sh\n");
    let index = fs::read(repository.0.path(".git/index")).expect("an index");
    let all = ["--platform", "linux/amd64", "--runner", "none"];
    let said = repository.diff(&[&["--base", "HEAD"][..], &all].concat());
    assert_eq!((said.status, said.stdout.as_str()), (Some(0), ""), "{said}");
    repository.write("sub/y", b"#!/bin/sh\n");
    repository.replace("sub/Dockerfile", "COPY x /x", "USER 1\nCOPY . /all");
    let mut command = archproof();
    command.args(["diff", "--base=a\"b", "--output", "json"]).args(all);
    command.current_dir(repository.0.path("sub")).env("GIT_DIR", repository.0.path(".git"));
    let said = Said::by(&mut command);
    let report: Value = serde_json::from_str(&said.stdout).expect("JSON");
    assert_matches_schema(&report, "diff");
    assert_eq!(report["old"], ". at a\"b");
    let messages: Vec<&str> = report["changes"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|it| it["message"].as_str())
        .collect();
    assert!(messages.contains(&"USER is set to \"1\" now"), "the subfolder's Dockerfile: {said}");
    assert_eq!(fs::read(repository.0.path(".git/index")).expect("an index"), index);
}

#[test]
fn what_is_outside_the_repository_has_no_revisions() {
    let outside = Project::new(&[]);
    let repository = Repository::new();
    let case = format!("[build]\ncontext = {:?}\n", outside.folder().display().to_string());
    repository.write("case.toml", case.as_bytes());
    let said = repository.diff(&["--base", "HEAD"]);
    assert_eq!(said.status, Some(2), "{said}");
    assert!(said.stderr.contains("is outside the git repository"), "{said}");
}

/// What `diff` says of two images, which are not run.
fn compared(old: &Image, new: &Image, arguments: &[&str]) -> Said {
    let files = [old, new].map(|it| it.layout().write());
    let names = files.each_ref().map(|it| archive(it.path()));
    Said::by(archproof().arg("diff").args(names).args(["--runner", "none"]).args(arguments))
}

fn archive(path: &Path) -> String {
    format!("oci-archive:{}", path.display())
}

#[test]
fn two_images_are_compared() {
    let healthy = || Variant::healthy("linux/arm64");
    let helper = Layer::new().executable("opt/helper", program("linux/amd64"));
    let (old, new) = (Image::new([healthy()]), Image::new([healthy().layer(helper)]));
    let said = compared(&old, &new, &[]);
    assert_eq!(said.status, Some(1), "{said}");
    let lines: Vec<&str> = said.stdout.lines().collect();
    assert_eq!(
        lines[..2],
        [
            "/opt/helper (linux/arm64): error[ElfMachineMismatch]: the file is built for EM_X86_64; \
             linux/arm64 cannot run it (new)",
            "  from layer 2",
        ],
        "{said}"
    );
    let said = compared(&new, &old, &["--output", "json"]);
    assert_eq!(said.status, Some(0), "{said}");
    let report: Value = serde_json::from_str(&said.stdout).expect("JSON");
    assert_matches_schema(&report, "diff");
    assert_eq!(report["findings"]["gone"][0]["rule"], "ElfMachineMismatch");
    let said = compared(&old, &old, &[]);
    assert_eq!((said.status, said.stdout.as_str()), (Some(0), ""));
}

#[test]
fn images_without_a_common_platform_are_not_compared() {
    let of = |name| Image::new([Variant::healthy(name)]);
    let said = compared(&of("linux/arm64"), &of("linux/s390x"), &[]);
    assert_eq!(said.status, Some(2), "{said}");
    assert!(said.stdout.contains("the images have no platform in common"), "{said}");
    let said = compared(&of("linux/arm64"), &of("linux/s390x"), &["--output", "json"]);
    let report: Value = serde_json::from_str(&said.stdout).expect("JSON");
    assert_matches_schema(&report, "diff");
    assert_eq!(report["verdict"], "blocked");
}

#[test]
fn a_platform_that_cannot_be_read_is_not_taken_for_unchanged() {
    let image = |text: &str| {
        let layer = Layer::new().file("data", 0o644, text).compressed(Compression::Gzip);
        let arm64 = Variant::healthy("linux/arm64").false_layer(layer, Lie::CutOff);
        Image::new([Variant::healthy("linux/amd64"), arm64])
    };
    let said = compared(&image("one"), &image("another"), &[]);
    assert_eq!(said.status, Some(2), "{said}");
    assert!(said.stdout.contains("linux/arm64: not compared in full, the old image: "), "{said}");
    assert!(said.stdout.contains("blocked: not compared in full"), "{said}");
}

#[test]
fn another_failure_of_the_same_file_is_new() {
    let needing = |library| {
        let plugin = ElfFile::of("linux/arm64").with_needed(&[library]);
        let plugin = plugin.with_interpreter("/lib/ld-linux-aarch64.so.1");
        Image::new([
            Variant::healthy("linux/arm64").layer(Layer::new().executable("opt/x", plugin.bytes()))
        ])
    };
    let (old, new) = (needing("libaa.so.1"), needing("libbb.so.1"));
    let said = compared(&old, &new, &["--output", "json"]);
    let report: Value = serde_json::from_str(&said.stdout).expect("JSON");
    assert_matches_schema(&report, "diff");
    let texts = |which: &str| report["findings"][which].to_string();
    let is_told = texts("new").contains("libbb.so.1") && texts("gone").contains("libaa.so.1");
    assert!(is_told || !texts("new").contains("LibraryMissing"), "{said}");
}

#[test]
fn an_image_that_cannot_be_read_blocks() {
    let old = Image::new([Variant::healthy("linux/arm64")]);
    let file = old.layout().write();
    let names = [archive(file.path()), "oci-archive:/nowhere.tar".to_owned()];
    let said = Said::by(archproof().arg("diff").args(names).args(["--output", "json"]));
    assert_eq!(said.status, Some(2), "{said}");
    let report: Value = serde_json::from_str(&said.stdout).expect("JSON");
    assert_matches_schema(&report, "diff");
    assert_eq!(report["blocked"]["image"], "new");
}
