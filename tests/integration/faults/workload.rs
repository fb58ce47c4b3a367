//! What archproof does when it is killed: it builds, reads, unpacks and runs.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use crate::common::{Process, Project, RUNTIME, archproof, build_into, processes};

/// Files, a cache and a folder for temporary ones.
pub(crate) struct Place {
    folder: tempfile::TempDir,
    project: Project,
}

/// One kind of work.
#[derive(Clone, Copy)]
pub(crate) struct Workload {
    pub name: &'static str,
    arguments: &'static [&'static str],
    subject: fn(&Place) -> String,
    /// Whether it reads the same layers each time. A build makes new ones.
    pub is_repeatable: bool,
}

fn project(place: &Place) -> String {
    place.project.folder().display().to_string()
}

fn archive(place: &Place) -> String {
    format!("oci-archive:{}", place.archive().display())
}

pub(crate) const WORKLOADS: [Workload; 4] = [
    workload("build", &["--runner", "none", "--no-cache"], project, false),
    workload("read", &["--runner", "none"], archive, true),
    workload("unpack and run", &["--runner", "sandbox"], archive, true),
    workload("run in the engine", &["--runner", "engine"], project, false),
];

const fn workload(
    name: &'static str,
    arguments: &'static [&'static str],
    subject: fn(&Place) -> String,
    is_repeatable: bool,
) -> Workload {
    Workload { name, arguments, subject, is_repeatable }
}

impl Workload {
    pub(crate) fn start(&self, place: &Place) -> Child {
        let mut command = archproof();
        command.arg("verify").args(self.arguments).arg((self.subject)(place));
        command.env("XDG_CACHE_HOME", place.caches()).env("TMPDIR", place.temporary());
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program starts")
    }
}

/// Many small files in two layers, the upper of which removes some of the lower's; a program that leaves
/// processes behind that ignore signals.
///
/// PLACE keeps its steps apart from those of other tests, earlier ones too.
const DOCKERFILE: &str = "FROM busybox
ENV PLACE=
RUN mkdir /many && cd /many && for i in $(seq 2000); do echo $i >$i; done
RUN cd /many && rm -r 1* && mkdir -m 0 /locked
COPY --chmod=755 tool /tool
ENTRYPOINT [\"/tool\"]
";
const TOOL: &str = "#!/bin/sh
trap '' TERM INT HUP
(sleep 600 &)
(setsid sleep 600 &)
echo Usage: tool
sleep 0.3
";
const CASE: &str =
    "summary = \"killed\"\n[build]\nplatforms = [\"linux/amd64\", \"linux/arm64\"]\n";

impl Place {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let dockerfile =
            DOCKERFILE.replace("PLACE=", &format!("PLACE={}", folder.path().display()));
        let files = [("Dockerfile", dockerfile.as_str()), ("tool", TOOL), ("case.toml", CASE)];
        let place = Self { folder, project: Project::new(&files) };
        for folder in [place.caches(), place.temporary()] {
            fs::create_dir(folder).expect("a folder");
        }
        RUNTIME.block_on(build_into(place.project.folder(), &place.archive()));
        place
    }

    fn caches(&self) -> PathBuf {
        self.folder.path().join("caches")
    }

    /// archproof's own cache.
    pub(crate) fn cache(&self) -> PathBuf {
        self.caches().join("archproof")
    }

    pub(crate) fn temporary(&self) -> PathBuf {
        self.folder.path().join("temporary")
    }

    fn archive(&self) -> PathBuf {
        self.folder.path().join("image.tar")
    }

    /// The next run reads and unpacks again.
    pub(crate) fn forget_layers(&self) {
        for folder in ["facts", "sandbox"] {
            let _ = fs::remove_dir_all(self.cache().join(folder));
        }
    }

    /// The next run begins without a cache. Gives where the old one is now.
    pub(crate) fn set_cache_aside(&self) -> PathBuf {
        let aside = self.folder.path().join("aside");
        fs::rename(self.cache(), &aside).expect("it is there");
        aside
    }

    /// Waits until no process of archproof's is there that uses this place.
    pub(crate) fn await_no_processes(&self) {
        const PATIENCE: Duration = Duration::from_secs(10);
        let deadline = Instant::now() + PATIENCE;
        loop {
            let left = processes_in(self.folder.path());
            if left.is_empty() {
                return;
            }
            assert!(Instant::now() < deadline, "processes are left: {left:?}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

/// The command lines of processes whose environment or arguments name a folder.
fn processes_in(folder: &Path) -> Vec<String> {
    let name = &*folder.to_string_lossy();
    let is_other = |it: &Process| it.id != std::process::id();
    let of_folder = |it: &Process| it.environment.contains(name) || it.line.contains(name);
    let found = processes().into_iter().filter(|it| is_other(it) && of_folder(it));
    found.map(|it| it.line).collect()
}
