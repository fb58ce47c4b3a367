use crate::rules::dockerfile::builder_not_native::RULE;
use crate::rules::tests::dockerfile::{bad, good, image};
use crate::rules::tests::{Case, caught, silent};

pub(in crate::rules) fn cases() -> Vec<Case> {
    vec![
        good(
            RULE.rule,
            "a build for each platform, by an argument of its own",
            "ARG ARCH=amd64\nFROM golang AS build\nARG ARCH\nENV GOARCH=$ARCH\nRUN go build -o /tool\n\
             FROM base:latest-$ARCH\nCOPY --from=build /tool /tool\n",
        ),
        bad(
            RULE.rule,
            "Go",
            "FROM golang:1.26 AS build\nCOPY . .\nRUN go build -o /tool\nFROM scratch\n\
             COPY --from=build /tool /tool\n",
            &["warning - 1:1"],
        ),
        bad(
            RULE.rule,
            "Go, with the platform that it has anyway",
            "FROM --platform=$TARGETPLATFORM docker.io/library/golang:1-alpine AS build\n\
             ARG TARGETARCH\nENV CGO_ENABLED=0\nRUN apk add git gcc && GOARCH=$TARGETARCH go build -o /tool\n\
             FROM scratch\nCOPY --from=build /tool /tool\n",
            &["warning - 1:1"],
        ),
        bad(
            RULE.rule,
            "Go, in a stage that is built on its",
            "FROM golang AS base\nCOPY . .\nFROM base AS mods\nRUN go mod download\nFROM mods AS build\n\
             RUN CGO_ENABLED=0 go build -o /tool\nFROM scratch\nCOPY --from=build /tool /tool\n",
            &["warning - 1:1"],
        ),
        caught(RULE.rule, "Go, for one platform, whose machine may build it", image(&["linux/arm64"]), &["note - 1:1"])
            .requesting(&["linux/arm64"])
            .by("FROM golang AS b\nRUN go build -o /tool\nFROM scratch\nCOPY --from=b /tool /\n"),
        caught(RULE.rule, "Go, for two that one machine executes", image(&["linux/arm/v7", "linux/arm64"]), &["note - 1:1"])
            .requesting(&["linux/arm/v7", "linux/arm64"])
            .by("FROM golang AS b\nRUN go build -o /tool\nFROM scratch\nCOPY --from=b /tool /\n"),
        caught(RULE.rule, "Go, for two that no machine executes", image(&["linux/s390x", "linux/arm64"]), &["warning - 1:1"])
            .requesting(&["linux/s390x", "linux/arm64"])
            .by("FROM golang AS b\nRUN go build -o /tool\nFROM scratch\nCOPY --from=b /tool /\n"),
        silent(RULE.rule, "a platform that this machine executes by itself", image(&["linux/386"]))
            .requesting(&["linux/386"])
            .by("FROM golang AS build\nRUN CGO_ENABLED=0 go build -o /tool\nFROM scratch\nCOPY --from=build /tool /\n"),
        bad(
            RULE.rule,
            ".NET",
            "FROM mcr.microsoft.com/dotnet/sdk:9.0 AS build\nRUN dotnet publish -o /app\n\
             FROM mcr.microsoft.com/dotnet/aspnet:9.0\nCOPY --from=build /app /app\n",
            &["warning - 1:1"],
        ),
        bad(
            RULE.rule,
            "Rust, which needs a linker as well",
            "FROM rust:1 AS build\nRUN cargo build --release\nFROM debian\nCOPY --from=build /tool /tool\n",
            &["note - 1:1"],
        ),
        bad(
            RULE.rule,
            "Rust, whose programs are all linked with the C library",
            "FROM rust:alpine AS build\nRUN apk add --no-cache musl-dev && cargo install --path .\n\
             FROM scratch\nCOPY --from=build /usr/local/cargo/bin/tool /\n",
            &["note - 1:1"],
        ),
        good(
            RULE.rule,
            "Rust with C",
            "FROM rust:alpine AS build\nRUN apk add musl-dev openssl-dev\nRUN cargo build --release\n\
             FROM alpine\nCOPY --from=build /tool /tool\n",
        ),
        good(
            RULE.rule,
            "native",
            "FROM --platform=$BUILDPLATFORM golang AS build\nARG TARGETARCH\n\
             RUN GOARCH=$TARGETARCH go build -o /tool\nFROM scratch\nCOPY --from=build /tool /tool\n",
        ),
        good(
            RULE.rule,
            "with C",
            "FROM golang:alpine AS build\nRUN apk add gcc musl-dev\nRUN CGO_ENABLED=1 go build -o /tool\n\
             FROM scratch\nCOPY --from=build /tool /tool\n",
        ),
        good(
            RULE.rule,
            "nothing is compiled",
            "FROM golang AS files\nRUN go mod download\nFROM debian\nCOPY --from=files /go /go\n",
        ),
        good(
            RULE.rule,
            "the compiler is what is published",
            "FROM golang\nRUN go install example.com/tool@latest\n",
        ),
        good(
            RULE.rule,
            "it only sounds like it",
            "FROM example.com/golang-tools AS build\nRUN go build -o /tool\nFROM scratch\n\
             COPY --from=build /tool /tool\n",
        ),
        silent(RULE.rule, "one platform, which builds", image(&["linux/amd64"]))
            .requesting(&["linux/amd64"])
            .by("FROM golang AS b\nRUN go build -o /tool\nFROM scratch\nCOPY --from=b /tool /\n"),
    ]
}
