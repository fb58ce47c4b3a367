use crate::fixture::Variant;

pub(in crate::rules) fn with(variables: &[&str]) -> Variant {
    Variant::healthy("linux/arm64").env(variables)
}
