//! Registries that want a login which is not theirs, lead astray, or send what has no end.
//!
//! In each there are two hosts, on ports of their own: the registry, for which there is a login,
//! and another one.

use std::io::{Read, Write};
use std::time::{Duration, Instant};

use archproof::oci::Image as Root;
use archproof::source::{Credentials, TransferLimits};
use rstest::rstest;

use super::fake::{Fake, Reply, Request};
use super::{SECRET, chain, facts, login, logins, open_within, serve};
use crate::common::Image;

/// The words of a login that only the registry and its token service may see: the password, the
/// identity token, and the token that they are exchanged for.
const SECRETS: [&str; 3] = [SECRET, "identity-secret", "granted-secret"];

/// What one attack came to.
struct Outcome {
    /// What the image was, or all that was said instead.
    result: Result<(), String>,
    /// What the other host was asked.
    asked: Vec<Request>,
}

impl Outcome {
    /// Whether the other host has seen a part of a login.
    fn leaks(&self) -> bool {
        let all = self.asked.iter().map(|it| format!("{} {}", it.line, it.text));
        all.into_iter().any(|it| SECRETS.iter().any(|secret| it.contains(secret)))
    }
}

/// How the registry's login is kept.
#[derive(Clone, Copy, Debug)]
enum Kept {
    Password,
    Identity,
}

impl Kept {
    fn config(self, registry: &str) -> String {
        match self {
            Self::Password => login(registry, SECRET),
            Self::Identity => format!(
                r#"{{"auths": {{"{registry}":
                    {{"auth": "bWU6", "identitytoken": "identity-secret"}}}}}}"#
            ),
        }
    }
}

/// What a host knows when it answers.
struct Question<'a> {
    request: &'a Request,
    image: &'a Image,
    /// The address of the host itself, as it was asked for.
    own: &'a str,
    /// The address of the other host; empty where the other host itself is asked.
    other: &'a str,
}

impl Question<'_> {
    fn is_authorised(&self) -> bool {
        self.request.header("Authorization").is_some()
    }

    fn asks_for(&self, part: &str) -> bool {
        self.request.asks_for(part)
    }

    fn path(&self) -> &str {
        self.request.line.split(' ').nth(1).expect("a path")
    }

    /// As an honest registry that asks for no login.
    fn serve(&self) -> Reply {
        serve(self.image, self.request)
    }

    fn layer(&self) -> Option<&[u8]> {
        let layer = &self.image.layers[0];
        self.asks_for(&layer.digest.to_string()).then(|| self.image.bytes(layer))
    }

    fn lead_to(&self, host: &str) -> Reply {
        redirect(&format!("http://{host}{}", self.path()))
    }
}

