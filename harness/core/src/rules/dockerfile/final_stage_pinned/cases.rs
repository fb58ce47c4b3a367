use crate::rules::dockerfile::final_stage_pinned::RULE;
use crate::rules::tests::dockerfile::{V6, bad, good, image};
use crate::rules::tests::{Case, caught};

pub(in crate::rules) fn cases() -> Vec<Case> {
    vec![
        caught(RULE.rule, "the variant is left out", image(V6), &["error - 1:6"])
            .requesting(V6)
            .by("FROM --platform=$TARGETOS/$TARGETARCH php:8\n"),
        good(
            RULE.rule,
            "an argument whose name begins as the builder's",
            "ARG TARGET_PLATFORM=linux/amd64\nFROM --platform=$TARGET_PLATFORM php:8\n",
        ),
        bad(RULE.rule, "the platform that builds", "FROM --platform=$BUILDPLATFORM php:8\n", &["error - 1:6"]),
        bad(RULE.rule, "a constant", "FROM --platform=linux/arm64 php:8\nRUN x\n", &["error - 1:6"]),
        bad(
            RULE.rule,
            "of an image without programs",
            "FROM --platform=$BUILDPLATFORM gcr.io/distroless/static-debian12:nonroot\nCOPY tool /\n",
            &["note - 1:6"],
        ),
        bad(
            RULE.rule,
            "of an image with programs of their kind",
            "FROM --platform=$BUILDPLATFORM gcr.io/distroless/base-debian12\nCOPY tool /\n",
            &["error - 1:6"],
        ),
        bad(
            RULE.rule,
            "a constant, with what is for it",
            "FROM --platform=linux/amd64 debian\nRUN curl -O https://example.com/tool-amd64\n",
            &["error - 1:6"],
        ),
        bad(
            RULE.rule,
            "by the stage that it is built on",
            "FROM --platform=linux/amd64 debian AS base\nRUN x\nFROM --platform=$TARGETPLATFORM base\n",
            &["error - 1:6"],
        )
        .besides(&["StagePlatformIgnored warning - 3:1"]),
        bad(
            RULE.rule,
            "by an argument that shadows the builder's",
            "ARG BUILDPLATFORM=linux/amd64\nFROM --platform=${BUILDPLATFORM} debian\n",
            &["error - 2:6"],
        ),
        bad(
            RULE.rule,
            "cross-compiled in the image itself",
            "FROM --platform=$BUILDPLATFORM golang\nARG TARGETPLATFORM\nRUN xx-go build -o /tool\nENTRYPOINT [\"/tool\"]\n",
            &["error - 1:6"],
        ),
        good(
            RULE.rule,
            "a check for each platform, which nobody publishes",
            "FROM --platform=$BUILDPLATFORM golang AS base\nCOPY --from=xx / /\nFROM base\nARG TARGETPLATFORM\n\
             RUN --mount=target=. xx-go --wrap && golangci-lint run\n",
        ),
        good(RULE.rule, "the target", "FROM --platform=$TARGETPLATFORM php:8\n"),
        good(RULE.rule, "the target, or a fallback", "FROM --platform=${TARGETPLATFORM:-linux/amd64} php:8\n"),
        good(
            RULE.rule,
            "a stage for each platform",
            "FROM --platform=linux/amd64 server AS build-amd64\n\
             FROM --platform=linux/arm64 server-arm64 AS build-arm64\nFROM build-$TARGETARCH\n",
        ),
        good(
            RULE.rule,
            "a builder",
            "FROM --platform=$BUILDPLATFORM node AS a\nRUN npm ci\nFROM nginx\nCOPY --from=a /dist /www\n",
        ),
        good(RULE.rule, "nothing has no platform", "FROM --platform=$BUILDPLATFORM scratch\nCOPY a /\n"),
        good(
            RULE.rule,
            "an argument that whoever builds sets",
            "ARG ARCH=amd64\nFROM --platform=linux/$ARCH alpine\n",
        ),
    ]
}
