//! What `docs/claims.md` says, as far as the cases do not say it themselves.

use std::collections::BTreeSet;

use crate::common::{Project, Said, archproof, root};
use rstest::rstest;

/// The names of the cases that a text has, as `cases/name`.
fn cases_in(text: &str) -> BTreeSet<&str> {
    let is_of_name = |it: char| it.is_ascii_alphanumeric() || it == '-';
    text.split("cases/")
        .skip(1)
        .map(|it| it.split(|it| !is_of_name(it)).next().unwrap_or(it))
        .collect()
}

#[test]
fn every_claim_is_settled_by_cases_that_exist() {
    let text = std::fs::read_to_string(root().join("docs/claims.md")).expect("the claims");
    let claims: Vec<&str> = text.split("\n## ").skip(1).collect();
    let numbers: Vec<&str> = claims.iter().filter_map(|it| it.split('.').next()).collect();
    assert_eq!(numbers, ["1", "2", "3", "4", "5", "6", "7", "8"]);
    for claim in claims {
        let heading = claim.lines().next();
        let cases = cases_in(claim);
        assert!(!cases.is_empty(), "no case settles {heading:?}");
        for name in cases {
            let case = root().join("cases").join(name).join("case.toml");
            let snapshot = root().join("snapshots").join(name).with_extension("snap");
            assert!(case.is_file(), "{heading:?}: there is no case `{name}`");
            assert!(snapshot.is_file(), "{heading:?}: nothing is known of `{name}`");
        }
    }
}

/// Each execution of the step writes another number, and every image prints the one that it got.
const ABOVE: &str = "\
FROM --platform=$BUILDPLATFORM busybox AS builder
COPY seed /
RUN head -c 16 /dev/urandom | od -A n -t x1 > /number
ARG TARGETARCH
RUN echo $TARGETARCH > /arch
FROM busybox
COPY --from=builder /number /arch /
ENTRYPOINT [\"cat\", \"/number\"]
";

fn above_a_copy() -> String {
    ABOVE.replace("RUN echo $TARGETARCH > /arch", "COPY $TARGETARCH /arch")
}

/// The declaration is moved above the step, which does not use it.
fn below() -> String {
    let without = ABOVE.replace("ARG TARGETARCH\n", "");
    without.replace("COPY seed /\n", "COPY seed /\nARG TARGETARCH\n")
}

#[rstest]
#[case::above(ABOVE.to_owned(), 0, "once for all 3 native")]
#[case::above_a_copy(above_a_copy(), 0, "once for all 3 native")]
#[case::below(below(), 1, "1 × native, 2 × cross")]
fn with_a_cold_cache_the_arg_decides_what_is_executed_once(
    #[case] dockerfile: String,
    #[case] status: i32,
    #[case] executed: &str,
) {
    let case = "[build]\nplatforms = [\"linux/amd64\", \"linux/arm64\", \"linux/riscv64\"]\n\
                [run]\nargs = []\nparity = \"stdout\"\n";
    let project = Project::new(&[
        ("Dockerfile", &dockerfile),
        ("archproof.toml", case),
        ("amd64", ""),
        ("arm64", ""),
        ("riscv64", ""),
    ]);
    // Builds at the same time have steps in common too.
    std::fs::write(project.path("seed"), project.folder().display().to_string()).expect("a file");
    let mut command = archproof();
    let said = Said::by(command.args(["verify", "--no-cache"]).arg(project.folder()));
    assert_eq!(said.status, Some(status), "{said}");
    let steps: Vec<&str> = said.stdout.lines().filter(|it| it.contains("RUN head ")).collect();
    let [step] = steps.as_slice() else { panic!("it has one line: {said}") };
    assert!(step.contains(executed), "{said}");
    assert!(!step.contains("cached"), "{said}");
    assert_eq!(said.stdout.contains("error[ParityOutput]"), status == 1, "{said}");
}
