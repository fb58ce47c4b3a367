use crate::dockerfile::BaseOffer;
use crate::rules::dockerfile::base_platform_missing::RULE;
use crate::rules::tests::Case;
use crate::rules::tests::dockerfile::bases::{one, unfit};
use crate::rules::tests::dockerfile::{bad, good};

fn others(platforms: &[&str]) -> BaseOffer {
    BaseOffer::Others(platforms.iter().map(|it| it.parse().expect("a platform")).collect())
}

pub(in crate::rules) fn cases() -> Vec<Case> {
    let arm64 = "linux/arm64";
    let amd64 = "linux/amd64";
    vec![
        bad(RULE.rule, "an index without it", "FROM debian\nRUN x\n", &["error - 1:6"])
            .asked(vec![unfit("debian", arm64, others(&[amd64, "linux/386"]))]),
        bad(RULE.rule, "one image under a tag", "ARG V=1\nFROM tool:$V\nRUN x\n", &["error - 2:6"])
            .asked(vec![unfit("tool:1", arm64, one(amd64))]),
        bad(
            RULE.rule,
            "one image that a compiler runs in",
            "FROM tool AS b\nRUN x\nFROM scratch\nCOPY --from=b /x /\n",
            &["error - 1:6"],
        )
        .asked(vec![unfit("tool", arm64, one(amd64))]),
        bad(
            RULE.rule,
            "one image from which files are copied",
            "FROM data AS d\nFROM scratch\nCOPY --from=d /x /\n",
            &["warning - 1:6"],
        )
        .asked(vec![unfit("data", arm64, one(amd64))]),
        bad(RULE.rule, "nothing that is known", "FROM debian\n", &["error - 1:6"])
            .asked(vec![unfit("debian", arm64, others(&[]))]),
        good(RULE.rule, "every base has it", "FROM debian\nRUN x\n"),
        good(
            RULE.rule,
            "a stage that is for the other platform",
            "FROM --platform=linux/arm64 a AS b\nFROM debian\nCOPY --from=b /x /\n",
        )
        .asked(vec![unfit("a", amd64, one(arm64))]),
        good(RULE.rule, "a stage that nothing needs", "FROM old AS o\nFROM debian\n")
            .asked(vec![unfit("old", arm64, one(amd64))]),
    ]
}
