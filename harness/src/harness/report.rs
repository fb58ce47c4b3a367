//! What verifying came to, for tests.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;
use testcontainers::{ContainerRequest, GenericImage};

use super::kept::{ContainerError, Kept};
use crate::evidence::Observation;
use crate::evidence::image::{Variant, describe_content};
use crate::evidence::run::RunEvidence;
use crate::oci::Digest;
use crate::outcome::{Outcome, SubjectReport};
use crate::platform::Platform;
use crate::report::write_text;
use crate::rules::Finding;
use crate::verdict::{Judged, Status, VariantJudgement, Verdict};
use crate::verify::Verified;

/// What verifying a subject came to. Displayed as the command line shows it.
#[derive(Clone, Debug)]
pub struct Report {
    subject: SubjectReport,
    evidence: Option<Observation>,
    kept: Option<Kept>,
}

/// One platform of a report.
#[derive(Clone, Copy, Debug)]
pub struct VariantReport<'a> {
    judgement: &'a VariantJudgement,
    variant: Option<&'a Variant>,
    /// The image in the engine, with the digest of its index.
    kept: Option<(&'a Kept, Digest)>,
}

/// What a variant is, without what changes from build to build: digests, times, sizes, build ids.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct VariantFacts {
    /// The platform that it is published for.
    pub platform: String,
    /// ENTRYPOINT.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub entrypoint: Vec<String>,
    /// CMD.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub cmd: Vec<String>,
    /// USER; empty where the image names none.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub user: String,
    /// The executable files, each in a line.
    pub files: BTreeMap<String, String>,
}

impl Report {
    pub(super) fn new(verified: Verified, kept: Option<Kept>) -> Self {
        Self { subject: verified.report, evidence: verified.evidence, kept }
    }

    /// What it came to.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        self.subject.verdict()
    }

    /// Panics with the whole report unless everything passed.
    ///
    /// # Panics
    ///
    /// When there are findings that count.
    #[track_caller]
    pub fn assert_pass(&self) {
        assert!(self.verdict() == Verdict::Pass, "the image does not pass\n{self}");
    }

    /// The platforms, in order.
    pub fn variants(&self) -> impl Iterator<Item = VariantReport<'_>> {
        let judgements = match &self.subject.outcome {
            Outcome::Judged(judgement) => judgement.variants.as_slice(),
            Outcome::Linted(_) | Outcome::Blocked(_) => &[],
        };
        let index = match &self.evidence {
            Some(Observation::Image(evidence)) => Some(evidence.image.digest),
            Some(Observation::Unbuilt(_)) | None => None,
        };
        let kept = self.kept.as_ref().zip(index);
        judgements.iter().map(move |it| VariantReport {
            judgement: it,
            variant: self.variant_of(it),
            kept,
        })
    }

    /// One platform; `None` where the image has no variant for it.
    #[must_use]
    pub fn variant(&self, platform: Platform) -> Option<VariantReport<'_>> {
        self.variants().find(|it| it.platform() == platform)
    }

    /// The findings about the index as a whole, or the build, that count.
    pub fn findings(&self) -> impl Iterator<Item = &Finding> {
        let findings = match &self.subject.outcome {
            Outcome::Judged(judgement) => judgement.findings.as_slice(),
            Outcome::Linted(judgement) => judgement.findings.as_slice(),
            Outcome::Blocked(_) => &[],
        };
        open(findings)
    }

    fn variant_of(&self, judgement: &VariantJudgement) -> Option<&Variant> {
        let Some(Observation::Image(evidence)) = &self.evidence else { return None };
        let is_it =
            |it: &&Variant| (it.platform, it.digest) == (judgement.platform, judgement.digest);
        evidence.image.variants.iter().find(is_it)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut plain = anstream::StripStream::new(Vec::new());
        write_text(&self.subject, &mut plain).map_err(|_| fmt::Error)?;
        f.write_str(&String::from_utf8_lossy(&plain.into_inner()))
    }
}

impl<'a> VariantReport<'a> {
    /// The platform that it is published for.
    #[must_use]
    pub fn platform(&self) -> Platform {
        self.judgement.platform
    }

    /// The manifest's digest.
    #[must_use]
    pub fn digest(&self) -> Digest {
        self.judgement.digest
    }

    /// What it came to.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        self.judgement.verdict
    }

    /// The findings that count.
    pub fn findings(&self) -> impl Iterator<Item = &'a Finding> {
        open(&self.judgement.findings)
    }

    /// What its runs showed, the one on the promised processor first.
    #[must_use]
    pub fn runs(&self) -> &'a [RunEvidence] {
        &self.judgement.runs
    }

    /// A request of testcontainers for a container of exactly this variant, for tests of your own on its
    /// platform. testcontainers finds the engine by `DOCKER_HOST`. What is started is removed with the
    /// report, at the latest.
    ///
    /// # Errors
    ///
    /// When the image is not in the engine: it was found and not built, or verified without
    /// [`Harness::keep_image`](crate::Harness::keep_image).
    pub fn container(&self) -> Result<ContainerRequest<GenericImage>, ContainerError> {
        let (kept, index) = self.kept.ok_or(ContainerError::NotKept)?;
        kept.container(index, self.platform())
    }

    /// What it is, for a snapshot; `None` where its blobs could not be read.
    #[must_use]
    pub fn facts(&self) -> Option<VariantFacts> {
        let variant = self.variant?;
        let executable = variant.files.iter().filter_map(|(path, node)| {
            Some((path.to_string(), describe_content(node.content()?)?))
        });
        Some(VariantFacts {
            platform: variant.platform.to_string(),
            entrypoint: variant.config.entrypoint.clone().unwrap_or_default(),
            cmd: variant.config.cmd.clone().unwrap_or_default(),
            user: variant.config.user.clone(),
            files: executable.collect(),
        })
    }
}

fn open(findings: &[Judged]) -> impl Iterator<Item = &Finding> {
    findings.iter().filter(|it| it.status == Status::Open).map(|it| &it.finding)
}

/// Gives the [`VariantReport`] of a platform, and fails the test with the whole report unless that
/// platform passed.
///
/// ```no_run
/// # fn example(report: &archproof::Report) {
/// let variant = archproof::assert_conforms!(report, "linux/arm64");
/// assert!(variant.runs()[0].stdout.text.contains("Usage"));
/// # }
/// ```
#[macro_export]
macro_rules! assert_conforms {
    ($report:expr, $platform:expr) => {{
        let (report, platform) = (&$report, &$platform.to_string());
        let variant = report.variants().find(|it| {
            platform.parse::<$crate::platform::Platform>().is_ok_and(|on| it.platform() == on)
        });
        match variant {
            Some(variant) if variant.verdict() == $crate::verdict::Verdict::Pass => variant,
            Some(_) => panic!("{platform} does not pass\n{report}"),
            None => panic!("there is no variant for {platform}\n{report}"),
        }
    }};
}
