//! Builds with a real engine.

use std::collections::BTreeMap;
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::time::Duration;

use archproof::build::{
    BuildError, BuildErrorKind, BuildPlan, Built, CachePolicy, FailedStep, KeepAs, build,
};
use archproof::engine::{Endpoint, Engine, EngineError, Environment, ImageStore};
use archproof::event::{Event, Events, StepState};
use archproof::platform::Platform;
use bollard::models::ContainerCreateBody;
use bollard::query_parameters::{
    CreateContainerOptionsBuilder, RemoveContainerOptions, RemoveImageOptions,
};
use serde_json::Value;
use tempfile::TempDir;
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

const THREE: [&str; 3] = ["linux/amd64", "linux/arm64", "linux/arm/v7"];
const ONE: [&str; 1] = ["linux/amd64"];

/// The engine that the environment leads to.
async fn engine() -> Engine {
    match Engine::connect(&Environment::of_process()).await {
        Ok(engine) => engine,
        Err(error) => panic!("these tests need an engine, `ci/lab up` starts one: {error}"),
    }
}

/// A folder with a Dockerfile and what it copies, and a place for the archive.
struct Project {
    folder: TempDir,
}

/// An archive, read whole.
struct Archive {
    files: BTreeMap<String, Vec<u8>>,
}

/// What the tests look at of a file in a layer.
#[derive(Debug, PartialEq, Eq)]
struct File {
    kind: tar::EntryType,
    mode: u32,
    owner: (u64, u64),
    link: Option<String>,
    text: String,
}

impl Project {
    fn new(files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let project = Self { folder };
        for (path, text) in files {
            project.write(path, text);
        }
        std::fs::create_dir_all(project.path("context")).expect("a folder");
        project
    }

    fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        std::fs::write(path, text).expect("a file");
    }

    /// Builds `Dockerfile` with the folder `context`.
    fn plan(&self, platforms: &[&str]) -> BuildPlan {
        let platforms = platforms.iter().map(|it| platform(it)).collect();
        BuildPlan::new(self.path("Dockerfile"), self.path("context"), platforms)
    }

    fn archive(&self) -> PathBuf {
        self.path("image.tar")
    }

    async fn build(&self, plan: &BuildPlan) -> Result<(Built, Archive), BuildError> {
        self.build_with(&engine().await, plan, &Events::ignored()).await
    }

    /// Builds and leaves nothing in the engine's store.
    async fn build_with(
        &self,
        engine: &Engine,
        plan: &BuildPlan,
        events: &Events,
    ) -> Result<(Built, Archive), BuildError> {
        let plan = BuildPlan { keep_as: self.keep_as(engine), ..plan.clone() };
        let outcome = build(engine, &plan, &self.archive(), events).await;
        remove(engine, &plan).await;
        outcome.map(|built| (built, Archive::read(&self.archive())))
    }

    /// The classic store exports nothing that it does not keep.
    fn keep_as(&self, engine: &Engine) -> KeepAs {
        let folder = self.folder.path().file_name().expect("a name").to_string_lossy();
        let name = format!("archproof-test:{}", folder.trim_start_matches('.'));
        match engine.store() {
            ImageStore::Containerd => KeepAs::Discard,
            ImageStore::Classic => KeepAs::Image(name),
        }
    }

    /// Builds for one platform and returns the files of the image.
    async fn files(&self, plan: &BuildPlan) -> BTreeMap<String, File> {
        let (_, archive) =
            self.build(plan).await.unwrap_or_else(|error| panic!("{}", chain(&error)));
        let index = archive.blob_json(&archive.top());
        archive.files_of(&archive.blob_json(&index["manifests"][0]))
    }

    /// Builds what must fail.
    async fn failure(&self, plan: &BuildPlan) -> BuildError {
        match self.build(plan).await {
            Ok((built, _)) => panic!("it was built: {built:?}"),
            Err(error) => error,
        }
    }
}

