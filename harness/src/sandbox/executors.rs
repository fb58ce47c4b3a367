//! What executes programs inside a sandbox: private copies of emulators, the stub interpreter, and the kernel's
//! handlers that lead to them.
//!
//! The copies lie in memory, made for this sandbox alone, and go with it. What a program reaches of
//! them (`/proc/thread-self/exe`) is on a read-only mount and has no permission for anybody: it can
//! neither be read nor written, executed or changed, by whoever owns it.

use std::ffi::CStr;
use std::fs::{self, File, Permissions};
use std::io::{Read, Write};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags, fstat};
use rustix::mount::{MountFlags, mount, mount_bind, mount_remount};
use rustix::rand::{GetRandomFlags, getrandom};

use super::fault::{Fault, While};
use super::filesystem::Staging;
use super::protocol::Handlers;
use crate::emulator::{BEGINNING, Executor, Handler, Mark, PrivateCopy, stub_interpreter};
use crate::platform::Platform;

/// More than all emulators of a sandbox take, in large pages: they are copied and mapped in half the
/// time then. A kernel without them refuses the option.
///
/// Source: Linux, `Documentation/admin-guide/mm/transhuge.rst`, "Hugepages in tmpfs/shmem".
const LARGE_PAGES: &CStr = c"mode=755,size=256m,huge=within_size";
const SMALL_PAGES: &CStr = c"mode=755,size=256m";
const QUIET: MountFlags = MountFlags::NOSUID.union(MountFlags::NODEV);

/// The emulators that a sandbox is to have. To be opened with the user's own rights.
#[derive(Debug)]
pub(super) struct Originals(Vec<File>);

impl Originals {
    pub(super) fn open(handlers: &Handlers) -> Result<Self, Fault> {
        let open = |path: &PathBuf| File::open(path).to("open an emulator");
        handlers.emulated.iter().map(|(_, path)| open(path)).collect::<Result<_, _>>().map(Self)
    }
}

/// The handlers of a sandbox. They are there for as long as this is.
#[derive(Debug)]
pub(super) struct Executors {
    /// The stub interpreter's device and inode.
    pub stub_interpreter: Option<FileId>,
    /// The size of all copies together, in bytes.
    pub size: u64,
    _handlers: OwnedFd,
}

/// The device and inode of a file.
pub(super) type FileId = (u64, u64);

impl Executors {
    /// Makes the copies, and tells the kernel of them.
    pub(super) fn new(
        handlers: &Handlers,
        originals: Originals,
        staging: &Staging,
    ) -> Result<Self, Fault> {
        let mut mark = [0; 7];
        getrandom(&mut mark[..], GetRandomFlags::empty()).to("have random numbers")?;
        let mark = Mark::new(mark);
        let copies = Copies::new(staging)?;
        let registry = Registry::mount(staging)?;
        let (mut id, mut size) = (None, 0);
        // The later of two handlers that take a file wins.
        if let Some(bytes) = stub_interpreter(Platform::of_host(), mark) {
            let stub_interpreter = copies
                .add("stub_interpreter", |file| file.write_all(&bytes).to("write a program"))?;
            registry.register(
                &Handler::of_any(mark),
                &stub_interpreter,
                Executor::StubInterpreter,
            )?;
            let found = fstat(&stub_interpreter).to("look at the stub interpreter")?;
            id = Some((found.st_dev, found.st_ino));
            size += found.st_size.unsigned_abs();
        }
        for ((target, path), original) in handlers.emulated.iter().zip(originals.0) {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let copy = copies.add(&name, |file| copy(original, file, mark, handlers))?;
            registry.register(&Handler::of_target(*target, mark), &copy, Executor::Emulator)?;
            size += fstat(&copy).to("look at an emulator")?.st_size.unsigned_abs();
        }
        copies.close()?;
        Ok(Self { stub_interpreter: id, size, _handlers: registry.keep()? })
    }
}

/// Makes a private copy of an emulator.
fn copy(mut original: File, to: &mut File, mark: Mark, handlers: &Handlers) -> Result<(), Fault> {
    const STEP: &str = "copy an emulator";
    let mut beginning = Vec::new();
    let length = original.metadata().to(STEP)?.len();
    Read::by_ref(&mut original).take(BEGINNING).read_to_end(&mut beginning).to(STEP)?;
    let host = (Platform::of_host(), rustix::param::page_size() as u64);
    let plan = PrivateCopy::new((&beginning, length), host, mark, &handlers.arguments);
    let plan = plan.map_err(|it| Fault::new(STEP, it))?;
    std::io::Seek::rewind(&mut original).to(STEP)?;
    std::io::copy(&mut original, to).to(STEP)?;
    plan.write_over(to).to(STEP)
}

/// A filesystem in memory, mounted twice: to write there, and read-only.
struct Copies {
    writable: PathBuf,
    sealed: PathBuf,
}

impl Copies {
    fn new(staging: &Staging) -> Result<Self, Fault> {
        let (writable, sealed) = (staging.directory("copies")?, staging.directory("sealed")?);
        mount("tmpfs", &writable, "tmpfs", QUIET, LARGE_PAGES)
            .or_else(|_| mount("tmpfs", &writable, "tmpfs", QUIET, SMALL_PAGES))
            .to("mount a tmpfs")?;
        mount_bind(&writable, &sealed).to("mount the emulators")?;
        mount_remount(&sealed, MountFlags::BIND | MountFlags::RDONLY | QUIET, c"")
            .to("protect the emulators")?;
        Ok(Self { writable, sealed })
    }

    /// A file that is written and then opened where nobody can write.
    fn add(
        &self,
        name: &str,
        write: impl FnOnce(&mut File) -> Result<(), Fault>,
    ) -> Result<OwnedFd, Fault> {
        let mut file = File::create_new(self.writable.join(name)).to("copy an emulator")?;
        write(&mut file)?;
        // The kernel asks for this when it is told of the file, and never again.
        file.set_permissions(Permissions::from_mode(0o500)).to("copy an emulator")?;
        drop(file);
        rustix::fs::open(self.sealed.join(name), OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())
            .to("open an emulator")
    }

    /// Takes all permissions away.
    fn close(&self) -> Result<(), Fault> {
        for entry in fs::read_dir(&self.writable).to("close the emulators")? {
            let path = entry.to("close the emulators")?.path();
            fs::set_permissions(path, Permissions::from_mode(0o000)).to("close the emulators")?;
        }
        Ok(())
    }
}

/// A `binfmt_misc` of this user namespace.
struct Registry(PathBuf);

impl Registry {
    fn mount(staging: &Staging) -> Result<Self, Fault> {
        let at = staging.directory("binfmt")?;
        mount("binfmt_misc", &at, "binfmt_misc", MountFlags::empty(), None)
            .to("mount a binfmt_misc of its own, which takes Linux 6.7")?;
        Ok(Self(at))
    }

    fn register(
        &self,
        handlers: &[Handler],
        program: &OwnedFd,
        executor: Executor,
    ) -> Result<(), Fault> {
        let path = format!("/proc/self/fd/{}", program.as_raw_fd());
        let register = File::options().write(true).open(self.0.join("register"));
        let mut register = register.to("open the handlers")?;
        handlers.iter().try_for_each(|it| {
            register.write_all(it.registration(&path, executor).as_bytes()).to("register a handler")
        })
    }

    /// Handlers are gone when nobody has their filesystem open any more.
    fn keep(self) -> Result<OwnedFd, Fault> {
        let path: &Path = &self.0;
        rustix::fs::open(path, OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())
            .to("keep the handlers")
    }
}
