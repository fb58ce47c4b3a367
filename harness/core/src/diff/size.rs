//! What the files of an image take, in all and by layer.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::change::{Change, ChangeKind};
use super::pair::{Common, Pair};
use crate::evidence::image::{Layer, Variant};
use crate::expectation::{Growth, SizeExpectation};
use crate::platform::Platform;
use crate::rules::Severity;
use crate::text::{line, shortened, size};

/// What is told without a limit: a change of at least a hundredth and this, in bytes …
const LEAST: u64 = 4 << 10;
/// … or of this, in bytes.
const LARGE: u64 = 1 << 20;
/// The layers that are told.
const LAYERS: usize = 5;
/// The letters of a layer's instruction that are shown.
const INSTRUCTION: usize = 80;

pub(super) fn compare(common: &Common<'_>, expected: &SizeExpectation) -> Option<Change> {
    let (old, new) = (total(common.old)?, total(common.new)?);
    let excess = excess(common, expected, old, new);
    let difference = old.abs_diff(new);
    let is_large = difference >= LARGE || (difference >= LEAST && difference >= old / 100);
    if excess.is_none() && !is_large {
        return None;
    }
    let (mut now, mut before) = (size(new), size(old));
    if now == before {
        (now, before) = (format!("{new} bytes"), format!("{old} bytes"));
    }
    let message = format!(
        "the files of the image take {now} now; before, {before} ({}){}",
        percent(old, new),
        excess.as_deref().unwrap_or_default()
    );
    let severity = if excess.is_some() { Severity::Error } else { Severity::Note };
    let change = Change::new(ChangeKind::Size, common.platform, message);
    Some(change.with_severity(severity).with_details(by_layer(common)))
}

/// The platforms that the old image does not have and that exceed a limit.
pub(super) fn added(pair: &Pair<'_>, expected: &SizeExpectation) -> Vec<Change> {
    let is_new = |it: &&Variant| !pair.common.iter().any(|common| common.platform == it.platform);
    let added = pair.new.image.variants.iter().filter(is_new);
    let changes = added.filter_map(|variant| {
        let total = total(variant)?;
        let excess = over_most(variant.platform, expected, total)?;
        let message = format!("the files of the image take {}{excess}", size(total));
        let change = Change::new(ChangeKind::Size, variant.platform, message);
        Some(change.with_severity(Severity::Error))
    });
    changes.collect()
}

/// Which limit the image exceeds, as the end of a sentence. A limit that the old image exceeded as much
/// is not exceeded by a change.
fn excess(common: &Common<'_>, expected: &SizeExpectation, old: u64, new: u64) -> Option<String> {
    let over_most = over_most(common.platform, expected, new).filter(|_| new > old);
    over_most.or_else(|| match expected.growth {
        Growth::AtMost(percent) => {
            let limit = u128::from(old) * u128::from(100 + percent);
            let is_more = u128::from(new) * 100 > limit;
            is_more.then(|| format!(", which is more than the {percent} % that it may grow by"))
        }
        Growth::Unset => None,
    })
}

/// That it takes more than its platform may, as the end of a sentence.
fn over_most(platform: Platform, expected: &SizeExpectation, total: u64) -> Option<String> {
    let most = expected.most.get(&platform).filter(|it| total > **it)?;
    Some(format!(", which is more than the {} that it may take", size(*most)))
}

/// What the files of all layers take; nothing where the evidence does not say.
fn total(variant: &Variant) -> Option<u64> {
    variant.layers.iter().map(|it| it.size).sum()
}

/// `+12.5 %`.
fn percent(old: u64, new: u64) -> String {
    if old == 0 {
        return "from nothing".to_owned();
    }
    let tenths = i128::from(new) * 1000 / i128::from(old) - 1000;
    let sign = if tenths < 0 { '-' } else { '+' };
    let tenths = tenths.unsigned_abs();
    format!("{sign}{}.{} %", tenths / 10, tenths % 10)
}

/// The layers that changed, by the instruction that made them, the most first.
fn by_layer(common: &Common<'_>) -> Vec<String> {
    let (old, new) = (sizes(&common.old.layers), sizes(&common.new.layers));
    let names = old.keys().chain(new.keys());
    let mut changed: Vec<(Reverse<u64>, &str, u64, u64)> = names
        .map(|name| {
            let of = |sizes: &BTreeMap<&str, u64>| sizes.get(name).copied().unwrap_or(0);
            (Reverse(of(&old).abs_diff(of(&new))), *name, of(&old), of(&new))
        })
        .filter(|it| it.0.0 > 0)
        .collect();
    changed.sort_unstable();
    changed.dedup();
    let told = changed.into_iter().take(LAYERS).map(|(Reverse(difference), name, old, new)| {
        let sign = if new < old { '-' } else { '+' };
        let name = if name.is_empty() { "a layer without history".to_owned() } else { line(name) };
        format!("{sign}{} in {}", size(difference), shortened(&name, INSTRUCTION))
    });
    told.collect()
}

fn sizes(layers: &[Layer]) -> BTreeMap<&str, u64> {
    let mut sizes = BTreeMap::new();
    for layer in layers {
        *sizes.entry(layer.created_by.as_str()).or_default() += layer.size.unwrap_or(0);
    }
    sizes
}
