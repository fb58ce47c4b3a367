use crate::rules::dockerfile::stage_unresolved::RULE;
use crate::rules::tests::Case;
use crate::rules::tests::dockerfile::{bad, bad_for_four, good, good_for_four};

pub(in crate::rules) fn cases() -> Vec<Case> {
    vec![
        bad(
            RULE.rule,
            "no stage for a platform",
            "FROM debian AS build-amd64\nFROM build-$TARGETARCH\n",
            &["error - 2:6"],
        ),
        bad_for_four(
            RULE.rule,
            "no stage for variants",
            "FROM debian AS build-386\nFROM debian AS build-amd64\nFROM debian AS build-arm64\n\
             FROM debian AS build-armv6\nFROM build-$TARGETARCH$TARGETVARIANT\n",
            &["error - 5:6"],
        ),
        bad(
            RULE.rule,
            "a stage that no platform chooses",
            "FROM debian AS build-amd64\nFROM debian AS build-arm64\nFROM debian AS build-armv7\n\
             FROM build-$TARGETARCH\n",
            &["error - 3:1"],
        ),
        good_for_four(
            RULE.rule,
            "a stage for a platform that nobody asked for",
            "FROM debian AS b-amd64\nFROM debian AS b-arm64\nFROM debian AS b-386\nFROM debian AS b-armv7\n\
             FROM debian AS b-armv5\nFROM debian AS b-ppc64\nFROM b-$TARGETARCH$TARGETVARIANT\n",
        ),
        bad(
            RULE.rule,
            "a stage by a name with capitals",
            "FROM debian AS Base-amd64\nFROM debian AS Base-arm64\nFROM Base-$TARGETARCH\n",
            &["error - 3:6"],
        ),
        good(
            RULE.rule,
            "capitals where they may be",
            "FROM debian AS Base\nFROM base\nFROM Registry.example.com/tool:V1\nCOPY --from=Base / /\n",
        ),
        bad(
            RULE.rule,
            "a variable that nobody declares",
            "FROM debian:${X:?unset}\n",
            &["error - 1:6"],
        ),
        good(RULE.rule, "a variable that the user has to set", "ARG X\nFROM debian:${X:?unset}\n"),
        bad(RULE.rule, "a variable that is empty", "FROM $TARGET_IMAGE\n", &["error - 1:6"]),
        bad(
            RULE.rule,
            "no name of an image",
            "FROM debian AS base\nARG WORKER=cpu\nFROM runtime-$WORKER\n",
            &["error - 3:6"],
        ),
        bad(
            RULE.rule,
            "a platform that is empty",
            "FROM --platform=$PLATFORM debian\n",
            &["error - 1:1"],
        ),
        good(
            RULE.rule,
            "a stage for each",
            "FROM debian AS build-amd64\nFROM debian AS build-arm64\nFROM build-$TARGETARCH\n",
        ),
        good_for_four(
            RULE.rule,
            "one stage for all variants",
            "FROM debian AS build-386\nFROM debian AS build-amd64\nFROM debian AS build-arm64\n\
             FROM debian AS build-arm\nFROM build-$TARGETARCH\n",
        ),
        good(RULE.rule, "images for each", "FROM example.com/base-$TARGETARCH\n"),
        good(
            RULE.rule,
            "what whoever builds has to say",
            "ARG BASE\nARG OTHER=$BASE-x\nFROM $BASE AS a\nFROM $OTHER\n",
        ),
        good(
            RULE.rule,
            "a stage that is named for what it copies",
            "FROM debian AS build-amd64\nFROM debian AS build-arm64\nFROM debian AS build-tools\n\
             FROM build-$TARGETARCH\n",
        ),
    ]
}
