//! Compilers.

use super::{V6, bad, good, good_for_four, image};
use crate::check::Rule;
use crate::check::tests::{Case, caught, silent};

pub(super) fn cases() -> Vec<Case> {
    [builders(), untold_builders()].into_iter().flatten().collect()
}

/// A native Go that is told something.
macro_rules! go {
    ($image:literal, $command:literal) => {
        concat!(
            "FROM --platform=$BUILDPLATFORM ",
            $image,
            " AS build\nARG TARGETARCH\nRUN ",
            $command,
            " build -o /tool\nFROM scratch\nCOPY --from=build /tool /tool\n"
        )
    };
}

fn builders() -> Vec<Case> {
    const RULE: Rule = Rule::BuilderNotNative;
    vec![
        good(
            RULE,
            "a build for each platform, by an argument of its own",
            "ARG ARCH=amd64\nFROM golang AS build\nARG ARCH\nENV GOARCH=$ARCH\nRUN go build -o /tool\n\
             FROM base:latest-$ARCH\nCOPY --from=build /tool /tool\n",
        ),
        bad(
            RULE,
            "Go",
            "FROM golang:1.26 AS build\nCOPY . .\nRUN go build -o /tool\nFROM scratch\n\
             COPY --from=build /tool /tool\n",
            &["warning - 1:1"],
        ),
        bad(
            RULE,
            "Go, with the platform that it has anyway",
            "FROM --platform=$TARGETPLATFORM docker.io/library/golang:1-alpine AS build\n\
             ARG TARGETARCH\nENV CGO_ENABLED=0\nRUN apk add git gcc && GOARCH=$TARGETARCH go build -o /tool\n\
             FROM scratch\nCOPY --from=build /tool /tool\n",
            &["warning - 1:1"],
        ),
        bad(
            RULE,
            "Go, in a stage that is built on its",
            "FROM golang AS base\nCOPY . .\nFROM base AS mods\nRUN go mod download\nFROM mods AS build\n\
             RUN CGO_ENABLED=0 go build -o /tool\nFROM scratch\nCOPY --from=build /tool /tool\n",
            &["warning - 1:1"],
        ),
        caught(RULE, "Go, for one platform, whose machine may build it", image(&["linux/arm64"]), &["note - 1:1"])
            .requesting(&["linux/arm64"])
            .by("FROM golang AS b\nRUN go build -o /tool\nFROM scratch\nCOPY --from=b /tool /\n"),
        caught(RULE, "Go, for two that one machine executes", image(&["linux/arm/v7", "linux/arm64"]), &["note - 1:1"])
            .requesting(&["linux/arm/v7", "linux/arm64"])
            .by("FROM golang AS b\nRUN go build -o /tool\nFROM scratch\nCOPY --from=b /tool /\n"),
        caught(RULE, "Go, for two that no machine executes", image(&["linux/s390x", "linux/arm64"]), &["warning - 1:1"])
            .requesting(&["linux/s390x", "linux/arm64"])
            .by("FROM golang AS b\nRUN go build -o /tool\nFROM scratch\nCOPY --from=b /tool /\n"),
        silent(RULE, "a platform that this machine executes by itself", image(&["linux/386"]))
            .requesting(&["linux/386"])
            .by("FROM golang AS build\nRUN CGO_ENABLED=0 go build -o /tool\nFROM scratch\nCOPY --from=build /tool /\n"),
        bad(
            RULE,
            ".NET",
            "FROM mcr.microsoft.com/dotnet/sdk:9.0 AS build\nRUN dotnet publish -o /app\n\
             FROM mcr.microsoft.com/dotnet/aspnet:9.0\nCOPY --from=build /app /app\n",
            &["warning - 1:1"],
        ),
        bad(
            RULE,
            "Rust, which needs a linker as well",
            "FROM rust:1 AS build\nRUN cargo build --release\nFROM debian\nCOPY --from=build /tool /tool\n",
            &["note - 1:1"],
        ),
        bad(
            RULE,
            "Rust, whose programs are all linked with the C library",
            "FROM rust:alpine AS build\nRUN apk add --no-cache musl-dev && cargo install --path .\n\
             FROM scratch\nCOPY --from=build /usr/local/cargo/bin/tool /\n",
            &["note - 1:1"],
        ),
        good(
            RULE,
            "Rust with C",
            "FROM rust:alpine AS build\nRUN apk add musl-dev openssl-dev\nRUN cargo build --release\n\
             FROM alpine\nCOPY --from=build /tool /tool\n",
        ),
        good(
            RULE,
            "native",
            "FROM --platform=$BUILDPLATFORM golang AS build\nARG TARGETARCH\n\
             RUN GOARCH=$TARGETARCH go build -o /tool\nFROM scratch\nCOPY --from=build /tool /tool\n",
        ),
        good(
            RULE,
            "with C",
            "FROM golang:alpine AS build\nRUN apk add gcc musl-dev\nRUN CGO_ENABLED=1 go build -o /tool\n\
             FROM scratch\nCOPY --from=build /tool /tool\n",
        ),
        good(
            RULE,
            "nothing is compiled",
            "FROM golang AS files\nRUN go mod download\nFROM debian\nCOPY --from=files /go /go\n",
        ),
        good(
            RULE,
            "the compiler is what is published",
            "FROM golang\nRUN go install example.com/tool@latest\n",
        ),
        good(
            RULE,
            "it only sounds like it",
            "FROM example.com/golang-tools AS build\nRUN go build -o /tool\nFROM scratch\n\
             COPY --from=build /tool /tool\n",
        ),
        silent(RULE, "one platform, which builds", image(&["linux/amd64"]))
            .requesting(&["linux/amd64"])
            .by("FROM golang AS b\nRUN go build -o /tool\nFROM scratch\nCOPY --from=b /tool /\n"),
    ]
}

