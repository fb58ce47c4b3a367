//! A machine that lacks something: one line names it and says what to do, and the status is 2.
//!
//! What takes root (mounts of its own) is skipped for others, who are told so.

#![allow(clippy::print_stderr, reason = "what is skipped is said")]

use std::fs;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::common::{Image, Said, archproof, send};
use archproof::emulator::{Mark, minimal_program};
use rstest::rstest;

/// Ends with 0: `mov x0, 0; mov x8, 93; svc 0`.
const ENDS_WELL: [u8; 12] = [0, 0, 0x80, 0xd2, 0xa8, 0xb, 0x80, 0xd2, 1, 0, 0, 0xd4];

/// A folder with an image in it, and what a command is started with.
struct Machine {
    folder: tempfile::TempDir,
}

impl Machine {
    /// The image has one variant, which runs well, and some large files.
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let program =
            minimal_program("linux/arm64".parse().expect("a platform"), Mark::NONE, &ENDS_WELL);
        let large = vec![7; 12 << 20];
        Image::of_program(&program, &[("large", &large), ("larger", &large)])
            .write_layout(&folder.path().join("image"));
        fs::create_dir(folder.path().join("small")).expect("a folder");
        Self { folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Runs a script of bash. `$AP` is the program, `$I` the image, `$D` the folder, whose `small` is
    /// empty; the cache is in `cache`.
    fn bash(&self, script: &str) -> Said {
        let program = archproof();
        let mut command = Command::new("bash");
        command.arg("-c").arg(script).current_dir(self.folder.path());
        for (name, value) in program.get_envs() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        command
            .env("AP", program.get_program())
            .env("I", format!("oci:{}", self.path("image").display()))
            .env("D", self.folder.path())
            .env("XDG_CACHE_HOME", self.path("cache"))
            .env("DOCKER_HOST", "unix:///nowhere.sock")
            .env_remove("RUST_BACKTRACE");
        Said::by(&mut command)
    }

    /// The same in a mount namespace of its own, where there is the right to it.
    fn with_mounts(&self, script: &str) -> Option<Said> {
        if !is_root() {
            eprintln!("skipped: mounting takes root");
            return None;
        }
        let quoted = script.replace('\'', r"'\''");
        Some(self.bash(&format!("unshare -m --propagation private bash -c '{quoted}'")))
    }
}

fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|it| std::os::unix::fs::MetadataExt::uid(&it) == 0)
}

/// What is said, in one line that has all of the words; and the image is not judged.
fn assert_lacks(said: &Said, words: &[&str]) {
    assert_eq!(said.status, Some(2), "{said}");
    let mut lines = said.stdout.lines().chain(said.stderr.lines());
    let line = lines.any(|line| words.iter().all(|it| line.contains(it)));
    assert!(line, "{words:?} in one line of {said}");
    assert!(!said.to_string().contains("panicked"), "{said}");
}

#[test]
fn the_image_itself_is_well() {
    let said = Machine::new().bash("$AP verify $I");
    assert_eq!(said.status, Some(0), "{said}");
}

const SMALL: &str = "XDG_CACHE_HOME=$D/small $AP verify $I";

#[rstest]
#[case::little_room("size=1m", &["No space left on device", "/small", "make room"])]
#[case::half_a_layer("size=4m", &["No space left on device", "/small", "make room"])]
#[case::files("nr_inodes=8", &["No space left on device", "/small", "make room"])]
#[case::read_only("ro", &["Read-only file system", "/small", "XDG_CACHE_HOME"])]
fn a_cache_that_does_not_do(#[case] options: &str, #[case] words: &[&str]) {
    let machine = Machine::new();
    let said = machine.with_mounts(&format!("mount -t tmpfs -o {options} none $D/small; {SMALL}"));
    if let Some(said) = said {
        assert_lacks(&said, words);
        assert!(!said.stdout.contains("damaged"), "{said}");
    }
}

/// What is executed lies in memory, and the kernel asks the overlay, not what is below.
#[test]
fn nothing_is_executed_in_the_cache() {
    let script = format!("mount -t tmpfs -o noexec none $D/small; {SMALL}");
    if let Some(said) = Machine::new().with_mounts(&script) {
        assert_eq!(said.status, Some(0), "{said}");
    }
}

#[test]
fn a_read_only_cache_is_no_obstacle_where_nothing_is_run() {
    let script = format!("mount -t tmpfs -o ro none $D/small; {SMALL} --runner none");
    if let Some(said) = Machine::new().with_mounts(&script) {
        assert_eq!(said.status, Some(0), "{said}");
    }
}

#[rstest]
#[case::nowhere("env -u HOME -u XDG_CACHE_HOME $AP verify $I", &["set HOME or XDG_CACHE_HOME"])]
#[case::relative("env -u HOME XDG_CACHE_HOME=a $AP verify $I", &["set HOME or XDG_CACHE_HOME"])]
#[case::a_file("touch $D/f; XDG_CACHE_HOME=$D/f $AP verify $I", &["is not a folder", "/f/archproof"])]
#[case::temporary(
    "tar -C $D/image -czf $D/i.tgz . && TMPDIR=/nowhere $AP verify oci-archive:$D/i.tgz",
    &["temporary file in /nowhere", "TMPDIR"]
)]
fn folders_that_are_not_there(#[case] script: &str, #[case] words: &[&str]) {
    assert_lacks(&Machine::new().bash(script), words);
}

