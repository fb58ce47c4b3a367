//! What most platforms have, and which have something else.

use crate::evidence::image::Variant;
use crate::platform::Platform;

/// A platform that has something else than most.
pub(in crate::rules) struct Odd<'a, T> {
    pub(in crate::rules) variant: &'a Variant,
    pub(in crate::rules) value: &'a T,
    /// What most have.
    pub(in crate::rules) usual: &'a T,
    /// Who has it: `linux/amd64 and 6 others`.
    pub(in crate::rules) holders: String,
}

/// The platforms that differ from most. Where as many have the one as the other, the first counts
/// as usual: a difference has two sides, and is reported once.
pub(in crate::rules) fn odd_ones<'a, T: PartialEq>(
    values: &'a [(&'a Variant, T)],
) -> Vec<Odd<'a, T>> {
    let count = |value: &T| values.iter().filter(|it| it.1 == *value).count();
    // The last of equals is what `max_by_key` takes.
    let Some((_, usual)) = values.iter().rev().max_by_key(|it| count(&it.1)) else {
        return Vec::new();
    };
    let holders = values.iter().filter(|it| it.1 == *usual).map(|it| it.0.platform);
    let holders = listed(holders);
    let odd = values.iter().filter(|it| it.1 != *usual);
    odd.map(|(variant, value)| Odd { variant, value, usual, holders: holders.clone() }).collect()
}

/// `linux/amd64`, `linux/amd64 and linux/arm64`, `linux/amd64 and 6 others`.
pub(in crate::rules) fn listed(platforms: impl IntoIterator<Item = Platform>) -> String {
    let platforms: Vec<Platform> = platforms.into_iter().collect();
    match platforms.as_slice() {
        [] => "none".to_owned(),
        [one] => one.to_string(),
        [one, other] => format!("{one} and {other}"),
        [one, others @ ..] => format!("{one} and {} others", others.len()),
    }
}
