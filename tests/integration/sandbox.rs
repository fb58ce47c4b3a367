//! Variants run in sandboxes: by an ordinary user, on the processor that their platform promises,
//! and with nothing of the host in reach.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::common::{
    Home, Layout, Process, Project, RUNTIME, Said, archproof, build_into, processes, root,
};
use archproof::emulator::{Mark, PrivateCopy, minimal_program, stub_interpreter};
use rstest::rstest;
use serde_json::{Value, json};
use tar::{EntryType, Header};

#[test]
fn an_ordinary_user_runs_every_platform_without_an_engine() {
    let home = Home::new();
    let file = home.path("image.tar");
    RUNTIME.block_on(build_into(&root().join("cases/go-cross"), &file));
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).expect("a mode");
    let subject = format!("oci-archive:{}", file.display());
    for _ in ["with layers to be unpacked", "with layers that are there"] {
        let said = Said::by(home.archproof().args(["verify", &subject]));
        assert_eq!(said.status, Some(0), "{said}");
        assert!(said.stdout.contains("pass: 8 of 8 platforms passed"), "{said}");
    }
}

/// What a sandbox cannot show, the engine shows: here the kernel makes no further namespaces.
#[rstest]
#[case::by_default("auto", 0, "engine")]
#[case::as_demanded("sandbox", 2, "sandbox")]
fn the_engine_runs_what_no_sandbox_can(
    #[case] runner: &str,
    #[case] status: i32,
    #[case] ran_by: &str,
) {
    let caches = tempfile::tempdir().expect("a folder");
    let program = archproof();
    let mut command = Command::new("unshare");
    command.args(["--user", "--map-root-user", "sh", "-c"]);
    command.arg("echo 0 >/proc/sys/user/max_user_namespaces && exec \"$@\"").arg("sh");
    command.arg(program.get_program()).arg("verify").arg(root().join("cases/go-cross"));
    command.args(["--platform", "linux/arm64", "--output", "json", "--runner", runner]);
    let said = Said::by(command.env("CI", "1").env("XDG_CACHE_HOME", caches.path()));
    assert_eq!(said.status, Some(status), "{said}");
    let report: Value = serde_json::from_str(&said.stdout).expect("JSON");
    let variant = &report["subjects"][0]["variants"][0];
    assert_eq!(variant["runs"][0]["runner"], ran_by, "{said}");
    let told = said.stderr.lines().find(|it| it.contains("engine linux/arm64, because "));
    let is_told = told.is_some_and(|it| it.contains("cannot enter a user namespace"));
    assert_eq!(is_told, runner == "auto", "{said}");
}

/// A report's only subject.
fn verify(project: &Project, arguments: &[&str]) -> (Said, Value) {
    let mut command = archproof();
    command.arg("verify").arg(project.folder()).args(["--runner", "sandbox", "--output", "json"]);
    let said = Said::by(command.args(arguments));
    let report: Value = serde_json::from_str(&said.stdout).expect("JSON");
    crate::common::assert_matches_schema(&report, "report");
    (said, report["subjects"][0].clone())
}

/// What was found, as `rule path`.
fn findings(variant: &Value) -> Vec<String> {
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let findings = variant["findings"].as_array().into_iter().flatten();
    findings.map(|it| format!("{} {}", text(&it["rule"]), text(&it["path"]))).collect()
}

/// A program that ends well after one instruction that its platform does not promise, and the same
/// without it. Nothing in the file declares what it needs.
#[rstest]
#[case::lse_in_arm64("linux/arm64", "e10320f8", "000080d2 ff4300d1 NEW a80b80d2 010000d4")]
#[case::armv7_in_armv6("linux/arm/v6", "011000e3", "NEW 0000a0e3 0170a0e3 000000ef")]
#[case::vectors_in_riscv64("linux/riscv64", "d772000c", "NEW 01459308 d0057300 0000")]
#[case::power9_in_ppc64le("linux/ppc64le", "161e637c", "NEW 00006038 01000038 02000044")]
#[case::bmi_in_amd64("linux/amd64", "c4e260f2c8", "NEW 31ffb83c 0000000f 05")]
fn code_for_newer_processors_is_caught_by_the_run(
    #[case] platform: &str,
    #[case] instruction: &str,
    #[case] code: &str,
) {
    for (new, expected) in [(instruction, &["RunIsaFault /tool"][..]), ("", &[])] {
        let project =
            Project::new(&[("Dockerfile", "FROM scratch\nCOPY tool /\nENTRYPOINT [\"/tool\"]\n")]);
        let program = program(platform, &code.replace("NEW", new));
        executable(&project.path("tool"), &program);
        let (said, subject) = verify(&project, &["--platform", platform]);
        let variant = &subject["variants"][0];
        assert_eq!(findings(variant), expected, "{said}");
        let runs = variant["runs"].as_array().expect("runs");
        assert_eq!(runs.len(), if new.is_empty() { 1 } else { 2 }, "{said}");
        assert!(runs.iter().all(|it| it["emulator"].is_string()), "{said}");
        if !new.is_empty() {
            let mut shown = bytes(runs[0]["instruction"]["code"].as_str().unwrap_or_default());
            if platform != "linux/amd64" {
                shown.reverse();
            }
            assert!(shown.starts_with(&bytes(new)), "{said}");
        }
    }
}

