use crate::rules::dockerfile::platform_arg_shadowed::RULE;
use crate::rules::tests::Case;
use crate::rules::tests::dockerfile::{bad, good};

pub(in crate::rules) fn cases() -> Vec<Case> {
    vec![
        good(
            RULE.rule,
            "only commands that know nothing of it, or the variant on purpose",
            "FROM debian\nARG TARGETARCH=amd64\nRUN apk add curl && adduser x\nFROM debian\nARG TARGETVARIANT=\nRUN make\n",
        ),
        bad(
            RULE.rule,
            "a script of the project may read it",
            "FROM debian\nARG TARGETARCH=amd64\nCOPY build.sh .\nRUN ./build.sh\n",
            &["error - 2:5"],
        ),
        bad(
            RULE.rule,
            "only a program that nobody knows can read it",
            "FROM debian\nARG TARGETARCH=amd64\nRUN pip install x\n",
            &["note - 2:5"],
        ),
        bad(
            RULE.rule,
            "a default in the stage",
            "FROM debian\nARG TARGETARCH=amd64\nRUN curl --fail https://example.com/tool-$TARGETARCH -o /tool\n",
            &["error - 2:5"],
        ),
        bad(
            RULE.rule,
            "a default before the first FROM",
            "ARG TARGETARCH=amd64\nFROM base-$TARGETARCH\n",
            &["error - 1:5"],
        ),
        bad(
            RULE.rule,
            "a default before the first FROM that a stage takes up",
            "ARG TARGETARCH=amd64\nFROM debian\nARG TARGETARCH\nRUN fetch $TARGETARCH\n",
            &["error - 1:5"],
        ),
        bad(
            RULE.rule,
            "a fallback that always counts",
            "FROM debian\nARG TARGETARCH=${TARGETARCH:-amd64}\nRUN fetch $TARGETARCH\n",
            &["error - 2:5"],
        ),
        bad(
            RULE.rule,
            "the environment",
            "FROM debian\nENV TARGETPLATFORM linux/amd64\nRUN fetch $TARGETPLATFORM\n",
            &["error - 2:5"],
        ),
        bad(
            RULE.rule,
            "in the stage of the compiler",
            "FROM --platform=$BUILDPLATFORM golang AS build\nARG TARGETARCH=amd64\n\
             RUN GOARCH=$TARGETARCH go build -o /tool\nFROM scratch\nCOPY --from=build /tool /tool\n",
            &["error - 2:5"],
        ),
        bad(
            RULE.rule,
            "for a stage that is built on it",
            "FROM debian AS base\nONBUILD ARG TARGETARCH=amd64\nFROM base\nRUN fetch $TARGETARCH\n",
            &["error - 2:13"],
        ),
        good(
            RULE.rule,
            "a default that is gone before anything reads it",
            "FROM debian\nARG TARGETARCH=amd64\nARG TARGETARCH\nRUN fetch $TARGETARCH\n",
        ),
        good(
            RULE.rule,
            "without a default",
            "ARG TARGETARCH\nFROM debian\nARG TARGETARCH TARGETOS\nRUN fetch $TARGETARCH\n",
        ),
        good(
            RULE.rule,
            "the default is right for every platform",
            "FROM debian\nARG TARGETOS=linux\nARG TARGETVARIANT=\nRUN fetch $TARGETOS\n",
        ),
        good(
            RULE.rule,
            "in a stage that nothing needs",
            "FROM debian AS unused\nARG TARGETARCH=amd64\nRUN x\nFROM debian\n",
        ),
        good(RULE.rule, "nothing reads it", "ARG TARGETARCH=amd64\nFROM debian\nRUN make\n"),
        good(
            RULE.rule,
            "an argument of its own that takes the builder's word",
            "ARG ARCH=$TARGETARCH\nFROM base-$ARCH\nARG TARGETARCH\nENV ARCH=$TARGETARCH\nRUN fetch $ARCH\n",
        ),
        good(
            RULE.rule,
            "the platform that builds, as it is",
            "ARG BUILDPLATFORM=linux/amd64\nFROM --platform=$BUILDPLATFORM alpine AS a\nRUN x\n\
             FROM alpine\nCOPY --from=a /x /x\n",
        ),
    ]
}
