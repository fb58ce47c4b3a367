//! A real registry, on a port of its own.

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::common::Image;

/// Whom the registry lets in, where it asks: made with `htpasswd -nbB me secret`.
const HTPASSWD: &str = "me:$2y$05$abcdefghijklmnopqrstuuOQiyCxlgf/oeuTqixKmWdcYUh4Hjl0a\n";

/// Whether the registry asks who is there.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Door {
    Open,
    Password,
}

pub(crate) struct Registry {
    /// Removed at the end.
    _folder: TempDir,
    process: Child,
    pub(crate) address: String,
}

impl Registry {
    /// Starts one that has the image as `me/it:1`.
    pub(crate) fn with(image: &Image, door: Door) -> Self {
        loop {
            let mut registry = Self::start(image, door);
            if registry.answers() {
                return registry;
            }
        }
    }

    fn start(image: &Image, door: Door) -> Self {
        let Some(program) = std::env::var_os("ARCHPROOF_LAB_REGISTRY") else {
            panic!("this test needs a registry: `ci/lab up` has one, and `ci/lab env` names it");
        };
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        image.write_storage(&at("storage"), "me/it", "1");
        fs::write(at("htpasswd"), HTPASSWD).expect("a file");
        let auth = match door {
            Door::Open => String::new(),
            Door::Password => {
                format!("auth: {{htpasswd: {{realm: test, path: {}}}}}\n", at("htpasswd").display())
            }
        };
        let address = free_address();
        let config = format!(
            "version: 0.1\nlog: {{level: error, accesslog: {{disabled: true}}}}\n\
             storage: {{filesystem: {{rootdirectory: {}}}}}\nhttp: {{addr: {address}}}\n{auth}",
            at("storage").display()
        );
        fs::write(at("config.yml"), config).expect("a file");
        let process = Command::new(program)
            .arg("serve")
            .arg(at("config.yml"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the registry starts");
        Self { _folder: folder, process, address }
    }

    /// Waits until it answers; `false` if its port was taken by another server meanwhile.
    fn answers(&mut self) -> bool {
        let end = Instant::now() + Duration::from_secs(20);
        while self.process.try_wait().expect("it was started").is_none() {
            if ping(&self.address).is_ok_and(|it| it.contains("Docker-Distribution-Api-Version")) {
                return true;
            }
            assert!(Instant::now() < end, "the registry does not listen");
            std::thread::sleep(Duration::from_millis(20));
        }
        false
    }

    pub(crate) fn name(&self) -> String {
        format!("registry:{}/me/it:1", self.address)
    }

    /// Ends it at once.
    pub(crate) fn kill(&mut self) {
        // Nothing is left to be ended where that fails.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        self.kill();
    }
}

/// What the server says of its interface.
fn ping(address: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_secs(1)))?;
    write!(stream, "GET /v2/ HTTP/1.0\r\nHost: {address}\r\n\r\n")?;
    let mut answer = Vec::new();
    stream.take(4096).read_to_end(&mut answer)?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

fn free_address() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address").to_string()
}
