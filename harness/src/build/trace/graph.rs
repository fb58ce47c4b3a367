//! The graphs of a build as its provenance has them, one for each platform.
//!
//! Source: moby/buildkit, `solver/llbsolver/provenance/types` (SLSA 0.2 up to 0.28, then 1) and
//! `solver/pb/ops.proto`.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::Value;

use super::likeness::{identity, likeness};
use super::node::{Node, OpPlatform};
use crate::evidence::build::{Lines, Reach};
use crate::oci::Digest;
use crate::platform::Platform;

/// What all provenance statements of a build say together.
#[derive(Debug, Default)]
pub(crate) struct Graphs {
    /// By the digest under which the step is in the progress.
    pub(super) steps: BTreeMap<String, Recorded>,
}

/// A step as it is recorded.
#[derive(Clone, Debug)]
pub(super) struct Recorded {
    pub(super) kind: Kind,
    /// What several digests may have in common that are executed as one.
    pub(super) identity: Digest,
    pub(super) lines: Option<Lines>,
    pub(super) platforms: BTreeSet<Platform>,
    pub(super) reach: Reach,
}

/// What a step is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Source,
    Files,
    Execution {
        on: Platform,
        likeness: Digest,
    },
    /// One that executes for what is no Linux platform.
    Foreign,
}

/// A statement's predicate, of either version.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Predicate {
    #[serde(default)]
    build_config: Option<Config>,
    #[serde(default)]
    metadata: Option<Metadata>,
    #[serde(default)]
    build_definition: Option<Definition>,
    #[serde(default)]
    run_details: Option<RunDetails>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Definition {
    internal_parameters: InternalParameters,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct InternalParameters {
    build_config: Config,
}

#[derive(Deserialize)]
struct RunDetails {
    #[serde(default)]
    metadata: Option<Metadata>,
}

#[derive(Deserialize)]
struct Metadata {
    #[serde(
        default,
        rename = "https://mobyproject.org/buildkit@v1#metadata",
        alias = "buildkit_metadata"
    )]
    buildkit: BuildKitMetadata,
}

#[derive(Default, Deserialize)]
struct BuildKitMetadata {
    #[serde(default)]
    source: Source,
}

#[derive(Default, Deserialize)]
struct Source {
    #[serde(default)]
    locations: BTreeMap<String, Locations>,
}

#[derive(Default, Deserialize)]
struct Locations {
    #[serde(default)]
    locations: Vec<Location>,
}

#[derive(Deserialize)]
struct Location {
    #[serde(default)]
    ranges: Vec<Range>,
}

#[derive(Deserialize)]
struct Range {
    start: Position,
    end: Position,
}

#[derive(Deserialize)]
struct Position {
    #[serde(default)]
    line: u32,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Config {
    llb_definition: Vec<Node>,
    digest_mapping: BTreeMap<String, String>,
}

impl Recorded {
    /// Takes another step of the same identity in.
    pub(super) fn absorb(&mut self, other: &Self) {
        self.platforms.extend(&other.platforms);
        self.lines = self.lines.into_iter().chain(other.lines).min();
        if other.reach == Reach::Image {
            self.reach = Reach::Image;
        }
    }
}

impl Graphs {
    /// Reads the statements of a build, by platform.
    ///
    /// # Errors
    ///
    /// What of them is not as it should be.
    pub(crate) fn read(statements: &BTreeMap<String, Vec<u8>>) -> Result<Self, String> {
        let mut graphs = Self::default();
        for (platform, statement) in statements {
            let platform = platform.parse::<Platform>().map_err(|error| error.to_string())?;
            let predicate: Predicate = serde_json::from_slice(statement)
                .map_err(|error| format!("its statement for {platform}: {error}"))?;
            graphs.take(platform, predicate)?;
        }
        Ok(graphs)
    }

    fn take(&mut self, platform: Platform, predicate: Predicate) -> Result<(), String> {
        let Predicate { build_config, metadata, build_definition, run_details } = predicate;
        let config = build_definition.map(|it| it.internal_parameters.build_config);
        let config = config
            .or(build_config)
            .ok_or_else(|| format!("its statement for {platform} has no steps"))?;
        let metadata = run_details.and_then(|it| it.metadata).or(metadata);
        let locations = metadata.map(|it| it.buildkit.source.locations).unwrap_or_default();
        let graph = Graph::new(&config.llb_definition);
        let in_image = graph.image();
        let likenesses = graph.digests(likeness);
        let identities = graph.digests(identity);
        for (digest, id) in &config.digest_mapping {
            let id = id.as_str();
            let (Some(node), Some(likeness), Some(identity)) =
                (graph.by_id.get(id), likenesses.get(id), identities.get(id))
            else {
                continue;
            };
            let Some(kind) = node.kind(*likeness) else { continue };
            let step = self.steps.entry(digest.clone()).or_insert_with(|| Recorded {
                kind,
                identity: *identity,
                lines: None,
                platforms: BTreeSet::new(),
                reach: Reach::Builder,
            });
            step.platforms.insert(platform);
            let lines = locations.get(id).and_then(Locations::lines);
            step.lines = step.lines.into_iter().chain(lines).min();
            // It may be the image of one platform and the builder of another.
            if in_image.contains(id) {
                step.reach = Reach::Image;
            }
        }
        Ok(())
    }
}

/// The steps of one platform.
struct Graph<'a> {
    sorted: &'a [Node],
    by_id: BTreeMap<&'a str, &'a Node>,
}

