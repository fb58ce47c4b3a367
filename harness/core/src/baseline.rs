//! What an image is, in a file that is committed and reviewed: small, for people, and the same byte for
//! byte for two builds of one commit.
//!
//! It holds what containers inherit of the config, the executables that the image starts or that its
//! author put there, what runs printed, and the findings. What several platforms have alike stands once.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use similar::TextDiff;
use thiserror::Error;

use crate::diff::{is_of_build, stable};
use crate::evidence::image::{Content, ImagePath, Variant, describe_content};
use crate::evidence::run::{Extent, RunEvidence};
use crate::evidence::{Evidence, Observation};
use crate::listing::image_entries;
use crate::oci::RunConfig;
use crate::platform::Platform;
use crate::rules::own_files;
use crate::verdict::Judgement;

/// The version of the format.
const SCHEMA: u32 = 1;
/// What the file begins with.
const HEADER: &str = "# What this image is, as `archproof verify --baseline FILE` last saw it. `--update-baseline` \
writes it\n# anew; review a change of it as one of the Dockerfile.\n";
/// The lines around a difference that are shown.
const CONTEXT: usize = 3;

/// What images are, in the order in which they were named.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Baseline {
    schema: u32,
    image: Vec<BaselineImage>,
}

/// What one image is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BaselineImage {
    platforms: Vec<Platform>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    findings: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    config: Vec<Alike<Config>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    executable: Vec<Alike<Executable>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    run: Vec<Alike<Run>>,
}