/// The finding belongs to the file whose code it is, and to the layer that brought that file.
#[test]
fn an_instruction_is_found_in_the_library_that_holds_it() {
    let dockerfile = "FROM scratch\nCOPY tool /\nCOPY new.so /lib/new.so.1\nCOPY links /lib/\n\
        ENTRYPOINT [\"/tool\"]\n";
    let project = Project::new(&[("Dockerfile", dockerfile)]);
    // open("/lib/new.so"), mmap it, and go where its code begins.
    let tool = "600c8092c1010010020080d2080780d2010000d4e40300aa000080d2010082d2a20080d2430080d2\
        050080d2c81b80d2010000d400e0019100001fd6 2f6c69622f6e65772e736f00";
    // A place on the stack, an atomic addition there, exit(0).
    let library = "ff4300d1 e10320f8 000080d2 a80b80d2 010000d4";
    executable(&project.path("tool"), &program("linux/arm64", tool));
    executable(&project.path("new.so"), &program("linux/arm64", library));
    fs::create_dir(project.path("links")).expect("a folder");
    std::os::unix::fs::symlink("new.so.1", project.path("links/new.so")).expect("a link");
    let (said, subject) = verify(&project, &["--platform", "linux/arm64"]);
    let variant = &subject["variants"][0];
    assert_eq!(findings(variant), ["RunIsaFault /lib/new.so.1"], "{said}");
    assert_eq!(variant["findings"][0]["layer"]["number"], 1, "{said}");
    let found = &variant["runs"][0]["instruction"];
    let expected = json!({"file": "/lib/new.so.1", "address": 0x1_007c, "code": "f82003e1"});
    assert_eq!(*found, expected, "{said}");
}

/// A program of this code, in hexadecimal.
fn program(platform: &str, code: &str) -> Vec<u8> {
    minimal_program(platform.parse().expect("a platform"), Mark::NONE, &bytes(code))
}

fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<u32> = hex.chars().filter_map(|it| it.to_digit(16)).collect();
    let byte = |pair: &[u32]| u8::try_from(pair[0] * 16 + pair[1]).expect("two digits");
    digits.chunks(2).map(byte).collect()
}

fn executable(path: &Path, bytes: &[u8]) {
    fs::write(path, bytes).expect("a file");
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("a mode");
}

/// A layout with one manifest, which its index names once for each platform. The only file is the
/// program, `/tool`.
fn one_manifest(folder: &Path, program: &[u8], platforms: [&str; 2]) {
    let mut tar = tar::Builder::new(Vec::new());
    let mut header = Header::new_gnu();
    header.set_size(program.len() as u64);
    header.set_mode(0o755);
    tar.append_data(&mut header, "tool", program).expect("in memory");
    let layer = tar.into_inner().expect("in memory");
    let layout = Layout::new(folder);
    let add =
        |kind: &str, bytes: &[u8]| layout.add(&format!("application/vnd.oci.image.{kind}"), bytes);
    let stated = |platform: &str| {
        let mut parts = platform.split('/').skip(1);
        let (architecture, variant) = (parts.next().expect("one"), parts.next());
        let platform = json!({"os": "linux", "architecture": architecture});
        match variant {
            Some(variant) => {
                json!({"os": "linux", "architecture": architecture, "variant": variant})
            }
            None => platform,
        }
    };
    let layer = add("layer.v1.tar", &layer);
    let mut config = stated(platforms[1]);
    config["config"] = json!({"Entrypoint": ["/tool"]});
    config["rootfs"] = json!({"type": "layers", "diff_ids": [layer["digest"]]});
    let config = add("config.v1+json", config.to_string().as_bytes());
    let manifest = json!({"schemaVersion": 2, "config": config, "layers": [layer]}).to_string();
    let entry = |platform| {
        let mut entry = add("manifest.v1+json", manifest.as_bytes());
        entry["platform"] = stated(platform);
        entry
    };
    let index = json!({"schemaVersion": 2, "manifests": platforms.map(entry)});
    layout.set_roots(&[add("index.v1+json", index.to_string().as_bytes())]);
}

/// Each entry of an index has its own runs, whatever manifest it names: an ARMv7 program is no ARMv6
/// program because it is well as the other entry's, nor is an amd64 program ill because the arm64 entry
/// names it too.
#[rstest]
#[case::armv7_for_both(
    ["linux/arm/v6", "linux/arm/v7"],
    "011000e3 0000a0e3 0170a0e3 000000ef",
    "RunIsaFault /tool",
)]
#[case::amd64_for_both(
    ["linux/arm64", "linux/amd64"],
    "31ffb83c0000000f05",
    "ElfMachineMismatch /tool",
)]
fn entries_of_one_manifest_have_runs_of_their_own(
    #[case] platforms: [&str; 2],
    #[case] code: &str,
    #[case] of_first: &str,
) {
    // Whichever run ends last, on however many processors.
    for order in [platforms, [platforms[1], platforms[0]]] {
        let folder = tempfile::tempdir().expect("a folder");
        one_manifest(folder.path(), &program(platforms[1], code), order);
        let subject = format!("oci:{}", folder.path().display());
        let said = Said::by(archproof().args(["verify", "--output", "json", &subject]));
        let report: Value = serde_json::from_str(&said.stdout).expect("JSON");
        for (platform, expected) in platforms.iter().zip([vec![of_first], Vec::new()]) {
            let variants = report["subjects"][0]["variants"].as_array().expect("variants");
            let variant = variants.iter().find(|it| it["platform"] == *platform).expect("it");
            let of_program = |it: &String| it.ends_with("/tool") && !it.starts_with("Parity");
            let found: Vec<String> = findings(variant).into_iter().filter(of_program).collect();
            assert_eq!(found, expected, "{platform}: {said}");
            assert_eq!(variant["runs"].as_array().map(Vec::is_empty), Some(false), "{said}");
        }
    }
}

