//! What programs and images say of their build.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, SystemTime};

use crate::elf::GoBuild;
use crate::evidence::image::{Content, ImagePath, Node, Variant};
use crate::rules::analysis::parity::neutral;
use crate::rules::analysis::parity::own_files::own_files;
use crate::rules::analysis::parity::usual::{Odd, odd_ones};
use crate::rules::context::{Context, VariantContext};
use crate::rules::definition::{Check, Definition, Group, Needs};
use crate::rules::finding::Finding;
use crate::rules::rule::Rule;
use crate::rules::severity::Severity;

#[cfg(test)]
pub(in crate::rules) mod cases;
mod packages;

pub(in crate::rules) const RULE: Definition = Definition {
    rule: Rule::ParityBuildInfo,
    group: Group::Parity,
    severity: Severity::Warning,
    summary: "The platforms were not built from the same sources and versions.",
    page: include_str!("../../../pages/ParityBuildInfo.md"),
    needs: Needs::Image,
    check: Check::Image(check),
};

/// Labels that say which source an image was made of.
///
/// Source: OCI image-spec, annotations.md, "Pre-Defined Annotation Keys".
const LABELS: [&str; 2] = ["org.opencontainers.image.revision", "org.opencontainers.image.version"];

/// A platform that others left so far behind was forgotten. Official images are built anew every few
/// weeks, each platform on a day of its own.
const BEHIND: Duration = Duration::from_secs(90 * DAY);
const DAY: u64 = 24 * 60 * 60;

fn check(context: &Context<'_>) -> Vec<Finding> {
    let compared = context.comparable();
    let variants: Vec<&Variant> = compared.iter().map(|it| it.variant).collect();
    let mut findings = labels(&variants);
    findings.extend(left_behind(&variants));
    for programs in programs(&compared).values().filter(|it| it.len() > 1) {
        for (name, fact) in FACTS {
            let values: Vec<(&Variant, String)> =
                programs.iter().map(|it| (it.variant, fact(it.go))).collect();
            findings.extend(odd_ones(&values).iter().map(|odd| differs(odd, name, programs)));
        }
    }
    findings.extend(packages::check(&RULE, &variants));
    findings
}

fn labels(variants: &[&Variant]) -> Vec<Finding> {
    let of_label = |label: &&str| {
        let value =
            |it: &Variant| neutral::line(it.config.label(label).unwrap_or_default(), it.platform);
        let values: Vec<(&Variant, String)> = variants.iter().map(|it| (*it, value(it))).collect();
        let odd = odd_ones(&values);
        let finding = |odd: &Odd<'_, String>| {
            let message = format!(
                "the label {label} is {}, but on {} it is {}",
                or_none(odd.value),
                odd.holders,
                or_none(odd.usual)
            );
            RULE.of_platform(odd.variant.platform, message).with_values(odd.usual, odd.value)
        };
        odd.iter().map(finding).collect::<Vec<_>>()
    };
    LABELS.iter().flat_map(of_label).collect()
}

fn left_behind(variants: &[&Variant]) -> Vec<Finding> {
    let made = variants.iter().filter_map(|it| {
        let time = humantime::parse_rfc3339(&it.created).ok()?;
        // Builds that can be repeated state the beginning of Unix time, or a little later.
        let age = time.duration_since(SystemTime::UNIX_EPOCH).ok()?;
        (age > Duration::from_secs(366 * DAY)).then_some((*it, age))
    });
    let made: Vec<(&Variant, Duration)> = made.collect();
    let Some((newest, last)) = made.iter().max_by_key(|it| it.1) else { return Vec::new() };
    let is_behind = |it: &&(&Variant, Duration)| last.saturating_sub(it.1) > BEHIND;
    let finding = |(variant, age): &(&Variant, Duration)| {
        let days = last.saturating_sub(*age).as_secs() / DAY;
        let message =
            format!("the image was created {days} days before that of {}", newest.platform);
        RULE.of_platform(variant.platform, message)
            .with_severity(Severity::Note)
            .with_values(&newest.created, &variant.created)
    };
    made.iter().filter(is_behind).map(finding).collect()
}

/// A program that tells of its build.
struct Program<'a> {
    variant: &'a Variant,
    path: &'a ImagePath,
    node: &'a Node,
    go: &'a GoBuild,
}

type Fact = fn(&GoBuild) -> String;

/// What should not depend on the platform.
const FACTS: [(&str, Fact); 6] = [
    ("the toolchain", |it| it.version.clone()),
    ("the module's version", |it| format!("{} {}", it.module, it.module_version).trim().to_owned()),
    ("vcs.revision", |it| setting(it, "vcs.revision")),
    ("vcs.modified", |it| setting(it, "vcs.modified")),
    ("-tags", |it| setting(it, "-tags")),
    ("CGO_ENABLED", |it| setting(it, "CGO_ENABLED")),
];

fn setting(build: &GoBuild, name: &str) -> String {
    build.setting(name).unwrap_or_default().to_owned()
}

/// The Go programs that the image starts, and those that its author put there.
fn programs<'a>(variants: &[&VariantContext<'a>]) -> BTreeMap<String, Vec<Program<'a>>> {
    let mut programs: BTreeMap<String, Vec<Program<'a>>> = BTreeMap::new();
    for context in variants {
        let variant = context.variant;
        let machine = variant.platform.elf_target().machine;
        let launches = context.launches().iter().flatten();
        let started: BTreeSet<ImagePath> = launches.map(|it| it.file(&variant.files)).collect();
        let files = started.iter().filter_map(|it| variant.files.entry(it));
        let others = own_files(variant).filter(|it| !started.contains(it.0));
        for (path, node) in files.chain(others) {
            if let Some(Content::Elf(facts)) = node.content()
                && let Some(go) = &facts.go
            {
                let program = Program { variant, path, node, go };
                programs.entry(neutral::path(path, machine)).or_default().push(program);
            }
        }
    }
    // Several of one variant cannot be told apart.
    programs.retain(|_, it| {
        it.iter().all(|one| it.iter().filter(|o| std::ptr::eq(o.variant, one.variant)).count() == 1)
    });
    programs
}

fn differs(odd: &Odd<'_, String>, name: &str, programs: &[Program<'_>]) -> Finding {
    let message = format!(
        "{name} of the Go program is {}, but on {} it is {}",
        or_none(odd.value),
        odd.holders,
        or_none(odd.usual)
    );
    let of_variant = programs.iter().find(|it| std::ptr::eq(it.variant, odd.variant));
    let finding = match of_variant {
        Some(it) => RULE.of_file(it.variant, (it.path, it.node), message),
        None => RULE.of_platform(odd.variant.platform, message),
    };
    finding.with_values(odd.usual, odd.value)
}

fn or_none(value: &str) -> &str {
    if value.is_empty() { "(none)" } else { value }
}
