//! The logins of docker's `config.json`, and what a program says that keeps them.

use std::io::Write;
use std::sync::{Arc, PoisonError};

use archproof::engine::Environment;
use archproof::source::{Credentials, Opener};
use serde_json::Value;

use super::host::{self, Answer, Log};
use super::registry::image;
use super::report::print_blocked;

/// Ends `config.json`. It is followed by the exit status of `docker-credential-fuzz` and what that
/// prints; `fuzz/helper` has the program, which has to be on the PATH.
const SEPARATOR: &[u8] = b"\n---\n";

/// The registry in `config.json`.
const REGISTRY: &str = "@A";

/// What a registry says to who shows no login, by the first byte.
const CHALLENGES: [&str; 2] = ["Basic realm=\"it\"", "Bearer realm=\"http://@A/token\""];

/// Asks a registry for an image, with the logins that there are.
pub fn run(data: &[u8]) {
    let Some((kind, text)) = data.split_first() else { return };
    host::runtime().block_on(ask(*kind, text));
}

async fn ask(kind: u8, text: &[u8]) {
    let registry = host::bind().await;
    let name = host::authority(&registry);
    let text = String::from_utf8_lossy(text).replace(REGISTRY, &name);
    let end = text.find(std::str::from_utf8(SEPARATOR).expect("it is ASCII"));
    let (config, helper) = text.split_at(end.unwrap_or(text.len()));
    let _helper = end.map(|_| helper_answer(&name, &helper[SEPARATOR.len()..]));
    let challenge = CHALLENGES[usize::from(kind) % CHALLENGES.len()].replace(REGISTRY, &name);
    let log = Log::default();
    host::serve(0, registry, refusal(challenge), Arc::clone(&log));
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("config.json"), config).expect("a file");
    let docker_config = Some(folder.path().to_owned());
    let environment = Environment { docker_config, ..Environment::default() };
    let credentials = Credentials::of(&environment);
    let opener = Opener { engine: None, credentials: &credentials, limits: host::LIMITS };
    let source = image(&name);
    let error = opener.open(&source).await.expect_err("there is no image");
    print_blocked(&error);
    let parsed = serde_json::from_str(config).unwrap_or(Value::Null);
    assert_no_secret(&format!("{error:?} {}", archproof::blocked::describe(&error)), &parsed);
    let log = log.lock().unwrap_or_else(PoisonError::into_inner);
    let shows_login = log.iter().any(|(_, it)| {
        let it = it.to_ascii_lowercase();
        it.contains("authorization: basic") || it.contains("refresh_token=")
    });
    assert!(!shows_login || is_kept(&parsed, &name), "{name} gets a login: {config}");
}

/// Answers that show who asks: a challenge, a token, and a refusal.
fn refusal(challenge: String) -> Answer {
    Arc::new(move |_, request| {
        let is_token = request.lines().next().is_some_and(|it| it.contains("/token"));
        let is_known = request.to_ascii_lowercase().contains("authorization:");
        let (status, body) = match (is_token, is_known) {
            (true, _) => ("200 OK", r#"{"token": "granted"}"#),
            (false, true) => ("404 Not Found", ""),
            (false, false) => ("401 Unauthorized", ""),
        };
        let length = body.len();
        format!(
            "HTTP/1.1 {status}\r\nConnection: close\r\nWWW-Authenticate: {challenge}\r\n\
             Content-Length: {length}\r\n\r\n{body}"
        )
        .into_bytes()
    })
}

/// What the program answers about a registry, as long as the file is kept.
fn helper_answer(registry: &str, answer: &str) -> tempfile::NamedTempFile {
    let name = format!("archproof-fuzz-{registry}");
    let file = tempfile::Builder::new().prefix(&name).rand_bytes(0).tempfile();
    let mut file = file.expect("a file that is not there");
    file.write_all(answer.as_bytes()).expect("a file");
    file
}

/// Whether the file has something to say about a registry.
fn is_kept(config: &Value, registry: &str) -> bool {
    let has_key = |field: &str| {
        let table = config[field].as_object();
        table.is_some_and(|it| it.keys().any(|key| key.contains(registry)))
    };
    config["credsStore"].is_string() || has_key("auths") || has_key("credHelpers")
}

/// What is said holds no password. A program's name and words are no secret.
fn assert_no_secret(said: &str, config: &Value) {
    let logins = config["auths"].as_object().into_iter().flatten();
    let secrets = logins.flat_map(|(_, login)| {
        ["auth", "password", "identitytoken"].into_iter().filter_map(|it| login[it].as_str())
    });
    for secret in secrets.filter(|it| it.contains("s3cr3t")) {
        let without = said.replace("docker-credential-", "");
        let is_helper = said != without || said.contains("fuzz");
        assert!(is_helper || !said.contains(secret), "{said}");
    }
}
