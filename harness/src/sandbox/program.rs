//! The program's process, up to the moment when it becomes the program.

use std::convert::Infallible;
use std::ffi::CString;
use std::fs::{self, File};
use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::path::Path;

use rustix::fs::{Access, access};
use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, recvmsg, sendmsg,
};
use rustix::process::{DumpableBehavior, chdir, set_dumpable_behavior, setsid};
use rustix::stdio::dup2_stdin;

use super::confine::{filter_system_calls, give_up_privileges};
use super::fault::{Fault, While};
use super::identities::ANSWERED;
use super::namespaces::new_user;
use super::notify::Listener;
use super::protocol::Command;
use crate::launch::DEFAULT_PATH;

/// The number of root.
const ROOT: u32 = 0;
/// What the OCI runtime's own process ends with when it cannot become the program.
const NOT_STARTED: i32 = 255;

/// Becomes the program. What keeps it from that before the program is found is returned; of the
/// program itself, it is said on standard error, as the engine's runtime says it.
pub(super) fn execute(command: &Command, processes: u64, first: UnixStream) -> Fault {
    match prepare(command, processes, first) {
        Err(fault) => fault,
        Ok(program) => {
            let Err(error) = become_program(&program, command);
            // The runtime's words, so that both runners are read alike.
            eprintln_raw(&format!("exec {}: {}\n", program.display(), words_of(&error)));
            super::fork::exit(NOT_STARTED)
        }
    }
}

fn prepare(
    command: &Command,
    processes: u64,
    first: UnixStream,
) -> Result<std::path::PathBuf, Fault> {
    setsid().to("be nobody's child")?;
    dup2_stdin(File::open("/dev/null").to("open /dev/null")?).to("have no input")?;
    set_dumpable_behavior(DumpableBehavior::Dumpable).to("own its files in /proc")?;
    new_user(command.uid, command.gid)?;
    chdir(Path::new(&command.working_dir))
        .to(&format!("enter the image's WorkingDir {}", command.working_dir))?;
    give_up_privileges(processes)?;
    if command.uid == ROOT {
        // Only root has reason to become somebody else.
        let listener = Listener::of_calls(ANSWERED).to("answer for the kernel")?;
        hand_over(&first, &listener).to("answer for the kernel")?;
    }
    drop(first);
    filter_system_calls()?;
    Ok(find(command).into())
}

/// Gives the first process a descriptor.
fn hand_over(to: &UnixStream, descriptor: &Listener) -> io::Result<()> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut ancillary = SendAncillaryBuffer::new(&mut space);
    let descriptors = [descriptor.as_fd()];
    ancillary.push(SendAncillaryMessage::ScmRights(&descriptors));
    sendmsg(to, &[IoSlice::new(b"!")], &mut ancillary, SendFlags::NOSIGNAL)?;
    Ok(())
}

/// What the program's process hands over before the program begins; `None` where there is nothing to
/// be handed over.
pub(super) fn handed_over(from: &UnixStream) -> io::Result<Option<Listener>> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut ancillary = RecvAncillaryBuffer::new(&mut space);
    let mut byte = [0];
    let flags = RecvFlags::CMSG_CLOEXEC;
    recvmsg(from, &mut [IoSliceMut::new(&mut byte)], &mut ancillary, flags)?;
    let descriptors = ancillary.drain().filter_map(|it| match it {
        RecvAncillaryMessage::ScmRights(mut descriptors) => descriptors.next(),
        _ => None,
    });
    Ok(descriptors.last().map(Listener::from_descriptor))
}

/// The file that the first word names, as the runtime finds it: what holds a slash is a path.
fn find(command: &Command) -> String {
    let word = command.words.first().map_or("", String::as_str);
    if word.contains('/') {
        return word.to_owned();
    }
    let path = command.env.iter().rev().find_map(|it| it.strip_prefix("PATH="));
    let folders = path.unwrap_or(DEFAULT_PATH).split(':');
    let candidates = folders.map(|it| format!("{}/{word}", if it.is_empty() { "." } else { it }));
    let is_program = |it: &String| {
        access(it.as_str(), Access::EXEC_OK).is_ok()
            && fs::metadata(it).is_ok_and(|found| !found.is_dir())
    };
    { candidates }.find(is_program).unwrap_or_else(|| word.to_owned())
}

fn become_program(path: &Path, command: &Command) -> Result<Infallible, io::Error> {
    let text = |it: &[u8]| CString::new(it).map_err(io::Error::other);
    let texts =
        |all: &[String]| all.iter().map(|it| text(it.as_bytes())).collect::<Result<Vec<_>, _>>();
    let (words, env) = (texts(&command.words)?, texts(&command.env)?);
    let pointers = |all: &[CString]| {
        let pointers = all.iter().map(|it| it.as_ptr());
        pointers.chain(std::iter::once(std::ptr::null())).collect::<Vec<_>>()
    };
    let path = text(path.as_os_str().as_encoded_bytes())?;
    let (words_at, env_at) = (pointers(&words), pointers(&env));
    // SAFETY: the path ends with a NUL, both lists with a null pointer; all of them live until the
    // call returns, which it does only if it changed nothing. The disposition of SIGPIPE, which
    // Rust's runtime has changed, is no business of anybody else in this process.
    #[expect(unsafe_code, reason = "std's exec would run a shell for what the kernel refuses")]
    unsafe {
        libc::signal(libc::SIGPIPE, libc::SIG_DFL);
        libc::execve(path.as_ptr(), words_at.as_ptr(), env_at.as_ptr());
    }
    Err(io::Error::last_os_error())
}

/// As C's library words it, without Rust's number behind it.
fn words_of(error: &io::Error) -> String {
    let text = error.to_string().to_lowercase();
    text.split(" (os error").next().unwrap_or_default().to_owned()
}

fn eprintln_raw(text: &str) {
    // Where nobody listens, nobody is told.
    let _ = rustix::io::write(rustix::stdio::stderr(), text.as_bytes());
}
