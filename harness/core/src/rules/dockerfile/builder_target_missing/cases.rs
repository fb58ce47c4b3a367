use crate::rules::dockerfile::builder_target_missing::RULE;
use crate::rules::tests::dockerfile::{V6, bad, good, good_for_four, image};
use crate::rules::tests::{Case, caught, silent};

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

pub(in crate::rules) fn cases() -> Vec<Case> {
    vec![
        bad(
            RULE.rule,
            "Go",
            "FROM --platform=$BUILDPLATFORM golang AS build\nCOPY . .\nRUN go build -o /tool\n\
             FROM scratch\nCOPY --from=build /tool /tool\n",
            &["warning - 3:5"],
        ),
        bad(
            RULE.rule,
            "Rust",
            "FROM --platform=$BUILDPLATFORM rust AS build\nRUN cd /src && cargo build --release\n\
             FROM debian\nCOPY --from=0 /src/target/release/tool /\n",
            &["warning - 2:16"],
        ),
        caught(RULE.rule, "GOARCH alone, where arm is ARMv6", image(V6), &["warning - 3:24"])
            .requesting(V6)
            .by(go!("golang:1.26", "GOARCH=$TARGETARCH go")),
        caught(RULE.rule, "GOARCH alone, exported", image(V6), &["warning - 3:32"])
            .requesting(V6)
            .by(go!("golang", "export GOARCH=$TARGETARCH; go")),
        good_for_four(
            RULE.rule,
            "GOARCH alone, where arm is ARMv7",
            go!("golang", "GOARCH=$TARGETARCH go"),
        ),
        silent(RULE.rule, "GOARCH alone, of which older Go made ARMv5", image(V6))
            .requesting(V6)
            .by(go!("golang:1.20-alpine", "GOARCH=$TARGETARCH go")),
        silent(RULE.rule, "GOARCH and GOARM", image(V6))
            .requesting(V6)
            .by(go!("golang", "GOARM=6 GOARCH=$TARGETARCH go")),
        silent(RULE.rule, "GOARCH and what a script sets", image(V6))
            .requesting(V6)
            .by(go!("golang", ". ./env; GOARCH=$TARGETARCH go")),
        silent(RULE.rule, "GOARCH and xx, which sets the other", image(V6))
            .requesting(V6)
            .by(go!("golang", "xx-go --wrap; GOARCH=$TARGETARCH go")),
        bad(
            RULE.rule,
            "Go of one platform, by way of a stage of files, told the system alone",
            "FROM --platform=linux/amd64 golang AS b\nARG TARGETOS\nRUN env GOOS=$TARGETOS go build -o /tool\n\
             FROM scratch AS files\nCOPY --from=b /tool /tool\nFROM alpine\nCOPY --from=files / /\n",
            &["warning - 3:24"],
        ),
        good(
            RULE.rule,
            "a generator, of which the results are copied",
            "FROM --platform=$BUILDPLATFORM golang AS d\nRUN go build -o /tmp/gen ./gen && /tmp/gen --out /docs\n\
             RUN go build -o more ./more && ./more --out /docs\nFROM nginx\nCOPY --from=d /docs /html\n",
        ),
        good(
            RULE.rule,
            "a tool for a native stage that is the last one, and checks",
            "FROM --platform=$BUILDPLATFORM golang AS base\nFROM base AS tool\nRUN go build -o /out/lint ./lint\n\
             FROM base AS lint\nARG TARGETPLATFORM\nCOPY --from=tool /out/lint /usr/bin/\n\
             RUN xx-go --wrap && lint run\n",
        ),
        good(
            RULE.rule,
            "told by the environment",
            "FROM --platform=$BUILDPLATFORM golang AS build\nARG TARGETARCH\nENV GOARCH=$TARGETARCH\n\
             RUN go build -o /tool\nFROM scratch\nCOPY --from=build /tool /tool\n",
        ),
        good(
            RULE.rule,
            "all of them, to choose from",
            "FROM --platform=$BUILDPLATFORM golang AS build\nRUN for a in amd64 arm64; do GOARCH=$a go build -o /$a; done\n\
             FROM scratch\nARG TARGETARCH\nCOPY --from=build /$TARGETARCH /tool\n",
        ),
        good(
            RULE.rule,
            "a tool that the build itself uses",
            "FROM --platform=$BUILDPLATFORM golang AS gen\nRUN go build -o /gen ./gen\n\
             FROM --platform=$BUILDPLATFORM golang AS build\nARG TARGETARCH\nCOPY --from=gen /gen /gen\n\
             RUN /gen && GOARCH=$TARGETARCH go build -o /tool\nFROM scratch\nCOPY --from=build /tool /tool\n",
        ),
    ]
}
