//! The root filesystem of a sandbox, as the program sees it.

use std::ffi::{CStr, CString};
use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use rustix::fs::CWD;
use rustix::mount::{
    FsMountFlags, FsOpenFlags, MountAttrFlags, MountFlags, MountPropagationFlags, MoveMountFlags,
    UnmountFlags, fsconfig_create, fsconfig_set_flag, fsconfig_set_string, fsmount, fsopen, mount,
    mount_bind, mount_change, mount_remount, move_mount, unmount,
};
use rustix::process::{chdir, pivot_root};

use super::fault::{Fault, While};

/// What the program may write into `/dev/shm`, as in container engines.
const SHARED_MEMORY: &CStr = c"mode=1777,size=64m,nr_inodes=64k";
/// The files that it may make on its root filesystem.
const INODES: &str = "256k";
/// The devices that every container has (OCI runtime-spec, config-linux.md, "Default Devices").
const DEVICES: [&str; 6] = ["null", "zero", "full", "random", "urandom", "tty"];
const QUIET: MountFlags = MountFlags::NOSUID.union(MountFlags::NODEV);

/// A mount namespace's own part of the tree: empty directories for what is put together there.
#[derive(Debug)]
pub(super) struct Staging(PathBuf);

impl Staging {
    /// Covers an empty directory, in this mount namespace alone.
    pub(super) fn over(directory: &Path) -> Result<Self, Fault> {
        mount_change("/", MountPropagationFlags::PRIVATE | MountPropagationFlags::REC)
            .to("keep its mounts to itself")?;
        mount("tmpfs", directory, "tmpfs", QUIET, c"mode=755,size=1m").to("mount a tmpfs")?;
        Ok(Self(directory.to_owned()))
    }

    pub(super) fn directory(&self, name: &str) -> Result<PathBuf, Fault> {
        let path = self.0.join(name);
        fs::create_dir(&path).to("make a directory")?;
        Ok(path)
    }

    /// A filesystem in memory for what is written over the image's layers, up to so many bytes.
    pub(super) fn scratch(&self, size: u64) -> Result<Scratch, Fault> {
        let at = self.directory("scratch")?;
        let options = CString::new(format!("mode=755,size={size},nr_inodes={INODES}"));
        let options = options.map_err(|it| Fault::new("mount a tmpfs", it))?;
        mount("tmpfs", &at, "tmpfs", QUIET, options.as_c_str()).to("mount a tmpfs")?;
        let scratch = Scratch { upper: at.join("upper"), work: at.join("work") };
        for directory in [&scratch.upper, &scratch.work] {
            fs::create_dir(directory).to("make a directory")?;
        }
        Ok(scratch)
    }
}

/// Where an overlay keeps what is changed.
#[derive(Debug)]
pub(super) struct Scratch {
    pub upper: PathBuf,
    pub work: PathBuf,
}

/// Mounts layers over each other, the topmost first, such that what is changed goes to `upper`.
pub(super) fn mount_writable<'a>(
    layers: impl IntoIterator<Item = &'a Path>,
    upper: &Path,
    work: &Path,
    at: &Path,
) -> Result<(), Fault> {
    let overlay = Overlay::new()?.below(layers)?.set("upperdir", upper)?.set("workdir", work)?;
    overlay.mount(at)
}

/// An overlay in the making.
///
/// Source: Linux, `Documentation/filesystems/overlayfs.rst`; in a user namespace its own marks are
/// extended attributes of `user.`.
struct Overlay(rustix::fd::OwnedFd);

impl Overlay {
    fn new() -> Result<Self, Fault> {
        let context = fsopen("overlay", FsOpenFlags::FSOPEN_CLOEXEC).to("have an overlay")?;
        fsconfig_set_flag(&context, "userxattr").to("have an overlay of a user's")?;
        Ok(Self(context))
    }

    fn below<'a>(self, layers: impl IntoIterator<Item = &'a Path>) -> Result<Self, Fault> {
        layers.into_iter().try_fold(self, |overlay, layer| overlay.set("lowerdir+", layer))
    }

    fn set(self, key: &str, path: &Path) -> Result<Self, Fault> {
        fsconfig_set_string(&self.0, key, path).to("use a layer in an overlay")?;
        Ok(self)
    }

    fn mount(self, at: &Path) -> Result<(), Fault> {
        fsconfig_create(&self.0).to("make an overlay of the layers")?;
        let quiet = MountAttrFlags::MOUNT_ATTR_NOSUID | MountAttrFlags::MOUNT_ATTR_NODEV;
        let mount =
            fsmount(&self.0, FsMountFlags::FSMOUNT_CLOEXEC, quiet).to("mount the layers")?;
        move_mount(mount, "", CWD, at, MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH)
            .to("mount the layers at their place")
    }
}

/// What every program finds beside its image's files: `/proc` and `/dev`.
pub(super) fn mount_surroundings(root: &Path) -> Result<(), Fault> {
    let processes = root.join("proc");
    mount("proc", &processes, "proc", QUIET | MountFlags::NOEXEC, None).to("mount /proc")?;
    let settings = processes.join("sys");
    mount_bind(&settings, &settings).to("mount /proc/sys")?;
    let read_only = MountFlags::BIND | MountFlags::RDONLY | QUIET | MountFlags::NOEXEC;
    mount_remount(&settings, read_only, c"").to("protect /proc/sys")?;
    mount_devices(&root.join("dev"))
}

fn mount_devices(at: &Path) -> Result<(), Fault> {
    let flags = MountFlags::NOSUID | MountFlags::NOEXEC;
    mount("tmpfs", at, "tmpfs", flags, c"mode=755,size=64k").to("mount /dev")?;
    for name in DEVICES {
        let (from, to) = (Path::new("/dev").join(name), at.join(name));
        // Some containers, in which archproof itself may run, lack one or the other.
        if !from.exists() {
            continue;
        }
        File::create(&to).to("make a device")?;
        mount_bind(from, to).to("mount a device")?;
    }
    for (name, target) in [("fd", ""), ("stdin", "/0"), ("stdout", "/1"), ("stderr", "/2")] {
        symlink(format!("/proc/self/fd{target}"), at.join(name)).to("make a link in /dev")?;
    }
    let shared = at.join("shm");
    fs::create_dir(&shared).to("make /dev/shm")?;
    mount("tmpfs", &shared, "tmpfs", QUIET | MountFlags::NOEXEC, SHARED_MEMORY)
        .to("mount /dev/shm")?;
    mount_remount(at, MountFlags::BIND | MountFlags::RDONLY | flags, c"").to("protect /dev")
}

/// Makes a directory the root. Nothing else is reachable afterwards.
pub(super) fn enter_root(root: &Path) -> Result<(), Fault> {
    chdir(root).to("enter the root filesystem")?;
    pivot_root(".", ".").to("change the root filesystem")?;
    unmount(".", UnmountFlags::DETACH).to("leave the host's filesystem")?;
    chdir("/").to("enter the root filesystem")
}
