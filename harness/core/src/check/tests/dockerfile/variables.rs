//! The builder's variables.

use super::{bad, good, image};
use crate::check::Rule;
use crate::check::tests::{Case, silent};

pub(super) fn cases() -> Vec<Case> {
    [shadowed(), out_of_scope(), out_of_scope_in_scripts(), out_of_scope_without_effect()]
        .into_iter()
        .flatten()
        .collect()
}

fn shadowed() -> Vec<Case> {
    const RULE: Rule = Rule::PlatformArgShadowed;
    vec![
        good(
            RULE,
            "only commands that know nothing of it, or the variant on purpose",
            "FROM debian\nARG TARGETARCH=amd64\nRUN apk add curl && adduser x\nFROM debian\nARG TARGETVARIANT=\nRUN make\n",
        ),
        bad(
            RULE,
            "a script of the project may read it",
            "FROM debian\nARG TARGETARCH=amd64\nCOPY build.sh .\nRUN ./build.sh\n",
            &["error - 2:5"],
        ),
        bad(
            RULE,
            "only a program that nobody knows can read it",
            "FROM debian\nARG TARGETARCH=amd64\nRUN pip install x\n",
            &["note - 2:5"],
        ),
        bad(
            RULE,
            "a default in the stage",
            "FROM debian\nARG TARGETARCH=amd64\nRUN curl --fail https://example.com/tool-$TARGETARCH -o /tool\n",
            &["error - 2:5"],
        ),
        bad(
            RULE,
            "a default before the first FROM",
            "ARG TARGETARCH=amd64\nFROM base-$TARGETARCH\n",
            &["error - 1:5"],
        ),
        bad(
            RULE,
            "a default before the first FROM that a stage takes up",
            "ARG TARGETARCH=amd64\nFROM debian\nARG TARGETARCH\nRUN fetch $TARGETARCH\n",
            &["error - 1:5"],
        ),
        bad(
            RULE,
            "a fallback that always counts",
            "FROM debian\nARG TARGETARCH=${TARGETARCH:-amd64}\nRUN fetch $TARGETARCH\n",
            &["error - 2:5"],
        ),
        bad(
            RULE,
            "the environment",
            "FROM debian\nENV TARGETPLATFORM linux/amd64\nRUN fetch $TARGETPLATFORM\n",
            &["error - 2:5"],
        ),
        bad(
            RULE,
            "in the stage of the compiler",
            "FROM --platform=$BUILDPLATFORM golang AS build\nARG TARGETARCH=amd64\n\
             RUN GOARCH=$TARGETARCH go build -o /tool\nFROM scratch\nCOPY --from=build /tool /tool\n",
            &["error - 2:5"],
        ),
        bad(
            RULE,
            "for a stage that is built on it",
            "FROM debian AS base\nONBUILD ARG TARGETARCH=amd64\nFROM base\nRUN fetch $TARGETARCH\n",
            &["error - 2:13"],
        ),
        good(
            RULE,
            "a default that is gone before anything reads it",
            "FROM debian\nARG TARGETARCH=amd64\nARG TARGETARCH\nRUN fetch $TARGETARCH\n",
        ),
        good(
            RULE,
            "without a default",
            "ARG TARGETARCH\nFROM debian\nARG TARGETARCH TARGETOS\nRUN fetch $TARGETARCH\n",
        ),
        good(
            RULE,
            "the default is right for every platform",
            "FROM debian\nARG TARGETOS=linux\nARG TARGETVARIANT=\nRUN fetch $TARGETOS\n",
        ),
        good(
            RULE,
            "in a stage that nothing needs",
            "FROM debian AS unused\nARG TARGETARCH=amd64\nRUN x\nFROM debian\n",
        ),
        good(RULE, "nothing reads it", "ARG TARGETARCH=amd64\nFROM debian\nRUN make\n"),
        good(
            RULE,
            "an argument of its own that takes the builder's word",
            "ARG ARCH=$TARGETARCH\nFROM base-$ARCH\nARG TARGETARCH\nENV ARCH=$TARGETARCH\nRUN fetch $ARCH\n",
        ),
        good(
            RULE,
            "the platform that builds, as it is",
            "ARG BUILDPLATFORM=linux/amd64\nFROM --platform=$BUILDPLATFORM alpine AS a\nRUN x\n\
             FROM alpine\nCOPY --from=a /x /x\n",
        ),
    ]
}