/// As nginx's image has it, and one whose script cannot be understood by reading it.
#[rstest]
#[case::by_reading_it("exec \"$@\"")]
#[case::behind_a_wrapper("exec env GREETING=hello \"$@\"")]
#[case::by_its_failure("case \"$1\" in -*) ;; esac\nexec \"$@\"")]
fn help_is_asked_of_the_command_that_an_entrypoint_hands_on(#[case] last: &str) {
    let project = Project::new(&[
        (
            "Dockerfile",
            "FROM busybox\nCOPY --chmod=755 run tool /\nENTRYPOINT [\"/run\"]\n\
             CMD [\"/tool\", \"serve\"]\n",
        ),
        ("run", &format!("#!/bin/sh\nset -e\n{last}\n")),
        ("tool", "#!/bin/sh\necho Usage: tool, $*\n"),
    ]);
    for runner in ["sandbox", "engine"] {
        let mut command = archproof();
        command.args(["verify", "--runner", runner, "--output", "json"]).arg(project.folder());
        let said = Said::by(command.args(["--platform", "linux/amd64,linux/arm64"]));
        let report: Value = serde_json::from_str(&said.stdout).expect("JSON");
        let variants = report["subjects"][0]["variants"].as_array().expect("variants");
        assert_eq!(variants.len(), 2, "{said}");
        for variant in variants {
            let runs = variant["runs"].as_array().expect("runs");
            assert_eq!(runs.len(), 1, "{said}");
            assert_eq!(runs[0]["command"], json!(["/run", "/tool", "--help"]), "{said}");
            assert_eq!(runs[0]["stdout"], "Usage: tool, --help\n", "{said}");
        }
        assert_eq!(said.status, Some(0), "{said}");
    }
}

/// Both have shown that they run; what a case demands of them is demanded all the same.
#[rstest]
#[case::prints_its_usage("echo 'tool: unknown option: --help' >&2; exit 1", "RunFailed")]
#[case::serves("echo 'listening on port 80'; while :; do sleep 1; done", "RunTimedOut")]
fn a_program_that_does_not_know_help_is_a_warning(#[case] does: &str, #[case] error: &str) {
    let project = Project::new(&[
        ("Dockerfile", "FROM busybox\nCOPY --chmod=755 tool /\nENTRYPOINT [\"/tool\"]\n"),
        ("tool", &format!("#!/bin/sh\n{does}\n")),
    ]);
    let unstated = "[run]\ntimeout = \"3s\"\n";
    let stated = format!("{unstated}exit = 0\n");
    for (case, expected, status) in
        [(unstated, "RunHelpUnknown /tool", 0), (&stated, &format!("{error} /tool"), 1)]
    {
        fs::write(project.path("archproof.toml"), case).expect("a case");
        let (said, subject) = verify(&project, &["--platform", "linux/amd64,linux/arm64"]);
        assert_eq!(said.status, Some(status), "{said}");
        for variant in subject["variants"].as_array().expect("variants") {
            assert_eq!(findings(variant), [expected], "{said}");
        }
    }
}

/// A variant that is not run says why, and what keeps it from running is a finding.
#[test]
fn a_user_that_no_engine_takes_is_found() {
    let project = Project::new(&[(
        "Dockerfile",
        "FROM busybox\nUSER 4294967296\nENTRYPOINT [\"/bin/true\"]\n",
    )]);
    let (said, subject) = verify(&project, &["--platform", "linux/amd64"]);
    let variant = &subject["variants"][0];
    assert_eq!(findings(variant), ["UserMissing -"], "{said}");
    assert_eq!(variant["verdict"], "fail", "{said}");
    let why =
        "4294967296 is greater than 2147483647, the largest user or group ID that can be used";
    assert_eq!(variant["not_run"], why, "{said}");
    let mut command = archproof();
    command.arg("verify").arg(project.folder()).args(["--platform", "linux/amd64"]);
    let said = Said::by(command.args(["--runner", "none"]));
    assert!(said.stdout.contains("linux/amd64  not run: --runner none"), "{said}");
}

/// A script that makes a helper and goes on with a command. The helper is in the image as the text of
/// the script, so that nobody sees it before it is there.
fn with_helper(helper: &[u8], command: &str) -> Project {
    let octal: Vec<String> = helper.iter().map(|byte| format!("\\{byte:03o}")).collect();
    let octal = octal.concat();
    let script =
        format!("#!/bin/sh\nprintf '{octal}' > /tmp/helper\nchmod +x /tmp/helper\n{command}\n");
    Project::new(&[
        ("Dockerfile", "FROM busybox\nCOPY --chmod=755 tool /tool\nENTRYPOINT [\"/tool\"]\n"),
        ("tool", &script),
    ])
}

