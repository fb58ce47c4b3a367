//! A server that answers as a registry does, or as none should.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// What was asked.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    /// `GET` and the path with its query.
    pub(crate) line: String,
    /// The rest of the head, and the body.
    pub(crate) text: String,
}

impl Request {
    pub(crate) fn asks_for(&self, path: &str) -> bool {
        self.line.contains(path)
    }

    /// The value of a header.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.text.lines().find_map(|line| {
            let (key, value) = line.split_once(": ")?;
            key.eq_ignore_ascii_case(name).then_some(value)
        })
    }
}

/// What is answered.
pub(crate) struct Reply {
    status: u16,
    headers: String,
    body: Body,
}

/// What follows the head.
enum Body {
    /// The bytes, and how many more the head announces.
    Bytes(Vec<u8>, usize),
    /// Whatever the function writes, which begins where the head ends.
    Written(Writer),
    /// Whatever the function writes, head and all.
    Raw(Writer),
}

type Writer = Box<dyn Fn(&mut TcpStream) -> std::io::Result<()>>;

impl Reply {
    pub(crate) fn status(status: u16) -> Self {
        Self { status, headers: String::new(), body: Body::Bytes(Vec::new(), 0) }
    }

    pub(crate) fn ok(body: &[u8]) -> Self {
        Self { body: Body::Bytes(body.to_vec(), 0), ..Self::status(200) }
    }

    pub(crate) fn partial(body: &[u8]) -> Self {
        Self { status: 206, ..Self::ok(body) }
    }

    pub(crate) fn error(status: u16, body: &str) -> Self {
        Self { status, ..Self::ok(body.as_bytes()) }
    }

    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.extend([name, ": ", value, "\r\n"]);
        self
    }

    pub(crate) fn with_status(self, status: u16) -> Self {
        Self { status, ..self }
    }

    /// Breaks off before the last bytes.
    pub(crate) fn cut(self, missing: usize) -> Self {
        let Body::Bytes(mut body, before) = self.body else { panic!("it has bytes") };
        body.truncate(body.len() - missing);
        Self { body: Body::Bytes(body, before + missing), ..self }
    }

    /// Announces bytes that never come.
    pub(crate) fn promising(self, missing: usize) -> Self {
        let Body::Bytes(body, before) = self.body else { panic!("it has bytes") };
        Self { body: Body::Bytes(body, before + missing), ..self }
    }

    /// Never ends.
    pub(crate) fn endless() -> Self {
        Self::written(200, |stream| {
            stream.write_all(b"\r\n")?;
            loop {
                stream.write_all(&[b' '; 1 << 14])?;
            }
        })
    }

    /// Writes the end of the head and the body by a function.
    pub(crate) fn written(
        status: u16,
        write: impl Fn(&mut TcpStream) -> std::io::Result<()> + 'static,
    ) -> Self {
        Self { body: Body::Written(Box::new(write)), ..Self::status(status) }
    }

    /// Writes all of it by a function, the head too.
    pub(crate) fn raw(write: impl Fn(&mut TcpStream) -> std::io::Result<()> + 'static) -> Self {
        Self { body: Body::Raw(Box::new(write)), ..Self::status(0) }
    }

    fn write(&self, stream: &mut TcpStream) -> std::io::Result<()> {
        let Self { status, headers, body } = self;
        if let Body::Raw(write) = body {
            return write(stream);
        }
        write!(stream, "HTTP/1.1 {status} x\r\nConnection: close\r\n{headers}")?;
        match body {
            Body::Bytes(body, missing) => {
                write!(stream, "Content-Length: {}\r\n\r\n", body.len() + missing)?;
                stream.write_all(body)
            }
            Body::Written(write) | Body::Raw(write) => write(stream),
        }
    }
}

/// Listens until the test ends.
pub(crate) struct Fake {
    pub(crate) address: String,
    seen: Arc<Mutex<Vec<Request>>>,
}

impl Fake {
    pub(crate) fn new(answer: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address").to_string();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (answer, log) = (Arc::new(answer), Arc::clone(&seen));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (answer, log) = (Arc::clone(&answer), Arc::clone(&log));
                std::thread::spawn(move || serve(stream, &*answer, &log));
            }
        });
        Self { address, seen }
    }

    /// What was asked so far.
    pub(crate) fn seen(&self) -> Vec<Request> {
        self.seen.lock().expect("no thread panicked").clone()
    }

    pub(crate) fn name(&self) -> String {
        format!("registry:{}/me/it:1", self.address)
    }
}

fn serve(mut stream: TcpStream, answer: &dyn Fn(&Request) -> Reply, log: &Mutex<Vec<Request>>) {
    let (mut head, mut piece) = (Vec::new(), [0; 4096]);
    while !head.windows(4).any(|it| it == b"\r\n\r\n") {
        match stream.read(&mut piece) {
            Ok(read @ 1..) => head.extend_from_slice(&piece[..read]),
            Ok(0) | Err(_) => return,
        }
        // This server does not speak TLS. Docker's engine asks without it only if it is told so.
        if head[0] == 0x16 {
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n");
            return;
        }
    }
    let text = with_body(&mut stream, head);
    let (line, rest) = text.split_once("\r\n").expect("a request has lines");
    let request = Request { line: line.to_owned(), text: rest.to_owned() };
    log.lock().expect("no thread panicked").push(request.clone());
    // Whoever asked may have gone.
    let _ = answer(&request).write(&mut stream);
}

/// Reads on to the end of the body.
fn with_body(stream: &mut TcpStream, mut message: Vec<u8>) -> String {
    let text = String::from_utf8_lossy(&message).into_owned();
    let (head, begun) = text.split_once("\r\n\r\n").expect("a head");
    let length = head.lines().find_map(|it| {
        it.to_ascii_lowercase().strip_prefix("content-length: ")?.parse::<usize>().ok()
    });
    let mut rest = vec![0; length.unwrap_or(0).saturating_sub(begun.len())];
    // What does not come is not there.
    if stream.read_exact(&mut rest).is_ok() {
        message.extend(rest);
    }
    String::from_utf8_lossy(&message).into_owned()
}