type Answer = fn(&Question<'_>) -> Reply;

fn redirect(address: &str) -> Reply {
    Reply::status(307).with("Location", address)
}

fn bearer(realm: &str) -> Reply {
    let challenge = format!(r#"Bearer realm="{realm}",service="s""#);
    Reply::status(401).with("WWW-Authenticate", &challenge)
}

fn basic() -> Reply {
    Reply::status(401).with("WWW-Authenticate", r#"Basic realm="it""#)
}

fn token() -> Reply {
    Reply::ok(br#"{"token": "granted-secret"}"#)
}

fn attack(kept: Kept, registry: Answer, other: Answer) -> Outcome {
    attack_within(TransferLimits::default(), kept, registry, other)
}

fn attack_within(limits: TransferLimits, kept: Kept, registry: Answer, other: Answer) -> Outcome {
    let image = Image::new(&["linux/amd64"], 100_000);
    let host = |answer: Answer, other: String| {
        let image = image.clone();
        Fake::new(move |request| {
            let own = request.header("Host").expect("a host");
            answer(&Question { request, image: &image, own, other: &other })
        })
    };
    let other = host(other, String::new());
    let registry = host(registry, other.address.clone());
    let (_folder, credentials) = logins(&kept.config(&registry.address));
    let read = open_within(limits, &registry.name(), &credentials).map_err(|it| chain(&it));
    let read = read.and_then(|image| {
        let facts = facts(&image).map_err(|it| format!("{} {it:?}", chain(&it)))?;
        let layer = &facts.variants[0].layers[0];
        let is_whole = layer.contradictions.is_empty();
        is_whole.then_some(()).ok_or_else(|| format!("{:?}", layer.contradictions))
    });
    let result = read.map_err(|it| it.replace(&registry.address, "REGISTRY"));
    let result = result.map_err(|it| it.replace(&other.address, "OTHER"));
    if let Err(message) = &result {
        assert!(!message.contains(char::is_control), "{message:?}");
    }
    Outcome { result, asked: other.seen() }
}

/// Nobody's: what no registry leads to is never asked.
fn unused(_: &Question<'_>) -> Reply {
    Reply::status(404)
}

fn honest(asked: &Question<'_>) -> Reply {
    asked.serve()
}

/// What wants a login, and then is an honest registry.
fn wants_basic(asked: &Question<'_>) -> Reply {
    if asked.is_authorised() { asked.serve() } else { basic() }
}

/// What names its own token service.
fn wants_token(asked: &Question<'_>) -> Reply {
    if asked.asks_for("/token") {
        return token();
    }
    if asked.is_authorised() {
        return asked.serve();
    }
    bearer(&format!("http://{}/token", asked.own))
}

fn blobs_elsewhere(asked: &Question<'_>) -> Reply {
    if asked.asks_for("/blobs/") { asked.lead_to(asked.other) } else { asked.serve() }
}

fn everything_elsewhere(asked: &Question<'_>) -> Reply {
    asked.lead_to(asked.other)
}

/// Blobs of a registry with a login, from the registry's own machine under another name.
fn blobs_from_localhost(asked: &Question<'_>) -> Reply {
    let is_localhost = asked.own.starts_with("localhost");
    if is_localhost {
        assert!(!asked.is_authorised(), "the login is for 127.0.0.1");
        return asked.serve();
    }
    let port = asked.own.split_once(':').expect("a port").1;
    match (asked.is_authorised(), asked.asks_for("/blobs/")) {
        (false, _) => basic(),
        (true, true) => asked.lead_to(&format!("localhost:{port}")),
        (true, false) => asked.serve(),
    }
}

fn private_with_blobs_elsewhere(asked: &Question<'_>) -> Reply {
    if asked.is_authorised() { blobs_elsewhere(asked) } else { basic() }
}

#[rstest]
#[case::no_login_needed(honest, unused)]
#[case::password(wants_basic, unused)]
#[case::own_token_service(wants_token, unused)]
#[case::blobs_of_a_store(blobs_elsewhere, honest)]
#[case::private_with_blobs_of_a_store(private_with_blobs_elsewhere, honest)]
#[case::another_name_of_the_machine(blobs_from_localhost, unused)]
#[case::everything_of_a_store(everything_elsewhere, honest)]
fn honest_registries_are_read_and_others_see_no_login(
    #[case] registry: Answer,
    #[case] other: Answer,
) {
    let outcome = attack(Kept::Password, registry, other);
    assert_eq!(outcome.result, Ok(()));
    assert!(!outcome.leaks(), "{:?}", outcome.asked);
}

/// As Docker Hub does: the registry itself says who checks the login.
#[rstest]
#[case(Kept::Password, SECRET)]
#[case(Kept::Identity, "identity-secret")]
fn a_token_service_that_the_registry_names_is_shown_the_login(
    #[case] kept: Kept,
    #[case] secret: &str,
) {
    let registry: Answer = |asked| {
        if asked.is_authorised() {
            return asked.serve();
        }
        bearer(&format!("http://{}/token", asked.other))
    };
    let outcome = attack(kept, registry, |_| token());
    assert_eq!(outcome.result, Ok(()));
    let [request] = outcome.asked.as_slice() else { panic!("one request: {:?}", outcome.asked) };
    assert!(request.text.contains(secret), "{request:?}");
    assert!(!request.text.contains("granted-secret"), "{request:?}");
}

fn token_elsewhere(asked: &Question<'_>) -> Reply {
    if asked.asks_for("/token") { asked.lead_to(asked.other) } else { wants_token(asked) }
}

/// The same token service by another of its own paths.
fn token_redirected_to_itself(asked: &Question<'_>) -> Reply {
    match asked.path() {
        path if path.starts_with("/token?") || path == "/token" => redirect("/token/here"),
        _ => wants_token(asked),
    }
}

fn forbidden(_: &Question<'_>) -> Reply {
    Reply::status(403)
}

fn any_token(_: &Question<'_>) -> Reply {
    token()
}

#[rstest]
#[case::token_for_blobs(blobs_elsewhere, wants_token, "REGISTRY redirects to http://OTHER")]
#[case::token_for_all(everything_elsewhere, wants_token, "REGISTRY redirects to http://OTHER")]
#[case::password(everything_elsewhere, wants_basic, "REGISTRY redirects to http://OTHER")]
#[case::password_after_a_login(
    private_with_blobs_elsewhere,
    wants_basic,
    "the login for REGISTRY is not sent to another host"
)]
#[case::expired_address(blobs_elsewhere, forbidden, "which refuses access (403)")]
#[case::token_service(token_elsewhere, any_token, "http://REGISTRY redirects")]
#[case::token_service_to_itself(token_redirected_to_itself, unused, "http://REGISTRY redirects")]
fn logins_follow_no_redirect(
    #[values(Kept::Password, Kept::Identity)] kept: Kept,
    #[case] registry: Answer,
    #[case] other: Answer,
    #[case] message: &str,
) {
    let outcome = attack(kept, registry, other);
    assert!(!outcome.leaks(), "{:?}", outcome.asked);
    let error = outcome.result.expect_err("it is refused");
    let is_basic = error.contains("does not let docker's login in");
    let expects_password = matches!(kept, Kept::Identity) && is_basic;
    assert!(error.contains(message) || expects_password, "{error}");
}

/// All of them at once: some are asked again and again, with pauses.
fn assert_refused<const N: usize>(attacks: [(Answer, &str); N]) {
    assert_refused_within(TransferLimits::default(), attacks);
}

fn assert_refused_within<const N: usize>(limits: TransferLimits, attacks: [(Answer, &str); N]) {
    std::thread::scope(|scope| {
        for (registry, message) in attacks {
            scope.spawn(move || {
                let outcome = attack_within(limits, Kept::Password, registry, unused);
                assert!(!outcome.leaks(), "{:?}", outcome.asked);
                let error = outcome.result.expect_err(message);
                assert!(error.contains(message), "{error}");
            });
        }
    });
}

#[test]
fn where_a_registry_may_not_lead() {
    assert_refused([
        (|_| bearer("http://registry.example/token"), "http://registry.example is without TLS"),
        (|_| bearer("file:///etc/passwd"), ": file: is without TLS"),
        (|_| redirect("file:///etc/passwd"), "REGISTRY answers 307"),
        (|_| redirect("http://registry.example/v2/"), "http://registry.example is without TLS"),
        (|_| redirect("http://169.254.169.254/latest/"), "http://169.254.169.254 is without TLS"),
        (|it| redirect(&format!("{}x", it.path())), "REGISTRY redirects more than 10 times"),
        (|_| redirect("http://127.0.0.1:1/"), "does not answer"),
    ]);
}

fn for_manifests(asked: &Question<'_>, reply: Reply) -> Reply {
    if asked.asks_for("/manifests/") { reply } else { asked.serve() }
}

fn for_layers(asked: &Question<'_>, reply: fn(&[u8]) -> Reply) -> Reply {
    asked.layer().map_or_else(|| asked.serve(), reply)
}

fn endless_token(asked: &Question<'_>) -> Reply {
    if asked.asks_for("/token") { Reply::endless() } else { wants_token(asked) }
}

/// Ever the next piece, none of them the last.
fn endless_pieces() -> Reply {
    let endless = Reply::written(200, |stream| {
        stream.write_all(b"\r\n")?;
        loop {
            stream.write_all(b"1000\r\n")?;
            stream.write_all(&[0; 0x1000])?;
            stream.write_all(b"\r\n")?;
        }
    });
    endless.with("Transfer-Encoding", "chunked")
}

fn endless_headers() -> Reply {
    Reply::raw(|stream| {
        stream.write_all(b"HTTP/1.1 200 OK\r\n")?;
        loop {
            stream.write_all(b"X: y\r\n")?;
        }
    })
}

fn endless_header() -> Reply {
    Reply::raw(|stream| {
        stream.write_all(b"HTTP/1.1 200 OK\r\nX: ")?;
        loop {
            stream.write_all(&[b'y'; 1 << 14])?;
        }
    })
}

fn always_challenging(asked: &Question<'_>) -> Reply {
    if asked.asks_for("/token") {
        return token();
    }
    bearer(&format!("http://{}/token", asked.own))
}

fn many_parameters(_: &Question<'_>) -> Reply {
    let parameters = r#"a="b","#.repeat(3000);
    Reply::status(401).with("WWW-Authenticate", &format!("Bearer {parameters}a=b"))
}

/// A gibibyte of spaces, compressed.
fn bomb() -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    for _ in 0..1024 {
        encoder.write_all(&vec![b' '; 1 << 20]).expect("in memory");
    }
    encoder.finish().expect("in memory")
}

/// Half of it, and zeros for the rest when that is asked for.
fn lying_range(asked: &Question<'_>) -> Reply {
    let Some(bytes) = asked.layer() else { return asked.serve() };
    let range = asked.request.header("Range").and_then(|it| it.strip_prefix("bytes="));
    let from = range.and_then(|it| it.strip_suffix('-')?.parse::<usize>().ok());
    match from {
        None => Reply::ok(bytes).cut(bytes.len() / 2),
        Some(from) => {
            let range = format!("bytes {from}-{}/{}", bytes.len() - 1, bytes.len());
            Reply::partial(&vec![0; bytes.len() - from]).with("Content-Range", &range)
        }
    }
}

#[test]
fn what_a_registry_may_not_send() {
    assert_refused([
        (|it| for_manifests(it, Reply::endless()), "more than 16 MiB"),
        (endless_token, "more than 1 MiB"),
        (|_| Reply::endless().with_status(500), "answers 500"),
        (|it| for_layers(it, |_| Reply::endless()), "sha256:"),
        (|it| for_layers(it, |_| endless_pieces()), "sha256:"),
        (|_| endless_headers(), "does not answer"),
        (|_| endless_header(), "does not answer"),
        (|it| for_layers(it, |all| Reply::ok(all).cut(all.len() / 2)), "does not answer"),
        (|it| for_layers(it, |all| Reply::ok(all).promising(10)), "does not answer"),
        (lying_range, "sha256:"),
        (always_challenging, "does not let docker's login in (401)"),
        (|_| bearer(&"x".repeat(30_000)), "in a way that is not known here"),
        (many_parameters, "REGISTRY"),
        (|_| Reply::error(429, "").with("Retry-After", "100000"), "too much lately (429)"),
        (|_| Reply::status(503).with("Retry-After", "100000"), "answers 503"),
        (|it| for_layers(it, |_| Reply::status(503)), "answers 503"),
        (|_| Reply::ok(b"<html>").with("Content-Type", "text/\u{1b}[31m"), "REGISTRY"),
        (|_| Reply::error(429, r#"{"errors":[{"message":"\u001b[31mred\nx"}]}"#), "[31mredx"),
        (|_| Reply::ok(&bomb()).with("Content-Encoding", "gzip"), "is not a manifest"),
    ]);
}

/// Short, so that the tests are.
const LIMITS: TransferLimits = TransferLimits {
    silence: Duration::from_millis(1500),
    rate: 1000,
    window: Duration::from_millis(400),
    document: Duration::from_secs(3),
    blob: Duration::from_secs(3),
    pause: Duration::from_millis(250),
};

const TICK: Duration = Duration::from_millis(20);

/// Sends a part of the body at each tick.
fn drip(body: &[u8], part: usize) -> Reply {
    let body = body.to_vec();
    let length = body.len().to_string();
    let reply = Reply::written(200, move |stream| {
        stream.write_all(b"\r\n")?;
        body.chunks(part).try_for_each(|it| {
            std::thread::sleep(TICK);
            stream.write_all(it)
        })
    });
    reply.with("Content-Length", &length)
}

fn dripping_head() -> Reply {
    Reply::raw(|stream| {
        stream.write_all(b"HTTP/1.1 200 OK\r\n")?;
        loop {
            std::thread::sleep(TICK);
            stream.write_all(b"X: y\r\n")?;
        }
    })
}

fn silent() -> Reply {
    Reply::raw(|_| {
        std::thread::sleep(LIMITS.silence * 2);
        Ok(())
    })
}

fn slow_token(asked: &Question<'_>) -> Reply {
    let token = format!(r#"{{"token": "{}"}}"#, "x".repeat(10_000));
    if asked.asks_for("/token") { drip(token.as_bytes(), 1) } else { wants_token(asked) }
}

/// Fast at first, so that the average over all of it is good.
fn fast_then_slow(all: &[u8]) -> Reply {
    let (first, rest) = all.split_at(all.len() - 5000);
    let (first, rest, length) = (first.to_vec(), rest.to_vec(), all.len().to_string());
    let reply = Reply::written(200, move |stream| {
        stream.write_all(b"\r\n")?;
        stream.write_all(&first)?;
        rest.chunks(1).try_for_each(|it| {
            std::thread::sleep(TICK);
            stream.write_all(it)
        })
    });
    reply.with("Content-Length", &length)
}

#[test]
fn a_registry_that_hardly_sends_is_given_up() {
    let begin = Instant::now();
    let rate = "at least 1000 bytes per second have to arrive, and all of it within 3s";
    assert_refused_within(
        LIMITS,
        [
            (|it| for_manifests(it, drip(&[b' '; 10_000], 1)), rate),
            (|it| for_layers(it, |all| drip(all, 1)), rate),
            (|it| for_layers(it, fast_then_slow), rate),
            (slow_token, rate),
            // Fast enough, but without an end.
            (|it| for_layers(it, |all| drip(all, 100)), rate),
            (|it| for_manifests(it, drip(&vec![b' '; 100_000], 100)), "bytes in 3s; at least"),
            (|_| dripping_head(), "does not answer"),
            (|it| for_layers(it, |_| dripping_head()), "does not answer"),
            (|_| silent(), "does not answer"),
        ],
    );
    // A layer whose head never comes is asked for again four times.
    assert!(begin.elapsed() < Duration::from_secs(30), "{:?}", begin.elapsed());
}

#[test]
fn a_slow_but_steady_registry_is_read_to_the_end() {
    let limits = TransferLimits { blob: Duration::from_mins(1), ..LIMITS };
    let steady: Answer = |it| for_layers(it, |all| drip(all, 1000));
    let begin = Instant::now();
    assert_eq!(attack_within(limits, Kept::Password, steady, unused).result, Ok(()));
    assert!(begin.elapsed() > limits.window * 4, "{:?}", begin.elapsed());
}

#[test]
fn a_slow_reader_is_not_the_registrys_fault() {
    let image = Image::new(&["linux/amd64"], 20 << 20);
    let served = image.clone();
    let fake = Fake::new(move |request| serve(&served, request));
    let limits = TransferLimits { blob: Duration::from_millis(1500), ..LIMITS };
    let opened = open_within(limits, &fake.name(), &Credentials::none()).expect("an image");
    let Root::Index { index, .. } = opened.root() else { panic!("an index") };
    let manifest = opened.manifest(&index.manifests[0]).expect("a manifest");
    let mut layer = opened.blob(&manifest.layers[0]).expect("a layer");
    let mut piece = vec![0; 4 << 20];
    for _ in 0..4 {
        layer.read_exact(&mut piece).expect("a piece");
        std::thread::sleep(LIMITS.window);
    }
    let rest = std::io::copy(&mut layer, &mut std::io::sink()).expect("the rest");
    assert_eq!(rest + (16 << 20), image.layers[0].size);
}
