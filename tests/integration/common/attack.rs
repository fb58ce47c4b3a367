//! What an attack on archproof ended as, in the lines that `ci/hostile` counts.

#![expect(clippy::print_stdout, reason = "these lines are what the tests are run for")]

/// An attack that ended as it has to.
pub(crate) fn held(name: &str, ended: &str) {
    println!("attack: {name}: held: {ended}");
}

/// An attack that did something else.
pub(crate) fn broken(name: &str, ended: &str) {
    println!("attack: {name}: BROKEN: {ended}");
}
