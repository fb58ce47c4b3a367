//! Stages.

use super::{V6, bad, bad_for_four, good, good_for_four, image};
use crate::check::Rule;
use crate::check::tests::{Case, caught};

pub(super) fn cases() -> Vec<Case> {
    [pinned(), ignored(), unresolved()].into_iter().flatten().collect()
}

fn pinned() -> Vec<Case> {
    const RULE: Rule = Rule::FinalStagePinned;
    vec![
        caught(RULE, "the variant is left out", image(V6), &["error - 1:6"])
            .requesting(V6)
            .by("FROM --platform=$TARGETOS/$TARGETARCH php:8\n"),
        good(
            RULE,
            "an argument whose name begins as the builder's",
            "ARG TARGET_PLATFORM=linux/amd64\nFROM --platform=$TARGET_PLATFORM php:8\n",
        ),
        bad(RULE, "the platform that builds", "FROM --platform=$BUILDPLATFORM php:8\n", &["error - 1:6"]),
        bad(RULE, "a constant", "FROM --platform=linux/arm64 php:8\nRUN x\n", &["error - 1:6"]),
        bad(
            RULE,
            "of an image without programs",
            "FROM --platform=$BUILDPLATFORM gcr.io/distroless/static-debian12:nonroot\nCOPY tool /\n",
            &["note - 1:6"],
        ),
        bad(
            RULE,
            "of an image with programs of their kind",
            "FROM --platform=$BUILDPLATFORM gcr.io/distroless/base-debian12\nCOPY tool /\n",
            &["error - 1:6"],
        ),
        bad(
            RULE,
            "a constant, with what is for it",
            "FROM --platform=linux/amd64 debian\nRUN curl -O https://example.com/tool-amd64\n",
            &["error - 1:6"],
        ),
        bad(
            RULE,
            "by the stage that it is built on",
            "FROM --platform=linux/amd64 debian AS base\nRUN x\nFROM --platform=$TARGETPLATFORM base\n",
            &["error - 1:6"],
        )
        .besides(&["StagePlatformIgnored warning - 3:1"]),
        bad(
            RULE,
            "by an argument that shadows the builder's",
            "ARG BUILDPLATFORM=linux/amd64\nFROM --platform=${BUILDPLATFORM} debian\n",
            &["error - 2:6"],
        ),
        bad(
            RULE,
            "cross-compiled in the image itself",
            "FROM --platform=$BUILDPLATFORM golang\nARG TARGETPLATFORM\nRUN xx-go build -o /tool\nENTRYPOINT [\"/tool\"]\n",
            &["error - 1:6"],
        ),
        good(
            RULE,
            "a check for each platform, which nobody publishes",
            "FROM --platform=$BUILDPLATFORM golang AS base\nCOPY --from=xx / /\nFROM base\nARG TARGETPLATFORM\n\
             RUN --mount=target=. xx-go --wrap && golangci-lint run\n",
        ),
        good(RULE, "the target", "FROM --platform=$TARGETPLATFORM php:8\n"),
        good(RULE, "the target, or a fallback", "FROM --platform=${TARGETPLATFORM:-linux/amd64} php:8\n"),
        good(
            RULE,
            "a stage for each platform",
            "FROM --platform=linux/amd64 server AS build-amd64\n\
             FROM --platform=linux/arm64 server-arm64 AS build-arm64\nFROM build-$TARGETARCH\n",
        ),
        good(
            RULE,
            "a builder",
            "FROM --platform=$BUILDPLATFORM node AS a\nRUN npm ci\nFROM nginx\nCOPY --from=a /dist /www\n",
        ),
        good(RULE, "nothing has no platform", "FROM --platform=$BUILDPLATFORM scratch\nCOPY a /\n"),
        good(
            RULE,
            "an argument that whoever builds sets",
            "ARG ARCH=amd64\nFROM --platform=linux/$ARCH alpine\n",
        ),
    ]
}

