//! Images from files, registries and the engine, whole and broken.

mod base;
mod evil;
mod fake;
mod registry;

use std::error::Error;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::common::Image;
use crate::common::RUNTIME;
use archproof::engine::{Engine, Environment, ImageStore};
use archproof::evidence::image::{BlobFaultKind, ImageFacts};
use archproof::inspect::{InspectError, NoCache, inspect};
use archproof::oci::{Hashing, Image as Root, OpenImage};
use archproof::source::{
    Credentials, Opened, Opener, Origin, Source, SourceError, SourceName, TransferLimits,
    is_retryable,
};
use bollard::query_parameters::{ImportImageOptions, RemoveImageOptions};
use fake::{Fake, Reply, Request};
use futures_util::StreamExt;
use registry::{Door, Registry};
use tempfile::TempDir;

fn source(name: &str) -> Source {
    name.parse::<SourceName>().expect(name).source().clone()
}

fn open_as(name: &str, credentials: &Credentials) -> Result<OpenImage, SourceError> {
    open_within(TransferLimits::default(), name, credentials)
}

fn open_within(
    limits: TransferLimits,
    name: &str,
    credentials: &Credentials,
) -> Result<OpenImage, SourceError> {
    let opener = Opener { engine: None, credentials, limits };
    match RUNTIME.block_on(opener.open(&source(name)))? {
        Opened::Image { image, .. } => Ok(image),
        Opened::RootFs(_) => panic!("an image"),
    }
}

fn opener<'a>(engine: Option<&'a Engine>, credentials: &'a Credentials) -> Opener<'a> {
    Opener { engine, credentials, limits: TransferLimits::default() }
}

fn open(name: &str) -> Result<OpenImage, SourceError> {
    open_as(name, &Credentials::none())
}

fn facts(image: &OpenImage) -> Result<ImageFacts, InspectError> {
    inspect(image, &[], &NoCache)
}