impl Archive {
    fn read(path: &Path) -> Self {
        let mut archive = tar::Archive::new(std::fs::File::open(path).expect("the archive"));
        let mut files = BTreeMap::new();
        for entry in archive.entries().expect("entries") {
            let mut entry = entry.expect("an entry");
            let name = entry.path().expect("a path").to_string_lossy().into_owned();
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes).expect("the content");
            files.insert(name, bytes);
        }
        Self { files }
    }

    fn json(&self, name: &str) -> Value {
        serde_json::from_slice(&self.files[name]).expect("JSON")
    }

    fn blob(&self, descriptor: &Value) -> &[u8] {
        let digest = descriptor["digest"].as_str().expect("a digest");
        &self.files[&format!("blobs/{}", digest.replace(':', "/"))]
    }

    fn blob_json(&self, descriptor: &Value) -> Value {
        serde_json::from_slice(self.blob(descriptor)).expect("JSON")
    }

    /// The one descriptor in `index.json`.
    fn top(&self) -> Value {
        let index = self.json("index.json");
        let manifests = index["manifests"].as_array().expect("manifests");
        assert_eq!(manifests.len(), 1, "{index}");
        manifests[0].clone()
    }

    /// The files of all layers; the paths as in the layer, without a trailing slash.
    fn files_of(&self, manifest: &Value) -> BTreeMap<String, File> {
        let layers = manifest["layers"].as_array().expect("layers");
        layers.iter().flat_map(|layer| files_of_layer(self.blob(layer))).collect()
    }
}

fn files_of_layer(blob: &[u8]) -> Vec<(String, File)> {
    // The classic store gives its layers away uncompressed.
    let reader: Box<dyn Read> = match blob {
        [0x1f, 0x8b, ..] => Box::new(flate2::read::GzDecoder::new(blob)),
        _ => Box::new(blob),
    };
    let mut archive = tar::Archive::new(reader);
    let mut files = Vec::new();
    for entry in archive.entries().expect("entries") {
        let mut entry = entry.expect("an entry");
        let mut text = Vec::new();
        entry.read_to_end(&mut text).expect("the content");
        let path = String::from_utf8_lossy(&entry.path_bytes()).trim_end_matches('/').to_owned();
        let link = entry.link_name_bytes().map(|it| String::from_utf8_lossy(&it).into_owned());
        let header = entry.header();
        let file = File {
            kind: header.entry_type(),
            mode: header.mode().expect("a mode") & 0o7777,
            owner: (header.uid().expect("an owner"), header.gid().expect("a group")),
            link,
            text: String::from_utf8_lossy(&text).into_owned(),
        };
        files.push((path, file));
    }
    files
}

fn platform(text: &str) -> Platform {
    text.parse().expect("a platform")
}

fn names(files: &BTreeMap<String, File>) -> Vec<&str> {
    files.keys().map(String::as_str).collect()
}

fn map(key: &str, value: &str) -> BTreeMap<String, String> {
    BTreeMap::from([(key.to_owned(), value.to_owned())])
}

fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let source = error.source().map(|it| format!(": {}", chain(it)));
    error.to_string() + &source.unwrap_or_default()
}

fn step(error: &BuildError) -> &FailedStep {
    match error.kind() {
        BuildErrorKind::Step(step) => step,
        other => panic!("it is not a step that failed: {other:?}"),
    }
}

/// Events of a build, for tests that look at its steps.
fn events() -> (Events, mpsc::UnboundedReceiver<Event>) {
    let (sender, receiver) = mpsc::unbounded_channel();
    (Events::to(sender), receiver)
}

/// Removes the images of a plan that are there.
async fn remove(engine: &Engine, plan: &BuildPlan) {
    for name in plan.image_names(engine.store()) {
        let _ = engine.docker().remove_image(&name, None::<RemoveImageOptions>, None).await;
    }
}

/// Creates a container of one variant, as a runner does.
async fn can_be_created(engine: &Engine, image: String, platform: Platform) {
    let body = ContainerCreateBody {
        image: Some(image),
        cmd: Some(vec!["/a".to_owned()]),
        ..ContainerCreateBody::default()
    };
    let options = CreateContainerOptionsBuilder::new().platform(&platform.to_string()).build();
    let docker = engine.docker();
    let created = docker.create_container(Some(options), body).await.expect("a container");
    docker.remove_container(&created.id, None::<RemoveContainerOptions>).await.expect("removed");
}