fn untold_builders() -> Vec<Case> {
    const RULE: Rule = Rule::BuilderTargetMissing;
    vec![
        bad(
            RULE,
            "Go",
            "FROM --platform=$BUILDPLATFORM golang AS build\nCOPY . .\nRUN go build -o /tool\n\
             FROM scratch\nCOPY --from=build /tool /tool\n",
            &["warning - 3:5"],
        ),
        bad(
            RULE,
            "Rust",
            "FROM --platform=$BUILDPLATFORM rust AS build\nRUN cd /src && cargo build --release\n\
             FROM debian\nCOPY --from=0 /src/target/release/tool /\n",
            &["warning - 2:16"],
        ),
        caught(RULE, "GOARCH alone, where arm is ARMv6", image(V6), &["warning - 3:24"])
            .requesting(V6)
            .by(go!("golang:1.26", "GOARCH=$TARGETARCH go")),
        caught(RULE, "GOARCH alone, exported", image(V6), &["warning - 3:32"])
            .requesting(V6)
            .by(go!("golang", "export GOARCH=$TARGETARCH; go")),
        good_for_four(
            RULE,
            "GOARCH alone, where arm is ARMv7",
            go!("golang", "GOARCH=$TARGETARCH go"),
        ),
        silent(RULE, "GOARCH alone, of which older Go made ARMv5", image(V6))
            .requesting(V6)
            .by(go!("golang:1.20-alpine", "GOARCH=$TARGETARCH go")),
        silent(RULE, "GOARCH and GOARM", image(V6))
            .requesting(V6)
            .by(go!("golang", "GOARM=6 GOARCH=$TARGETARCH go")),
        silent(RULE, "GOARCH and what a script sets", image(V6))
            .requesting(V6)
            .by(go!("golang", ". ./env; GOARCH=$TARGETARCH go")),
        silent(RULE, "GOARCH and xx, which sets the other", image(V6))
            .requesting(V6)
            .by(go!("golang", "xx-go --wrap; GOARCH=$TARGETARCH go")),
        bad(
            RULE,
            "Go of one platform, by way of a stage of files, told the system alone",
            "FROM --platform=linux/amd64 golang AS b\nARG TARGETOS\nRUN env GOOS=$TARGETOS go build -o /tool\n\
             FROM scratch AS files\nCOPY --from=b /tool /tool\nFROM alpine\nCOPY --from=files / /\n",
            &["warning - 3:24"],
        ),
        good(
            RULE,
            "a generator, of which the results are copied",
            "FROM --platform=$BUILDPLATFORM golang AS d\nRUN go build -o /tmp/gen ./gen && /tmp/gen --out /docs\n\
             RUN go build -o more ./more && ./more --out /docs\nFROM nginx\nCOPY --from=d /docs /html\n",
        ),
        good(
            RULE,
            "a tool for a native stage that is the last one, and checks",
            "FROM --platform=$BUILDPLATFORM golang AS base\nFROM base AS tool\nRUN go build -o /out/lint ./lint\n\
             FROM base AS lint\nARG TARGETPLATFORM\nCOPY --from=tool /out/lint /usr/bin/\n\
             RUN xx-go --wrap && lint run\n",
        ),
        good(
            RULE,
            "told by the environment",
            "FROM --platform=$BUILDPLATFORM golang AS build\nARG TARGETARCH\nENV GOARCH=$TARGETARCH\n\
             RUN go build -o /tool\nFROM scratch\nCOPY --from=build /tool /tool\n",
        ),
        good(
            RULE,
            "all of them, to choose from",
            "FROM --platform=$BUILDPLATFORM golang AS build\nRUN for a in amd64 arm64; do GOARCH=$a go build -o /$a; done\n\
             FROM scratch\nARG TARGETARCH\nCOPY --from=build /$TARGETARCH /tool\n",
        ),
        good(
            RULE,
            "a tool that the build itself uses",
            "FROM --platform=$BUILDPLATFORM golang AS gen\nRUN go build -o /gen ./gen\n\
             FROM --platform=$BUILDPLATFORM golang AS build\nARG TARGETARCH\nCOPY --from=gen /gen /gen\n\
             RUN /gen && GOARCH=$TARGETARCH go build -o /tool\nFROM scratch\nCOPY --from=build /tool /tool\n",
        ),
    ]
}
