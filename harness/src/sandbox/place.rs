//! The place that a program runs in, made before anything in it runs.

use std::fs;
use std::path::PathBuf;

use super::executors::{Executors, FileId, Originals};
use super::fault::{Fault, While};
use super::filesystem::{Scratch, Staging, enter_root, mount_surroundings, mount_writable};
use super::network::prepare_network;
use super::protocol::RunOrder;

/// A root filesystem and the handlers of a sandbox, which are there for as long as this is.
#[derive(Debug)]
pub(super) struct Place {
    root: PathBuf,
    executors: Executors,
}

impl Place {
    /// Mounts the image's layers below an empty one that takes what the program writes.
    pub(super) fn make(order: &RunOrder, originals: Originals) -> Result<Self, Fault> {
        let staging = Staging::over(&order.staging)?;
        let (top, root) = (staging.directory("top")?, staging.directory("root")?);
        for name in ["proc", "dev"] {
            fs::create_dir(top.join(name)).to("make a directory")?;
        }
        for directory in &order.command.directories {
            fs::create_dir_all(top.join(directory)).to("make a directory")?;
        }
        for (path, text) in &order.command.files {
            let path = top.join(path);
            fs::create_dir_all(path.parent().unwrap_or(&top)).to("make a directory")?;
            fs::write(path, text).to("make a file")?;
        }
        let layers = order.layers.iter().map(PathBuf::as_path);
        let Scratch { upper, work } = staging.scratch(order.disk)?;
        mount_writable(std::iter::once(top.as_path()).chain(layers), &upper, &work, &root)?;
        let executors = Executors::new(&order.handlers, originals, &staging)?;
        prepare_network();
        Ok(Self { root, executors })
    }

    /// Makes it the root of all processes of this mount namespace. What they find in `/proc` are the
    /// processes of the caller's namespace.
    pub(super) fn enter(&self) -> Result<(), Fault> {
        mount_surroundings(&self.root)?;
        enter_root(&self.root)
    }

    /// The size of what executes programs, in bytes.
    pub(super) fn emulators(&self) -> u64 {
        self.executors.size
    }

    /// The program that stands in for all that must not be executed, where there is one.
    pub(super) fn stub_interpreter(&self) -> Option<FileId> {
        self.executors.stub_interpreter
    }
}