/// How the steps whose instruction begins so ended.
fn states(events: &mut mpsc::UnboundedReceiver<Event>, instruction: &str) -> Vec<StepState> {
    let mut states = Vec::new();
    while let Ok(event) = events.try_recv() {
        match event {
            Event::Step { label, state, .. }
                if label.instruction.starts_with(instruction) && state != StepState::Started =>
            {
                states.push(state);
            }
            _ => {}
        }
    }
    states
}

/// Forwards TCP to the engine's Unix socket until it is dropped.
struct Proxy {
    endpoint: Endpoint,
    _tasks: JoinSet<()>,
}

impl Proxy {
    async fn to(engine: &Engine) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let target = engine.endpoint().clone();
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((mut near, _)) = listener.accept().await {
                let target = target.clone();
                connections.spawn(async move {
                    match target {
                        Endpoint::Unix(path) => {
                            let mut far = UnixStream::connect(path).await.expect("the engine");
                            let _ = tokio::io::copy_bidirectional(&mut near, &mut far).await;
                        }
                        Endpoint::Tcp { host, port } => {
                            let mut far =
                                TcpStream::connect((host, port)).await.expect("the engine");
                            let _ = tokio::io::copy_bidirectional(&mut near, &mut far).await;
                        }
                    }
                });
            }
        });
        Self { endpoint: Endpoint::Tcp { host: "127.0.0.1".to_owned(), port }, _tasks: tasks }
    }
}

#[tokio::test]
async fn every_platform_gets_a_manifest_and_nothing_else_does() {
    let project = Project::new(&[
        (
            "Dockerfile",
            "FROM scratch\nARG TARGETARCH TARGETVARIANT\nCOPY a-$TARGETARCH$TARGETVARIANT /a\n",
        ),
        ("context/a-amd64", "one"),
        ("context/a-arm64", "two"),
        ("context/a-armv7", "three"),
    ]);
    let (built, archive) = project.build(&project.plan(&THREE)).await.expect("an image");
    assert_eq!(archive.top()["digest"], built.index().to_string());
    let index = archive.blob_json(&archive.top());
    let manifests = index["manifests"].as_array().expect("manifests");
    assert_eq!(manifests.len(), 3, "{index}");
    for (manifest, (platform, text)) in manifests.iter().zip([
        (serde_json::json!({"architecture": "amd64", "os": "linux"}), "one"),
        (serde_json::json!({"architecture": "arm64", "os": "linux"}), "two"),
        (serde_json::json!({"architecture": "arm", "os": "linux", "variant": "v7"}), "three"),
    ]) {
        assert_eq!(manifest["platform"], platform);
        assert_eq!(archive.files_of(&archive.blob_json(manifest))["a"].text, text);
    }
}

#[tokio::test]
async fn one_platform_is_an_index_too() {
    let project = Project::new(&[("Dockerfile", "FROM scratch\nCOPY a /\n"), ("context/a", "x")]);
    let (_, archive) = project.build(&project.plan(&ONE)).await.expect("an image");
    let index = archive.blob_json(&archive.top());
    assert_eq!(index["manifests"].as_array().map(Vec::len), Some(1), "{index}");
}

#[tokio::test]
async fn variants_that_are_the_same_image_are_all_listed() {
    let dockerfile = "FROM --platform=linux/amd64 scratch\nCOPY a /\n";
    let project = Project::new(&[("Dockerfile", dockerfile), ("context/a", "x")]);
    let (_, archive) = project.build(&project.plan(&THREE)).await.expect("an image");
    let index = archive.blob_json(&archive.top());
    let manifests = index["manifests"].as_array().expect("manifests");
    let platforms: Vec<&str> =
        manifests.iter().filter_map(|it| it["platform"]["architecture"].as_str()).collect();
    assert_eq!(platforms, ["amd64", "arm64", "arm"], "{index}");
    assert!(manifests.iter().all(|it| !archive.blob(it).is_empty()));
}