fn ignored() -> Vec<Case> {
    const RULE: Rule = Rule::StagePlatformIgnored;
    vec![
        bad(
            RULE,
            "the stage is of the target",
            "FROM node AS base\nRUN x\nFROM --platform=$BUILDPLATFORM base AS js\nRUN npm ci\n\
             FROM base\nCOPY --from=js /dist /dist\n",
            &["warning - 3:1"],
        ),
        bad(
            RULE,
            "the stage is chosen by a variable",
            "FROM alpine AS alpine-amd64\nFROM alpine AS alpine-arm64\n\
             FROM --platform=$BUILDPLATFORM alpine-$BUILDARCH AS a\nRUN x\nFROM scratch\nCOPY --from=a /x /\n",
            &["warning - 3:1"],
        ),
        good(
            RULE,
            "it says what is so anyway",
            "FROM --platform=$BUILDPLATFORM node AS base\nRUN x\nFROM --platform=$BUILDPLATFORM base AS js\n\
             RUN npm ci\nFROM nginx\nCOPY --from=js /dist /dist\n",
        ),
        good(
            RULE,
            "an image of a similar name",
            "FROM node AS base\nRUN x\nFROM --platform=$BUILDPLATFORM base:1 AS js\nRUN npm ci\n\
             FROM base\nCOPY --from=js /dist /dist\n",
        ),
    ]
}

fn unresolved() -> Vec<Case> {
    const RULE: Rule = Rule::StageUnresolved;
    vec![
        bad(
            RULE,
            "no stage for a platform",
            "FROM debian AS build-amd64\nFROM build-$TARGETARCH\n",
            &["error - 2:6"],
        ),
        bad_for_four(
            RULE,
            "no stage for variants",
            "FROM debian AS build-386\nFROM debian AS build-amd64\nFROM debian AS build-arm64\n\
             FROM debian AS build-armv6\nFROM build-$TARGETARCH$TARGETVARIANT\n",
            &["error - 5:6"],
        ),
        bad(
            RULE,
            "a stage that no platform chooses",
            "FROM debian AS build-amd64\nFROM debian AS build-arm64\nFROM debian AS build-armv7\n\
             FROM build-$TARGETARCH\n",
            &["error - 3:1"],
        ),
        good_for_four(
            RULE,
            "a stage for a platform that nobody asked for",
            "FROM debian AS b-amd64\nFROM debian AS b-arm64\nFROM debian AS b-386\nFROM debian AS b-armv7\n\
             FROM debian AS b-armv5\nFROM debian AS b-ppc64\nFROM b-$TARGETARCH$TARGETVARIANT\n",
        ),
        bad(
            RULE,
            "a stage by a name with capitals",
            "FROM debian AS Base-amd64\nFROM debian AS Base-arm64\nFROM Base-$TARGETARCH\n",
            &["error - 3:6"],
        ),
        good(
            RULE,
            "capitals where they may be",
            "FROM debian AS Base\nFROM base\nFROM Registry.example.com/tool:V1\nCOPY --from=Base / /\n",
        ),
        bad(RULE, "a variable that nobody declares", "FROM debian:${X:?unset}\n", &["error - 1:6"]),
        good(RULE, "a variable that the user has to set", "ARG X\nFROM debian:${X:?unset}\n"),
        bad(RULE, "a variable that is empty", "FROM $TARGET_IMAGE\n", &["error - 1:6"]),
        bad(
            RULE,
            "no name of an image",
            "FROM debian AS base\nARG WORKER=cpu\nFROM runtime-$WORKER\n",
            &["error - 3:6"],
        ),
        bad(
            RULE,
            "a platform that is empty",
            "FROM --platform=$PLATFORM debian\n",
            &["error - 1:1"],
        ),
        good(
            RULE,
            "a stage for each",
            "FROM debian AS build-amd64\nFROM debian AS build-arm64\nFROM build-$TARGETARCH\n",
        ),
        good_for_four(
            RULE,
            "one stage for all variants",
            "FROM debian AS build-386\nFROM debian AS build-amd64\nFROM debian AS build-arm64\n\
             FROM debian AS build-arm\nFROM build-$TARGETARCH\n",
        ),
        good(RULE, "images for each", "FROM example.com/base-$TARGETARCH\n"),
        good(
            RULE,
            "what whoever builds has to say",
            "ARG BASE\nARG OTHER=$BASE-x\nFROM $BASE AS a\nFROM $OTHER\n",
        ),
        good(
            RULE,
            "a stage that is named for what it copies",
            "FROM debian AS build-amd64\nFROM debian AS build-arm64\nFROM debian AS build-tools\n\
             FROM build-$TARGETARCH\n",
        ),
    ]
}
