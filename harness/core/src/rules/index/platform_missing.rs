//! A platform that was asked for, and that the index does not have.

use std::collections::BTreeSet;

use crate::platform::Platform;
use crate::rules::context::Context;
use crate::rules::definition::{Check, Definition, Group, Needs};
use crate::rules::finding::Finding;
use crate::rules::rule::Rule;
use crate::rules::severity::Severity;

#[cfg(test)]
pub(in crate::rules) mod cases;

pub(in crate::rules) const RULE: Definition = Definition {
    rule: Rule::PlatformMissing,
    group: Group::Index,
    severity: Severity::Error,
    summary: "A requested platform is missing from the index.",
    page: include_str!("../../../pages/PlatformMissing.md"),
    needs: Needs::Image,
    check: Check::Image(check),
};

fn check(context: &Context<'_>) -> Vec<Finding> {
    let image = context.image;
    if image.unreadable.iter().any(|it| it.platform.is_none()) {
        // It may be that one.
        return Vec::new();
    }
    let there: BTreeSet<Platform> = image.entries().map(|it| it.0).collect();
    let all: BTreeSet<Platform> = there.iter().chain(&image.unread).copied().collect();
    let list: Vec<String> = all.iter().map(ToString::to_string).collect();
    let list = if list.is_empty() { "none".to_owned() } else { list.join(", ") };
    let missing = image.requested.iter().filter(|platform| !there.contains(platform));
    let finding = |platform: &Platform| {
        let message =
            format!("{platform} was requested, but the index does not have it; it has {list}");
        RULE.of_platform(*platform, message)
    };
    missing.map(finding).collect()
}