#[test]
fn a_full_folder_for_temporary_files() {
    let script = "mount -t tmpfs -o size=1m none $D/small
        tar -C $D/image -cf - . | gzip >$D/i.tgz
        TMPDIR=$D/small $AP verify --runner none oci-archive:$D/i.tgz";
    if let Some(said) = Machine::new().with_mounts(script) {
        assert_lacks(&said, &["temporary file in", "/small", "TMPDIR"]);
        assert_lacks(&said, &["No space left on device", "make room"]);
    }
}

#[rstest]
#[case::files("ulimit -n 10; $AP verify $I", &["Too many open files", "ulimit -n"])]
#[case::few_files("ulimit -n 5; $AP verify $I", &["Too many open files", "ulimit -n"])]
#[case::size("ulimit -f 100; $AP verify $I", &["File too large", "ulimit -f"])]
#[case::memory("ulimit -v 50000; $AP verify $I", &["emory", "ulimit -v"])]
#[case::more_memory("ulimit -v 130000; $AP verify $I", &["emory", "ulimit -v"])]
#[case::addresses("ulimit -v 1000000; $AP verify $I", &["addresses is 976 MiB", "ulimit -v"])]
#[case::program_size("ulimit -f 400000; $AP verify $I", &["file's size is 390 MiB", "ulimit -f"])]
fn limits_of_processes(#[case] script: &str, #[case] words: &[&str]) {
    assert_lacks(&Machine::new().bash(script), words);
}

#[test]
fn a_limit_that_can_be_lifted_harms_no_program() {
    let said = Machine::new().bash("ulimit -Sv 1000000; $AP verify $I");
    assert_eq!(said.status, Some(0), "{said}");
}

/// The program while it waits for an engine that never answers, sent a signal.
fn ended_by(signal: &str) -> Said {
    let engine = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = engine.local_addr().expect("an address");
    let child = archproof()
        .args(["verify", "docker:it"])
        .env("DOCKER_HOST", format!("tcp://{address}"))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let _connection = engine.accept().expect("it asks the engine");
    assert!(send(signal, child.id()), "it ended before");
    Said::new(&child.wait_with_output().expect("it ends"))
}

#[rstest]
fn an_end_by_a_signal_is_a_bug_to_report(
    #[values("ABRT", "SEGV", "BUS", "ILL", "FPE", "SYS", "TRAP")] signal: &str,
) {
    let said = ended_by(signal);
    assert_lacks(&said, &["error: archproof was ended by", signal, "please report it"]);
    assert_eq!(said.stderr.lines().filter(|it| it.contains("error")).count(), 1, "{said}");
}

#[rstest]
fn an_end_of_the_processor_time_is_said(#[values("XCPU", "PROF")] signal: &str) {
    assert_lacks(
        &ended_by(signal),
        &["error: the limit of processor time is reached", "ulimit -t"],
    );
}

#[test]
fn few_processes() {
    if !is_root() {
        eprintln!("skipped: to become a user of no other processes takes root");
        return;
    }
    let machine = Machine::new();
    // A user with no other processes, and what he needs where he may read it.
    let script = "chmod 755 $D; cp $AP $D/archproof; mkdir $D/home; chmod -R a+rX $D; chown 54399 $D/home
        cd /; HOME=$D/home XDG_CACHE_HOME=$D/home setpriv --reuid 54399 --regid 54399 --clear-groups \\
        bash -c 'ulimit -u 3; exec $D/archproof verify '$I";
    assert_lacks(&machine.bash(script), &["ulimit -u"]);
}

#[test]
fn proc_that_is_hidden() {
    let script = "mount -t tmpfs none /proc; $AP verify $I";
    if let Some(said) = Machine::new().with_mounts(script) {
        assert_lacks(&said, &["mount /proc"]);
    }
}

#[rstest]
#[case("user")]
#[case("mnt")]
#[case("net")]
fn namespaces_that_are_not_allowed(#[case] kind: &str) {
    if !is_root() {
        eprintln!("skipped: mapping every user takes root");
        return;
    }
    // Its rights in the namespace come with the execution after its users are mapped.
    let script = format!(
        r#"mkfifo $D/ready $D/go
           export SETTING=/proc/sys/user/max_{kind}_namespaces
           unshare --user bash -c 'echo >$D/ready; read -r _ <$D/go
               exec bash -c "echo 0 >\$SETTING; exec \$AP verify \$I"' &
           read -r _ <$D/ready
           echo 0 0 4294967295 >/proc/$!/uid_map; echo 0 0 4294967295 >/proc/$!/gid_map
           echo >$D/go; wait $!"#
    );
    let said = Machine::new().bash(&script);
    assert_lacks(&said, &["cannot enter", "namespace", "sysctl"]);
}

#[test]
fn no_emulator() {
    let said = Machine::new().bash("ARCHPROOF_EMULATORS=/nowhere PATH=/nowhere $AP verify $I");
    assert_lacks(&said, &["qemu-aarch64", "install a static one"]);
}

#[test]
fn output_that_nobody_takes() {
    let said = Machine::new().bash("$AP verify --runner none $I >/dev/full");
    assert_lacks(&said, &["cannot write the report", "No space left on device"]);
}

#[test]
fn root_of_a_container_without_other_users_is_an_ordinary_user() {
    let said = Machine::new().bash("unshare -Ur $AP verify $I");
    assert_eq!(said.status, Some(0), "{said}");
}
