//! The front door, as a test of somebody else's uses it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::Command;
use std::time::{Duration, Instant};

use crate::common::{Process, RUNTIME, Said, assert_nothing_is_left, holdings, processes, root};
use archproof::emulator::{Mark, minimal_program};
use archproof::platform::Platform;
use archproof::verdict::Verdict;
use archproof::{ContainerError, Harness, Report, assert_conforms};
use archproof_core::fixture::{Image, Layer, Variant, program};
use rstest::{fixture, rstest};
use tempfile::NamedTempFile;
use testcontainers::Image as _;
use testcontainers::core::ImageExt;
use testcontainers::runners::AsyncRunner;
use tokio::io::AsyncReadExt;

/// A program that ends well: exit(0).
fn healthy(platform: &str) -> Vec<u8> {
    let code: &[u8] = match platform {
        // xor edi, edi; mov eax, 60; syscall
        "linux/amd64" => b"\x31\xff\xb8\x3c\0\0\0\x0f\x05",
        // mov x0, 0; mov x8, 93; svc 0
        "linux/arm64" => b"\0\0\x80\xd2\xa8\x0b\x80\xd2\x01\0\0\xd4",
        other => panic!("no program for {other}"),
    };
    minimal_program(platform.parse().expect("a platform"), Mark::NONE, code)
}

fn variant(platform: &str, app: Vec<u8>) -> Variant {
    Variant::new(platform).layer(Layer::new().executable("app", app)).entrypoint(&["/app"])
}

fn archive(apps: [(&str, Vec<u8>); 2]) -> NamedTempFile {
    Image::new(apps.map(|(platform, app)| variant(platform, app))).layout().write()
}

fn subject(archive: &NamedTempFile) -> String {
    format!("oci-archive:{}", archive.path().display())
}

fn healthy_archive() -> NamedTempFile {
    archive(["linux/amd64", "linux/arm64"].map(|it| (it, healthy(it))))
}

/// arm64 gets amd64's program.
fn faulty_archive() -> NamedTempFile {
    archive([("linux/amd64", healthy("linux/amd64")), ("linux/arm64", healthy("linux/amd64"))])
}

#[fixture]
#[once]
fn image() -> Report {
    archproof::verify(subject(&healthy_archive())).blocking().expect("verifiable")
}

#[rstest]
fn each_platform_conforms(image: &Report, #[values("linux/amd64", "linux/arm64")] on: Platform) {
    let variant = assert_conforms!(image, on);
    assert!(variant.runs()[0].end.has_status(0), "{:?}", variant.runs());
    let facts = variant.facts().expect("facts");
    assert_eq!(facts.entrypoint, ["/app"]);
    assert!(facts.files["/app"].ends_with("static"), "{facts:?}");
}

#[tokio::test]
async fn it_is_awaited_and_waited_for_within_a_runtime() {
    let archive = healthy_archive();
    archproof::verify(subject(&archive)).await.expect("verifiable").assert_pass();
    archproof::verify(subject(&archive)).blocking().expect("verifiable").assert_pass();
    let facts = Harness::subject(subject(&archive)).inspect().await.expect("readable");
    assert_eq!(facts.variants.len(), 2);
}

#[test]
fn a_finding_is_no_error_and_fails_the_test_with_the_report() {
    let report = archproof::verify(subject(&faulty_archive())).blocking().expect("verifiable");
    assert_eq!(report.verdict(), Verdict::Fail);
    assert_conforms!(report, "linux/amd64");
    let message = |test: &dyn Fn()| {
        let panic = catch_unwind(AssertUnwindSafe(test)).expect_err("it fails");
        panic.downcast_ref::<String>().expect("a message").clone()
    };
    let of_all = message(&|| report.assert_pass());
    let of_one = message(&|| assert!(assert_conforms!(report, "linux/arm64").facts().is_none()));
    for text in [of_all, of_one] {
        assert!(text.contains("/app (linux/arm64): error[ElfMachineMismatch]"), "{text}");
    }
    let absent = message(&|| assert!(assert_conforms!(report, "linux/s390x").facts().is_none()));
    assert!(absent.contains("there is no variant for linux/s390x"), "{absent}");
}

#[test]
fn what_could_not_be_found_out_is_an_error_that_says_why() {
    let error = |harness: Harness| format!("{:?}", harness.blocking().expect_err("an error"));
    let missing = error(archproof::verify("oci-archive:/nowhere.tar"));
    assert!(missing.contains("No such file or directory"), "{missing}");
    let platform = error(archproof::verify("oci-archive:a.tar").platforms(["linux/vax"]));
    assert!(platform.contains("vax"), "{platform}");
    let folder = error(Harness::folder(root().join("docs")));
    assert!(folder.contains("has no case.toml, archproof.toml or Dockerfile"), "{folder}");
    let broken = archive(["linux/amd64", "linux/arm64"].map(|it| (it, program(it))));
    let report = archproof::verify(subject(&broken)).blocking().expect("verifiable");
    assert_eq!(report.verdict(), Verdict::Fail, "a program without code dies:\n{report}");
}

