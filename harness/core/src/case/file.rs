//! `case.toml`, and the same file as `archproof.toml` in a user's own repository.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use bytesize::ByteSize;
use globset::{GlobBuilder, GlobMatcher};
use serde::{Deserialize, Deserializer};

use super::error::{CaseError, CaseErrorKind};
use super::expected_finding::ExpectedFinding;
use super::timeout::Timeout;
use crate::expectation::{
    EmulatedSteps, Growth, Parity, RunExpectation, SizeExpectation, TraceExpectation,
};
use crate::launch::Arguments;
use crate::platform::Platform;
use crate::processor::{ModelError, Processors};
use crate::rules::{Finding, Rule};

/// What to verify, with every path made absolute or relative to the working directory.
#[derive(Clone, Debug, Default)]
pub struct Case {
    /// The case in a sentence; empty for a Dockerfile without a case file.
    pub summary: String,
    /// What to build.
    pub build: BuildSpec,
    /// How to run it.
    pub run: RunSpec,
    /// What its build has to look like.
    pub trace: TraceExpectation,
    /// How large it may be.
    pub size: SizeExpectation,
    /// Findings that are known and accepted.
    pub allow: Vec<Allow>,
    /// Findings that the case exists to provoke.
    pub expect: Vec<ExpectedFinding>,
    /// The text of its file; empty where there is none.
    pub text: String,
}

/// What to build.
#[derive(Clone, Debug)]
pub struct BuildSpec {
    /// The Dockerfile.
    pub dockerfile: PathBuf,
    /// What the Dockerfile is called in reports; empty where that is its path.
    pub dockerfile_name: String,
    /// The folder that COPY copies from.
    pub context: PathBuf,
    /// The stage to build; the last one where absent.
    pub target: Option<String>,
    /// Values for ARG.
    pub args: BTreeMap<String, String>,
    /// Named contexts: a folder, or what BuildKit takes, such as `docker-image://REF`.
    pub contexts: BTreeMap<String, String>,
    /// The platforms; empty where the file does not say.
    pub platforms: Vec<Platform>,
}

/// How to run a variant, and what has to come of it.
#[derive(Clone, Debug, Default)]
pub struct RunSpec {
    /// The words after the entrypoint.
    pub arguments: Arguments,
    /// What has to come of it.
    pub expectation: RunExpectation,
    /// How long it may take.
    pub timeout: Timeout,
    /// What it runs on.
    pub processors: Processors,
}

/// A known finding, accepted with a reason.
#[derive(Clone, Debug)]
pub struct Allow {
    rule: Rule,
    path: Option<GlobMatcher>,
    platform: Option<Platform>,
    reason: String,
}

impl Allow {
    /// Whether it covers a finding. What it does not state may be anything.
    #[must_use]
    pub fn covers(&self, finding: &Finding) -> bool {
        let path = finding.path();
        self.rule == finding.rule
            && self.path.as_ref().is_none_or(|glob| path.is_some_and(|it| glob.is_match(it)))
            && self.platform.is_none_or(|it| finding.platform() == Some(it))
    }

    /// Why it is accepted.
    #[must_use]
    pub fn reason(&self) -> &str {
        &self.reason
    }
}

impl Default for BuildSpec {
    fn default() -> Self {
        Self {
            dockerfile: PathBuf::from("Dockerfile"),
            dockerfile_name: String::new(),
            context: PathBuf::from("."),
            target: None,
            args: BTreeMap::new(),
            contexts: BTreeMap::new(),
            platforms: Vec::new(),
        }
    }
}

impl Case {
    /// Reads a case file. Its paths are relative to the folder that it lies in.
    ///
    /// # Errors
    ///
    /// When the file cannot be read, has an unknown field or an impossible value, or names a
    /// Dockerfile or context that does not exist.
    pub fn read(file: &Path) -> Result<Self, CaseError> {
        let text = fs::read_to_string(file)
            .map_err(|error| CaseError::of_file(file, CaseErrorKind::Read(error)))?;
        let raw: RawCase =
            toml::from_str(&text).map_err(|error| CaseError::of_toml(file, &text, &error))?;
        let folder = file.parent().unwrap_or(Path::new(""));
        let case = raw.into_case(folder).map_err(|kind| CaseError::of_file(file, kind))?;
        Ok(Self { text, ..case })
    }

