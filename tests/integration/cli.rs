//! What the program prints, and with which status it ends.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::common::{
    Layout, Project, RUNTIME, Said, archproof, assert_matches_schema, assert_nothing_is_left,
    engine, processes, root, send,
};
use archproof::emulator::{Mark, minimal_program};
use archproof::oci::Digest;
use archproof::platform::Platform;
use bollard::models::{ContainerSummary, ContainerUpdateBody};
use rstest::rstest;
use serde_json::Value;

/// A program whose `--help` is `Usage: tool` on every platform.
const SCRIPT: &str = "FROM busybox\nCOPY --chmod=755 tool /tool\nENTRYPOINT [\"/tool\"]\n";

fn script(commands: &str) -> Project {
    Project::new(&[("Dockerfile", SCRIPT), ("tool", &format!("#!/bin/sh\n{commands}\n"))])
}

fn verify(project: &Project, arguments: &[&str]) -> Said {
    Said::by(archproof().arg("verify").arg(project.folder()).args(arguments))
}

#[test]
fn a_plain_dockerfile_is_verified_for_the_usual_platforms() {
    let said = verify(&script("echo Usage: tool"), &[]);
    assert_eq!(said.status, Some(0), "{said}");
    assert!(said.stdout.contains("pass: 2 of 2 platforms passed"), "{said}");
}

#[test]
fn the_environment_names_platforms_where_nobody_else_does() {
    let project = script("echo Usage: tool");
    let said = Said::by(
        archproof()
            .arg("verify")
            .arg(project.folder())
            .env("DOCKER_DEFAULT_PLATFORM", "linux/riscv64"),
    );
    assert_eq!(said.status, Some(0), "{said}");
    assert!(said.stdout.contains("linux/riscv64"), "{said}");
    assert!(!said.stdout.contains("linux/amd64"), "{said}");
}

#[test]
fn the_json_report_follows_its_contract() {
    let said = verify(&script("echo Usage: tool"), &["--output", "json", "--platform", "arm64"]);
    assert_eq!(said.status, Some(0), "{said}");
    let report: Value = serde_json::from_str(&said.stdout).expect("JSON");
    assert_matches_schema(&report, "report");
    assert_eq!(report["schema"], 1);
    assert_eq!(report["verdict"], "pass");
    let variant = &report["subjects"][0]["variants"][0];
    assert_eq!(variant["platform"], "linux/arm64");
    assert_eq!(variant["runs"][0]["runner"], "sandbox");
    assert_eq!(variant["runs"][0]["exit"], 0);
    assert_eq!(variant["runs"][0]["stdout"], "Usage: tool\n");
}

#[test]
fn a_case_is_caught_as_expected_and_fails_where_nobody_expects_it() {
    let case = root().join("cases/goarch-hardcoded");
    let said = Said::by(archproof().args(["verify", "--output", "json"]).arg(&case));
    assert_eq!(said.status, Some(0), "{said}");
    let report: Value = serde_json::from_str(&said.stdout).expect("JSON");
    assert_matches_schema(&report, "report");
    assert_eq!(report["subjects"][0]["variants"][2]["findings"][0]["accepted"]["as"], "expected");

    let project = Project::new(&[]);
    for file in std::fs::read_dir(&case).expect("a folder") {
        let file = file.expect("a file").path();
        let to = project.path(&file.file_name().expect("a name").to_string_lossy());
        std::fs::copy(&file, &to).expect("a copy");
    }
    let text = std::fs::read_to_string(project.path("case.toml")).expect("a case");
    let (before, _) = text.split_once("[expect]").expect("the case expects findings");
    std::fs::write(project.path("case.toml"), before).expect("a case");
    let said = verify(&project, &["--output", "json"]);
    assert_eq!(said.status, Some(1), "{said}");
    let report: Value = serde_json::from_str(&said.stdout).expect("JSON");
    assert_matches_schema(&report, "report");
    let finding = &report["subjects"][0]["variants"][2]["findings"][0];
    assert_eq!(finding["rule"], "ElfMachineMismatch");
    assert_eq!(finding["severity"], "error");
    assert_eq!(finding["path"], "/app/tool");
    assert_eq!(finding["expected"], "EM_AARCH64");
    assert_eq!(finding["actual"], "EM_X86_64");
}

