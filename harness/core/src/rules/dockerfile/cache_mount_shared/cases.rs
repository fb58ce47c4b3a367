use crate::rules::dockerfile::cache_mount_shared::RULE;
use crate::rules::tests::dockerfile::{TWO, bad, good, good_for_four, image};
use crate::rules::tests::{Case, caught, silent};

/// Versions of one architecture among them.
const SIX: &[&str] =
    &["linux/386", "linux/amd64", "linux/arm/v6", "linux/arm/v7", "linux/arm64", "linux/s390x"];

pub(in crate::rules) fn cases() -> Vec<Case> {
    [shared(), not_shared()].into_iter().flatten().collect()
}

fn shared() -> Vec<Case> {
    vec![
        bad(
            RULE.rule,
            "apk",
            "FROM alpine\nRUN --mount=type=cache,target=/var/cache/apk apk add curl\n",
            &["warning - 2:13"],
        ),
        bad(
            RULE.rule,
            "apk, one after the other",
            "FROM alpine\nRUN --mount=type=cache,target=/var/cache/apk,sharing=locked apk add curl\n",
            &["note - 2:13"],
        ),
        caught(RULE.rule, "apk, of versions of one architecture", image(SIX), &["warning - 3:13"])
            .requesting(SIX)
            .by("FROM alpine\nARG TARGETARCH\n\
                 RUN --mount=type=cache,id=apk-$TARGETARCH,target=/var/cache/apk apk add curl\n")
            // The images are of one program each.
            .besides(&["ParityIdenticalBinary note linux/arm/v7 /app"]),
        bad(
            RULE.rule,
            "apt",
            "FROM debian\nRUN --mount=target=/var/lib/apt/lists,type=cache apt-get update\n",
            &["warning - 2:13"],
        ),
        bad(
            RULE.rule,
            "cargo's registry, also where it is native",
            "FROM --platform=$BUILDPLATFORM rust AS b\nARG TARGETARCH\n\
             RUN --mount=type=cache,target=/usr/local/cargo/registry cargo build --target $TARGETARCH\n\
             FROM scratch\nCOPY --from=b /m /\n",
            &["warning - 3:13"],
        ),
        bad(
            RULE.rule,
            "cargo's results",
            "FROM rust AS b\nRUN --mount=type=cache,target=/src/target cargo build --release\n\
             FROM scratch\nCOPY --from=b /m /\n",
            &["warning - 2:13"],
        )
        .besides(&["BuilderNotNative note - 1:1"]),
        bad(
            RULE.rule,
            "packages with machine code",
            "FROM node\nWORKDIR /app\nRUN --mount=type=cache,target=node_modules npm install\n",
            &["warning - 3:13"],
        ),
    ]
}

fn not_shared() -> Vec<Case> {
    vec![
        good(
            RULE.rule,
            "a folder that cargo does not use",
            "FROM --platform=$BUILDPLATFORM rust:1 AS b\nARG TARGETARCH\n\
             RUN --mount=type=cache,target=/root/.cargo/registry cargo build --target $TARGETARCH\n\
             FROM scratch\nCOPY --from=b /m /\n",
        ),
        good(
            RULE.rule,
            "apk that fetches its index anew, knows whose it is, or has no cache",
            "FROM alpine:3.18 AS a\nRUN --mount=type=cache,target=/var/cache/apk,sharing=locked apk add -U curl\n\
             FROM node:22-alpine3.21 AS b\nRUN --mount=type=cache,target=/var/cache/apk,sharing=locked apk add curl\n\
             FROM alpine\nCOPY --from=a / /a\nCOPY --from=b / /b\n\
             RUN --mount=type=cache,target=/var/cache/apk apk add --no-cache curl\n",
        ),
        good_for_four(
            RULE.rule,
            "apk, of one version of each architecture",
            "FROM alpine\nARG TARGETARCH\n\
             RUN --mount=type=cache,id=apk-$TARGETARCH,target=/var/cache/apk apk add curl\n",
        ),
        silent(RULE.rule, "cargo's results, one after the other", image(TWO))
            .requesting(TWO)
            .by("FROM rust AS b\nRUN --mount=type=cache,target=/src/target,sharing=locked \
             cargo build --release && cp target/release/m /m\nFROM scratch\nCOPY --from=b /m /\n")
            .besides(&["BuilderNotNative note - 1:1"]),
        good(
            RULE.rule,
            "one for each platform",
            "FROM alpine\nARG TARGETPLATFORM\n\
             RUN --mount=type=cache,id=apk-$TARGETPLATFORM,target=/var/cache/apk apk add curl\n",
        ),
        good(
            RULE.rule,
            "apt, one after the other",
            "FROM debian\nRUN --mount=type=cache,target=/var/cache/apt,sharing=locked apt-get update\n",
        ),
        good(
            RULE.rule,
            "caches that tell platforms apart themselves",
            "FROM golang\nRUN --mount=type=cache,target=/root/.cache/go-build --mount=type=cache,target=/go/pkg/mod make\n\
             RUN --mount=type=cache,target=/root/.cache/pip pip install x\n",
        ),
        good(
            RULE.rule,
            "executed once",
            "FROM --platform=$BUILDPLATFORM node AS js\nRUN --mount=type=cache,target=/app/node_modules npm ci\n\
             FROM nginx\nCOPY --from=js /dist /\n",
        ),
        good(
            RULE.rule,
            "what is no cache",
            "FROM alpine\nRUN --mount=type=tmpfs,target=/var/cache/apk apk add curl\n",
        ),
        silent(RULE.rule, "one platform", image(&["linux/amd64"]))
            .requesting(&["linux/amd64"])
            .by("FROM alpine\nRUN --mount=type=cache,target=/var/cache/apk apk add curl\n"),
    ]
}
