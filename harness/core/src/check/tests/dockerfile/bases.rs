//! Base images.

use super::{bad, good};
use crate::check::Rule;
use crate::check::tests::Case;
use crate::dockerfile::{BaseOffer, UnfitBase};

const DIGEST: &str =
    "debian@sha256:e623db73ed29c98a25e3d2ee7bd0f1b0e2c9e4b2d1f0a9b8c7d6e5f4a3b2c1d0";

/// A base image that has something else for a platform.
fn unfit(image: &str, platform: &str, offer: BaseOffer) -> UnfitBase {
    let platform = platform.parse().expect("a platform");
    UnfitBase { image: image.to_owned(), platform, offer }
}

fn others(platforms: &[&str]) -> BaseOffer {
    BaseOffer::Others(platforms.iter().map(|it| it.parse().expect("a platform")).collect())
}

fn one(platform: &str) -> BaseOffer {
    BaseOffer::One(platform.to_owned())
}

pub(super) fn cases() -> Vec<Case> {
    use Rule::{BasePinnedToOnePlatform as Pinned, BasePlatformMissing as Missing};
    let arm64 = "linux/arm64";
    let amd64 = "linux/amd64";
    let pinned = "FROM debian@sha256:e623db73ed29c98a25e3d2ee7bd0f1b0e2c9e4b2d1f0a9b8c7d6e5f4a3b2c1d0\nRUN x\n";
    vec![
        bad(Missing, "an index without it", "FROM debian\nRUN x\n", &["error - 1:6"])
            .asked(vec![unfit("debian", arm64, others(&[amd64, "linux/386"]))]),
        bad(Missing, "one image under a tag", "ARG V=1\nFROM tool:$V\nRUN x\n", &["error - 2:6"])
            .asked(vec![unfit("tool:1", arm64, one(amd64))]),
        bad(
            Missing,
            "one image that a compiler runs in",
            "FROM tool AS b\nRUN x\nFROM scratch\nCOPY --from=b /x /\n",
            &["error - 1:6"],
        )
        .asked(vec![unfit("tool", arm64, one(amd64))]),
        bad(
            Missing,
            "one image from which files are copied",
            "FROM data AS d\nFROM scratch\nCOPY --from=d /x /\n",
            &["warning - 1:6"],
        )
        .asked(vec![unfit("data", arm64, one(amd64))]),
        bad(Missing, "nothing that is known", "FROM debian\n", &["error - 1:6"])
            .asked(vec![unfit("debian", arm64, others(&[]))]),
        good(Missing, "every base has it", "FROM debian\nRUN x\n"),
        good(
            Missing,
            "a stage that is for the other platform",
            "FROM --platform=linux/arm64 a AS b\nFROM debian\nCOPY --from=b /x /\n",
        )
        .asked(vec![unfit("a", amd64, one(arm64))]),
        good(Missing, "a stage that nothing needs", "FROM old AS o\nFROM debian\n")
            .asked(vec![unfit("old", arm64, one(amd64))]),
        bad(Pinned, "the manifest's digest", pinned, &["error - 1:6"]).asked(vec![unfit(
            DIGEST,
            arm64,
            one(amd64),
        )]),
        good(Pinned, "the index's digest", pinned),
        good(
            Pinned,
            "a digest for the platform that it is of",
            "FROM debian@sha256:1 AS base-amd64\nFROM debian@sha256:2 AS base-arm64\nFROM base-$TARGETARCH\n",
        ),
    ]
}