/// What some platforms have alike.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Alike<T> {
    platforms: Vec<Platform>,
    #[serde(flatten)]
    what: T,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Config {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    entrypoint: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    cmd: Vec<String>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    user: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    working_dir: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    env: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    ports: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    labels: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Executable {
    path: String,
    is: String,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Run {
    command: String,
    end: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    stdout: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    stderr: String,
}

/// Why a text is no baseline.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum BaselineError {
    /// It is something else.
    #[error("it is not a baseline that archproof wrote")]
    Format(#[source] Box<toml::de::Error>),
    /// It is of another version.
    #[error("it has schema {0}, and this archproof reads schema {SCHEMA}: write it anew")]
    Schema(u32),
}

impl Baseline {
    /// What images are.
    #[must_use]
    pub fn new(image: Vec<BaselineImage>) -> Self {
        Self { schema: SCHEMA, image }
    }

    /// Reads what [`Self::text`] wrote.
    ///
    /// # Errors
    ///
    /// When it is something else, or of another version.
    pub fn parse(text: &str) -> Result<Self, BaselineError> {
        #[derive(Deserialize)]
        struct Version {
            schema: u32,
        }
        let format = |error| BaselineError::Format(Box::new(error));
        let Version { schema } = toml::from_str(text).map_err(format)?;
        if schema != SCHEMA {
            return Err(BaselineError::Schema(schema));
        }
        toml::from_str(text).map_err(format)
    }

    /// The file's text: the same for the same images.
    ///
    /// # Panics
    ///
    /// Never.
    #[must_use]
    pub fn text(&self) -> String {
        // What TOML cannot hold is a map with keys that are no texts, and large numbers: there are none.
        let body = toml::to_string_pretty(self).expect("texts and lists of texts");
        format!("{HEADER}{body}")
    }

    /// What differs from an older one, as lines that begin with `-`, `+` or a blank; nothing where nothing
    /// does.
    #[must_use]
    pub fn difference(&self, old: &Self) -> Vec<String> {
        if self == old {
            return Vec::new();
        }
        let (old, new) = (old.text(), self.text());
        let diff = TextDiff::from_lines(&old, &new);
        let mut unified = diff.unified_diff();
        let text = unified.context_radius(CONTEXT).to_string();
        text.lines().map(str::to_owned).collect()
    }
}

impl BaselineImage {
    /// What an image is that was observed and judged.
    #[must_use]
    pub fn new(observation: &Observation, judgement: &Judgement) -> Self {
        match observation {
            Observation::Image(evidence) => Self::of_evidence(evidence, judgement),
            Observation::Unbuilt(unbuilt) => Self {
                platforms: unbuilt.requested.clone(),
                findings: findings(judgement),
                config: Vec::new(),
                executable: Vec::new(),
                run: Vec::new(),
            },
        }
    }

    fn of_evidence(evidence: &Evidence, judgement: &Judgement) -> Self {
        let platforms: BTreeSet<Platform> = evidence.image.entries().map(|it| it.0).collect();
        let variants = &evidence.image.variants;
        let config = variants.iter().map(|it| (it.platform, Config::new(&it.config)));
        let executables = variants.iter().flat_map(|it| {
            let on = it.platform;
            Executable::all(it, judgement).into_iter().map(move |it| (on, it))
        });
        let runs = variants
            .iter()
            .flat_map(|it| evidence.runs_of(it).iter().map(|run| (it.platform, Run::new(run))));
        Self {
            platforms: platforms.into_iter().collect(),
            findings: findings(judgement),
            config: alike(config),
            executable: alike(executables),
            run: alike(runs),
        }
    }
}

/// Each once, sorted, with the platforms that have it.
fn alike<T: Ord>(each: impl Iterator<Item = (Platform, T)>) -> Vec<Alike<T>> {
    let mut found: BTreeMap<T, BTreeSet<Platform>> = BTreeMap::new();
    for (platform, what) in each {
        found.entry(what).or_default().insert(platform);
    }
    let alike = found.into_iter();
    alike.map(|(what, on)| Alike { platforms: on.into_iter().collect(), what }).collect()
}

/// As the report shows them, without what differs from build to build.
fn findings(judgement: &Judgement) -> Vec<String> {
    let entries = image_entries(judgement);
    let mut findings: Vec<String> = entries
        .iter()
        .map(|it| {
            let (place, message) = (stable(&it.place), stable(&it.message));
            format!("{place}: {}[{}]: {message}{}", it.severity, it.rule, it.acceptance())
        })
        .collect();
    findings.sort();
    findings
}

impl Config {
    fn new(config: &RunConfig) -> Self {
        let labels = config.labels.iter().flatten().filter(|it| !is_of_build(it.0));
        let mut env = config.env.clone().unwrap_or_default();
        env.sort();
        Self {
            entrypoint: config.entrypoint.clone().unwrap_or_default(),
            cmd: config.cmd.clone().unwrap_or_default(),
            user: config.user.clone(),
            working_dir: config.working_dir.clone(),
            env,
            ports: config.ports().into_iter().map(str::to_owned).collect(),
            labels: labels.map(|(name, value)| format!("{name}={value}")).collect(),
        }
    }
}

impl Executable {
    /// What the image starts, and what its author put there.
    fn all(variant: &Variant, judgement: &Judgement) -> Vec<Self> {
        let of_platform = judgement.variants.iter().filter(|it| it.platform == variant.platform);
        let started = of_platform.flat_map(|it| &it.started);
        let started = started.filter_map(|it| variant.files.entry(it));
        let files: BTreeMap<&ImagePath, &Content> = started
            .chain(own_files(variant))
            .filter_map(|(path, node)| Some((path, node.content()?)))
            .collect();
        let described = files.into_iter().filter_map(|(path, content)| {
            let is = match content {
                Content::Script(shebang) => format!("script for {}", shebang.interpreter),
                content => describe_content(content)?,
            };
            Some(Self { path: path.to_string(), is })
        });
        described.collect()
    }
}

impl Run {
    fn new(run: &RunEvidence) -> Self {
        let text = |output: &crate::evidence::run::Output| {
            let lines: Vec<String> = output.text.lines().map(stable).collect();
            let mut text = lines.join("\n");
            if output.extent == Extent::Beginning {
                text.push_str("\n(and more)");
            }
            text
        };
        Self {
            command: run.command.join(" "),
            end: run.end.to_string(),
            stdout: text(&run.stdout),
            stderr: text(&run.stderr),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::Case;
    use crate::evidence::build::Provenance;
    use crate::fixture::{ElfFile, Image as Made, Layer, Variant as MadeVariant};
    use crate::verdict::{Strictness, judge};

    fn baseline(image: &Made) -> Baseline {
        let image = image.inspect(&[]);
        let runs = BTreeMap::new();
        let observation =
            Observation::Image(Evidence { image, runs, provenance: Provenance::Found });
        let judgement = judge(&observation, &Case::default(), Strictness::Normal);
        Baseline::new(vec![BaselineImage::new(&observation, &judgement)])
    }

    fn image(build_id: &[u8], user: &str) -> Made {
        Made::new(["linux/amd64", "linux/arm64"].map(|name| {
            let app = ElfFile::of(name).with_build_id(build_id);
            let layer = Layer::new().executable("app", app.bytes());
            MadeVariant::new(name).layer(layer).entrypoint(&["/app"]).user(user)
        }))
    }

    #[test]
    fn two_builds_of_one_commit_have_the_same_text() {
        let one = baseline(&image(&[1; 20], "app")).text();
        assert_eq!(one, baseline(&image(&[2; 20], "app")).text());
        let read = Baseline::parse(&one).expect("a baseline");
        assert_eq!(read.text(), one);
        assert_eq!(
            one.matches("user = \"app\"").count(),
            1,
            "what all have alike stands once\n{one}"
        );
    }

    #[test]
    fn a_difference_is_told_by_its_lines() {
        let (old, new) = (baseline(&image(b"", "app")), baseline(&image(b"", "root")));
        let difference = new.difference(&old);
        assert!(difference.contains(&"-user = \"app\"".to_owned()), "{difference:#?}");
        assert!(difference.contains(&"+user = \"root\"".to_owned()), "{difference:#?}");
        assert_eq!(old.difference(&old), [""; 0]);
        let reformatted = old.text().replace("\n\n", "\n\n\n# reviewed\n");
        let reformatted = Baseline::parse(&reformatted).expect("a baseline");
        assert_eq!(old.difference(&reformatted), [""; 0], "comments decide nothing");
    }

    #[test]
    fn what_is_no_baseline_is_refused() {
        for (text, why) in [
            ("", "it is not a baseline that archproof wrote"),
            ("[package]\nname = \"x\"", "it is not a baseline that archproof wrote"),
            ("schema = 2\nimages = []", "it has schema 2, and this archproof reads schema 1"),
            ("schema = 1\nimage = []\nmore = 1", "it is not a baseline that archproof wrote"),
        ] {
            let error = Baseline::parse(text).expect_err(text);
            assert!(error.to_string().contains(why), "{text}: {error}");
        }
    }
}
