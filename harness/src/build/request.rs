//! From a plan to what BuildKit is asked: attributes of the frontend, exporters, local folders.

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::path::{Path, PathBuf};

use bollard_buildkit_proto::moby::buildkit::v1::{Exporter, SolveRequest};

use crate::oci::Digest;
use crate::platform::Platform;

use super::error::{BuildErrorKind, Input};
use super::plan::{BuildPlan, CachePolicy, KeepAs};

/// The names under which BuildKit's Dockerfile frontend asks for the two folders that every
/// build has.
const CONTEXT: &str = "context";
const DOCKERFILE: &str = "dockerfile";

/// Attributes of the frontend that are looked at again.
const PLATFORM: &str = "platform";
const NO_CACHE: &str = "no-cache";

/// Contexts that BuildKit fetches itself, by how their address begins.
const REMOTE: [&str; 6] = ["docker-image://", "http://", "https://", "git://", "ssh://", "git@"];

/// A plan whose inputs have been found.
#[derive(Debug)]
pub(super) struct Prepared {
    frontend_attrs: HashMap<String, String>,
    /// The local folders that the build may read, by the names that it asks for.
    pub(super) roots: BTreeMap<String, PathBuf>,
}

impl Prepared {
    /// Finds the inputs of a plan.
    pub(super) fn new(plan: &BuildPlan) -> Result<Self, BuildErrorKind> {
        if plan.platforms.is_empty() {
            return Err(BuildErrorKind::NoPlatform);
        }
        let platforms = plan.platforms.iter().enumerate();
        for (index, platform) in platforms {
            if plan.platforms[..index].contains(platform) {
                return Err(BuildErrorKind::PlatformTwice(*platform));
            }
        }
        let (folder, filename) = split_dockerfile(&plan.dockerfile)?;
        let mut roots = BTreeMap::from([
            (CONTEXT.to_owned(), folder_root(&plan.context, &Input::Context)?),
            (DOCKERFILE.to_owned(), folder),
        ]);
        let mut frontend_attrs = frontend_attrs(plan);
        frontend_attrs.insert("filename".to_owned(), filename);
        for (name, value) in &plan.contexts {
            let familiar = familiar_name(name);
            let source = named_source(name, &familiar, value, &mut roots)?;
            frontend_attrs.insert(format!("context:{familiar}"), source);
        }
        Ok(Self { frontend_attrs, roots })
    }

    /// The same for every build of the same folders, so that BuildKit finds what it was sent
    /// the last time.
    pub(super) fn shared_key(&self) -> String {
        let mut text = Vec::new();
        for (name, root) in &self.roots {
            for part in [name.as_bytes(), root.as_os_str().as_encoded_bytes()] {
                text.extend(part);
                text.push(0);
            }
        }
        Digest::of(&text).hex()
    }

    /// What the frontend is told of a question about the same build.
    pub(super) fn subrequest(&self, name: &str) -> HashMap<String, String> {
        let mut attrs = self.frontend_attrs.clone();
        attrs.insert("requestid".to_owned(), name.to_owned());
        let caps = attrs.entry("frontend.caps".to_owned()).or_default();
        let separator = if caps.is_empty() { "" } else { "," };
        *caps = format!("{caps}{separator}moby.buildkit.frontend.subrequests");
        attrs
    }

    /// The request under a reference of its own, in a session.
    pub(super) fn request(
        &self,
        reference: &str,
        session: &str,
        export: &Export<'_>,
    ) -> SolveRequest {
        let mut frontend_attrs = self.frontend_attrs.clone();
        if let Export::Variant { platform, .. } = export {
            frontend_attrs.insert(PLATFORM.to_owned(), platform.to_string());
            // The steps have just been executed, once.
            frontend_attrs.remove(NO_CACHE);
        }
        SolveRequest {
            r#ref: reference.to_owned(),
            session: session.to_owned(),
            frontend: "dockerfile.v0".to_owned(),
            frontend_attrs,
            exporters: export.exporters(),
            ..SolveRequest::default()
        }
    }
}

