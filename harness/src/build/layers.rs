//! Tells an image without any layer from the Dockerfile alone.
//!
//! BuildKit before 0.23 dereferences a nil pointer when it exports such an image as an OCI
//! layout for several platforms, and takes the whole engine down with it
//! ([moby/buildkit#5993](https://github.com/moby/buildkit/issues/5993)). Such a plan must not be
//! sent to it.

/// The instructions that make no layer. Any other might, or is an error that BuildKit reports.
const ADDS_NOTHING: [&str; 12] = [
    "ARG",
    "CMD",
    "ENTRYPOINT",
    "ENV",
    "EXPOSE",
    "HEALTHCHECK",
    "LABEL",
    "MAINTAINER",
    "SHELL",
    "STOPSIGNAL",
    "USER",
    "VOLUME",
];

/// A stage of a Dockerfile.
struct Stage {
    name: Option<String>,
    base: String,
    adds: bool,
}

/// Whether the target has no layer for certain: where the Dockerfile leaves it open, it has.
pub(super) fn has_no_layer(dockerfile: &str, target: Option<&str>) -> bool {
    // Lines of a here-document look like instructions.
    if dockerfile.contains("<<") {
        return false;
    }
    let stages = stages(dockerfile);
    let last = stages.len().checked_sub(1);
    let index = match target {
        None => last,
        Some(target) => find(&stages, target).or_else(|| target.parse().ok()),
    };
    index.is_some_and(|it| is_empty(&stages, it))
}

fn is_empty(stages: &[Stage], index: usize) -> bool {
    let Some(stage) = stages.get(index) else { return false };
    if stage.adds {
        return false;
    }
    // A stage builds on earlier ones alone, so this comes to an end.
    match find(&stages[..index], &stage.base) {
        Some(base) => is_empty(stages, base),
        None => stage.base == "scratch",
    }
}

fn find(stages: &[Stage], name: &str) -> Option<usize> {
    let is_named =
        |stage: &Stage| stage.name.as_ref().is_some_and(|it| it.eq_ignore_ascii_case(name));
    stages.iter().rposition(is_named)
}

fn stages(dockerfile: &str) -> Vec<Stage> {
    let mut stages: Vec<Stage> = Vec::new();
    for line in instructions(dockerfile) {
        let mut words = line.split_whitespace();
        let instruction = words.next().unwrap_or_default().to_ascii_uppercase();
        if instruction == "FROM" {
            let mut words = words.filter(|word| !word.starts_with("--"));
            let base = words.next().unwrap_or_default().to_owned();
            let name = words.nth(1).map(str::to_owned);
            stages.push(Stage { name, base, adds: false });
        } else if let Some(stage) = stages.last_mut() {
            stage.adds |= !ADDS_NOTHING.contains(&instruction.as_str());
        }
    }
    stages
}

/// The instructions, each on one line, without comments. The escape character may be set to a
/// backtick, which this takes for text: then lines are taken apart that belong together, and at
/// worst a layer is seen that is none.
fn instructions(dockerfile: &str) -> Vec<String> {
    let mut instructions = Vec::new();
    let mut open = String::new();
    let is_text = |line: &&str| !line.is_empty() && !line.starts_with('#');
    for line in dockerfile.lines().map(str::trim).filter(is_text) {
        match line.strip_suffix('\\') {
            Some(start) => {
                open.push_str(start);
                open.push(' ');
            }
            None => instructions.push(std::mem::take(&mut open) + line),
        }
    }
    instructions
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_without_layers_is_told_by_its_dockerfile() {
        for (dockerfile, target, expected) in [
            ("FROM scratch", None, true),
            ("from scratch\nLABEL a=b\nCMD [\"/x\"]", None, true),
            ("FROM --platform=linux/arm64 scratch AS x\nFROM x", None, true),
            ("FROM scratch AS a\nFROM busybox AS b\nRUN x", Some("A"), true),
            ("FROM scratch AS a\nFROM busybox AS b\nRUN x", Some("0"), true),
            ("FROM scratch AS a\nFROM busybox AS b\nRUN x", None, false),
            ("FROM scratch\nCOPY a /", None, false),
            ("FROM scratch\nCOPPY a /", None, false),
            ("FROM scratch AS x\nCOPY a /\nFROM x", None, false),
            ("FROM scratch\nENV a=\\\n  COPY", None, true),
            ("FROM scratch\n# COPY a /\n", None, true),
            ("FROM busybox", None, false),
            ("ARG base=scratch\nFROM $base", None, false),
            ("FROM scratch\nRUN <<EOF\nFROM scratch\nEOF", None, false),
            ("FROM scratch AS a", Some("nosuch"), false),
            ("", None, false),
        ] {
            assert_eq!(has_no_layer(dockerfile, target), expected, "{dockerfile:?} {target:?}");
        }
    }
}
