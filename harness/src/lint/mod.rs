//! A Dockerfile by itself: nothing is built, and nobody is asked.

mod error;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::blocked::Reason;
use crate::build::BuildPlan;
use crate::case::Case;
use crate::dockerfile::{Dockerfile, Recipe, Selection};
use crate::knowledge::names::named_platforms;
use crate::outcome::{Outcome, SubjectReport};
use crate::platform::Platform;
use crate::rules::check_dockerfile;
use crate::subject::Subject;
use crate::verdict::{DockerfileJudgement, Known, Strictness};

pub use error::LintError;

/// What the user asks for beyond what the case says.
#[derive(Clone, Debug, Default)]
pub struct LintOptions {
    /// The platforms, instead of the case's.
    pub platforms: Vec<Platform>,
    /// The platforms where neither the user nor a case names any.
    pub default_platforms: Vec<Platform>,
    /// The stage, instead of the case's.
    pub target: Option<String>,
    /// Values for ARG, over the case's.
    pub args: BTreeMap<String, String>,
    /// Which severities fail.
    pub strictness: Strictness,
}

/// Judges the Dockerfile of a subject that is built.
#[must_use]
pub fn lint(subject: &Subject, options: &LintOptions) -> SubjectReport {
    let outcome = match judge(subject, options) {
        Ok(judgement) => Outcome::Linted(judgement),
        Err(error) => Outcome::Blocked(Reason::from(error).into()),
    };
    let summary = subject.case().summary.clone();
    SubjectReport { subject: subject.name().to_owned(), summary, outcome }
}

fn judge(subject: &Subject, options: &LintOptions) -> Result<DockerfileJudgement, LintError> {
    let case = subject.case();
    let recipe = recipe(case, options)?;
    let is_none = |error| LintError::Syntax(case.build.dockerfile.clone(), error);
    if !recipe.target.is_empty() {
        let file = Dockerfile::parse(&recipe.text).map_err(is_none)?;
        if file.find_stage(&recipe.target).is_none() {
            let stages = file.stages.into_iter().map(|it| it.name).filter(|it| !it.is_empty());
            let dockerfile = case.build.dockerfile.clone();
            return Err(LintError::Target {
                dockerfile,
                target: recipe.target,
                stages: stages.collect(),
            });
        }
    }
    let findings = check_dockerfile(&recipe).map_err(is_none)?;
    let Case { allow, expect, .. } = case;
    Ok(DockerfileJudgement::new(findings, Known { allow, expect, strictness: options.strictness }))
}

fn recipe(case: &Case, options: &LintOptions) -> Result<Recipe, LintError> {
    let spec = &case.build;
    let mut args = spec.args.clone();
    args.extend(options.args.clone());
    let (platforms, selection) = platforms(case, options);
    let plan = BuildPlan {
        target: options.target.clone().or_else(|| spec.target.clone()),
        args,
        contexts: spec.contexts.clone(),
        ..BuildPlan::new(spec.dockerfile.clone(), spec.context.clone(), platforms)
    };
    match fs::read(&plan.dockerfile) {
        // As the builder does: comments may have any bytes.
        Ok(bytes) => {
            let text = String::from_utf8_lossy(&bytes).into_owned();
            Ok(Recipe { selection, ..plan.recipe(text, Platform::of_host()) })
        }
        Err(error) => Err(LintError::Read(plan.dockerfile, error)),
    }
}

/// The first that are named: by the user, the case, the environment, the file's own name.
fn platforms(case: &Case, options: &LintOptions) -> (Vec<Platform>, Selection) {
    let of_name = named_platforms(file_name(&case.build.dockerfile));
    let named = [&options.platforms, &case.build.platforms, &options.default_platforms, &of_name];
    match named.into_iter().find(|it| !it.is_empty()) {
        Some(platforms) => (platforms.clone(), Selection::Named),
        None => (Platform::USUAL.to_vec(), Selection::Assumed),
    }
}

fn file_name(path: &Path) -> &str {
    path.file_name().and_then(|it| it.to_str()).unwrap_or_default()
}