#[test]
fn a_helper_of_another_machine_is_caught_when_it_is_called() {
    // exit(0)
    let helper = program("linux/amd64", "31ffb83c0000000f05");
    let project = with_helper(&helper, "/tmp/helper 2>/dev/null || true\necho Usage: tool");
    let (said, subject) = verify(&project, &["--platform", "linux/amd64,linux/arm64"]);
    let variants = subject["variants"].as_array().expect("variants");
    let [amd64, arm64] = variants.as_slice() else { panic!("{said}") };
    assert_eq!(findings(amd64), [""; 0], "{said}");
    assert_eq!(findings(arm64), ["RunForeignExecutable /tmp/helper"], "{said}");
}

/// Whatever a program does to hide it: no descriptor is left to tell with, or nobody is left to wait.
#[rstest]
#[case::no_descriptor("ulimit -n 3; /tmp/helper")]
#[case::an_orphan("/tmp/helper &")]
#[case::an_orphan_of_another_session("setsid /tmp/helper 2>/dev/null &")]
#[case::a_cleared_environment("env -i /tmp/helper 2>/dev/null")]
fn a_helper_of_another_machine_cannot_hide(#[case] call: &str) {
    // exit(0)
    let helper = program("linux/amd64", "31ffb83c0000000f05");
    let project = with_helper(&helper, &format!("{call}\necho Usage: tool"));
    let (said, subject) = verify(&project, &["--platform", "linux/arm64"]);
    let variant = &subject["variants"][0];
    assert_eq!(findings(variant), ["RunForeignExecutable /tmp/helper"], "{said}");
}

/// The processor is archproof's to choose, whatever a program tells its children, and the healthy one
/// beside it runs on the promised one.
#[rstest]
#[case::exported("export QEMU_CPU=max; exec /new")]
#[case::in_a_child("QEMU_CPU=max /new; exit $?")]
#[case::without_an_environment("exec env -i /new")]
fn no_program_chooses_its_processor(#[case] line: &str) {
    let (lse, code) = ("e10320f8", "000080d2 ff4300d1 NEW a80b80d2 010000d4");
    let script = format!("#!/bin/sh\ncd /tmp\n{line}\n");
    for (new, is_caught) in [(lse, true), ("", false)] {
        let project = Project::new(&[
            ("Dockerfile", "FROM busybox\nCOPY new tool /\nENTRYPOINT [\"/tool\"]\n"),
            ("tool", &script),
        ]);
        executable(&project.path("new"), &program("linux/arm64", &code.replace("NEW", new)));
        executable(&project.path("tool"), script.as_bytes());
        let (said, subject) = verify(&project, &["--platform", "linux/arm64"]);
        let is_pass = subject["variants"][0]["verdict"] == "pass";
        assert_eq!(is_pass, !is_caught, "{said}");
    }
}

