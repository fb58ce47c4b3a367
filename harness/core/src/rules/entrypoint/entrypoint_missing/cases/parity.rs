use crate::fixture::{Layer, Variant};
use crate::rules::entrypoint::entrypoint_missing::RULE;
use crate::rules::tests::parity::but_for;
use crate::rules::tests::{Case, caught};

pub(super) fn cases() -> Vec<Case> {
    let plain = |it: Variant| it;
    vec![caught(
        RULE.rule,
        "what is missing of the command is said once",
        but_for("linux/arm64", plain, |_| {
            Variant::new("linux/arm64")
                .layer(Layer::new().file("data", 0o644, "x"))
                .entrypoint(&["/app"])
        }),
        &["error linux/arm64 /app"],
    )]
}