#[tokio::test]
async fn files_arrive_as_they_are_but_owned_by_root() {
    let project = Project::new(&[
        ("Dockerfile", "FROM scratch\nCOPY . /\n"),
        ("context/plain", "text"),
        ("context/dir/with space", "a"),
        ("context/dir/\u{e9}\u{4e2d} \"quoted\"", "b"),
        ("context/dir-sorts-before-slash", "c"),
        ("context/dir.sorts/too", "d"),
        ("context/setuid", "e"),
    ]);
    let at = |path: &str| project.path("context").join(path);
    std::fs::create_dir(at("empty")).expect("a folder");
    std::fs::hard_link(at("plain"), at("same")).expect("a link");
    symlink("/etc/passwd", at("outside")).expect("a link");
    symlink("nowhere", at("dangling")).expect("a link");
    let _socket = std::os::unix::net::UnixListener::bind(at("socket")).expect("a socket");
    let mode = |path: &str, mode| {
        std::fs::set_permissions(at(path), std::fs::Permissions::from_mode(mode)).expect("a mode");
    };
    mode("setuid", 0o4751);
    mode("plain", 0o640);
    mode("empty", 0o1777);
    // Only root can give files away, as the tests of a lab are run.
    let _ = std::os::unix::fs::chown(at("plain"), Some(1234), Some(1234));
    let files = project.files(&project.plan(&ONE)).await;
    assert_eq!(
        names(&files),
        [
            "dangling",
            "dir",
            "dir-sorts-before-slash",
            "dir.sorts",
            "dir.sorts/too",
            "dir/with space",
            "dir/\u{e9}\u{4e2d} \"quoted\"",
            "empty",
            "outside",
            "plain",
            "same",
            "setuid",
            "socket",
        ]
    );
    assert!(files.values().all(|it| it.owner == (0, 0)), "{files:?}");
    assert_eq!(files["plain"].mode, 0o640);
    assert_eq!(files["setuid"].mode, 0o4751);
    assert_eq!((files["empty"].kind, files["empty"].mode), (tar::EntryType::Directory, 0o1777));
    assert_eq!(files["outside"].link.as_deref(), Some("/etc/passwd"));
    assert_eq!(files["outside"].kind, tar::EntryType::Symlink);
    assert_eq!((files["socket"].kind, &*files["socket"].text), (tar::EntryType::Regular, ""));
    assert_eq!(files["dangling"].link.as_deref(), Some("nowhere"));
    assert!([&files["plain"], &files["same"]].iter().any(|it| it.text == "text"), "{files:?}");
}

#[tokio::test]
async fn dockerignore_is_honoured_with_its_exceptions() {
    let project = Project::new(&[
        ("context/Dockerfile", "FROM scratch\nCOPY . /\n"),
        (
            "context/.dockerignore",
            "# comment\n*.log\nvendor\n!vendor/keep/**\n**/secret\nDockerfile\n.dockerignore\n/deep/*/x\n",
        ),
        ("context/app", "1"),
        ("context/app.log", "2"),
        ("context/sub/app.log", "3"),
        ("context/vendor/a/b", "4"),
        ("context/vendor/keep/c", "5"),
        ("context/sub/secret", "6"),
        ("context/deep/er/x", "7"),
        ("context/deep/er/y", "8"),
    ]);
    let plan = BuildPlan { dockerfile: project.path("context/Dockerfile"), ..project.plan(&ONE) };
    let files = project.files(&plan).await;
    assert_eq!(
        names(&files),
        [
            "app",
            "deep",
            "deep/er",
            "deep/er/y",
            "sub",
            "sub/app.log",
            "vendor",
            "vendor/keep",
            "vendor/keep/c"
        ]
    );
}

#[tokio::test]
async fn a_dockerignore_of_the_dockerfiles_own_comes_first() {
    let project = Project::new(&[
        ("elsewhere/My.Dockerfile", "FROM scratch\nCOPY . /\n"),
        ("elsewhere/My.Dockerfile.dockerignore", "b\n"),
        ("context/.dockerignore", "a\n"),
        ("context/a", ""),
        ("context/b", ""),
    ]);
    let plan =
        BuildPlan { dockerfile: project.path("elsewhere/My.Dockerfile"), ..project.plan(&ONE) };
    assert_eq!(names(&project.files(&plan).await), [".dockerignore", "a"]);
}