/// As in `docker run`: the root filesystem is writable, up to a limit, and gone with the run.
#[test]
fn the_root_filesystem_takes_what_is_written_to_it() {
    let script = "#!/bin/sh
echo x > /new && mkdir -p /var/lib/tool /run/tool && echo x > /etc/tool.conf && rm /bin/ls || exit 1
grep -q localhost /etc/hosts && [ \"$(hostname)\" = archproof ] || exit 2
dd if=/dev/zero of=/big bs=1M count=600 2>/dev/null && exit 3
echo Usage: tool
";
    let project = Project::new(&[
        ("Dockerfile", "FROM busybox\nCOPY --chmod=755 tool /tool\nENTRYPOINT [\"/tool\"]\n"),
        ("tool", script),
        ("archproof.toml", "[run]\nstdout = [\"Usage\"]\n"),
    ]);
    for _ in ["once", "and again, for nothing is left of it"] {
        let (said, _) = verify(&project, &["--platform", "linux/amd64,linux/arm64"]);
        assert_eq!(said.status, Some(0), "{said}");
    }
}

/// Entrypoints that begin as root and go on as somebody else, by whatever means.
#[test]
fn root_steps_down() {
    let script = "#!/bin/sh
set -e
if [ \"$(id -u)\" = 0 ] && [ -z \"$DOWN\" ]; then
  mkdir -p /data && touch /data/file && chown -R nobody:nogroup /data
  echo $(su nobody -s /bin/sh -c 'id -u') $(runuser -u nobody -- id -un) \
    $(chroot --userspec=nobody / id -u) $(setpriv --reuid=65534 --regid=65534 --clear-groups id -G)
  install -o nobody -d /var/mine
  export DOWN=1
  exec setpriv --reuid=65534 --regid=65534 --init-groups --bounding-set=-all \"$0\" \"$@\"
fi
setpriv --reuid=0 true 2>/dev/null && echo went back
chown 0 /data/file 2>/dev/null && echo gave to root
(exec sh -c 'echo $(id -u):$(id -g) $*' sh \"$@\")
";
    let project = Project::new(&[
        ("Dockerfile", "FROM debian\nCOPY --chmod=755 tool /tool\nENTRYPOINT [\"/tool\"]\n"),
        ("tool", script),
    ]);
    let platforms = "linux/amd64,linux/arm64,linux/arm/v7,linux/s390x";
    let (said, subject) = verify(&project, &["--platform", platforms]);
    for variant in subject["variants"].as_array().expect("variants") {
        let printed = variant["runs"][0]["stdout"].as_str().unwrap_or_default();
        let expected = "65534 nobody 65534 65534\n65534:65534 --help\n";
        assert_eq!(printed, expected, "{said}");
        assert_eq!(variant["verdict"], "pass", "{said}");
    }
}

/// As s6-overlay's: its children, and what steps down, are answered there too.
#[test]
fn an_init_that_insists_is_the_first_process() {
    let script = "#!/bin/sh
[ $$ = 1 ] || { echo 's6-overlay-suexec: fatal: can only run as pid 1' >&2; exit 100; }
su nobody -s /bin/sh -c 'echo $(id -u)'
(sleep 1000 &)
echo Usage: tool
";
    let project = Project::new(&[
        ("Dockerfile", "FROM debian\nCOPY --chmod=755 tool /tool\nENTRYPOINT [\"/tool\"]\n"),
        ("tool", script),
    ]);
    for runner in ["sandbox", "engine"] {
        let mut command = archproof();
        command.arg("verify").arg(project.folder()).args(["--runner", runner, "--output", "json"]);
        let said = Said::by(command.args(["--platform", "linux/amd64,linux/arm64"]));
        let report: Value = serde_json::from_str(&said.stdout).expect("JSON");
        for variant in report["subjects"][0]["variants"].as_array().expect("variants") {
            assert_eq!(variant["runs"][0]["stdout"], "65534\nUsage: tool\n", "{said}");
            assert_eq!(variant["verdict"], "pass", "{said}");
        }
    }
}

/// The first process of a sandbox is archproof's. Who could change its limits could blind it.
#[test]
fn the_first_process_is_out_of_reach() {
    let script = "#!/bin/sh
for limit in nofile cpu as nproc; do
  prlimit --pid 1 --$limit=0 2>/dev/null && echo limited $limit
done
kill -9 1; renice -n 19 -p 1 >/dev/null 2>&1 && echo slowed down
chrt --idle -p 0 1 2>/dev/null && echo put to sleep
taskset -p 1 1 >/dev/null 2>&1 && echo moved
echo Usage: tool
";
    let project = Project::new(&[
        ("Dockerfile", "FROM debian\nCOPY --chmod=755 tool /tool\nENTRYPOINT [\"/tool\"]\n"),
        ("tool", script),
    ]);
    let (said, subject) = verify(&project, &["--platform", "linux/amd64,linux/arm64"]);
    for variant in subject["variants"].as_array().expect("variants") {
        assert_eq!(variant["runs"][0]["stdout"], "Usage: tool\n", "{said}");
    }
}

/// A file in memory that only a descriptor leads to: `fallocate` of so many bytes, and a second's rest.
#[rstest]
#[case::as_much_as_a_run_may("00000010", &[])]
#[case::more("000000c0", &["RunFailed /tool"])]
fn memory_that_no_process_has_resident_counts(#[case] size: &str, #[case] expected: &[&str]) {
    let code = format!(
        "488d3d3500000031f6b83f0100000f0589c731f631d241ba {size} \
         b81d0100000f0531ff31f6bae8030000b8070000000f0531ffb83c0000000f057800"
    );
    let project =
        Project::new(&[("Dockerfile", "FROM scratch\nCOPY tool /\nENTRYPOINT [\"/tool\"]\n")]);
    executable(&project.path("tool"), &program("linux/amd64", &code));
    let (said, subject) = verify(&project, &["--platform", "linux/amd64"]);
    assert_eq!(findings(&subject["variants"][0]), expected, "{said}");
}

/// `socket(AF_VSOCK, SOCK_STREAM, 0)` would lead out of a virtual machine; the error is the status.
#[rstest]
#[case::vsock("28000000", 1)]
#[case::packet("11000000", 1)]
#[case::internet("02000000", 0)]
fn only_sockets_that_a_network_namespace_keeps_apart(#[case] family: &str, #[case] status: i64) {
    let code = format!(
        "bf{family} be01000000 31d2 b829000000 0f05 31ff 85c0 7904 89c7 f7df b83c000000 0f05"
    );
    let project =
        Project::new(&[("Dockerfile", "FROM scratch\nCOPY tool /\nENTRYPOINT [\"/tool\"]\n")]);
    executable(&project.path("tool"), &program("linux/amd64", &code));
    let (said, subject) = verify(&project, &["--platform", "linux/amd64"]);
    assert_eq!(subject["variants"][0]["runs"][0]["exit"], status, "{said}");
}

/// Every amd64 machine executes programs for 386, and so does the sandbox.
#[test]
fn an_older_helper_of_the_same_machine_runs() {
    // exit(0)
    let helper = program("linux/386", "31c04031dbcd80");
    let project = with_helper(&helper, "/tmp/helper && echo ran");
    let (said, subject) = verify(&project, &["--platform", "linux/amd64,linux/arm64"]);
    let variants = subject["variants"].as_array().expect("variants");
    let [amd64, arm64] = variants.as_slice() else { panic!("{said}") };
    assert_eq!(amd64["runs"][0]["stdout"], "ran\n", "{said}");
    assert_eq!(findings(arm64), ["RunForeignExecutable /tmp/helper"], "{said}");
}

/// What a program can see and do: each line of the script is a breach, and says so.
#[test]
fn nothing_of_the_host_is_in_reach() {
    let script = "#!/bin/sh
breach() { echo \"breach: $*\"; }
[ \"$(ls /proc | grep -c '^[0-9]')\" -le 6 ] || breach processes: $(ls /proc)
for file in /etc/shadow /root/.bashrc /proc/1/root/etc /proc/1/cwd/etc; do
  cat $file/* $file >/dev/null 2>&1 && breach read $file
done
grep -v -e ' / ' -e ' /proc' -e ' /dev' /proc/self/mounts && breach mounts
ls /proc/1/fd >/dev/null 2>&1 && breach files of the first process
for setting in kernel/core_pattern kernel/hostname fs/binfmt_misc/register vm/overcommit_memory; do
  (echo x > /proc/sys/$setting) 2>/dev/null && breach setting $setting
done
mount -t binfmt_misc none /tmp 2>/dev/null && breach mounted handlers
mount -t tmpfs none /tmp 2>/dev/null && breach mounted
unshare -U true 2>/dev/null && breach entered a user namespace
chroot /proc true 2>/dev/null && breach chroot
(echo x > /dev/null.new) 2>/dev/null && breach wrote to /dev
for way in thread-self self/task/$$ 1; do
  head -c 64 /proc/$way/exe 2>/dev/null | grep -q ELF && ! head -c 64 /proc/$way/exe | cmp -s - /bin/busybox -n 64 && breach read the emulator
  chmod 777 /proc/$way/exe 2>/dev/null && breach chmod of the emulator
done
(echo x >> /proc/thread-self/exe) 2>/dev/null && breach wrote to the emulator
/proc/thread-self/exe --version 2>/dev/null && breach started the emulator
ip link 2>/dev/null | grep -v -e ' lo: ' -e link/loopback && breach network
wget -q -T 2 -O /dev/null http://127.0.0.1/ 2>/dev/null && breach web
grep -q '^CapEff:.*[1-9a-f]' /proc/self/status && breach capabilities
grep -q '^NoNewPrivs:.*1' /proc/self/status || breach privileges
kill -9 1 2>/dev/null
sleep 0.1
echo Usage: tool
";
    let project = Project::new(&[
        ("Dockerfile", "FROM busybox\nCOPY --chmod=755 tool /tool\nENTRYPOINT [\"/tool\"]\n"),
        ("tool", script),
        ("archproof.toml", "[run]\nstdout = [\"Usage\"]\n"),
    ]);
    for user in ["root", "nobody", "1234:99"] {
        let dockerfile = "FROM busybox\nCOPY --chmod=755 tool /tool\n";
        let dockerfile = format!("{dockerfile}USER {user}\nENTRYPOINT [\"/tool\"]\n");
        fs::write(project.path("Dockerfile"), dockerfile).expect("a file");
        let (said, subject) = verify(&project, &["--platform", "linux/amd64,linux/arm64"]);
        assert_eq!(said.status, Some(0), "{said}");
        for variant in subject["variants"].as_array().expect("variants") {
            let printed = variant["runs"][0]["stdout"].as_str().unwrap_or_default();
            assert_eq!(printed, "Usage: tool\n", "{user} {said}");
        }
    }
}

/// As the OCI runtime would have it.
#[test]
fn the_image_s_own_settings_hold() {
    let script = "#!/bin/sh\necho $(id -u):$(id -g) $PWD $HOME $GREETING $0 $*\n";
    let project = Project::new(&[
        (
            "Dockerfile",
            "FROM busybox\nRUN echo 'me:x:1234:99::/home/me:' >> /etc/passwd\n\
             COPY --chmod=755 tool /usr/bin/tool\nENV GREETING=hello\nUSER me\nWORKDIR /srv/work\n\
             ENTRYPOINT [\"tool\"]\n",
        ),
        ("tool", script),
    ]);
    let (said, subject) = verify(&project, &["--platform", "linux/amd64"]);
    let printed = subject["variants"][0]["runs"][0]["stdout"].as_str().unwrap_or_default();
    assert_eq!(printed, "1234:99 /srv/work /home/me hello /usr/bin/tool --help\n", "{said}");
}

/// A tar of these entries: a name, and what it is.
fn tar(entries: &[(&str, Kind<'_>)]) -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    for (name, kind) in entries {
        let (kind, link, content, mode) = match *kind {
            Kind::Directory => (EntryType::Directory, "", "", 0o755),
            Kind::File(content) => (EntryType::Regular, "", content, 0o4755),
            Kind::Symlink(target) => (EntryType::Symlink, target, "", 0o777),
            Kind::Hardlink(target) => (EntryType::Link, target, "", 0o644),
        };
        let mut header = Header::new_gnu();
        // As it is written, for the tar crate would refuse some of the names.
        header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
        header.as_old_mut().linkname[..link.len()].copy_from_slice(link.as_bytes());
        header.set_entry_type(kind);
        header.set_size(content.len() as u64);
        header.set_mode(mode);
        header.set_cksum();
        tar.append(&header, content.as_bytes()).expect("in memory");
    }
    tar.into_inner().expect("in memory")
}

#[derive(Clone, Copy)]
enum Kind<'a> {
    Directory,
    File(&'a str),
    Symlink(&'a str),
    Hardlink(&'a str),
}

/// An OCI layout of a built image's first variant, with further layers and another command.
fn extend(archive: &Path, folder: &Path, layers: &[Vec<u8>], line: &str) {
    let layout = Layout::unpack(archive, folder);
    let index = layout.document(&layout.root());
    let mut manifest = layout.document(&index["manifests"][0]);
    let mut config = layout.document(&manifest["config"]);
    for layer in layers {
        let layer = layout.add("application/vnd.oci.image.layer.v1.tar", layer);
        config["rootfs"]["diff_ids"].as_array_mut().expect("a list").push(layer["digest"].clone());
        manifest["layers"].as_array_mut().expect("a list").push(layer);
    }
    config["config"]["WorkingDir"] = json!("/srv/none/of/it");
    config["config"]["Entrypoint"] = json!(["/bin/sh", "-c", line]);
    manifest["config"] = layout.add_instead(&manifest["config"], &config);
    layout.set_roots(&[layout.add_instead(&index["manifests"][0], &manifest)]);
}

/// Layers that reach through the links of others, and out of the image: everything lands in the
/// image, where an engine would put it.
#[test]
fn layers_land_where_engines_put_them() {
    use Kind::{Directory, File, Hardlink, Symlink};
    let lower = tar(&[
        ("real/", Directory),
        ("real/a", File("a")),
        ("link", Symlink("real")),
        ("out", Symlink("../../../../../../etc")),
        ("absolute", Symlink("/etc")),
        ("gone", File("gone")),
        ("gone-folder/x", File("x")),
        ("opaque/old", File("old")),
        ("folder-to-file/x", File("x")),
    ]);
    let upper = tar(&[
        ("link/b", File("b")),
        ("out/archproof-1", File("1")),
        ("absolute/archproof-2", File("2")),
        ("../../archproof-3", File("3")),
        ("/archproof-4", File("4")),
        ("etc/../archproof-5", File("5")),
        (".wh.gone", File("")),
        (".wh.gone-folder", File("")),
        ("opaque/new", File("new")),
        ("opaque/.wh..wh..opq", File("")),
        ("hard", Hardlink("link/a")),
        ("nowhere", Hardlink("none")),
        ("host", Hardlink("../../../../../../etc/shadow")),
        ("folder-to-file", File("file")),
    ]);
    let line = "pwd; cd /; for it in real/a real/b link link/b etc/archproof-1 etc/archproof-2 archproof-3 \
                archproof-4 archproof-5 gone gone-folder opaque/old opaque/new hard nowhere host \
                folder-to-file; do if [ -L $it ]; then echo $it link; elif [ -f $it ]; then \
                echo $it $(cat $it) $(stat -c %a $it); else echo $it none; fi; done; :";
    let home = Home::new();
    let file = home.path("image.tar");
    let project = Project::new(&[("Dockerfile", "FROM busybox\n"), ("case.toml", BUSYBOX)]);
    RUNTIME.block_on(build_into(project.folder(), &file));
    let layout = home.path("layout");
    extend(&file, &layout, &[lower, upper], line);
    let said = Said::by(
        archproof().args(["verify", "--output", "json"]).arg(format!("oci:{}", layout.display())),
    );
    let report: Value = serde_json::from_str(&said.stdout).expect("JSON");
    let printed = report["subjects"][0]["variants"][0]["runs"][0]["stdout"].as_str();
    let expected = "/srv/none/of/it\nreal/a a 755\nreal/b b 755\nlink link\nlink/b b 755\netc/archproof-1 1 755\n\
                    etc/archproof-2 2 755\narchproof-3 3 755\narchproof-4 4 755\narchproof-5 5 755\n\
                    gone none\ngone-folder none\nopaque/old none\nopaque/new new 755\nhard a 755\n\
                    nowhere none\nhost none\nfolder-to-file file 755\n";
    assert_eq!(printed, Some(expected), "{said}");
    for name in ["/etc/archproof-1", "/etc/archproof-2", "/archproof-3", "/archproof-4"] {
        assert!(!Path::new(name).exists(), "{name} is on the host");
    }
}

const BUSYBOX: &str = "summary = \"busybox\"\n[build]\nplatforms = [\"linux/amd64\"]\n";

/// Killed in mid-run, archproof takes everything with it; what it had in the engine goes when it is
/// started again.
#[test]
fn nothing_outlives_a_killed_archproof() {
    let home = tempfile::tempdir().expect("a folder");
    let project = Project::new(&[
        ("Dockerfile", "FROM busybox\nCOPY --chmod=755 tool /tool\nENTRYPOINT [\"/tool\"]\n"),
        ("tool", "#!/bin/sh\ntrap '' TERM INT HUP\n(sleep 77 &)\nwhile :; do sleep 78; done\n"),
    ]);
    let mut child = archproof()
        .args(["verify", "--runner", "sandbox", "--platform", "linux/arm64"])
        .arg(project.folder())
        .env("XDG_CACHE_HOME", home.path())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the program starts");
    await_that("it runs", || sleeping(home.path()) > 0);
    child.kill().expect("it can be killed");
    child.wait().expect("it ends");
    await_that("it is gone", || sleeping(home.path()) == 0);
    let cache = home.path().join("archproof");
    assert_eq!(fs::read_dir(cache.join("sandbox/staging")).expect("a folder").count(), 0);
    let sessions = || fs::read_dir(cache.join("sessions")).expect("a folder").count();
    assert_eq!(sessions(), 1);
    let missing = archproof()
        .args(["verify", "--runner", "none", "docker:archproof.invalid/none"])
        .env("XDG_CACHE_HOME", home.path())
        .output();
    assert_eq!(missing.expect("the program runs").status.code(), Some(2));
    assert_eq!(sessions(), 0);
}

fn await_that(what: &str, is_so: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_mins(1);
    while !is_so() {
        assert!(Instant::now() < deadline, "{what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// The processes of sandboxes whose layers lie in a folder.
fn sleeping(cache: &Path) -> usize {
    let mark = format!("XDG_CACHE_HOME={}", cache.display());
    let is_helper =
        |it: &Process| it.line.contains("archproof-sandbox") && it.environment.contains(&mark);
    processes().iter().filter(|it| is_helper(it)).count()
}

#[test]
fn the_doctor_says_what_works_here() {
    let said = Said::by(archproof().arg("doctor"));
    assert_eq!(said.status, Some(0), "{said}");
    for line in [
        "sandbox  linux/arm64     runs on cortex-a53, max (QEMU ",
        "sandbox  linux/ppc64le   runs on power8, power10 (QEMU ",
        "handler  linux/arm64     /",
        "engine   Docker Engine ",
    ] {
        assert!(said.stdout.contains(line), "{line}\n{said}");
    }
    let said = Said::by(archproof().args(["doctor", "--output", "json"]));
    let found: serde_json::Value = serde_json::from_str(&said.stdout).expect("JSON");
    let platforms = found["platforms"].as_array().expect("platforms");
    let arm64 = platforms.iter().find(|it| it["platform"] == "linux/arm64").expect("arm64");
    assert_eq!(arm64["sandbox"]["processors"], serde_json::json!(["cortex-a53", "max"]));
    assert!(arm64["handler"]["flags"].as_str().is_some_and(|it| it.contains('F')), "{said}");
    assert_eq!(found["engine"].get("error"), None, "{said}");
    let home = Home::new();
    let alone = Said::by(home.archproof().arg("doctor"));
    assert_eq!(alone.status, Some(0), "sandboxes are enough: {alone}");
    assert!(
        alone
            .stdout
            .contains("sandbox  linux/s390x     runs on max without 4 features, max (QEMU "),
        "{alone}"
    );
    assert!(alone.stdout.contains("engine   none: no Docker Engine answers"), "{alone}");
}

/// A program of the host's that prints its first two arguments and ends with their number stands for an
/// emulator. What the kernel gives an emulator first is the path of the program to be emulated.
#[rstest]
#[case::amd64(
    "linux/amd64",
    "qemu-x86_64",
    "488b742410bf01000000ba04000000b8010000000f05488b742418bf01000000ba0a000000b8010000000f05488b3c24b83c0000000f05"
)]
#[case::arm64(
    "linux/arm64",
    "qemu-aarch64",
    "e10b40f9200080d2820080d2080880d2010000d4e10f40f9200080d2420180d2080880d2010000d4e00340f9a80b80d2010000d4"
)]
fn a_private_copy_begins_with_arguments_of_its_own(
    #[case] host: &str,
    #[case] emulator: &str,
    #[case] code: &str,
) {
    let home = Home::new();
    let original = program(host, code);
    let host = host.parse().expect("a platform");
    let arguments = [["-cpu", "cortex-a53"], ["-strace", "-strace"]];
    let arguments = arguments.map(|pair| pair.map(str::to_owned));
    let plan = (original.as_slice(), original.len() as u64);
    let copy = PrivateCopy::new(plan, (host, 4096), Mark::new([7; 7]), &arguments);
    executable(&home.path("copy"), &original);
    let file = fs::File::options().write(true).open(home.path("copy")).expect("a file");
    copy.expect("a copy").write_over(&file).expect("a file");
    drop(file);
    assert_eq!(fs::read(home.path("copy")).expect("a file")[9..16], [7; 7]);
    let folder = std::env::var_os("ARCHPROOF_EMULATORS").expect("ci/lab env names it");
    let run = |path: &str| {
        let mut command = Command::new(Path::new(&folder).join(emulator));
        let output = command.arg(home.path("copy")).arg(path).output().expect("it runs");
        (String::from_utf8_lossy(&output.stdout).into_owned(), output.status.code())
    };
    // Its own name, four arguments, and the path.
    assert_eq!(run("/usr/bin/tool"), ("-cpucortex-a53".to_owned(), Some(6)));
    assert_eq!(run("-cpu"), (String::new(), Some(126)), "a path that looks like an option");
}

/// On a machine of the other kind it is the host's own program.
#[test]
fn the_stub_interpreter_for_arm64_is_a_program() {
    let home = Home::new();
    let host = "linux/arm64".parse().expect("a platform");
    let stub_interpreter = stub_interpreter(host, Mark::new([7; 7])).expect("somebody wrote it");
    executable(&home.path("stub_interpreter"), &stub_interpreter);
    let folder = std::env::var_os("ARCHPROOF_EMULATORS").expect("ci/lab env names it");
    let output = Command::new("timeout")
        .arg("2")
        .arg(Path::new(&folder).join("qemu-aarch64"))
        .arg("-strace")
        .args([home.path("stub_interpreter"), PathBuf::from("/usr/bin/helper")])
        .output()
        .expect("the emulator runs");
    let calls = String::from_utf8_lossy(&output.stderr);
    // Nobody listens here, so it waits; the address is one.
    for call in [
        "socket(PF_UNIX,SOCK_SEQPACKET|SOCK_CLOEXEC,",
        ",12) = -1 errno=111 (Connection refused)",
        "ppoll(",
    ] {
        assert!(calls.contains(call), "{call}\n{calls}");
    }
}
