//! Which stage is chosen, and for which platform it is.

use std::collections::{BTreeMap, BTreeSet};

use super::study::{Study, list};
use crate::check::names::machines;
use crate::check::{Finding, Rule, Severity};
use crate::dockerfile::{Base, Evaluated, Pin, Stage, StagePlatform, StepKind, references};
use crate::platform::Platform;

pub(super) fn check(study: &Study<'_>) -> Vec<Finding> {
    let mut findings: Vec<Finding> = pinned(study).into_iter().collect();
    for (number, stage) in study.stages() {
        findings.extend(platform_ignored(study, number, stage));
        findings.extend(platform_bad(study, number, stage));
        findings.extend(unresolved(study, number, stage));
    }
    findings.extend(never_chosen(study));
    findings
}

/// The stage that is published is built from an image of another platform.
fn pinned(study: &Study<'_>) -> Option<Finding> {
    let mut wrong: Vec<(Platform, Platform, usize)> = Vec::new();
    for evaluated in &study.evaluated {
        let Some(target) = evaluated.target else { continue };
        let stage = &evaluated.stages[target];
        // Who declares an argument of his own sets it, one build a platform.
        if stage.pin == Pin::Argument {
            continue;
        }
        if let Some(platform) = stage.platform.filter(|it| *it != evaluated.platform) {
            wrong.push((
                evaluated.platform,
                platform,
                evaluated.chain(target).last().unwrap_or(target),
            ));
        }
    }
    let (_, platform, number) = *wrong.first()?;
    if study.evaluated.iter().filter_map(|it| Some(is_check(study, it, it.target?))).all(|it| it) {
        return None;
    }
    let stage = &study.file.stages[number];
    let pin = study.evaluated[0].stages[number].pin;
    let why = match pin {
        Pin::Build => "the build platform",
        Pin::Target => "because --platform omits the variant",
        Pin::Constant | Pin::Argument => "a fixed platform",
    };
    let platforms: Vec<Platform> = wrong.iter().map(|it| it.0).collect();
    let message = format!("the final stage uses {platform}, {why}, for {} too", list(&platforms));
    let text = stage.platform.as_ref();
    let flag = text.map_or_else(String::new, |it| format!("--platform={} ", it.as_str()));
    let place = text.map_or(stage.start, |it| it.start().saturating_sub("--platform=".len()));
    let finding = study.finding(Rule::FinalStagePinned, place, message);
    let is_data = study.root_image(number).as_deref().is_some_and(has_no_programs);
    let finding = if is_data { finding.with_severity(Severity::Note) } else { finding };
    Some(finding.with_suggestion(study.suggestion(place, &flag, "")))
}

/// Whether a stage with all that it is built on checks sources for the target, by
/// [xx](https://github.com/tonistiigi/xx), which only works where it is native, and has no command:
/// nobody publishes that.
fn is_check(study: &Study<'_>, evaluated: &Evaluated, number: usize) -> bool {
    let chain: Vec<usize> = evaluated.chain(number).collect();
    let steps = || chain.iter().flat_map(|it| &study.file.stages[*it].steps);
    let has_command = steps().any(|it| matches!(it.kind, StepKind::Verbatim));
    let mut scripts = study.scripts().filter(|it| chain.contains(&it.0.number));
    !has_command
        && scripts.any(|it| it.2.commands.iter().any(|command| command.name().starts_with("xx-")))
}

/// Whether an image is one of [distroless](https://github.com/GoogleContainerTools/distroless) that
/// holds certificates and the like, and nothing to execute.
fn has_no_programs(image: &str) -> bool {
    let name = image.split([':', '@']).next().unwrap_or(image);
    let name = name.rsplit_once("distroless/").map_or("", |(_, name)| name);
    name == "static" || name.starts_with("static-")
}