#[tokio::test]
async fn a_dockerignore_may_be_longer_than_http_headers_are() {
    let project = Project::new(&[
        ("Dockerfile", "FROM scratch\nCOPY . /\n"),
        ("context/kept", ""),
        ("context/ignored-2999", ""),
        ("context/caf\u{e9}", ""),
    ]);
    let lines: Vec<String> = (0..3000).map(|it| format!("ignored-{it}")).collect();
    let lines = lines.join("\n") + "\ncaf\u{e9}\n.dockerignore\n";
    project.write("context/.dockerignore", &lines);
    assert_eq!(names(&project.files(&project.plan(&ONE)).await), ["kept"]);
}

#[tokio::test]
async fn a_dockerfile_may_be_a_link_out_of_its_folder() {
    let project =
        Project::new(&[("shared/Common", "FROM scratch\nCOPY a /\n"), ("context/a", "x")]);
    symlink("../shared/Common", project.path("context/Dockerfile")).expect("a link");
    let plan = BuildPlan { dockerfile: project.path("context/Dockerfile"), ..project.plan(&ONE) };
    assert_eq!(names(&project.files(&plan).await), ["a"]);
}

#[tokio::test]
async fn links_in_the_context_are_followed_within_it() {
    let project = Project::new(&[
        ("Dockerfile", "FROM scratch\nCOPY link/one link/two /\nCOPY up /up/\n"),
        ("context/real/one", "1"),
        ("context/real/two", "2"),
        ("context/etc/hostname", "not the host's"),
    ]);
    symlink("real", project.path("context/link")).expect("a link");
    symlink("../../../../../../etc", project.path("context/up")).expect("a link");
    let files = project.files(&project.plan(&ONE)).await;
    assert_eq!(files["one"].text, "1");
    assert_eq!(files["two"].text, "2");
    assert_eq!(files["up/hostname"].text, "not the host's");
}

#[tokio::test]
async fn what_changes_is_sent_again_and_what_goes_is_gone() {
    let project = Project::new(&[
        ("Dockerfile", "FROM scratch\nCOPY . /\n"),
        ("context/a", "old"),
        ("context/gone", "x"),
        ("context/kind", "a file"),
    ]);
    project.files(&project.plan(&ONE)).await;
    project.write("context/a", "new, and longer");
    for path in ["context/gone", "context/kind"] {
        std::fs::remove_file(project.path(path)).expect("a file");
    }
    project.write("context/kind/is", "a folder");
    let files = project.files(&project.plan(&ONE)).await;
    assert_eq!(names(&files), ["a", "kind", "kind/is"]);
    assert_eq!(files["a"].text, "new, and longer");
}

#[tokio::test]
async fn large_and_many_files_arrive_whole() {
    let project = Project::new(&[("Dockerfile", "FROM scratch\nCOPY . /\n")]);
    let large = "0123456789abcdef".repeat(512 << 10);
    project.write("context/large", &large);
    for number in 0..1500 {
        project.write(&format!("context/many/{}/{number}", number % 7), &number.to_string());
    }
    let files = project.files(&project.plan(&ONE)).await;
    assert_eq!(files["large"].text.len(), large.len());
    assert!(files["large"].text == large);
    assert_eq!(files.len(), 1 + 1 + 7 + 1500);
    assert_eq!(files["many/0/1498"].text, "1498");
}