/// What becomes of a solve's result.
#[derive(Clone, Debug)]
pub(super) enum Export<'a> {
    /// It stays in BuildKit's cache.
    Nothing,
    /// It is sent as an OCI layout, and kept in the engine's store if so asked.
    Layout(&'a KeepAs),
    /// One platform of a result that is there already goes into the engine's store.
    Variant {
        /// Which one.
        platform: Platform,
        /// The name it gets.
        name: &'a str,
    },
}

impl Export<'_> {
    fn exporters(&self) -> Vec<Exporter> {
        let exporter = |kind: &str, attrs: &[(&str, &str)]| Exporter {
            r#type: kind.to_owned(),
            attrs: attrs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
        };
        match self {
            Self::Nothing => Vec::new(),
            Self::Layout(KeepAs::Discard) => vec![exporter("oci", &[])],
            // The media types of the layout, so that both get the same manifests and digests.
            Self::Layout(KeepAs::Image(name)) => vec![
                exporter("oci", &[]),
                exporter("moby", &[("name", name), ("oci-mediatypes", "true")]),
            ],
            Self::Variant { name, .. } => vec![exporter("moby", &[("name", name)])],
        }
    }
}

fn frontend_attrs(plan: &BuildPlan) -> HashMap<String, String> {
    let platforms: Vec<String> = plan.platforms.iter().map(ToString::to_string).collect();
    let mut attrs = HashMap::from([
        (PLATFORM.to_owned(), platforms.join(",")),
        // An index even for one platform, and platforms in the names of steps.
        ("multi-platform".to_owned(), "true".to_owned()),
    ]);
    attrs
        .extend(plan.args.iter().map(|(name, value)| (format!("build-arg:{name}"), value.clone())));
    attrs.extend(plan.target.iter().map(|it| ("target".to_owned(), it.clone())));
    if plan.cache == CachePolicy::Ignore {
        attrs.insert(NO_CACHE.to_owned(), String::new());
    }
    if !plan.contexts.is_empty() {
        let caps = "moby.buildkit.frontend.contexts+forward";
        attrs.insert("frontend.caps".to_owned(), caps.to_owned());
    }
    attrs
}