/// An error with all its causes.
fn chain(error: &(dyn Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |it| (*it).source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

/// What is read of the first layer of the first manifest.
fn read_layer(image: &OpenImage) -> std::io::Result<(archproof::oci::Digest, u64)> {
    let Root::Index { index, .. } = image.root() else { panic!("an index") };
    let manifest = image.manifest(&index.manifests[0]).expect("a manifest");
    Hashing::new(image.blob(&manifest.layers[0]).expect("a layer")).finish()
}

/// Docker's configuration in a folder of its own.
fn logins(config: &str) -> (TempDir, Credentials) {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("config.json"), config).expect("a file");
    let docker_config = Some(folder.path().to_owned());
    let credentials = Credentials::of(&Environment { docker_config, ..Environment::default() });
    (folder, credentials)
}

/// A login of `me`, as `docker login` writes it.
fn login(registry: &str, encoded: &str) -> String {
    format!(r#"{{"auths": {{"{registry}": {{"auth": "{encoded}"}}}}}}"#)
}

/// `me:secret` and `me:wrong`.
const SECRET: &str = "bWU6c2VjcmV0";
const WRONG: &str = "bWU6d3Jvbmc=";

/// Answers as a registry that has an image.
fn serve(image: &Image, request: &Request) -> Reply {
    let is_named = |it: &archproof::oci::Digest| request.asks_for(&it.to_string());
    if request.asks_for("/manifests/1 ") {
        let root = image.root();
        return Reply::ok(image.bytes(root)).with("Content-Type", &root.media_type.0);
    }
    match image.blobs.iter().find(|it| is_named(it.0)) {
        Some((_, bytes)) => Reply::ok(bytes),
        None => Reply::status(404),
    }
}

#[test]
fn an_image_is_the_same_in_a_folder_and_in_a_registry() {
    let made = Image::two();
    let registry = Registry::with(&made, Door::Open);
    let folder = tempfile::tempdir().expect("a folder");
    made.write_layout(folder.path());
    let expected = facts(&open(&format!("oci:{}", folder.path().display())).expect("a layout"));
    let expected = expected.expect("a layout");
    assert_eq!(expected.digest, made.root().digest);
    let by_digest = format!("registry:{}/me/it@{}", registry.address, made.root().digest);
    let bare = format!("{}/me/it:1", registry.address);
    for name in [registry.name(), by_digest, bare] {
        let read = facts(&open(&name).expect(&name)).expect(&name);
        assert_eq!(read.digest, expected.digest);
        assert_eq!(read.variants.len(), 2);
        for (read, expected) in read.variants.iter().zip(&expected.variants) {
            assert_eq!((read.digest, &read.files), (expected.digest, &expected.files));
            assert!(read.layers.iter().all(|it| it.contradictions.is_empty()));
        }
    }
    // One manifest of it, without the index.
    let one = format!("registry:{}/me/it@{}", registry.address, made.manifests[1].digest);
    let facts = facts(&open(&one).expect("a manifest")).expect("a manifest");
    assert_eq!(facts.variants[0].platform.to_string(), "linux/arm64");
    for missing in ["me/it:2", "me/other:1"] {
        let error = open(&format!("registry:{}/{missing}", registry.address)).expect_err("nothing");
        assert!(chain(&error).contains("has nothing of that name"), "{}", chain(&error));
        assert!(!error.is_retryable());
    }
}

#[test]
fn a_registry_lets_in_who_has_a_login() {
    let registry = Registry::with(&Image::two(), Door::Password);
    let error = chain(&open(&registry.name()).expect_err("a stranger"));
    assert!(error.contains("does not let an anonymous visitor in (401"), "{error}");
    let (_folder, right) = logins(&login(&registry.address, SECRET));
    facts(&open_as(&registry.name(), &right).expect("let in")).expect("let in");
    let (_folder, wrong) = logins(&login(&registry.address, WRONG));
    let error = chain(&open_as(&registry.name(), &wrong).expect_err("a wrong password"));
    assert!(error.contains("does not let docker's login in (401"), "{error}");
    assert!(!error.contains("wrong"), "no secrets: {error}");
}

/// Runs a test once more by itself, in another environment.
fn again(test: &str, path: &Path) {
    let path = format!("{}:{}", path.display(), std::env::var("PATH").unwrap_or_default());
    let status = Command::new(std::env::current_exe().expect("this program"))
        .args(["--exact", &format!("sources::{test}"), "--nocapture"])
        .env("PATH", path)
        .env("ARCHPROOF_TEST_AGAIN", "1")
        .status();
    assert!(status.expect("this program runs").success());
}

#[test]
fn a_login_may_be_kept_by_a_program() {
    if std::env::var_os("ARCHPROOF_TEST_AGAIN").is_none() {
        let bin = tempfile::tempdir().expect("a folder");
        let script = bin.path().join("docker-credential-archproof-test");
        let text = "#!/bin/sh\nread -r registry\ncase $registry in\n\
            127.*) printf '{\"ServerURL\":\"%s\",\"Username\":\"me\",\"Secret\":\"secret\"}' \"$registry\" ;;\n\
            *) echo 'credentials not found in native keychain'; exit 1 ;;\nesac\n";
        std::fs::write(&script, text).expect("a file");
        std::fs::set_permissions(&script, PermissionsExt::from_mode(0o755)).expect("a program");
        return again("a_login_may_be_kept_by_a_program", bin.path());
    }
    let registry = Registry::with(&Image::two(), Door::Password);
    let of_one = format!(r#"{{"credHelpers": {{"{}": "archproof-test"}}}}"#, registry.address);
    for config in [of_one.as_str(), r#"{"credsStore": "archproof-test"}"#] {
        let (_folder, credentials) = logins(config);
        facts(&open_as(&registry.name(), &credentials).expect(config)).expect(config);
    }
    // Where it has none, the visit is anonymous.
    let (_folder, credentials) = logins(r#"{"credsStore": "archproof-test"}"#);
    let elsewhere = registry.name().replace("127.0.0.1", "localhost");
    let error = chain(&open_as(&elsewhere, &credentials).expect_err("a stranger"));
    assert!(error.contains("an anonymous visitor"), "{error}");
}

#[test]
fn a_registry_that_ends_is_an_error_that_may_pass() {
    let mut registry = Registry::with(&Image::new(&["linux/amd64"], 64 << 20), Door::Open);
    let image = open(&registry.name()).expect("an image");
    let Root::Index { index, .. } = image.root() else { panic!("an index") };
    let manifest = image.manifest(&index.manifests[0]).expect("a manifest");
    let mut layer = image.blob(&manifest.layers[0]).expect("a layer");
    let mut some = vec![0; 1 << 20];
    layer.read_exact(&mut some).expect("the beginning");
    registry.kill();
    let error = std::io::copy(&mut layer, &mut std::io::sink()).expect_err("killed");
    assert!(error.to_string().contains("does not answer"), "{error}");
    assert!(is_retryable(&error));
    let error = facts(&image).expect_err("killed");
    assert!(is_retryable(&error), "{}", chain(&error));
    let error = open(&registry.name()).expect_err("killed");
    assert!(error.is_retryable(), "{}", chain(&error));
}

#[test]
fn a_broken_connection_is_made_anew() {
    // One registry goes on where it was asked to, another begins anew.
    for heeds_range in [true, false] {
        let made = Image::new(&["linux/amd64"], 3 << 20);
        let (image, broken) = (made.clone(), AtomicUsize::new(0));
        let fake = Fake::new(move |request| {
            if !request.asks_for(&image.layers[0].digest.to_string()) {
                return serve(&image, request);
            }
            let bytes = image.bytes(&image.layers[0]);
            let range = request.header("Range").and_then(|it| it.strip_prefix("bytes="));
            let from: usize = range.map_or(0, |it| it[..it.len() - 1].parse().expect("a number"));
            let reply = if heeds_range && from > 0 {
                let range = format!("bytes {from}-{}/{}", bytes.len() - 1, bytes.len());
                Reply::partial(&bytes[from..]).with("Content-Range", &range)
            } else {
                Reply::ok(bytes)
            };
            if broken.fetch_add(1, Ordering::Relaxed) < 2 { reply.cut(1 << 20) } else { reply }
        });
        let read = read_layer(&open(&fake.name()).expect("an image")).expect("all of it");
        assert_eq!(read, (made.layers[0].digest, made.layers[0].size), "{heeds_range}");
    }
}

#[test]
fn what_a_registry_answers_is_told_apart() {
    let list = r#"{"errors": [{"code": "X", "message": "said\u001b so"}]}"#;
    for (status, message, retryable) in [
        (401, "does not let an anonymous visitor in (401, said so)", false),
        (403, "does not let an anonymous visitor in (403, said so)", false),
        (404, "has nothing of that name", false),
        (429, "has been asked too much lately (429, said so)", true),
        (500, "answers 500, said so", true),
        (418, "answers 418, said so", false),
    ] {
        let fake = Fake::new(move |_| Reply::error(status, list));
        let error = open(&fake.name()).expect_err("an error");
        assert!(chain(&error).contains(message), "{}", chain(&error));
        assert_eq!(error.is_retryable(), retryable, "{status}");
        assert!(chain(&error).contains(&fake.address), "{}", chain(&error));
    }
}

#[test]
fn what_is_no_manifest_is_refused() {
    let html = Fake::new(|_| Reply::ok(b"<html>").with("Content-Type", "text/html; charset=a"));
    let error = chain(&open(&html.name()).expect_err("HTML"));
    assert!(error.contains("not a manifest but `text/html`"), "{error}");
    let endless = Fake::new(|_| Reply::endless());
    let error = chain(&open(&endless.name()).expect_err("endless"));
    assert!(error.contains("sends more than 16 MiB"), "{error}");
    let old = Fake::new(|_| Reply::ok(br#"{"schemaVersion": 1, "fsLayers": []}"#));
    let error = chain(&open(&old.name()).expect_err("schema 1"));
    assert!(error.contains("is a Docker manifest of schema 1"), "{error}");
    // Another than was asked for, and another than the registry itself says.
    let made = Image::two();
    let by_digest = format!("me/it@{}", made.root().digest);
    let other = Fake::new(|_| Reply::ok(b"{}"));
    let stated = made.root().digest.to_string();
    let lying = Fake::new(move |_| Reply::ok(b"{}").with("Docker-Content-Digest", &stated));
    for name in [format!("registry:{}/{by_digest}", other.address), lying.name()] {
        let error = chain(&open(&name).expect_err("another"));
        assert!(error.contains("the manifest should have the digest sha256:"), "{error}");
    }
}

#[test]
fn layers_are_what_their_descriptors_say() {
    let answer = |change: fn(&[u8]) -> Reply| {
        let made = Image::new(&["linux/amd64"], 1000);
        let layer = made.layers[0].digest.to_string();
        let fake = Fake::new(move |request| {
            let is_it = request.asks_for(&layer);
            if is_it { change(made.bytes(&made.layers[0])) } else { serve(&made, request) }
        });
        facts(&open(&fake.name()).expect("an image"))
    };
    let other = answer(|bytes| Reply::ok(&[&bytes[..600], b"X", &bytes[601..]].concat()));
    let other = other.expect("another layer");
    let contradictions = &other.variants[0].layers[0].contradictions;
    assert_eq!(contradictions.len(), 2, "digest and diff_id: {contradictions:?}");
    let half = answer(|bytes| Reply::ok(&bytes[..600])).expect("half a layer");
    let faults = &half.unreadable[0].faults;
    assert_eq!((half.variants.len(), faults.len()), (0, 2), "digest and size: {faults:?}");
    let gone = answer(|_| Reply::status(404)).expect("no layer");
    assert_eq!(gone.unreadable[0].faults[0].kind, BlobFaultKind::Missing);
    for (change, message) in [
        (
            (|bytes| Reply::ok(&[bytes, b"more"].concat())) as fn(&[u8]) -> Reply,
            "there is more to it than",
        ),
        (|_| Reply::endless(), "there is more to it than"),
        (|_| Reply::status(500), "answers 500"),
    ] {
        let error = answer(change).expect_err(message);
        let all = format!("{} {error:?}", chain(&error));
        assert!(all.contains(message), "{all}");
    }
}

/// What a registry lost of one platform says nothing of the others.
#[test]
fn a_manifest_that_is_gone_is_told_of_its_platform_alone() {
    let made = Image::two();
    let gone = made.manifests[1].digest.to_string();
    let fake =
        Fake::new(
            move |request| {
                if request.asks_for(&gone) { Reply::status(404) } else { serve(&made, request) }
            },
        );
    let facts = facts(&open(&fake.name()).expect("an image")).expect("facts");
    assert_eq!((facts.variants.len(), facts.unreadable.len()), (1, 1));
    assert_eq!(facts.unreadable[0].faults[0].kind, BlobFaultKind::Missing);
    assert!(facts.unreadable[0].platform.is_some());
}

#[test]
fn tokens_are_had_for_a_login() {
    let made = Image::two();
    let image = made.clone();
    let service = Fake::new(|request| {
        let is_refresh = request.line.starts_with("POST");
        let by_password = request.header("Authorization") == Some("Basic bWU6c2VjcmV0");
        match (is_refresh, by_password) {
            (true, _) => Reply::ok(br#"{"access_token": "by-identity"}"#),
            (false, true) => Reply::ok(br#"{"token": "by-password"}"#),
            (false, false) => Reply::status(401),
        }
    });
    let realm = format!("http://{}/token", service.address);
    let fake = Fake::new(move |request| {
        let known = ["Bearer by-password", "Bearer by-identity"];
        if request.header("Authorization").is_some_and(|it| known.contains(&it)) {
            return serve(&image, request);
        }
        let challenge = format!(r#"Bearer realm="{realm}",service="reg",scope="a:b:pull""#);
        Reply::status(401).with("WWW-Authenticate", &challenge)
    });
    let identity = format!(
        r#"{{"auths": {{"{}": {{"auth": "bWU6", "identitytoken": "refresh me"}}}}}}"#,
        fake.address
    );
    for config in [login(&fake.address, SECRET), identity] {
        let (_folder, credentials) = logins(&config);
        facts(&open_as(&fake.name(), &credentials).expect(&config)).expect(&config);
    }
    let seen = service.seen();
    assert!(seen[0].asks_for("?scope=a%3Ab%3Apull&service=reg "), "{:?}", seen[0]);
    assert_eq!(seen.len(), 2, "a token is asked for once");
    let error = chain(&open(&fake.name()).expect_err("a stranger"));
    assert!(error.contains("does not let an anonymous visitor in (401)"), "{error}");
    // A password goes to no place without TLS.
    let realm = r#"Bearer realm="http://192.0.2.1/token""#;
    let fake = Fake::new(|_| Reply::status(401).with("WWW-Authenticate", realm));
    let (_folder, credentials) = logins(&login(&fake.address, SECRET));
    let error = chain(&open_as(&fake.name(), &credentials).expect_err("no TLS"));
    assert!(error.contains("http://192.0.2.1 is without TLS"), "{error}");
}

#[test]
fn redirects_are_followed_without_the_login() {
    let made = Image::two();
    let (image, other) = (made.clone(), made.clone());
    let store = Fake::new(move |request| serve(&other, request));
    let place = store.address.clone();
    let fake = Fake::new(move |request| {
        if request.header("Authorization").is_none() {
            return Reply::status(401).with("WWW-Authenticate", r#"Basic realm="it""#);
        }
        match request.line.split(' ').nth(1).filter(|it| it.contains("/blobs/")) {
            Some(path) => Reply::status(307).with("Location", &format!("http://{place}{path}")),
            None => serve(&image, request),
        }
    });
    let (_folder, credentials) = logins(&login(&fake.address, SECRET));
    facts(&open_as(&fake.name(), &credentials).expect("an image")).expect("an image");
    let seen = store.seen();
    assert!(!seen.is_empty() && seen.iter().all(|it| it.header("Authorization").is_none()));
    // Not to where anybody may listen.
    let plain = Fake::new(|_| Reply::status(307).with("Location", "http://192.0.2.1/?secret=x"));
    let error = chain(&open(&plain.name()).expect_err("no TLS"));
    assert!(error.contains("http://192.0.2.1 is without TLS"), "{error}");
    assert!(!error.contains("secret"), "{error}");
    let circle = Fake::new(|_| Reply::status(307).with("Location", "/again"));
    assert!(open(&circle.name()).is_err());
}

#[test]
fn other_machines_are_asked_over_tls_alone() {
    // Any address of this machine's that is not loopback does for another's.
    let probe = std::net::UdpSocket::bind("0.0.0.0:0").expect("a socket");
    if probe.connect("192.0.2.1:9").is_err() {
        return; // A machine with no network but its own loopback.
    }
    let own = probe.local_addr().expect("an address").ip();
    let listener = std::net::TcpListener::bind((own, 0)).expect("a port");
    let address = listener.local_addr().expect("an address");
    let first = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a caller");
        let mut byte = [0];
        stream.read_exact(&mut byte).expect("a byte");
        byte[0]
    });
    let error = open(&format!("registry:{address}/me/it")).expect_err("no TLS");
    assert!(chain(&error).contains("does not answer"), "{}", chain(&error));
    assert_eq!(first.join().expect("it was called"), 0x16, "a TLS handshake");
}

#[test]
fn an_image_of_the_engine_is_read_as_it_gives_it_away() {
    let made = Image::two();
    let name = format!("archproof.invalid/sources:{}", std::process::id());
    RUNTIME.block_on(async {
        let engine = crate::common::engine().await;
        let archive = bollard::body_full(made.archive(&name).into());
        let options = ImportImageOptions::default();
        let mut loading = engine.docker().import_image(options, archive, None);
        while let Some(step) = loading.next().await {
            step.expect("the engine takes it");
        }
        let credentials = Credentials::none();
        let opener = opener(Some(&engine), &credentials);
        for spelling in [format!("docker:{name}"), name.clone()] {
            let found = opener.open(&source(&spelling)).await.expect("an image");
            let Opened::Image { image, origin } = found else { panic!("an image") };
            assert_eq!(origin, Origin::Engine(name.clone()));
            let read = tokio::task::spawn_blocking(move || facts(&image)).await.expect("no panic");
            let read = read.expect("an image");
            let platforms: Vec<_> = read.variants.iter().map(|it| it.platform).collect();
            match engine.store() {
                ImageStore::Containerd => {
                    assert_eq!(read.digest, made.root().digest);
                    assert_eq!(platforms.len(), 2);
                }
                ImageStore::Classic => assert_eq!(platforms, [engine.platform()]),
            }
        }
        let removal = engine.docker().remove_image(&name, None::<RemoveImageOptions>, None).await;
        removal.expect("the engine had it");
        let error = opener.open(&source(&format!("docker:{name}"))).await.expect_err("it is gone");
        assert!(chain(&error).contains("has no image `archproof.invalid/"), "{}", chain(&error));
    });
}

#[test]
fn a_bare_name_that_the_engine_lacks_is_the_registrys() {
    let registry = Registry::with(&Image::two(), Door::Open);
    RUNTIME.block_on(async {
        let engine = crate::common::engine().await;
        let credentials = Credentials::none();
        let opener = opener(Some(&engine), &credentials);
        let name = format!("{}/me/it:1", registry.address);
        let found = opener.open(&source(&name)).await.expect("an image");
        let Opened::Image { origin, .. } = found else { panic!("an image") };
        assert_eq!(origin, Origin::Registry(name.parse().expect("a name")));
        let nowhere = format!("{}/me/none:1", registry.address);
        let error = chain(&opener.open(&source(&nowhere)).await.expect_err("nowhere"));
        assert!(error.starts_with("the engine does not have `"), "{error}");
    });
}

#[test]
fn files_that_are_no_images_are_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path().display();
    for (name, message) in [
        (format!("oci:{at}"), "it has no index.json"),
        (format!("oci:{at}/none:tag"), "No such file or directory"),
        (format!("oci-archive:{at}"), "is a directory"),
        (format!("docker-archive:{at}/none"), "No such file or directory"),
    ] {
        let error = chain(&open(&name).expect_err(&name));
        assert!(error.contains(message) && error.contains(&at.to_string()), "{error}");
    }
    let credentials = Credentials::none();
    let opener = opener(None, &credentials);
    let tree = RUNTIME.block_on(opener.open(&source(&format!("rootfs:{at}")))).expect("a folder");
    assert!(matches!(tree, Opened::RootFs(path) if path == folder.path()));
    for name in ["rootfs:/nowhere", "docker:alpine"] {
        assert!(RUNTIME.block_on(opener.open(&source(name))).is_err(), "{name}");
    }
}