impl<'a> Graph<'a> {
    fn new(sorted: &'a [Node]) -> Self {
        Self { sorted, by_id: sorted.iter().map(|it| (it.id.as_str(), it)).collect() }
    }

    /// The steps whose results a step takes, in its order.
    fn inputs(&self, node: &'a Node) -> impl Iterator<Item = &'a Node> {
        node.inputs.iter().filter_map(|it| {
            let id = it.split_once(':').map_or(it.as_str(), |(id, _)| id);
            self.by_id.get(id).copied()
        })
    }

    /// A digest for each step, made of it and of those of its inputs in their order.
    fn digests(&self, digest: fn(&Node, &[Digest]) -> Digest) -> BTreeMap<&'a str, Digest> {
        let mut digests = BTreeMap::new();
        // Steps come after those that they depend on.
        for node in self.sorted {
            let of_input = |it: &Node| digests.get(it.id.as_str()).copied();
            let inputs: Vec<Digest> = self.inputs(node).filter_map(of_input).collect();
            digests.insert(node.id.as_str(), digest(node, &inputs));
        }
        digests
    }

    /// The steps that the image consists of: from its last one down to its base.
    fn image(&self) -> BTreeSet<&'a str> {
        let mut reached = BTreeSet::new();
        let mut open: Vec<&Node> = self.sorted.last().into_iter().collect();
        while let Some(node) = open.pop() {
            if reached.insert(node.id.as_str()) {
                let inputs: Vec<&Node> = self.inputs(node).collect();
                open.extend(node.bases().into_iter().filter_map(|it| inputs.get(it).copied()));
            }
        }
        reached
    }
}

impl Node {
    /// What it is, if it stands for something.
    fn kind(&self, likeness: Digest) -> Option<Kind> {
        let op = self.op.op.as_object()?.keys().next()?;
        match op.as_str() {
            // Puts layers together: the second step of `COPY --link`.
            "merge" => None,
            "source" => Some(Kind::Source),
            "exec" => {
                let platform = self.op.platform.as_ref().and_then(OpPlatform::parse);
                Some(platform.map_or(Kind::Foreign, |on| Kind::Execution { on, likeness }))
            }
            _ => Some(Kind::Files),
        }
    }

    /// Which of its inputs it builds on; from the others it takes files.
    fn bases(&self) -> Vec<usize> {
        let op = &self.op.op;
        let number = |it: &Value| it.as_u64().and_then(|it| usize::try_from(it).ok());
        if let Some(mounts) = op["exec"]["mounts"].as_array() {
            let root = mounts.iter().find(|it| it["dest"] == "/");
            // What is 0 or empty may be left out.
            let input = root.map(|it| it.get("input").and_then(number).unwrap_or(0));
            return input.into_iter().collect();
        }
        if let Some(actions) = op["file"]["actions"].as_array() {
            // The first works on an input, each that follows on the one before it; -1 is nothing.
            let first = actions.first().map(|it| it.get("input"));
            return match first {
                Some(Some(input)) => number(input).into_iter().collect(),
                Some(None) => vec![0],
                None => Vec::new(),
            };
        }
        (0..self.inputs.len()).collect()
    }
}

impl OpPlatform {
    fn parse(&self) -> Option<Platform> {
        Platform::from_parts(&self.os, &self.architecture, &self.variant).ok()
    }
}

impl Locations {
    /// The first of the instructions that come to the same step.
    fn lines(&self) -> Option<Lines> {
        self.locations.iter().filter_map(Location::lines).min()
    }
}