/// `FROM --platform=X stage`: the platform of the earlier stage wins.
fn platform_ignored(study: &Study<'_>, number: usize, stage: &Stage) -> Option<Finding> {
    let ignored = study.uses(number).find_map(|(target, it)| match (&it.base, &it.stated) {
        (Base::Stage(base), StagePlatform::Stated(stated)) => {
            let actual = it.platform.filter(|platform| platform != stated)?;
            Some((target, *base, *stated, actual))
        }
        _ => None,
    });
    let (target, base, stated, actual) = ignored?;
    let base = study.file.stages[base].title();
    let message =
        format!("--platform has no effect here: for {target}, {base} is {actual}, not {stated}");
    Some(study.finding(Rule::StagePlatformIgnored, stage.start, message))
}

/// `--platform` that comes to no platform at all.
fn platform_bad(study: &Study<'_>, number: usize, stage: &Stage) -> Option<Finding> {
    let bad: Vec<(Platform, &String)> = study
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
    Some(study.finding(Rule::StageUnresolved, stage.start, message))
}

/// `FROM build-$TARGETARCH` that names a stage for some platforms and none for others.
fn unresolved(study: &Study<'_>, number: usize, stage: &Stage) -> Option<Finding> {
    let finding = |message| Some(study.finding(Rule::StageUnresolved, stage.base.start(), message));
    let mut images: BTreeMap<&str, Vec<Platform>> = BTreeMap::new();
    for (platform, evaluated) in study.uses(number) {
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
    if images.is_empty() || references(stage.base.as_str(), study.file.escape).is_empty() {
        return None;
    }
    let chosen = chosen_by_any(study, number);
    if chosen.is_empty() {
        return None;
    }
    let missing: Vec<String> = images
        .iter()
        .map(|(name, platforms)| format!("`{name}` for {}", list(platforms)))
        .collect();
    let there: Vec<String> =
        chosen.iter().map(|it| format!("`{}`", study.file.stages[*it].name)).collect();
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
fn chosen_by_any(study: &Study<'_>, number: usize) -> BTreeSet<usize> {
    let asked = study.recipe.platforms.iter().copied();
    let all = asked.chain(Platform::ALL).chain(Platform::RARE);
    all.filter_map(|it| match study.evaluate(it).stages[number].base {
        Base::Stage(base) => Some(base),
        _ => None,
    })
    .collect()
}

/// A stage that is named for an architecture in a way that the builder never does.
fn never_chosen(study: &Study<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (number, stage) in study.file.stages.iter().enumerate() {
        let Some(pattern) = Pattern::of(stage, study.file.escape) else { continue };
        let chosen = chosen_by_any(study, number);
        if chosen.is_empty() {
            continue;
        }
        for (candidate, other) in study.file.stages.iter().enumerate().take(number) {
            let Some(middle) = pattern.middle(&other.name) else { continue };
            let is_used = chosen.contains(&candidate) || is_named(study, candidate, number);
            let Some(platform) = platform_of(study, middle, number).filter(|_| !is_used) else {
                continue;
            };
            let wanted = match &study.evaluate(platform).stages[number].base {
                Base::Image(name) => name.clone(),
                _ => continue,
            };
            let message = format!(
                "no platform uses stage `{}`; for {platform} the name is `{wanted}`",
                other.name
            );
            findings.push(study.finding(Rule::StageUnresolved, other.start, message));
        }
    }
    findings
}

/// Whether anything else names a stage.
fn is_named(study: &Study<'_>, candidate: usize, except: usize) -> bool {
    study.evaluated.iter().any(|evaluated| {
        let others = evaluated.stages.iter().enumerate().filter(|(number, _)| *number != except);
        others.into_iter().any(|(_, it)| it.is_built_on(candidate))
            || evaluated.needed.contains(&candidate)
    })
}

/// The usual platform of the architecture that a word names, if it finds no stage.
fn platform_of(study: &Study<'_>, word: &str, number: usize) -> Option<Platform> {
    let named = machines(word);
    let mut meant = Platform::ALL.into_iter().filter(|it| {
        named.contains(&it.elf_target().machine)
            && matches!(study.evaluate(*it).stages[number].base, Base::Image(_))
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
    fn of(stage: &Stage, escape: char) -> Option<Self> {
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