fn out_of_scope() -> Vec<Case> {
    const RULE: Rule = Rule::PlatformArgOutOfScope;
    vec![
        bad(
            RULE,
            "declared before the first FROM alone",
            "ARG TARGETARCH\nFROM debian\nRUN curl --fail https://example.com/tool-$TARGETARCH -o /tool\n",
            &["warning - 3:42"],
        ),
        bad(
            RULE,
            "not declared at all",
            "FROM debian\nENV ARCH=$TARGETARCH\n",
            &["warning - 2:10"],
        ),
        bad(
            RULE,
            "where a file that is read may set it",
            "FROM debian\nRUN . /versions.env && curl -o /t https://example.com/t-$TARGETARCH\n",
            &["note - 2:57"],
        ),
        bad(
            RULE,
            "told to what makes scripts for the web, where it is native",
            "FROM --platform=$BUILDPLATFORM node AS b\nRUN npm_config_target_arch=$TARGETARCH yarn\n\
             FROM nginx\nCOPY --from=b /build /html\n",
            &["note - 2:28"],
        ),
        good(
            RULE,
            "declared in the same line",
            "FROM debian\nARG TARGETARCH FILE=tool-$TARGETARCH\nRUN fetch $FILE\n",
        ),
        bad(
            RULE,
            "declared too late",
            "FROM debian\nCOPY dist/$TARGETPLATFORM /app\nARG TARGETPLATFORM\n",
            &["warning - 2:11"],
        ),
        bad(
            RULE,
            "declared in another stage",
            "FROM debian AS a\nARG TARGETARCH\nRUN fetch $TARGETARCH\nFROM debian\n\
             RUN if [ \"${TARGETARCH}\" = arm64 ]; then x; fi\nCOPY --from=a / /\n",
            &["warning - 5:11"],
        ),
        bad(
            RULE,
            "in the id of a cache",
            "FROM debian\nRUN --mount=type=cache,id=apt-$TARGETARCH,target=/var/cache/apt apt-get update\n",
            &["warning - 2:31"],
        ),
        bad(
            RULE,
            "in the id of a cache that platforms may share",
            "FROM debian\nRUN --mount=type=cache,id=apt-$TARGETARCH,target=/var/cache/apt,sharing=locked apt-get update\n",
            &["note - 2:31"],
        ),
        bad(
            RULE,
            "in a here-document",
            "FROM debian\nRUN <<EOF\nset -e\nfetch $TARGETARCH\nEOF\n",
            &["warning - 4:7"],
        ),
        bad(
            RULE,
            "on a continued line with a comment before it",
            "FROM debian\nRUN a && \\\n  # fetch it\n  fetch ${TARGETARCH:-amd64}\n",
            &["warning - 4:9"],
        ),
    ]
}