impl Location {
    fn lines(&self) -> Option<Lines> {
        let first = self.ranges.iter().map(|it| it.start.line).min().filter(|it| *it > 0)?;
        let last = self.ranges.iter().map(|it| it.end.line).max()?.max(first);
        Some(Lines { first, last })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What Docker 28.5 recorded of this, made shorter. In the Dockerfile are
    ///
    /// ```Dockerfile
    /// FROM --platform=$BUILDPLATFORM golang AS builder
    /// RUN true
    /// FROM busybox
    /// ARG TARGETARCH
    /// RUN echo $TARGETARCH > /a
    /// COPY --link --from=builder /etc/passwd /b
    /// COPY --link Dockerfile /c
    /// WORKDIR /x
    /// ```
    const AMD64: &str = include_str!("fixture/amd64.json");
    const ARM64: &str = include_str!("fixture/arm64.json");

    fn statements(texts: &[(&str, String)]) -> BTreeMap<String, Vec<u8>> {
        texts.iter().map(|(name, text)| ((*name).to_owned(), text.as_bytes().to_vec())).collect()
    }

    fn lines(graphs: &Graphs) -> Vec<String> {
        let mut lines: Vec<String> = graphs.steps.values().map(line).collect();
        lines.sort();
        lines
    }

    fn line(step: &Recorded) -> String {
        let number = step.lines.map_or(0, |it| it.first);
        let kind = match step.kind {
            Kind::Source => "source".to_owned(),
            Kind::Files => "files".to_owned(),
            Kind::Execution { on, .. } => format!("run on {on}"),
            Kind::Foreign => "foreign".to_owned(),
        };
        let platforms: Vec<&str> = step.platforms.iter().map(|it| it.architecture_name()).collect();
        format!("{number} {kind} for {}: {:?}", platforms.join(" "), step.reach)
    }

    const EXPECTED: [&str; 11] = [
        "0 source for amd64 arm64: Builder",
        "1 source for amd64 arm64: Builder",
        "2 run on linux/amd64 for amd64 arm64: Builder",
        "3 source for amd64: Image",
        "3 source for arm64: Image",
        "5 run on linux/amd64 for amd64: Image",
        "5 run on linux/arm64 for arm64: Image",
        "6 files for amd64 arm64: Image",
        "7 files for amd64 arm64: Image",
        "8 files for amd64: Image",
        "8 files for arm64: Image",
    ];

    #[test]
    fn steps_are_put_together_from_the_statements_of_all_platforms() {
        let both = [("linux/amd64", AMD64.to_owned()), ("linux/arm64", ARM64.to_owned())];
        let graphs = Graphs::read(&statements(&both)).expect("statements");
        assert_eq!(lines(&graphs), EXPECTED);
    }

    #[test]
    fn newer_statements_say_the_same_elsewhere() {
        let newer = |text: &str| {
            let old: Value = serde_json::from_str(text).expect("JSON");
            let metadata = &old["metadata"]["https://mobyproject.org/buildkit@v1#metadata"];
            serde_json::json!({
                "buildDefinition": { "internalParameters": { "buildConfig": old["buildConfig"] } },
                "runDetails": { "metadata": { "buildkit_metadata": metadata } },
            })
            .to_string()
        };
        let both = [("linux/amd64", newer(AMD64)), ("linux/arm64", newer(ARM64))];
        let graphs = Graphs::read(&statements(&both)).expect("statements");
        let old = [("linux/amd64", AMD64.to_owned()), ("linux/arm64", ARM64.to_owned())];
        let old = Graphs::read(&statements(&old)).expect("statements");
        assert_eq!(lines(&graphs), lines(&old));
    }

    #[test]
    fn what_is_no_statement_is_named() {
        for (platform, text) in
            [("linux/amd64", "{}"), ("linux/amd64", "[]"), ("windows/amd64", "{}")]
        {
            let read = Graphs::read(&statements(&[(platform, text.to_owned())]));
            assert!(read.expect_err(text).contains("amd64"), "{text}");
        }
    }

    #[test]
    fn steps_that_differ_in_an_unused_argument_alone_are_alike() {
        let node = |command: &str, variable: &str| -> Node {
            let meta = serde_json::json!({ "args": ["/bin/sh", "-c", command], "env": [variable] });
            let op = serde_json::json!({ "Op": { "exec": { "meta": meta } } });
            serde_json::from_value(serde_json::json!({ "id": "step1", "op": op })).expect("a node")
        };
        let same = |command: &str, one: &str, other: &str| {
            likeness(&node(command, one), &[]) == likeness(&node(command, other), &[])
        };
        assert!(same("go mod download", "TARGETARCH=amd64", "TARGETARCH=arm64"));
        assert!(!same("go mod download", "GOFLAGS=a", "GOFLAGS=b"));
        assert!(!same("make", "TARGETARCH=amd64", "TARGETARCH=arm64"));
        let input = Digest::of(b"input");
        let one = node("go mod download", "A=a");
        assert_ne!(likeness(&one, &[input]), likeness(&one, &[]));
    }

    #[test]
    fn the_paths_that_the_context_is_asked_for_make_no_other_step() {
        let context = |attributes: Value| -> Digest {
            let source =
                serde_json::json!({ "identifier": "local://context", "attrs": attributes });
            let op = serde_json::json!({ "Op": { "source": source } });
            let node = serde_json::json!({ "id": "step0", "op": op });
            identity(&serde_json::from_value(node).expect("a node"), &[])
        };
        let followed = |paths: &str| context(serde_json::json!({ "local.followpaths": paths }));
        assert_eq!(followed("[\"seed\",\"amd64\"]"), followed("[\"seed\",\"arm64\"]"));
        assert_ne!(followed("[]"), context(serde_json::json!({ "local.excludepatterns": "[]" })));
    }
}