#[tokio::test]
async fn arguments_target_and_named_contexts_go_through() {
    let project = Project::new(&[
        (
            "Dockerfile",
            "FROM scratch AS wanted\nARG NAME=default\nCOPY a /$NAME\n\
             COPY --from=other inner /from-other\nCOPY --from=ghcr.io/example/base inner /from-image\n\
             FROM scratch\nCOPY a /unwanted\n",
        ),
        ("context/a", "x"),
        ("other/inner", "y"),
        ("other/ignored", ""),
        ("other/.dockerignore", "ignored"),
    ]);
    let other = project.path("other").to_str().expect("UTF-8").to_owned();
    let mut contexts = map("other", &other);
    contexts.insert("ghcr.io/example/base:latest".to_owned(), other);
    let plan = BuildPlan {
        target: Some("wanted".to_owned()),
        args: map("NAME", "given"),
        contexts,
        ..project.plan(&ONE)
    };
    assert_eq!(names(&project.files(&plan).await), ["from-image", "from-other", "given"]);
}

#[tokio::test]
async fn steps_are_cached_unless_told_otherwise() {
    let project = Project::new(&[("Dockerfile", "FROM scratch\nCOPY a /\n"), ("context/a", "x")]);
    // Content that no earlier run of this test has built.
    project.write("context/a", &format!("{:?}", project.folder));
    let engine = engine().await;
    let mut seen = Vec::new();
    for cache in [CachePolicy::Use, CachePolicy::Use, CachePolicy::Ignore] {
        let (events, mut received) = events();
        let plan = BuildPlan { cache, ..project.plan(&ONE) };
        project.build_with(&engine, &plan, &events).await.expect("an image");
        seen.push(states(&mut received, "COPY"));
    }
    let expected = [StepState::Completed, StepState::Cached, StepState::Completed];
    assert_eq!(seen, expected.map(|it| vec![it]));
}

#[tokio::test]
async fn a_failed_step_says_where_and_why() {
    let project = Project::new(&[(
        "Dockerfile",
        "FROM busybox\nARG TARGETARCH\nRUN true\nRUN for i in $(seq 30); do echo line $i; done; \\\n  \
         printf 'a\\033[31mb\\n'; if [ $TARGETARCH = arm64 ]; then exit 7; else sleep 20; fi\n",
    )]);
    let started = std::time::Instant::now();
    let error = project.failure(&project.plan(&["linux/amd64", "linux/arm64"])).await;
    assert!(started.elapsed() < Duration::from_secs(15), "the other platform was waited for");
    let step = step(&error);
    assert_eq!(step.exit_code(), Some(7));
    assert_eq!(step.platforms(), [platform("linux/arm64")]);
    assert_eq!(step.excerpt().first_line(), Some(4));
    assert_eq!(step.excerpt().lines().len(), 2);
    assert_eq!(step.log().len(), 20);
    assert_eq!(step.log().last().map(String::as_str), Some("a\\u{1b}[31mb"));
    assert!(step.label().instruction.starts_with("RUN for i in"));
    assert!(!error.is_retryable());
    let text = chain(&error);
    assert!(text.contains("for linux/arm64 ended with exit status 7"), "{text}");
    assert!(!text.contains("canceled"), "{text}");
}

#[tokio::test]
async fn a_missing_source_of_a_copy_is_named() {
    let project = Project::new(&[("Dockerfile", "FROM scratch\nCOPY nosuch /\n")]);
    let error = project.failure(&project.plan(&ONE)).await;
    let step = step(&error);
    assert_eq!((step.exit_code(), step.excerpt().first_line()), (None, Some(2)));
    assert!(
        chain(&error).contains("`COPY nosuch /` for linux/amd64 failed: \"/nosuch\": not found")
    );
}

#[tokio::test]
async fn a_dockerfile_that_does_not_parse_is_quoted() {
    let project = Project::new(&[("Dockerfile", "FROM scratch\n\nCOPPY a /\n")]);
    let error = project.failure(&project.plan(&THREE)).await;
    let BuildErrorKind::Dockerfile { message, excerpt } = error.kind() else {
        panic!("{error:?}");
    };
    assert_eq!(
        message,
        "dockerfile parse error on line 3: unknown instruction: COPPY (did you mean COPY?)"
    );
    assert_eq!((excerpt.first_line(), excerpt.lines()), (Some(3), &["COPPY a /".to_owned()][..]));
    project.write("Dockerfile", "FROM scratch AS a\nCOPY . /\n");
    let plan = BuildPlan { target: Some("nosuch".to_owned()), ..project.plan(&ONE) };
    let text = chain(&project.failure(&plan).await);
    assert!(text.contains("target stage \"nosuch\" could not be found"), "{text}");
}