#[test]
fn a_case_that_is_mended_fails_until_it_says_so() {
    let project = script("echo Usage: tool");
    let case = "[build]\nplatforms = [\"linux/amd64\"]\n\
                [expect]\nfindings = [\"RunFailed /tool linux/amd64\"]\n";
    std::fs::write(project.path("archproof.toml"), case).expect("a case");
    let said = verify(&project, &[]);
    assert_eq!(said.status, Some(1), "{said}");
    assert!(said.stdout.contains("missed RunFailed /tool linux/amd64"), "{said}");
}

/// One variant's fault costs the others nothing: only the arm64 image runs the faulty command.
#[rstest]
#[case::exits("exit 3", "RunFailed")]
#[case::forks_without_end("f() { f | f & }; f; while :; do f; done", "Run")]
#[case::fills_its_root("cat /dev/zero > /full; exit 5", "Run")]
#[case::fills_it_with_many(
    "i=0; while :; do head -c 99999999 /dev/zero > /full$i; i=$((i+1)); done",
    "Run"
)]
#[case::takes_memory("tail /dev/zero", "Run")]
#[case::ignores_signals("trap '' TERM INT HUP; while :; do sleep 1; done", "RunTimedOut")]
#[case::prints_to_both("while :; do echo o; echo e >&2; done", "RunTimedOut")]
fn a_fault_stays_with_its_variant(
    #[case] commands: &str,
    #[case] rule: &str,
    #[values("engine", "sandbox")] runner: &str,
) {
    let commands = format!("[ -e /faulty ] || {{ echo Usage: tool; exit 0; }}\n{commands}");
    let project = script(&commands);
    let dockerfile = format!("{SCRIPT}ARG TARGETARCH\nCOPY $TARGETARCH/ /\n");
    std::fs::create_dir_all(project.path("amd64")).expect("a folder");
    std::fs::create_dir_all(project.path("arm64")).expect("a folder");
    std::fs::write(project.path("amd64/healthy"), "").expect("a file");
    std::fs::write(project.path("arm64/faulty"), "").expect("a file");
    std::fs::write(project.path("Dockerfile"), dockerfile).expect("a file");
    std::fs::write(project.path("archproof.toml"), "[run]\ntimeout = \"5s\"\n").expect("a case");
    let said = verify(&project, &["--output", "json", "--runner", runner]);
    assert_eq!(said.status, Some(1), "{said}");
    let report: Value = serde_json::from_str(&said.stdout).expect("JSON");
    assert_matches_schema(&report, "report");
    let [amd64, arm64] = report["subjects"][0]["variants"].as_array().expect("variants").as_slice()
    else {
        panic!("{said}")
    };
    assert_eq!(amd64["verdict"], "pass", "{said}");
    let found = arm64["findings"][0]["rule"].as_str().unwrap_or_default();
    assert!(found.starts_with(rule), "{said}");
    assert_nothing_is_left();
}

