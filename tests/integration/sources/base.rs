//! Base images of a build that a registry shows to those with a login alone.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::{Duration, Instant};

use super::fake::{Fake, Reply};
use super::registry::{Door, Registry};
use super::{SECRET, WRONG, login};
use crate::common::{Image, Project, Said, archproof};

/// A Dockerfile on an image of a registry, and docker's configuration.
fn project(registry: &str, config: &str) -> Project {
    let dockerfile = format!("FROM {registry}/me/it:1\nCOPY Dockerfile /copied\n");
    Project::new(&[("Dockerfile", &dockerfile), ("config.json", config)])
}

/// Builds it as a user with that configuration does. An engine in a network of its own, as the lab's,
/// reaches a new port of this machine after a while.
fn verify(project: &Project, path: Option<&Path>) -> Said {
    let end = Instant::now() + Duration::from_secs(30);
    loop {
        let said = verify_once(project, path);
        if !said.stdout.contains("connection refused") || Instant::now() > end {
            return said;
        }
        std::thread::sleep(Duration::from_millis(500));
    }
}

fn verify_once(project: &Project, path: Option<&Path>) -> Said {
    let mut command = archproof();
    command.args(["verify", "--runner", "none", "--platform", "linux/amd64"]);
    command.arg(project.path("Dockerfile")).env("DOCKER_CONFIG", project.folder());
    if let Some(path) = path {
        command.env("PATH", path);
    }
    Said::by(&mut command)
}

/// An image that no other test has. BuildKit fetches a layer from whichever registry it first heard of it.
fn image(test: usize) -> Image {
    let number = usize::try_from(std::process::id() % 50_000).expect("a small number");
    Image::new(&["linux/amd64", "linux/arm64"], 1000 + 2 * number + test)
}

#[test]
fn a_private_base_is_pulled_with_the_login_for_its_registry() {
    let registry = Registry::with(&image(0), Door::Password);
    let said = verify(&project(&registry.address, &login(&registry.address, SECRET)), None);
    assert_eq!(said.status, Some(0), "{said}");
}

#[test]
fn a_private_base_is_pulled_with_a_login_that_a_program_keeps() {
    let registry = Registry::with(&image(1), Door::Password);
    let config = format!(r#"{{"credHelpers": {{"{}": "kept"}}}}"#, registry.address);
    let project = project(&registry.address, &config);
    let said = verify(&project, None);
    assert_eq!(said.status, Some(2), "{said}");
    assert!(said.stdout.contains("is docker-credential-… on the PATH?"), "{said}");
    assert!(said.stdout.contains(&registry.address), "{said}");
    let program = project.path("docker-credential-kept");
    let text = format!(
        "#!/bin/sh\nread server\n[ \"$server\" = {} ] || exit 1\n\
         echo '{{\"ServerURL\": \"\", \"Username\": \"me\", \"Secret\": \"secret\"}}'\n",
        registry.address
    );
    std::fs::write(&program, text).expect("a file");
    std::fs::set_permissions(&program, PermissionsExt::from_mode(0o755)).expect("a mode");
    let said = verify(&project, Some(project.folder()));
    assert_eq!(said.status, Some(0), "{said}");
}

#[test]
fn without_a_login_a_private_base_blocks_and_names_its_registry() {
    let registry = Registry::with(&Image::two(), Door::Password);
    let other = login("127.0.0.1:1", SECRET);
    let wrong = login(&registry.address, WRONG);
    for config in ["{}", &other, &wrong] {
        let said = verify(&project(&registry.address, config), None);
        assert_eq!(said.status, Some(2), "{said}");
        let advice = format!("Log in with `docker login {}`", registry.address);
        assert!(said.stdout.contains(&advice), "{said}");
    }
}

#[test]
fn a_login_is_sent_to_its_own_registry_alone() {
    let asking = |scheme: &'static str| {
        Fake::new(move |request| match scheme {
            _ if request.asks_for("/token") => Reply::status(401),
            "Basic" => Reply::status(401).with("WWW-Authenticate", r#"Basic realm="it""#),
            _ => {
                let host = request.header("Host").expect("a host");
                let challenge = format!(r#"Bearer realm="http://{host}/token",service="it""#);
                Reply::status(401).with("WWW-Authenticate", &challenge)
            }
        })
    };
    for scheme in ["Basic", "Bearer"] {
        let (own, foreign) = (asking(scheme), asking(scheme));
        let config = login(&own.address, SECRET);
        for registry in [&own, &foreign] {
            let said = verify(&project(&registry.address, &config), None);
            assert_eq!(said.status, Some(2), "{said}");
        }
        let shown = |registry: &Fake| {
            let seen = registry.seen();
            assert!(!seen.is_empty(), "{scheme}: the engine asks it");
            seen.iter().any(|it| it.text.contains(SECRET) || it.text.contains("secret"))
        };
        assert!(shown(&own), "{scheme}: the login is for it");
        assert!(!shown(&foreign), "{scheme}: {:?}", foreign.seen());
    }
}
