//! A user or group that the image does not have.

use crate::launch::Account;
use crate::rules::context::VariantContext;
use crate::rules::definition::{Check, Definition, Group, Needs};
use crate::rules::finding::Finding;
use crate::rules::rule::Rule;
use crate::rules::severity::Severity;

#[cfg(test)]
pub(in crate::rules) mod cases;

pub(in crate::rules) const RULE: Definition = Definition {
    rule: Rule::UserMissing,
    group: Group::Entrypoint,
    severity: Severity::Error,
    summary: "The image's user or group is not in /etc/passwd or /etc/group, or is not a valid ID.",
    page: include_str!("../../../pages/UserMissing.md"),
    needs: Needs::Image,
    check: Check::Variant(check),
};

fn check(context: &VariantContext<'_>) -> Vec<Finding> {
    let variant = context.variant;
    if variant.files.is_empty() {
        return Vec::new();
    }
    let user = &variant.config.user;
    let error = Account::resolve(&variant.files, user).err();
    let message = |error| format!("the image runs as `{user}`, but {error}");
    error.map(|it| RULE.of_platform(variant.platform, message(it))).into_iter().collect()
}