#[test]
fn a_folder_is_built_and_nothing_is_left_in_the_engine() {
    let harness = || Harness::folder(root().join("cases/go-cross")).platforms(["linux/amd64"]);
    let report = harness().verify().blocking().expect("verifiable");
    report.assert_pass();
    // Whoever stops waiting leaves nothing either, wherever the work is.
    RUNTIME.block_on(async {
        for time in [50, 400, 800] {
            let _ =
                tokio::time::timeout(Duration::from_millis(time), harness().into_future()).await;
        }
    });
    assert_nothing_is_left();
}

/// A container of each variant, for tests of one's own: here it prints its help on each platform.
#[test]
fn a_variant_runs_in_a_container_for_as_long_as_the_report_exists() {
    let platforms = ["linux/amd64", "linux/arm64"];
    let harness = Harness::folder(root().join("cases/go-cross")).platforms(platforms);
    let repositories = RUNTIME.block_on(async {
        let report = harness.clone().keep_image().await.expect("verifiable");
        let mut repositories = Vec::new();
        for on in platforms {
            let request = assert_conforms!(report, on).container().expect("the image is kept");
            repositories.push(request.image().name().trim_end_matches("@sha256").to_owned());
            let request = request.with_cmd(["--help"]);
            let container = request.start().await.expect("it starts");
            let mut printed = Vec::new();
            container.stdout(true).read_to_end(&mut printed).await.expect("its output");
            assert!(String::from_utf8_lossy(&printed).contains("Usage"), "{on}: {printed:?}");
            container.rm().await.expect("it is removed");
        }
        let held = holdings().await;
        let is_held = |it: &String| held.iter().any(|image| image.starts_with(it.as_str()));
        assert!(repositories.iter().all(is_held), "the image is there: {repositories:?} {held:?}");
        repositories
    });
    let held = RUNTIME.block_on(holdings());
    let is_held = |it: &String| held.iter().any(|image| image.starts_with(it.as_str()));
    assert!(!repositories.iter().any(is_held), "and gone with the report: {held:?}");
    assert_nothing_is_left();
    let report = harness.blocking().expect("verifiable");
    let missing = assert_conforms!(report, "linux/amd64").container().err();
    assert_eq!(missing, Some(ContainerError::NotKept));
}

/// A test that somebody interrupts, as Ctrl-C does: the process gets no chance to clean up.
#[test]
fn an_interrupted_test_leaves_nothing_in_the_engine() {
    const KILLED: &str = "ARCHPROOF_TEST_TO_BE_KILLED";
    if std::env::var_os(KILLED).is_some() {
        let _ =
            Harness::folder(root().join("cases/go-cross")).platforms(["linux/amd64"]).blocking();
        return;
    }
    let this = std::env::current_exe().expect("this test");
    for time in [100, 600] {
        let mut child = Command::new(&this)
            .args(["--exact", "harness::an_interrupted_test_leaves_nothing_in_the_engine"])
            .env(KILLED, "1")
            .spawn()
            .expect("a test");
        std::thread::sleep(Duration::from_millis(time));
        child.kill().and_then(|()| child.wait()).expect("it ends");
    }
    let is_reaper =
        |it: &Process| it.line.starts_with("archproof-reaper") && it.environment.contains(KILLED);
    let deadline = Instant::now() + Duration::from_mins(1);
    while processes().iter().any(is_reaper) {
        assert!(Instant::now() < deadline, "the engine is not cleaned up");
        std::thread::sleep(Duration::from_millis(50));
    }
    assert_nothing_is_left();
}

#[test]
fn a_cache_that_is_a_link_is_refused() {
    const REFUSED: &str = "ARCHPROOF_TEST_TO_BE_REFUSED";
    if std::env::var_os(REFUSED).is_some() {
        let done = archproof::verify(subject(&healthy_archive())).blocking();
        panic!("{:?}", done.expect_err("an error"));
    }
    let caches = tempfile::tempdir().expect("a folder");
    std::os::unix::fs::symlink(std::env::temp_dir(), caches.path().join("archproof"))
        .expect("a link");
    let said = Said::by(
        Command::new(std::env::current_exe().expect("this test"))
            .args(["--exact", "harness::a_cache_that_is_a_link_is_refused", "--nocapture"])
            .env("XDG_CACHE_HOME", caches.path())
            .env(REFUSED, "1"),
    );
    assert!(said.to_string().contains("links are not followed"), "{said}");
}