fn out_of_scope_in_scripts() -> Vec<Case> {
    const RULE: Rule = Rule::PlatformArgOutOfScope;
    vec![
        bad(
            RULE,
            "handed to a script, which may have a way out",
            "FROM debian\nCOPY install /tmp/\nRUN /tmp/install \"${TARGETPLATFORM}\"\n",
            &["note - 3:19"],
        ),
        bad(
            RULE,
            "first handed to a script, then felt",
            "FROM debian\nRUN ./install $TARGETARCH && fetch $TARGETARCH\n",
            &["warning - 2:36"],
        ),
        bad(
            RULE,
            "in a file, by way of `echo`",
            "FROM debian\nRUN { echo a; echo $TARGETARCH; } >/etc/arch\n",
            &["warning - 2:20"],
        ),
        bad(
            RULE,
            "by a function, whose output goes anywhere",
            "FROM debian\nRUN name() { echo tool-$TARGETARCH; }; fetch \"$(name)\"\n",
            &["warning - 2:24"],
        ),
        bad(
            RULE,
            "a fallback that asks the machine that builds",
            "FROM --platform=$BUILDPLATFORM debian AS a\nRUN fetch ${TARGETARCH:-$(dpkg --print-architecture)}\n\
             FROM debian\nCOPY --from=a /x /x\n",
            &["warning - 2:11"],
        ),
        bad(
            RULE,
            "what is executed between tests that hold together",
            "FROM debian\nRUN [ \"$TARGETARCH\" != arm64 ] && fetch || [ \"$TARGETARCH\" != x ]\n",
            &["warning - 2:8"],
        ),
        bad(
            RULE,
            "a fallback that somebody sets",
            "FROM debian\nARG ARCH=amd64\nRUN fetch ${TARGETARCH:-$ARCH}\n",
            &["warning - 3:11"],
        ),
        bad(
            RULE,
            "one of two tests goes another way",
            "FROM debian\nRUN if [ \"$TARGETARCH\" = arm64 ] || [ \"$TARGETARCH\" = riscv64 ]; then x; fi\n",
            &["warning - 2:11"],
        ),
    ]
}

fn out_of_scope_without_effect() -> Vec<Case> {
    const RULE: Rule = Rule::PlatformArgOutOfScope;
    vec![
        good(
            RULE,
            "only shown",
            "FROM debian\nRUN echo \"for $TARGETPLATFORM on $BUILDPLATFORM\" && printf '%s' $TARGETARCH >&2\n",
        ),
        good(
            RULE,
            "tests that hold whatever is in it",
            "FROM debian\nRUN if [ $TARGETARCH != arm ] || [ $TARGETARCH != riscv64 ]; then x; fi; \
             [[ $TARGETARCH != 386 || $TARGETARCH != arm ]] && y\n",
        ),
        good(
            RULE,
            "a fallback that asks the machine",
            "FROM debian\nRUN fetch ${TARGETARCH:-$(dpkg --print-architecture)}\n",
        ),
        good(
            RULE,
            "a variant that these platforms do not have",
            "FROM debian\nARG TARGETARCH\nCOPY app-$TARGETARCH$TARGETVARIANT /app\n\
             RUN fetch $TARGETARCH${TARGETVARIANT#v}\n",
        ),
        silent(
            RULE,
            "a fallback that is right for all that are asked for",
            image(&["linux/amd64"]),
        )
        .requesting(&["linux/amd64"])
        .by("FROM debian\nRUN case ${TARGETARCH:-amd64} in amd64) fetch x;; *) fetch y;; esac\n"),
        good(RULE, "declared", "FROM debian\nARG TARGETARCH\nRUN fetch $TARGETARCH\n"),
        good(
            RULE,
            "declared by the stage that it is built on",
            "FROM debian AS a\nARG TARGETARCH\nFROM a\nRUN fetch $TARGETARCH\n",
        ),
        good(
            RULE,
            "handed on by ONBUILD",
            "FROM debian AS a\nONBUILD ARG TARGETARCH\nONBUILD RUN fetch $TARGETARCH\nFROM a\n",
        ),
        good(RULE, "in FROM, where it needs no ARG", "FROM base-$TARGETARCH\n"),
        good(
            RULE,
            "set by the script itself",
            "FROM debian\nRUN TARGETARCH=$(dpkg --print-architecture) && fetch $TARGETARCH\n",
        ),
        good(RULE, "quoted", "FROM debian\nRUN echo '$TARGETARCH' \\$TARGETARCH\n"),
        good(
            RULE,
            "in a file of its own, for later",
            "FROM debian\nCOPY <<'EOF' /run.sh\necho $TARGETARCH\nEOF\nCMD echo $TARGETARCH\n",
        ),
        good(
            RULE,
            "no shell",
            "FROM debian\nRUN [\"echo\", \"$TARGETARCH\"]\nRUN <<EOF\n#!/usr/bin/env perl\nprint $TARGETARCH\nEOF\n",
        ),
    ]
}
