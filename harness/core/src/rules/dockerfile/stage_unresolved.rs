//! A `FROM` that names no stage, image or platform that exists, on some platforms.

use std::collections::{BTreeMap, BTreeSet};

use crate::dockerfile::{Base, Stage, StagePlatform, references};
use crate::knowledge::names::machines;
use crate::platform::Platform;
use crate::rules::analysis::dockerfile::Analysis;
use crate::rules::definition::{Check, Definition, Group, Needs};
use crate::rules::finding::Finding;
use crate::rules::rule::Rule;
use crate::rules::severity::Severity;
use crate::sentence::list;

#[cfg(test)]
pub(in crate::rules) mod cases;

pub(in crate::rules) const RULE: Definition = Definition {
    rule: Rule::StageUnresolved,
    group: Group::Dockerfile,
    severity: Severity::Error,
    summary: "FROM names no stage, image or platform that exists, on some platforms.",
    page: include_str!("../../../pages/StageUnresolved.md"),
    needs: Needs::Dockerfile,
    check: Check::Dockerfile(check),
};

fn check(analysis: &Analysis<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (number, stage) in analysis.stages() {
        findings.extend(platform_bad(analysis, number, stage));
        findings.extend(unresolved(analysis, number, stage));
    }
    findings.extend(never_chosen(analysis));
    findings
}

/// `--platform` that comes to no platform at all.
fn platform_bad(analysis: &Analysis<'_>, number: usize, stage: &Stage) -> Option<Finding> {
    let bad: Vec<(Platform, &String)> = analysis
        .uses(number)
        .filter_map(|(target, it)| match &it.stated {
            StagePlatform::Bad(text) => Some((target, text)),
            _ => None,
        })
        .collect();
    let (_, text) = bad.first()?;
    // Other systems have platforms too.
    if text.contains('/') && !text.starts_with("linux/") {
        return None;
    }
    let platforms: Vec<Platform> = bad.iter().map(|it| it.0).collect();
    let text = if text.is_empty() { "nothing".to_owned() } else { format!("`{text}`") };
    let message =
        format!("--platform resolves to {text}, which is not a platform, for {}", list(&platforms));
    Some(RULE.of_byte(analysis, stage.start, message))
}

/// `FROM build-$TARGETARCH` that names a stage for some platforms and none for others.
fn unresolved(analysis: &Analysis<'_>, number: usize, stage: &Stage) -> Option<Finding> {
    let finding = |message| Some(RULE.of_byte(analysis, stage.base.start(), message));
    let mut images: BTreeMap<&str, Vec<Platform>> = BTreeMap::new();
    for (platform, evaluated) in analysis.uses(number) {
        match &evaluated.base {
            Base::Image(image) => images.entry(image).or_default().push(platform),
            Base::Bad(error) => {
                return finding(format!("cannot evaluate FROM for {platform}: {error}"));
            }
            _ => {}
        }
    }
    let is_bad = |name: &str| name.is_empty() || name.ends_with(['-', ':', '/', '.', '_']);
    if let Some((name, platforms)) = images.iter().find(|(name, _)| is_bad(name)) {
        let name = if name.is_empty() { "nothing".to_owned() } else { format!("`{name}`") };
        let platforms = list(platforms);
        return finding(format!(
            "FROM resolves to {name}, which is not a valid image name, for {platforms}"
        ));
    }
    if let Some((name, platforms)) = images.iter().find(|(name, _)| has_capitals(name)) {
        let platforms = list(platforms);
        let message = format!(
            "FROM resolves to `{name}`, which is not a valid image name, for {platforms}; stage names \
             are lower-cased"
        );
        return finding(message);
    }
    // Without a variable it is one name for all.
    if images.is_empty() || references(stage.base.as_str(), analysis.file.escape).is_empty() {
        return None;
    }
    let chosen = chosen_by_any(analysis, number);
    if chosen.is_empty() {
        return None;
    }
    let missing: Vec<String> = images
        .iter()
        .map(|(name, platforms)| format!("`{name}` for {}", list(platforms)))
        .collect();
    let there: Vec<String> =
        chosen.iter().map(|it| format!("`{}`", analysis.file.stages[*it].name)).collect();
    let verb = if there.len() == 1 { "there is only" } else { "there are" };
    let (missing, there) = (list(&missing), list(&there));
    finding(format!("there is no stage {missing}, so it is pulled as an image; {verb} {there}"))
}

