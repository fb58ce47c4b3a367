//! A descriptor and a config that name different platforms.

use crate::platform::Platform;
use crate::rules::context::VariantContext;
use crate::rules::definition::{Check, Definition, Group, Needs};
use crate::rules::finding::Finding;
use crate::rules::rule::Rule;
use crate::rules::severity::Severity;

#[cfg(test)]
pub(in crate::rules) mod cases;

pub(in crate::rules) const RULE: Definition = Definition {
    rule: Rule::PlatformDescriptorMismatch,
    group: Group::Index,
    severity: Severity::Error,
    summary: "The index and the image config name different platforms.",
    page: include_str!("../../../pages/PlatformDescriptorMismatch.md"),
    needs: Needs::Image,
    check: Check::Variant(check),
};

/// A config without a variant makes no claim about it: builders leave it out.
fn check(context: &VariantContext<'_>) -> Vec<Finding> {
    let (stated, platform) = (&context.variant.config_platform, context.variant.platform);
    let normalised = Platform::from_parts(&stated.os, &stated.architecture, &stated.variant);
    let agrees = match normalised {
        Ok(own) if stated.variant.is_empty() => {
            own.architecture_name() == platform.architecture_name()
        }
        Ok(own) => own == platform,
        Err(_) => false,
    };
    if agrees {
        return Vec::new();
    }
    let message = format!("the index says {platform}, but the image config says {stated}");
    vec![RULE.of_platform(platform, message).with_values(&platform, stated)]
}