/// The folder and the name of a Dockerfile. A link that leads out of its folder is followed, for
/// BuildKit sees that folder alone.
fn split_dockerfile(path: &Path) -> Result<(PathBuf, String), BuildErrorKind> {
    let fail =
        |cause| BuildErrorKind::Input { what: Input::Dockerfile, path: path.to_owned(), cause };
    let real = path.canonicalize().map_err(fail)?;
    if !real.is_file() {
        return Err(fail(io::Error::other("it is not a file")));
    }
    let folder = path.parent().filter(|it| !it.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let folder = folder.canonicalize().map_err(fail)?;
    let (folder, name) = match (real.starts_with(&folder), real.parent()) {
        (false, Some(real_folder)) => (real_folder.to_owned(), real.file_name()),
        _ => (folder, path.file_name()),
    };
    let name = name.and_then(|it| it.to_str());
    let name = name.ok_or_else(|| fail(io::Error::other("its name is not UTF-8")))?;
    Ok((folder, name.to_owned()))
}

fn folder_root(path: &Path, what: &Input) -> Result<PathBuf, BuildErrorKind> {
    let fail = |cause| BuildErrorKind::Input { what: what.clone(), path: path.to_owned(), cause };
    let root = path.canonicalize().map_err(fail)?;
    if root.is_dir() { Ok(root) } else { Err(fail(io::ErrorKind::NotADirectory.into())) }
}

/// What BuildKit is told of a named context: its address, or the name of a local folder.
fn named_source(
    name: &str,
    familiar: &str,
    value: &str,
    roots: &mut BTreeMap<String, PathBuf>,
) -> Result<String, BuildErrorKind> {
    if REMOTE.iter().any(|scheme| value.starts_with(scheme)) {
        return Ok(value.to_owned());
    }
    if value.contains("://") || value.starts_with("target:") {
        let (name, value) = (name.to_owned(), value.to_owned());
        return Err(BuildErrorKind::UnsupportedContext { name, value });
    }
    let root = folder_root(Path::new(value), &Input::NamedContext(name.to_owned()))?;
    let local = format!("named-{familiar}");
    roots.insert(local.clone(), root);
    Ok(format!("local:{local}"))
}

/// A name as the frontend looks it up: an image reference without docker.io's defaults.
fn familiar_name(name: &str) -> String {
    let name = name.strip_prefix("index.docker.io/").unwrap_or(name);
    let name = name.strip_prefix("docker.io/").unwrap_or(name);
    let name = match name.strip_prefix("library/") {
        Some(rest) if !rest.contains('/') => rest,
        _ => name,
    };
    name.strip_suffix(":latest").unwrap_or(name).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_contexts_lose_what_docker_hub_implies() {
        for (name, familiar) in [
            ("base", "base"),
            ("golang:latest", "golang"),
            ("docker.io/library/golang", "golang"),
            ("docker.io/me/tool:1", "me/tool:1"),
            ("ghcr.io/example/base", "ghcr.io/example/base"),
            ("library/a/b", "library/a/b"),
        ] {
            assert_eq!(familiar_name(name), familiar, "{name}");
        }
    }

    #[test]
    fn a_plan_becomes_attributes() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let dockerfile = folder.path().join("Dockerfile.x");
        std::fs::write(&dockerfile, "FROM scratch\n").expect("a Dockerfile");
        let map = |key: &str, value: &str| BTreeMap::from([(key.to_owned(), value.to_owned())]);
        let plan = BuildPlan {
            target: Some("final".to_owned()),
            args: map("VERSION", "1"),
            contexts: map("docker.io/library/base", folder.path().to_str().expect("UTF-8")),
            cache: CachePolicy::Ignore,
            keep_as: KeepAs::Image("it:1".to_owned()),
            ..BuildPlan::new(
                dockerfile,
                folder.path().to_owned(),
                vec![
                    "linux/arm".parse().expect("a platform"),
                    "linux/amd64".parse().expect("a platform"),
                ],
            )
        };
        let prepared = Prepared::new(&plan).expect("a request");
        let request = prepared.request("r", "s", &Export::Layout(&plan.keep_as));
        let attr = |key: &str| request.frontend_attrs.get(key).map(String::as_str);
        assert_eq!(attr("platform"), Some("linux/arm/v7,linux/amd64"));
        assert_eq!(attr("filename"), Some("Dockerfile.x"));
        assert_eq!(attr("target"), Some("final"));
        assert_eq!(attr("build-arg:VERSION"), Some("1"));
        assert_eq!(attr("no-cache"), Some(""));
        assert_eq!(attr("context:base"), Some("local:named-base"));
        let kinds: Vec<&str> = request.exporters.iter().map(|it| it.r#type.as_str()).collect();
        assert_eq!(kinds, ["oci", "moby"]);
        let variant = Export::Variant { platform: plan.platforms[0], name: "it:1-a" };
        let request = prepared.request("r", "s", &variant);
        assert_eq!(request.frontend_attrs.get("no-cache"), None);
        assert_eq!(request.frontend_attrs["platform"], "linux/arm/v7");
    }

    #[test]
    fn inputs_that_are_not_there_are_named() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let dockerfile = folder.path().join("Dockerfile");
        let platforms = vec!["linux/amd64".parse().expect("a platform")];
        let mut plan = BuildPlan::new(dockerfile.clone(), folder.path().to_owned(), platforms);
        let message = |plan: &BuildPlan| Prepared::new(plan).expect_err("an error").to_string();
        assert!(message(&plan).starts_with("cannot read the Dockerfile "), "{}", message(&plan));
        std::fs::write(&dockerfile, "FROM scratch\n").expect("a Dockerfile");
        plan.contexts = BTreeMap::from([("b".to_owned(), "oci-layout:///x".to_owned())]);
        assert!(message(&plan).contains("oci-layout:///x"), "{}", message(&plan));
        plan.context = dockerfile;
        assert!(message(&plan).starts_with("cannot read the context "), "{}", message(&plan));
        plan.platforms.push(plan.platforms[0]);
        assert_eq!(message(&plan), "the platform linux/amd64 was requested twice");
        plan.platforms.clear();
        assert_eq!(message(&plan), "no platform was requested");
    }
}