/// Whether the name of an image has capitals where none may be: only a registry may have them.
///
/// Source: [distribution/reference](https://github.com/distribution/reference/blob/v0.6.0/reference.go).
fn has_capitals(image: &str) -> bool {
    let path = match image.split_once('/') {
        Some((registry, path)) if registry.contains(['.', ':']) || registry == "localhost" => path,
        _ => image,
    };
    let name = path.split([':', '@']).next().unwrap_or(path);
    name.contains(|it: char| it.is_ascii_uppercase())
}

/// The stages that a `FROM` leads to, for any platform that there is.
fn chosen_by_any(analysis: &Analysis<'_>, number: usize) -> BTreeSet<usize> {
    let asked = analysis.recipe.platforms.iter().copied();
    let all = asked.chain(Platform::all_known());
    all.filter_map(|it| match analysis.evaluate(it).stages[number].base {
        Base::Stage(base) => Some(base),
        _ => None,
    })
    .collect()
}

/// A stage that is named for an architecture in a way that the builder never does.
fn never_chosen(analysis: &Analysis<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (number, stage) in analysis.file.stages.iter().enumerate() {
        let Some(pattern) = Pattern::new(stage, analysis.file.escape) else { continue };
        let chosen = chosen_by_any(analysis, number);
        if chosen.is_empty() {
            continue;
        }
        for (candidate, other) in analysis.file.stages.iter().enumerate().take(number) {
            let Some(middle) = pattern.middle(&other.name) else { continue };
            let is_used = chosen.contains(&candidate) || is_named(analysis, candidate, number);
            let Some(platform) = platform_of(analysis, middle, number).filter(|_| !is_used) else {
                continue;
            };
            let wanted = match &analysis.evaluate(platform).stages[number].base {
                Base::Image(name) => name.clone(),
                _ => continue,
            };
            let message = format!(
                "no platform uses stage `{}`; for {platform} the name is `{wanted}`",
                other.name
            );
            findings.push(RULE.of_byte(analysis, other.start, message));
        }
    }
    findings
}

/// Whether anything else names a stage.
fn is_named(analysis: &Analysis<'_>, candidate: usize, except: usize) -> bool {
    analysis.evaluated.iter().any(|evaluated| {
        let others = evaluated.stages.iter().enumerate().filter(|(number, _)| *number != except);
        others.into_iter().any(|(_, it)| it.is_built_on(candidate))
            || evaluated.needed.contains(&candidate)
    })
}

/// The usual platform of the architecture that a word names, if it finds no stage.
fn platform_of(analysis: &Analysis<'_>, word: &str, number: usize) -> Option<Platform> {
    let named = machines(word);
    let mut meant = Platform::ALL.into_iter().filter(|it| {
        named.contains(&it.elf_target().machine)
            && matches!(analysis.evaluate(*it).stages[number].base, Base::Image(_))
    });
    // Of the versions of ARM the one that the word has.
    let first = meant.next()?;
    let is_exact = |it: &Platform| {
        let variant = it.variant_name();
        !variant.is_empty() && word.ends_with(&variant)
    };
    Some(if is_exact(&first) { first } else { meant.find(is_exact).unwrap_or(first) })
}

/// What stands around the variables in the name of a base.
struct Pattern {
    before: String,
    after: String,
}

impl Pattern {
    fn new(stage: &Stage, escape: char) -> Option<Self> {
        let text = stage.base.as_str();
        let found = references(text, escape);
        let first = found.first()?;
        if !found.iter().any(|it| it.name.starts_with("TARGET")) {
            return None;
        }
        let after = text.rsplit(['}', '$']).next().unwrap_or_default();
        let after = if text.ends_with('}') || !text.contains('}') { "" } else { after };
        Some(Self { before: text[..first.start].to_lowercase(), after: after.to_lowercase() })
    }

    fn middle<'a>(&self, name: &'a str) -> Option<&'a str> {
        let rest = name.strip_prefix(self.before.as_str())?;
        rest.strip_suffix(self.after.as_str()).filter(|it| !it.is_empty())
    }
}
