//! An ordinary user who runs archproof, and what a case builds, in a file that such a user reads.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use archproof::build::{BuildPlan, KeepAs, build};
use archproof::event::Events;
use archproof::platform::Platform;
use archproof::run::Session;
use archproof::subject::Subject;

use super::{archproof, engine};

/// A folder that an ordinary user can use as its home.
pub(crate) struct Home(tempfile::TempDir);

const NOBODY: u32 = 65534;

impl Home {
    pub(crate) fn new() -> Self {
        let home = Self(tempfile::tempdir().expect("a folder"));
        fs::set_permissions(home.0.path(), fs::Permissions::from_mode(0o777)).expect("a mode");
        home
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Copies what the user could not get at where it lies.
    pub(crate) fn take(&self, from: &Path) -> PathBuf {
        let to = self.path(&from.file_name().expect("a name").to_string_lossy());
        fs::copy(from, &to).expect("a copy");
        to
    }

    /// The program as an ordinary user starts it where there is no engine.
    pub(crate) fn archproof(&self) -> Command {
        let mut command = archproof();
        let is_root = fs::metadata("/proc/self").expect("it is there").uid() == 0;
        if is_root {
            let environment: Vec<_> = command
                .get_envs()
                .map(|(name, value)| (name.to_owned(), value.map(ToOwned::to_owned)))
                .collect();
            command = Command::new(self.take(Path::new(&command.get_program().to_owned())));
            for (name, value) in environment {
                match value {
                    Some(value) => command.env(name, value),
                    None => command.env_remove(name),
                };
            }
            command.uid(NOBODY).gid(NOBODY).env("ARCHPROOF_EMULATORS", self.emulators());
        }
        command.env("HOME", self.0.path()).env_remove("XDG_CACHE_HOME").current_dir(self.0.path());
        command.env("DOCKER_HOST", "unix:///nowhere.sock");
        command
    }

    fn emulators(&self) -> PathBuf {
        let folder = self.path("emulators");
        fs::create_dir_all(&folder).expect("a folder");
        let from = std::env::var_os("ARCHPROOF_EMULATORS").expect("ci/lab env names it");
        for name in ["i386", "x86_64", "arm", "aarch64", "ppc64le", "riscv64", "s390x"] {
            let name = format!("qemu-{name}");
            let original = Path::new(&from).join(&name);
            fs::copy(original, folder.join(&name)).expect("an emulator");
        }
        folder
    }
}

/// A case, built and put into a file.
pub(crate) async fn build_into(case: &Path, file: &Path) {
    let (engine, session) = (engine().await, Session::new().expect("random numbers"));
    let subject = Subject::find(&case.to_string_lossy()).expect("a case");
    let spec = subject.case().build.clone();
    let named = !spec.platforms.is_empty();
    let platforms = if named { spec.platforms } else { Platform::USUAL.to_vec() };
    let plan = BuildPlan::new(spec.dockerfile, spec.context, platforms);
    let keep_as = KeepAs::Image(session.image_name());
    let plan = BuildPlan { keep_as, contexts: spec.contexts, ..plan };
    build(&engine, &plan, file, &Events::ignored()).await.expect("the case builds");
    session.clean(&engine).await.expect("nothing is left behind");
}
