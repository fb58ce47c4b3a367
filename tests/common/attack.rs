//! The line that says how an attack ended: `ci/hostile` sums them.

/// Says that an attack held, and what it ended as. One that does not hold fails its test instead.
#[allow(clippy::print_stdout, reason = "ci/hostile reads it")]
pub(crate) fn held(name: &str, ended: &str) {
    println!("attack: {name}: held: {ended}");
}