/// In the engine: a program that gets a fifth of a processor needs more than its time by the clock, and has
/// it; one that only waits has not.
#[test]
fn the_time_of_a_program_in_the_engine_is_what_it_gets() {
    let limit = "[run]\ntimeout = \"3s\"\n";
    let works = "while read -r stat </proc/$$/stat; do
  set -- ${stat##*) }
  [ $((${12} + ${13})) -lt 200 ] || break
done
echo Usage: tool";
    let entrypoint = format!("/starved-{}", std::process::id());
    let dockerfile = format!(
        "FROM busybox\nCOPY --chmod=755 tool {entrypoint}\nENTRYPOINT [\"{entrypoint}\"]\n"
    );
    let project = Project::new(&[
        ("Dockerfile", &dockerfile),
        ("tool", &format!("#!/bin/sh\n{works}\n")),
        ("archproof.toml", limit),
    ]);
    let own = Platform::of_host().to_string();
    let arguments = ["--runner", "engine", "--platform", &own, "--output", "json"];
    let said = std::thread::scope(|scope| {
        let starved = scope.spawn(|| RUNTIME.block_on(starve(&entrypoint)));
        let said = verify(&project, &arguments);
        starved.join().expect("the container is found");
        said
    });
    assert_eq!(said.status, Some(0), "{said}");

    let project = script("sleep 1000");
    std::fs::write(project.path("archproof.toml"), limit).expect("a case");
    let begun = Instant::now();
    let said = verify(&project, &arguments);
    assert!(said.stdout.contains("RunTimedOut"), "{said}");
    assert!(begun.elapsed() < Duration::from_secs(25), "{said}");
}

/// Leaves a container a fifth of a processor.
async fn starve(entrypoint: &str) {
    let engine = engine().await;
    let deadline = Instant::now() + Duration::from_mins(2);
    while Instant::now() < deadline {
        let containers = engine.docker().list_containers(None).await.expect("an answer");
        let is_wanted = |it: &&ContainerSummary| {
            it.command.as_ref().is_some_and(|command| command.contains(entrypoint))
        };
        if let Some(container) = containers.iter().find(is_wanted) {
            let fifth = ContainerUpdateBody {
                cpu_period: Some(100_000),
                cpu_quota: Some(20_000),
                ..ContainerUpdateBody::default()
            };
            let id = container.id.as_deref().expect("a name");
            engine.docker().update_container(id, fifth).await.expect("the engine limits it");
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("no container executes {entrypoint}");
}

/// What a program must not find, and what it must not be able to do, whoever runs it.
#[rstest]
fn nothing_of_the_host_is_in_reach(#[values("engine", "sandbox")] runner: &str) {
    let canary = tempfile::NamedTempFile::new_in("/var/tmp").expect("a file");
    let commands = format!(
        "breach() {{ echo \"breach: $*\"; }}
for mount in $(cut -d' ' -f2 /proc/self/mounts) /proc/[0-9]*/root /proc/[0-9]*/cwd; do
  for up in '' /.. /../.. /../../..; do [ -e $mount$up{canary} ] && breach file by $mount$up; done
done
grep ' /proc/sys/fs/binfmt_misc ' /proc/self/mounts && breach handlers
for setting in fs/binfmt_misc/register kernel/core_pattern kernel/hostname; do
  (echo x > /proc/sys/$setting) 2>/dev/null && breach setting $setting
done
mount -t binfmt_misc none /tmp 2>/dev/null && breach mounted handlers
mount -t tmpfs none /tmp 2>/dev/null && breach mounted
unshare -U true 2>/dev/null && breach entered a user namespace
unshare -n true 2>/dev/null && breach entered a network namespace
chroot /proc true 2>/dev/null && breach chroot
ip link 2>/dev/null | grep '^[0-9]' | grep -v ' lo: ' | grep -v 'state DOWN' && breach network
wget -q -T 2 -O /dev/null http://127.0.0.1/ 2>/dev/null && breach web
# Root in an engine may change owners and users, and nothing else.
grep '^CapEff:.*[1-9a-f]' /proc/self/status | grep -v 00000000000001fb && breach capabilities
grep -q '^NoNewPrivs:.*1' /proc/self/status || breach privileges
kill -9 1 2>/dev/null
echo Usage: tool",
        canary = canary.path().display()
    );
    let said = verify(&script(&commands), &["--output", "json", "--runner", runner]);
    assert_eq!(said.status, Some(0), "{said}");
    let report: Value = serde_json::from_str(&said.stdout).expect("JSON");
    for variant in report["subjects"][0]["variants"].as_array().expect("variants") {
        assert_eq!(variant["runs"][0]["stdout"], "Usage: tool\n", "{said}");
    }
    assert_nothing_is_left();
}

/// A child that leaves its session, its parent and its terminal is gone with the run.
#[rstest]
fn nobody_outlives_the_run(#[values("engine", "sandbox")] runner: &str) {
    let mark = format!("daemon-of-{runner}-{}", std::process::id());
    let daemon = format!("setsid sh -c 'trap \"\" HUP TERM; while :; do sleep 1; done' {mark}");
    let commands = format!("{daemon} >/dev/null 2>&1 </dev/null &\nsleep 0.3\necho Usage: tool\n");
    let said = verify(&script(&commands), &["--runner", runner]);
    assert_eq!(said.status, Some(0), "{said}");
    std::thread::sleep(Duration::from_secs(1));
    assert_eq!(processes_with(&mark), [""; 0], "{said}");
}

/// Another processor than the oldest may be named, and QEMU has to know it.
#[rstest]
fn a_processor_can_be_named(#[values("engine", "sandbox")] runner: &str) {
    let on = |model: &str| {
        let mut command = archproof();
        command.args(["verify", "cases/newer-instructions", "--platform", "linux/arm64"]);
        Said::by(command.args(["--runner", runner, "--cpu", &format!("linux/arm64={model}")]))
    };
    let newer = on("neoverse-n1");
    // Only a sandbox ensures it.
    let told = if runner == "engine" { "with QEMU_CPU=" } else { "on " };
    let told = format!("ran emulated {told}neoverse-n1: exit status 0");
    assert!(newer.stdout.contains(&told), "{newer}");
    assert!(newer.stdout.contains("missed RunIsaFault /app/tool linux/arm64"), "{newer}");
    let older = on("cortex-a72");
    assert!(
        older.stdout.contains("on cortex-a72, which was requested, the program dies"),
        "{older}"
    );
    assert_eq!(older.status, Some(0), "as the case expects: {older}");
    let unknown = on("cortex-a99");
    assert_eq!(unknown.status, Some(2), "{unknown}");
    assert!(unknown.stdout.contains("unable to find CPU model 'cortex-a99'"), "{unknown}");
}

/// What a program prints reaches the terminal escaped, and the report whole.
#[rstest]
fn a_program_cannot_steer_the_terminal(#[values("engine", "sandbox")] runner: &str) {
    let project =
        script("printf '\\033[2J\\033]0;owned\\007\\r\\302\\233' | tee /dev/stderr\nexit 3");
    let said = verify(&project, &["--runner", runner, "--platform", "linux/arm64"]);
    assert_eq!(said.status, Some(1), "{said}");
    let steers = |text: &str| text.chars().any(|it| it.is_control() && it != '\n' && it != '\t');
    assert!(!steers(&said.stdout) && !steers(&said.stderr), "{said}");
    assert!(said.stdout.contains("u{1b}[2J"), "{said}");
    let said =
        verify(&project, &["--runner", runner, "--platform", "linux/arm64", "--output", "json"]);
    let report: Value = serde_json::from_str(&said.stdout).expect("JSON");
    let run = &report["subjects"][0]["variants"][0]["runs"][0];
    let escaped = "\\u{1b}[2J\\u{1b}]0;owned\\u{7}\\r\\u{9b}";
    assert_eq!((&run["stdout"], &run["stderr"]), (&escaped.into(), &escaped.into()), "{said}");
}

/// Of each kind one that steers a terminal, reorders a line or hides in it.
const STEERING: &str = "\u{1b}]0;owned\u{7}\u{1b}[31m\r\u{8}\u{7f}\u{9b}\u{9d}\u{90}\u{85}\u{202e}\u{2067}\
    \u{61c}\u{2028}\u{200b}\u{2060}\u{ad}\u{e0041}\u{180e}\u{feff}";

/// An image layout that has those wherever an image may have words.
fn steering_layout(folder: &Path) {
    let layout = Layout::new(folder);
    let put = |media_type: &str, bytes: &[u8]| layout.add(media_type, bytes);
    let mut tar = tar::Builder::new(Vec::new());
    let program = |name| minimal_program(name, Mark::NONE, &[]);
    let foreign = program("linux/amd64".parse().expect("a platform"));
    for name in [format!("bin/a{STEERING}z"), "bin/b\npass: 1 of 1 platform passed".to_owned()] {
        let mut header = tar::Header::new_gnu();
        header.set_size(foreign.len() as u64);
        header.set_mode(0o755);
        tar.append_data(&mut header, name, foreign.as_slice()).expect("memory");
    }
    let tar = tar.into_inner().expect("memory");
    let layer = put("application/vnd.oci.image.layer.v1.tar", &tar);
    let entry = |entrypoint: &str, user: &str, layer: &Value| {
        let config = serde_json::json!({
            "os": "linux", "architecture": "arm64", "variant": STEERING, "created": STEERING,
            "config": {
                "Entrypoint": [entrypoint, STEERING], "User": user,
                "WorkingDir": format!("/w{STEERING}"), "Labels": {STEERING: STEERING},
                "Env": [format!("A=/usr/lib/x86_64-linux-gnu/{STEERING}"),
                        format!("QEMU_ARCH{STEERING}=amd64"), format!("S6_ARCH=amd64{STEERING}")],
            },
            "rootfs": {"type": "layers", "diff_ids": [layer["digest"]]},
            "history": [{"created_by": format!("RUN {STEERING}")}],
        });
        let config = put("application/vnd.oci.image.config.v1+json", config.to_string().as_bytes());
        let manifest = serde_json::json!({"schemaVersion": 2, "config": config, "layers": [layer]});
        put("application/vnd.oci.image.manifest.v1+json", manifest.to_string().as_bytes())
    };
    let with = |mut entry: Value, platform: Value| {
        entry["platform"] = platform;
        entry
    };
    let arm64 = serde_json::json!({"os": "linux", "architecture": "arm64"});
    let odd = serde_json::json!({"os": format!("linux{STEERING}"), "architecture": STEERING,
                                 "variant": STEERING});
    let mut unknown = layer.clone();
    unknown["mediaType"] = format!("application/x{STEERING}").into();
    unknown["digest"] = Digest::of(b"none").to_string().into();
    let missing = entry(&format!("/none{STEERING}"), &format!("me{STEERING}"), &layer);
    let manifests = [
        with(missing, arm64.clone()),
        with(entry("/bin", "", &unknown), arm64.clone()),
        with(entry("/bin", "", &layer), odd),
    ];
    let index = serde_json::json!({"schemaVersion": 2, "manifests": manifests});
    let index = put("application/vnd.oci.image.index.v1+json", index.to_string().as_bytes());
    layout.set_roots(&[index]);
}

/// What an image says reaches a terminal, a file and a program as something that can be read.
#[rstest]
#[case::verify(&["verify", "--runner", "none"])]
#[case::inspect(&["inspect"])]
fn an_image_cannot_steer_the_terminal(
    #[case] command: &[&str],
    #[values("text", "json")] format: &str,
) {
    let folder = tempfile::tempdir().expect("a folder");
    steering_layout(folder.path());
    let subject = format!("oci:{}", folder.path().display());
    let said =
        |subject: &str| Said::by(archproof().args(command).args(["--output", format, subject]));
    let is_steering =
        |letter: char| letter != '\n' && STEERING.contains(letter) && !letter.is_ascii_graphic();
    // An image that is read, and an error that has the user's own words.
    for subject in [subject.as_str(), &format!("oci:{}{STEERING}", folder.path().display())] {
        let said = said(subject);
        let steers = |text: &str| text.chars().any(is_steering);
        assert!(!steers(&said.stdout) && !steers(&said.stderr), "{said}");
        assert!(!said.stdout.lines().any(|it| it.starts_with("pass:")), "{said}");
    }
    if format == "json" {
        let said = said(&subject);
        let report: Value = serde_json::from_str(&said.stdout).expect("JSON");
        let strings = strings(&report);
        assert!(strings.iter().any(|it| it.contains(STEERING)), "not a byte is lost: {said}");
    }
}

/// All texts in a document, keys included.
fn strings(value: &Value) -> Vec<&str> {
    match value {
        Value::String(text) => vec![text],
        Value::Array(values) => values.iter().flat_map(strings).collect(),
        Value::Object(fields) => fields
            .iter()
            .flat_map(|(key, value)| [vec![key.as_str()], strings(value)].concat())
            .collect(),
        _ => Vec::new(),
    }
}

/// The command lines of all processes that have a word.
fn processes_with(word: &str) -> Vec<String> {
    processes().into_iter().map(|it| it.line).filter(|it| it.contains(word)).collect()
}

/// A tool for big-endian 64-bit MIPS: of that architecture nothing is registered.
fn with_foreign_tool(rest: &str) -> Project {
    let dockerfile = format!("FROM scratch\nCOPY tool /tool\n{rest}\n");
    let folder = Project::new(&[("Dockerfile", &dockerfile)]);
    let tool = folder.path("tool");
    std::fs::write(&tool, minimal_program("linux/mips64".parse().expect("it"), Mark::NONE, &[]))
        .expect("a file");
    let executable = Command::new("chmod").arg("755").arg(&tool).status().expect("chmod runs");
    assert!(executable.success());
    folder
}

#[test]
fn a_build_that_misses_an_emulator_is_blocked() {
    let folder = with_foreign_tool("RUN [\"/tool\"]");
    let said = verify(&folder, &["--platform", "linux/mips64"]);
    assert_eq!(said.status, Some(2), "{said}");
    assert!(said.stdout.contains("blocked: cannot build"), "{said}");
    assert!(said.stdout.contains("can neither run nor emulate"), "{said}");
    assert_nothing_is_left();
}

/// Nothing is missing there: the image has a program of another machine.
#[test]
fn a_program_that_no_machine_of_the_build_executes_fails_it() {
    for platform in ["linux/amd64", "linux/arm64"] {
        let folder = with_foreign_tool("RUN [\"/tool\"]");
        let said = verify(&folder, &["--platform", platform]);
        assert_eq!(said.status, Some(1), "{said}");
        assert!(said.stdout.contains("Dockerfile:3:1: "), "{said}");
        assert!(said.stdout.to_lowercase().contains("exec format error"), "{said}");
        assert!(!said.stdout.contains("can neither run nor emulate"), "{said}");
    }
    assert_nothing_is_left();
}

#[test]
fn an_emulator_that_is_missing_blocks_and_is_named() {
    let project = with_foreign_tool("ENTRYPOINT [\"/tool\"]");
    let said = verify(&project, &["--runner", "engine", "--platform", "linux/mips64"]);
    assert_eq!(said.status, Some(2), "{said}");
    assert!(said.stdout.contains("register QEMU there"), "{said}");
    assert!(said.stdout.contains("--install mips64"), "{said}");
    assert_nothing_is_left();
}

#[test]
fn without_an_engine_there_is_one_message() {
    let message = "no Docker Engine answers at unix:///nowhere.sock";
    let project = Project::new(&[("Dockerfile", "FROM scratch\n")]);
    let said = Said::by(
        archproof().arg("verify").arg(project.folder()).env("DOCKER_HOST", "unix:///nowhere.sock"),
    );
    assert_eq!(said.status, Some(2), "{said}");
    assert_eq!(said.stdout, "", "{said}");
    let errors: Vec<&str> = said.stderr.lines().filter(|it| it.starts_with("error")).collect();
    assert!(matches!(errors[..], [error] if error.contains(message)), "{said}");
}

#[rstest]
#[case::nonsense("FROM busybox\nCOPPY a b\n", &[], &["unknown instruction: COPPY", "Dockerfile:2"])]
#[case::failing_step("FROM busybox\nRUN echo before; exit 7\n", &["--platform", "linux/arm64"], &["exit status 7", "linux/arm64", "Dockerfile:2", "| before", "exit 7  emulated  "])]
#[case::missing_file("FROM busybox\nCOPY nothing /\n", &[], &["nothing", "not found"])]
#[case::out_of_memory("FROM busybox\nRUN sh -c 'kill -9 $$'; exit $?\n", &["--platform", "linux/amd64"], &["exit status 137", "memory"])]
fn what_cannot_be_built_fails_with_the_reason(
    #[case] dockerfile: &str,
    #[case] arguments: &[&str],
    #[case] messages: &[&str],
) {
    let said = verify(&Project::new(&[("Dockerfile", dockerfile)]), arguments);
    assert_eq!(said.status, Some(1), "{said}");
    assert!(said.stdout.contains(": error[BuildFailed]: "), "{said}");
    assert!(said.stdout.contains("fail: the build failed, there is no image"), "{said}");
    for message in messages {
        assert!(said.stdout.contains(message), "{message}\n{said}");
    }
    assert_nothing_is_left();
}

#[rstest]
#[case::emulator_crashed(
    "echo 'qemu: uncaught target signal 11 (Segmentation fault)'; exit 139",
    "signal 11"
)]
#[case::disk_full("echo 'write: No space left on device'; exit 1", "No space left")]
fn what_may_not_be_the_dockerfiles_fault_is_blocked(#[case] command: &str, #[case] message: &str) {
    let dockerfile = format!("FROM busybox\nRUN {command}\n");
    let said =
        verify(&Project::new(&[("Dockerfile", &dockerfile)]), &["--platform", "linux/amd64"]);
    assert_eq!(said.status, Some(2), "{said}");
    assert!(said.stdout.contains("blocked: cannot build"), "{said}");
    assert!(said.stdout.contains(message), "{said}");
}

#[rstest]
#[case::platform(&["verify", "cases/go-cross", "--platform", "linux/arm64/v7"], "arm64 has no variant `v7`")]
#[case::subject(&["verify", "./nowhere"], "`./nowhere` does not exist")]
#[case::empty(&["verify", "docs"], "has no case.toml, archproof.toml or Dockerfile")]
#[case::nameless(&["inspect", "oci:"], "`oci:` names nothing: expected oci:DIR[:TAG]")]
#[case::not_built(&["verify", "oci:image", "--runner", "engine"], "leave out --runner engine")]
#[case::rule(&["explain", "NoSuchRule"], "there is no rule `NoSuchRule`")]
#[case::nothing(&["verify"], "required")]
#[case::cpu(&["verify", "cases/go-cross", "--cpu", "linux/arm64"], "expected PLATFORM=MODEL")]
#[case::model(&["verify", "cases/go-cross", "--cpu", "linux/arm64=a b"], "`a b` is not the name of a processor")]
fn wrong_usage_has_status_2(#[case] arguments: &[&str], #[case] message: &str) {
    let said = Said::by(archproof().args(arguments));
    assert_eq!(said.status, Some(2), "{said}");
    assert!(said.stderr.contains(message), "{said}");
}

#[test]
fn a_wrong_case_file_is_named_with_its_place() {
    let project = Project::new(&[
        ("Dockerfile", "FROM scratch\n"),
        ("case.toml", "summary = \"x\"\n[build]\nplatform = []\n"),
    ]);
    let said = verify(&project, &[]);
    assert_eq!(said.status, Some(2), "{said}");
    assert!(said.stderr.contains("case.toml:3:1: unknown field `platform`"), "{said}");
    assert!(said.stderr.contains("`platforms`"), "{said}");
}

#[test]
fn rules_explain_themselves() {
    let list = Said::by(archproof().arg("explain"));
    assert_eq!(list.status, Some(0), "{list}");
    let page = Said::by(archproof().args(["explain", "ElfMachineMismatch"]));
    assert!(page.stdout.starts_with("# ElfMachineMismatch\n"), "{page}");
}

#[rstest]
#[case("INT")]
#[case("TERM")]
fn an_interrupted_build_leaves_nothing_behind(#[case] signal: &str) {
    let project = Project::new(&[("Dockerfile", "FROM busybox\nRUN sleep 300\n")]);
    let said = interrupt(&project, signal, "RUN sleep 300\n");
    assert_eq!(said.status, Some(2), "{said}");
    let message =
        format!("interrupted by SIG{signal}: nothing was verified; nothing was left in the engine");
    assert!(said.stderr.contains(&message), "{said}");
    assert_nothing_is_left();
}

#[test]
fn an_interrupted_run_leaves_nothing_behind() {
    let said = interrupt(&script("sleep 300"), "TERM", "  run    linux/arm64\n");
    assert_eq!(said.status, Some(2), "{said}");
    assert_nothing_is_left();
}

/// Starts a verification, and interrupts it as soon as it has printed a text.
fn interrupt(project: &Project, signal: &str, at: &str) -> Said {
    let temporary = tempfile::tempdir().expect("a folder");
    let mut child = archproof()
        .args(["verify", "--platform", "linux/amd64,linux/arm64", "--no-cache"])
        .arg(project.folder())
        .env("TMPDIR", temporary.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut log = BufReader::new(child.stderr.take().expect("a pipe"));
    let mut seen = String::new();
    while !seen.ends_with(at) {
        let read = log.read_line(&mut seen).expect("text");
        assert!(read > 0, "it ended before it printed {at:?}:\n{seen}");
    }
    assert!(send(signal, child.id()), "it ended before");
    log.read_to_string(&mut seen).expect("text");
    let output = child.wait_with_output().expect("the program ends");
    let said = Said { stderr: seen, ..Said::new(&output) };
    let left: Vec<_> = std::fs::read_dir(temporary.path()).expect("a folder").collect();
    assert!(left.is_empty(), "{left:?}");
    said
}