#[tokio::test]
async fn a_base_that_lacks_the_platform_is_named() {
    let project = Project::new(&[("Dockerfile", "FROM busybox\n")]);
    let error = project.failure(&project.plan(&["linux/amd64", "linux/mips64le"])).await;
    let BuildErrorKind::BasePlatformMissing { base, platforms, excerpt } = error.kind() else {
        panic!("{error:?}");
    };
    assert_eq!(base, "docker.io/library/busybox:latest");
    assert_eq!(platforms, &[platform("linux/mips64le")]);
    assert_eq!(excerpt.first_line(), Some(1));
}

#[tokio::test]
async fn an_image_without_layers_does_not_take_the_engine_down() {
    let project = Project::new(&[("Dockerfile", "FROM scratch\nLABEL a=b\n")]);
    let outcome = project.build(&project.plan(&THREE)).await;
    // Newer engines build it, older ones are not asked to.
    if let Err(error) = outcome {
        assert!(matches!(error.kind(), BuildErrorKind::NoLayer), "{}", chain(&error));
    }
    engine().await;
}

#[tokio::test]
async fn a_file_that_cannot_be_sent_is_named() {
    let project = Project::new(&[("Dockerfile", "FROM scratch\nCOPY . /\n"), ("context/a", "")]);
    let name = std::ffi::OsStr::from_bytes(b"latin-\xe9");
    let path = project.path("context").join(name);
    std::fs::write(&path, "").expect("a file");
    let error = project.failure(&project.plan(&ONE)).await;
    let BuildErrorKind::Unreadable { path: named, cause } = error.kind() else {
        panic!("{error:?}");
    };
    assert_eq!((named, cause.to_string().as_str()), (&path, "its name is not UTF-8"));
    project.write("context/.dockerignore", "latin*\n");
    assert!(
        project.files(&project.plan(&ONE)).await.contains_key("a"),
        "excluded, it is no matter"
    );
}

