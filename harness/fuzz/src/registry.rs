//! What a registry answers: challenges, tokens, redirects, errors, manifests.

use std::io::Read;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use archproof::engine::Environment;
use archproof::oci::{Image, OpenImage};
use archproof::source::{Credentials, Opened, Opener, Source, SourceName};

use super::host::{self, Answer, Log};
use super::report::print_blocked;

/// The registry, and another host.
const REGISTRY: usize = 0;
const HOSTS: [&str; 2] = ["@A", "@B"];

/// `me:registry-secret`, as it goes over the wire.
const PASSWORD: &str = "bWU6cmVnaXN0cnktc2VjcmV0";
const IDENTITY: &str = "identity-secret";

/// Parts the answers. No head has it.
const SEPARATOR: u8 = 0;

/// No blob is read further.
const ENOUGH: u64 = 1 << 20;

/// Answers one request after another with one of the texts, whoever is asked, in which `@A` is the
/// registry and `@B` the other host.
pub fn run(data: &[u8]) {
    let Some((kind, text)) = data.split_first() else { return };
    if leads_to_network(text) {
        return;
    }
    let runtime = host::runtime();
    runtime.block_on(open(*kind, text));
}

/// Over TLS any host of the world may be asked, without it this machine alone. Escaped letters and
/// tabs mean nothing in an address.
fn leads_to_network(text: &[u8]) -> bool {
    let letters = text.iter().filter(|it| !matches!(it, b'\\' | b'\t' | b'\n' | b'\r'));
    let letters: Vec<u8> = letters.map(u8::to_ascii_lowercase).collect();
    letters.windows(5).any(|it| it == b"https")
}

async fn open(kind: u8, text: &[u8]) {
    let hosts = [host::bind().await, host::bind().await];
    let names = [host::authority(&hosts[0]), host::authority(&hosts[1])];
    let answers = answers(text, &names);
    let (log, given) = (Log::default(), Arc::new(Mutex::new(Vec::new())));
    let answer = answer(answers, Arc::clone(&given));
    for (number, host) in hosts.into_iter().enumerate() {
        host::serve(number, host, Arc::clone(&answer), Arc::clone(&log));
    }
    let (_folder, credentials) = credentials(kind, &names[REGISTRY]);
    let opener = Opener { engine: None, credentials: &credentials, limits: host::LIMITS };
    match opener.open(&image(&names[REGISTRY])).await {
        Ok(Opened::Image { image, .. }) => {
            let read = tokio::task::spawn_blocking(move || read(&image));
            read.await.expect("it does not panic");
        }
        Ok(Opened::RootFs(_)) => panic!("a registry has no folders"),
        Err(error) => print_blocked(&error),
    }
    let (log, given) = (locked(&log), locked(&given));
    assert_no_leak(&log, &given, &names);
}

fn locked<T: Clone>(mutex: &Mutex<T>) -> T {
    mutex.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

fn answers(text: &[u8], names: &[String; 2]) -> Vec<Vec<u8>> {
    let whole = |answer: &[u8]| {
        let mut answer = answer.to_vec();
        for (short, name) in HOSTS.iter().zip(names) {
            answer = replace(&answer, short.as_bytes(), name.as_bytes());
        }
        answer
    };
    text.split(|it| *it == SEPARATOR).map(whole).collect()
}

fn replace(text: &[u8], short: &[u8], name: &[u8]) -> Vec<u8> {
    let mut whole = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.windows(short.len()).position(|it| it == short) {
        whole.extend(&rest[..at]);
        whole.extend(name);
        rest = &rest[at + short.len()..];
    }
    whole.extend(rest);
    whole
}

/// Gives the next answer, and keeps those of the registry itself. After the last it says nothing.
fn answer(answers: Vec<Vec<u8>>, given: Arc<Mutex<Vec<String>>>) -> Answer {
    let next = AtomicUsize::new(0);
    Arc::new(move |host, _| {
        let number = next.fetch_add(1, Ordering::Relaxed);
        let answer = answers.get(number).cloned().unwrap_or_default();
        if host == REGISTRY {
            let text = String::from_utf8_lossy(&answer).to_ascii_lowercase();
            given.lock().unwrap_or_else(PoisonError::into_inner).push(text);
        }
        answer
    })
}

fn credentials(kind: u8, registry: &str) -> (tempfile::TempDir, Credentials) {
    let folder = tempfile::tempdir().expect("a folder");
    let login = match kind % 3 {
        0 => String::new(),
        1 => format!(r#""{registry}": {{"auth": "{PASSWORD}"}}"#),
        _ => format!(r#""{registry}": {{"auth": "bWU6", "identitytoken": "{IDENTITY}"}}"#),
    };
    let config = format!(r#"{{"auths": {{{login}}}}}"#);
    std::fs::write(folder.path().join("config.json"), config).expect("a file");
    let docker_config = Some(folder.path().to_owned());
    let environment = Environment { docker_config, ..Environment::default() };
    (folder, Credentials::of(&environment))
}

/// An image of a registry.
pub fn image(registry: &str) -> Source {
    let name: SourceName = format!("registry:{registry}/me/it:1").parse().expect("a name");
    name.source().clone()
}

/// Reads what the image names first, as far as there is any.
fn read(image: &OpenImage) {
    let first = match image.root() {
        Image::Index { index, .. } => index.manifests.first(),
        Image::Single(descriptor) => Some(descriptor),
    };
    let Some(first) = first else { return };
    match image.manifest(first) {
        Ok(manifest) => {
            let Ok(mut config) = image.blob(&manifest.config) else { return };
            let copied = std::io::copy(&mut config.by_ref().take(ENOUGH), &mut std::io::sink());
            let most = manifest.config.size;
            assert!(copied.is_ok_and(|it| it <= most) || most < ENOUGH, "more than it should be");
        }
        Err(error) => print_blocked(&error),
    }
}

/// No token reaches another host, and no login one that the registry itself does not name as its
/// token service.
fn assert_no_leak(log: &[(usize, String)], given: &[String], names: &[String; 2]) {
    for (host, request) in log.iter().filter(|it| it.0 != REGISTRY) {
        let authorization = request.lines().find_map(|it| {
            let (name, value) = it.split_once(": ")?;
            name.eq_ignore_ascii_case("authorization").then_some(value)
        });
        let is_token = authorization.is_some_and(|it| it.starts_with("Bearer"));
        assert!(!is_token, "a token reaches another host: {request}");
        let is_login = authorization.is_some() || request.contains(IDENTITY);
        let names_it = |it: &String| it.contains("www-authenticate") && it.contains(&names[*host]);
        assert!(!is_login || given.iter().any(names_it), "a login reaches another host: {request}");
    }
}
