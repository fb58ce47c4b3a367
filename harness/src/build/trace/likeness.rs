//! Steps whose results cannot differ, although BuildKit's digests of them do.
//!
//! BuildKit executes a step once for each platform when a build argument of its own, such as
//! `TARGETARCH`, is declared above it: the argument is in the step's environment, used or not. That
//! the result does not depend on it can be proved of few commands only: any program may read its
//! environment.

use serde_json::Value;

use super::node::Node;
use crate::oci::Digest;

/// The build arguments that BuildKit sets by itself and that differ from platform to platform.
///
/// Source: [Dockerfile reference](https://docs.docker.com/reference/dockerfile/#automatic-platform-args-in-the-global-scope).
const OF_PLATFORM: [&str; 4] = ["TARGETPLATFORM", "TARGETOS", "TARGETARCH", "TARGETVARIANT"];

/// Commands that read none of these, by their first words.
const INDEPENDENT: [&[&str]; 11] = [
    &["apk", "add"],
    &["apk", "update"],
    &["apt-get", "clean"],
    &["apt-get", "install"],
    &["apt-get", "update"],
    &["cargo", "fetch"],
    &["cd"],
    &["go", "mod", "download"],
    &["mkdir"],
    &["rm"],
    &["true"],
];

/// A digest that two steps share only if they do the same to the same. The inputs' likenesses are
/// in their order.
pub(super) fn likeness(node: &Node, inputs: &[Digest]) -> Digest {
    let mut op = node.op.op.clone();
    let meta = op.pointer_mut("/exec/meta").filter(|it| is_independent(&it["args"]));
    if let Some(environment) = meta.and_then(|it| it["env"].as_array_mut()) {
        environment.retain(|it| !is_of_platform(it));
    }
    digest(&op, node, inputs)
}

/// A digest that steps share which BuildKit executes as one, in the same build.
///
/// The build context is asked for with the paths that the Dockerfile takes from it. Where a `COPY` names the
/// platform these differ, and with them the digests of every step that depends on the context. What
/// tells steps apart is the contents of the files that they take, as soon as BuildKit knows them: then
/// steps that are the same become one, and the progress calls the others cached.
///
/// Source: moby/buildkit, `solver/scheduler.go` (`mergeTo`).
pub(super) fn identity(node: &Node, inputs: &[Digest]) -> Digest {
    let mut op = node.op.op.clone();
    if let Some(attributes) = op.pointer_mut("/source/attrs").and_then(Value::as_object_mut) {
        attributes.remove("local.followpaths");
    }
    digest(&op, node, inputs)
}

fn digest(op: &Value, node: &Node, inputs: &[Digest]) -> Digest {
    let platform = node.op.platform.as_ref();
    let platform = platform.map(|it| format!("{}/{}/{}", it.os, it.architecture, it.variant));
    let inputs: Vec<String> = inputs.iter().map(ToString::to_string).collect();
    // Keys are sorted.
    Digest::of(serde_json::json!([op, platform, inputs]).to_string().as_bytes())
}

fn is_of_platform(variable: &Value) -> bool {
    let name = variable.as_str().and_then(|it| it.split_once('=')).map(|it| it.0);
    name.is_some_and(|it| OF_PLATFORM.contains(&it))
}

/// Whether a command consists of nothing but such commands and fixed words.
fn is_independent(args: &Value) -> bool {
    let Some(args) = args.as_array() else { return false };
    let args: Vec<&str> = args.iter().filter_map(Value::as_str).collect();
    let [shell, "-c", script] = args.as_slice() else { return false };
    // What is joined by `&&` or `;` is taken apart; whatever else a shell can do is not.
    let joined = script.replace("&&", ";").replace("\\\n", " ");
    *shell == "/bin/sh"
        && !joined.contains(['$', '`', '|', '<', '>', '(', ')', '&', '\\', '\n'])
        && joined.split(';').all(|it| is_known(&it.split_whitespace().collect::<Vec<_>>()))
}

fn is_known(words: &[&str]) -> bool {
    INDEPENDENT.iter().any(|known| words.starts_with(known))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_cannot_look_at_the_platform_is_independent() {
        for (script, expected) in [
            ("go mod download", true),
            ("apt-get update && apt-get install -y gcc && rm -rf /var/lib/apt/lists/*", true),
            ("apt-get update; apt-get install -y gcc", true),
            ("apt-get update && \\\n  apt-get install -y gcc", true),
            ("go build ./...", false),
            ("make", false),
            ("mkdir /$TARGETARCH", false),
            ("mkdir `uname -m`", false),
            ("go mod download && ./configure", false),
            ("go mod download & ./configure", false),
            ("go mod download\n./configure", false),
            ("go mod download > $(x)", false),
            ("", false),
        ] {
            let args = serde_json::json!(["/bin/sh", "-c", script]);
            assert_eq!(is_independent(&args), expected, "{script}");
        }
        assert!(!is_independent(&serde_json::json!(["go", "mod", "download"])));
        assert!(!is_independent(&Value::Null));
    }
}