#[tokio::test]
async fn an_archive_that_cannot_be_written_is_named() {
    let project = Project::new(&[("Dockerfile", "FROM scratch\nCOPY a /\n"), ("context/a", "")]);
    let archive = project.path("no/such/folder.tar");
    let engine = engine().await;
    let plan = BuildPlan { keep_as: project.keep_as(&engine), ..project.plan(&ONE) };
    let error = build(&engine, &plan, &archive, &Events::ignored()).await.expect_err("an error");
    remove(&engine, &plan).await;
    assert!(
        matches!(error.kind(), BuildErrorKind::Unwritable { path, .. } if *path == archive),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_dropped_build_leaves_no_step_running() {
    // The lock on a cache is held as long as the step that mounts it runs.
    let id = format!("archproof-test-{}", std::process::id());
    let dockerfile = |command: &str| {
        format!("FROM busybox\nRUN --mount=type=cache,id={id},sharing=locked,target=/c {command}\n")
    };
    let project = Project::new(&[("Dockerfile", &dockerfile("echo started; sleep 60"))]);
    let engine = engine().await;
    let (events, mut received) = events();
    let plan = BuildPlan { keep_as: project.keep_as(&engine), ..project.plan(&ONE) };
    let dropped = project.path("dropped.tar");
    tokio::select! {
        outcome = build(&engine, &plan, &dropped, &events) => panic!("{outcome:?}"),
        () = async {
            while let Some(event) = received.recv().await {
                if matches!(event, Event::StepLog { .. }) { break }
            }
        } => {}
    }
    project.write("Dockerfile", &dockerfile("true"));
    let started = std::time::Instant::now();
    project.build(&project.plan(&ONE)).await.expect("an image");
    assert!(started.elapsed() < Duration::from_secs(20), "the dropped step still ran");
}

#[tokio::test]
async fn an_image_is_kept_under_the_digest_of_the_archive() {
    let engine = engine().await;
    let name = format!("archproof-test-kept:{}", std::process::id());
    let project = Project::new(&[("Dockerfile", "FROM scratch\nCOPY a /\n"), ("context/a", "x")]);
    for platforms in [&THREE[..], &ONE] {
        let plan = BuildPlan { keep_as: KeepAs::Image(name.clone()), ..project.plan(platforms) };
        let archive = project.archive();
        let built = build(&engine, &plan, &archive, &Events::ignored()).await.expect("an image");
        let archive = Archive::read(&archive);
        assert_eq!(archive.top()["digest"], built.index().to_string());
        let names = plan.image_names(engine.store());
        match engine.store() {
            ImageStore::Containerd => {
                let image = engine.docker().inspect_image(&names[0]).await.expect("the image");
                assert_eq!(image.id, Some(built.index().to_string()));
                for platform in &plan.platforms {
                    let by_digest = format!("archproof-test-kept@{}", built.index());
                    can_be_created(&engine, by_digest, *platform).await;
                }
            }
            ImageStore::Classic => {
                let index = archive.blob_json(&archive.top());
                let manifests = index["manifests"].as_array().expect("manifests");
                for (name, platform) in names.iter().zip(&plan.platforms) {
                    // There an image's identity is the digest of its config.
                    let image = engine.docker().inspect_image(name).await.expect("the image");
                    let is_variant = |manifest: &Value| {
                        archive.blob_json(manifest)["config"]["digest"]
                            == *image.id.as_ref().expect("an ID")
                    };
                    assert_eq!(manifests.iter().filter(|it| is_variant(it)).count(), 1);
                    can_be_created(&engine, name.clone(), *platform).await;
                }
            }
        }
        remove(&engine, &plan).await;
    }
}

#[tokio::test]
async fn an_engine_is_reached_over_tcp_and_its_loss_is_noticed() {
    let engine = engine().await;
    let proxy = Proxy::to(&engine).await;
    let far = Engine::at(proxy.endpoint.clone()).await.expect("the engine over TCP");
    assert_eq!(far.store(), engine.store());
    let project = Project::new(&[("Dockerfile", "FROM scratch\nCOPY a /\n"), ("context/a", "x")]);
    let outcome = project.build_with(&far, &project.plan(&THREE), &Events::ignored()).await;
    outcome.expect("an image over TCP");
    project.write("Dockerfile", "FROM busybox\nRUN echo lost; sleep 61\n");
    let (events, mut received) = events();
    let plan = BuildPlan { keep_as: project.keep_as(&engine), ..project.plan(&ONE) };
    let archive = project.archive();
    let cut = async move {
        while let Some(event) = received.recv().await {
            if matches!(event, Event::StepLog { .. }) {
                break;
            }
        }
        drop(proxy);
    };
    let (outcome, ()) = tokio::join!(build(&far, &plan, &archive, &events), cut);
    let error = outcome.expect_err("the engine is lost");
    assert!(matches!(error.kind(), BuildErrorKind::EngineLost { .. }), "{error:?}");
    assert!(error.is_retryable());
}

#[tokio::test]
async fn an_engine_that_is_not_there_is_told_with_its_cause() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let absent = folder.path().join("absent.sock");
    let dead = folder.path().join("dead.sock");
    drop(std::os::unix::net::UnixListener::bind(&dead).expect("a socket"));
    for (path, cause) in [(absent, "No such file"), (dead, "Connection refused")] {
        let error = Engine::at(Endpoint::Unix(path.clone())).await.expect_err("no engine");
        assert!(matches!(error, EngineError::Unreachable { .. }));
        let text = chain(&error);
        assert!(text.contains("start Docker or point DOCKER_HOST at an engine"), "{text}");
        assert!(text.contains(path.to_str().expect("UTF-8")) && text.contains(cause), "{text}");
    }
}

#[tokio::test]
async fn the_engine_says_what_it_can_build_for() {
    let engine = engine().await;
    let platforms = engine.build_platforms().await.expect("platforms");
    assert!(platforms.contains(&platform("linux/amd64")), "{platforms:?}");
    assert!(!engine.version().is_empty() && !engine.api_version().is_empty());
}