    /// Reads the text of a case file for what it demands and accepts: nothing is to be built, so its
    /// paths need not lead to anything. `name` stands for the file in errors.
    ///
    /// # Errors
    ///
    /// When it has an unknown field or an impossible value.
    pub fn of_text(name: &Path, text: &str) -> Result<Self, CaseError> {
        let raw: RawCase =
            toml::from_str(text).map_err(|error| CaseError::of_toml(name, text, &error))?;
        Ok(Self { text: text.to_owned(), ..raw.into_demands() })
    }

    /// A Dockerfile without a case file, in its own folder.
    #[must_use]
    pub fn of_dockerfile(dockerfile: &Path) -> Self {
        let context = match dockerfile.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
            _ => PathBuf::from("."),
        };
        let build =
            BuildSpec { dockerfile: dockerfile.to_owned(), context, ..BuildSpec::default() };
        Self { build, ..Self::default() }
    }
}

/// The file as it is written. Every table refuses fields that it does not have.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawCase {
    #[serde(default)]
    summary: String,
    #[serde(default)]
    build: RawBuild,
    #[serde(default)]
    run: RawRun,
    #[serde(default)]
    trace: RawTrace,
    #[serde(default)]
    size: RawSize,
    #[serde(default)]
    allow: Vec<RawAllow>,
    #[serde(default)]
    expect: RawExpect,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RawBuild {
    dockerfile: PathBuf,
    context: PathBuf,
    target: Option<String>,
    args: BTreeMap<String, String>,
    contexts: BTreeMap<String, String>,
    platforms: Vec<Platform>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RawRun {
    args: Option<Vec<String>>,
    exit: Option<u8>,
    stdout: Vec<String>,
    timeout: Timeout,
    #[serde(deserialize_with = "parity")]
    parity: Parity,
    #[serde(deserialize_with = "processors")]
    cpu: Processors,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RawTrace {
    #[serde(deserialize_with = "parts")]
    shared: Vec<String>,
    emulated: Option<usize>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RawSize {
    #[serde(deserialize_with = "growth")]
    growth: Growth,
    #[serde(deserialize_with = "sizes")]
    most: BTreeMap<Platform, u64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawAllow {
    rule: Rule,
    #[serde(default, deserialize_with = "glob")]
    path: Option<GlobMatcher>,
    platform: Option<Platform>,
    #[serde(deserialize_with = "reason")]
    reason: String,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RawExpect {
    findings: Vec<ExpectedFinding>,
}

impl Default for RawBuild {
    fn default() -> Self {
        let BuildSpec { dockerfile, context, target, args, contexts, platforms, .. } =
            BuildSpec::default();
        Self { dockerfile, context, target, args, contexts, platforms }
    }
}

/// `*` stays within a folder, `**` does not.
fn glob<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<GlobMatcher>, D::Error> {
    let text = String::deserialize(deserializer)?;
    let glob = GlobBuilder::new(&text).literal_separator(true).build();
    glob.map(|it| Some(it.compile_matcher())).map_err(serde::de::Error::custom)
}

fn processors<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Processors, D::Error> {
    let models: BTreeMap<Platform, String> = BTreeMap::deserialize(deserializer)?;
    let models = models.into_iter().map(|(platform, model)| Ok((platform, model.parse()?)));
    let models = models.collect::<Result<_, ModelError>>().map_err(serde::de::Error::custom)?;
    Ok(Processors::named(models))
}

/// `"stdout"`, or the patterns of lines that may differ.
fn parity<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Parity, D::Error> {
    #[derive(Deserialize)]
    #[serde(
        untagged,
        expecting = "expected \"stdout\" or a list of patterns of lines that may differ"
    )]
    enum Raw {
        Word(String),
        Patterns(Vec<String>),
    }
    let patterns = match Raw::deserialize(deserializer)? {
        Raw::Word(word) if word == "stdout" => Vec::new(),
        Raw::Word(word) => {
            let why = format!(
                "`{word}` is nothing to compare: expected \"stdout\" or a list of patterns of lines \
                 that may differ"
            );
            return Err(serde::de::Error::custom(why));
        }
        Raw::Patterns(patterns) => patterns,
    };
    let matcher = |it: &String| GlobBuilder::new(it).build().map(|it| it.compile_matcher());
    let except = patterns.iter().map(matcher).collect::<Result<_, _>>();
    except.map(|except| Parity::Same { except }).map_err(serde::de::Error::custom)
}

/// Parts of instructions. What is empty is part of every one.
fn parts<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let parts = Vec::<String>::deserialize(deserializer)?;
    if parts.iter().any(|it| it.trim().is_empty()) {
        let why =
            "an empty text is part of every instruction: name one, such as \"go mod download\"";
        return Err(serde::de::Error::custom(why));
    }
    Ok(parts)
}

/// `"10 %"`.
fn growth<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Growth, D::Error> {
    let text = String::deserialize(deserializer)?;
    let percent = text.strip_suffix('%').and_then(|it| it.trim().parse().ok());
    percent.map(Growth::AtMost).ok_or_else(|| {
        serde::de::Error::custom(format!("`{text}` is not a percentage, such as \"10 %\""))
    })
}

/// `{ "linux/arm64" = "40 MiB" }`.
fn sizes<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<Platform, u64>, D::Error> {
    let sizes: BTreeMap<Platform, String> = BTreeMap::deserialize(deserializer)?;
    let sizes = sizes.into_iter().map(|(platform, text)| {
        let size: ByteSize = text.parse().map_err(|_| {
            serde::de::Error::custom(format!("`{text}` is not a size, such as \"40 MiB\""))
        })?;
        Ok((platform, size.as_u64()))
    });
    sizes.collect()
}

fn reason<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let text = String::deserialize(deserializer)?;
    if text.trim().is_empty() {
        return Err(serde::de::Error::custom(
            "the reason is empty: say why the finding is accepted",
        ));
    }
    Ok(text)
}

impl RawCase {
    fn into_case(mut self, folder: &Path) -> Result<Case, CaseErrorKind> {
        let build = std::mem::take(&mut self.build).into_spec(folder)?;
        Ok(Case { build, ..self.into_demands() })
    }

    /// All but what is to be built.
    fn into_demands(self) -> Case {
        let Self { summary, build: _, run, trace, size, allow, expect } = self;
        Case {
            summary,
            build: BuildSpec::default(),
            run: run.into_spec(),
            trace: trace.into_expectation(),
            size: SizeExpectation { growth: size.growth, most: size.most },
            allow: allow.into_iter().map(RawAllow::into_allow).collect(),
            expect: expect.findings,
            text: String::new(),
        }
    }
}

impl RawBuild {
    fn into_spec(self, folder: &Path) -> Result<BuildSpec, CaseErrorKind> {
        let there = |field, path: PathBuf| match folder.join(path) {
            path if path.exists() => Ok(path),
            path => Err(CaseErrorKind::FileMissing { field, path }),
        };
        let in_folder = |source: String| {
            // A named context with a scheme is BuildKit's; anything else is a folder.
            if source.contains("://") { source } else { folder.join(source).display().to_string() }
        };
        Ok(BuildSpec {
            dockerfile: there("build.dockerfile", self.dockerfile)?,
            dockerfile_name: String::new(),
            context: there("build.context", self.context)?,
            target: self.target,
            args: self.args,
            contexts: self.contexts.into_iter().map(|(k, v)| (k, in_folder(v))).collect(),
            platforms: self.platforms,
        })
    }
}

impl RawRun {
    fn into_spec(self) -> RunSpec {
        RunSpec {
            arguments: self.args.map_or(Arguments::Default, Arguments::Given),
            expectation: RunExpectation {
                exit: self.exit.map(i64::from),
                stdout: self.stdout,
                parity: self.parity,
            },
            timeout: self.timeout,
            processors: self.cpu,
        }
    }
}

impl RawTrace {
    fn into_expectation(self) -> TraceExpectation {
        let emulated = self.emulated.map_or(EmulatedSteps::Unset, EmulatedSteps::AtMost);
        TraceExpectation { shared: self.shared, emulated }
    }
}

impl RawAllow {
    fn into_allow(self) -> Allow {
        let Self { rule, path, platform, reason } = self;
        Allow { rule, path, platform, reason }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::{Location, Severity};

    fn read(text: &str) -> Result<Case, String> {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("Dockerfile"), "FROM scratch\n").expect("a Dockerfile");
        let file = folder.path().join("case.toml");
        fs::write(&file, text).expect("a case file");
        let prefix = format!("{}", file.display());
        Case::read(&file).map_err(|error| error.to_string().replace(&prefix, "case.toml"))
    }

    #[test]
    fn an_empty_file_says_nothing() {
        let case = read("").expect("a case");
        assert!(case.build.platforms.is_empty() && case.expect.is_empty());
        assert_eq!(case.run.arguments, Arguments::Default);
    }

    #[test]
    fn mistakes_are_named_with_their_place() {
        for (text, message) in [
            ("sumary = \"x\"", "case.toml:1:1: unknown field `sumary`, expected one of `summary`"),
            ("[run]\nexit = 0\nsubstance = 1", "case.toml:3:1: unknown field `substance`"),
            ("[run]\nparity = \"stderr\"", "case.toml:2:10: `stderr` is nothing to compare"),
            ("[run]\nparity = [\"[\"]", "case.toml:2:10: error parsing glob"),
            (
                "[run]\ncpu = { \"linux/arm64/v7\" = \"max\" }",
                "case.toml:2:9: `linux/arm64/v7` is not",
            ),
            (
                "[run]\ncpu = { \"linux/arm64\" = \"a b\" }",
                "case.toml:2:7: `a b` is not the name of a processor",
            ),
            ("[run]\nparity = 3", "case.toml:2:10: expected \"stdout\" or a list"),
            (
                "[build]\nplatforms = [\"linux/arm64\", \"linux/arm64/v7\"]",
                "case.toml:2:13: `linux/arm64/v7` is not a platform",
            ),
            ("[run]\ntimeout = \"2\"", "case.toml:2:11: `2` is not a duration"),
            ("[trace]\nshard = []", "case.toml:2:1: unknown field `shard`"),
            ("[trace]\nshared = [\" \"]", "case.toml:2:10: an empty text is part of every"),
            ("[trace]\nemulated = -1", "case.toml:2:12: invalid value"),
            ("[size]\ngrowth = \"ten\"", "case.toml:2:10: `ten` is not a percentage"),
            (
                "[size]\nmost = { \"linux/arm64\" = \"40 apples\" }",
                "case.toml:2:8: `40 apples` is not a size",
            ),
            ("[size]\nmost = { arm65 = \"40 MiB\" }", "case.toml:2:10: `linux/arm65` is not"),
            ("[run]\nexit = 256", "case.toml:2:8: invalid value"),
            (
                "[expect]\nfindings = [\"Nonsense /a linux/arm64\"]",
                "case.toml:2:12: there is no rule `Nonsense`",
            ),
            ("[[allow]]\nrule = \"RunFailed\"", "missing field `reason`"),
            (
                "[[allow]]\nrule = \"RunFailed\"\nreason = \" \"",
                "case.toml:3:10: the reason is empty",
            ),
            ("[build]\ndockerfile = \"Nope\"", "build.dockerfile is"),
            ("summary = ", "case.toml:1:"),
        ] {
            let error = read(text).expect_err(text);
            assert!(error.contains(message), "{text}\n  gives {error}\n  not {message}");
        }
    }

    #[test]
    fn an_allowance_covers_what_it_states() {
        let case = read(
            "[[allow]]\nrule = \"ElfMalformed\"\npath = \"/usr/lib/*\"\nplatform = \"linux/arm64\"\nreason = \"upstream\"",
        )
        .expect("a case");
        let arm64 = "linux/arm64".parse().expect("a platform");
        let finding = |path: &str| {
            let path = path.to_owned();
            let location = Location::File { platform: arm64, path, layer: None };
            Finding {
                rule: Rule::ElfMalformed,
                severity: Severity::Error,
                location,
                expected: None,
                actual: None,
                message: String::new(),
                suggestion: None,
                consequence_of: None,
            }
        };
        assert!(case.allow[0].covers(&finding("/usr/lib/a")));
        assert!(!case.allow[0].covers(&finding("/usr/lib/deep/a")), "* stays within a folder");
        let elsewhere = Finding { location: Location::Index, ..finding("/usr/lib/a") };
        assert!(!case.allow[0].covers(&elsewhere));
    }
}
