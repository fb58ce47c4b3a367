use crate::rules::dockerfile::stage_platform_ignored::RULE;
use crate::rules::tests::Case;
use crate::rules::tests::dockerfile::{bad, good};

pub(in crate::rules) fn cases() -> Vec<Case> {
    vec![
        bad(
            RULE.rule,
            "the stage is of the target",
            "FROM node AS base\nRUN x\nFROM --platform=$BUILDPLATFORM base AS js\nRUN npm ci\n\
             FROM base\nCOPY --from=js /dist /dist\n",
            &["warning - 3:1"],
        ),
        bad(
            RULE.rule,
            "the stage is chosen by a variable",
            "FROM alpine AS alpine-amd64\nFROM alpine AS alpine-arm64\n\
             FROM --platform=$BUILDPLATFORM alpine-$BUILDARCH AS a\nRUN x\nFROM scratch\nCOPY --from=a /x /\n",
            &["warning - 3:1"],
        ),
        good(
            RULE.rule,
            "it says what is so anyway",
            "FROM --platform=$BUILDPLATFORM node AS base\nRUN x\nFROM --platform=$BUILDPLATFORM base AS js\n\
             RUN npm ci\nFROM nginx\nCOPY --from=js /dist /dist\n",
        ),
        good(
            RULE.rule,
            "an image of a similar name",
            "FROM node AS base\nRUN x\nFROM --platform=$BUILDPLATFORM base:1 AS js\nRUN npm ci\n\
             FROM base\nCOPY --from=js /dist /dist\n",
        ),
    ]
}
