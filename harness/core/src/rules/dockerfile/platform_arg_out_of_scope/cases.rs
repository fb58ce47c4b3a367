use crate::rules::dockerfile::platform_arg_out_of_scope::RULE;
use crate::rules::tests::dockerfile::{bad, good, image};
use crate::rules::tests::{Case, silent};

pub(in crate::rules) fn cases() -> Vec<Case> {
    [out_of_scope(), out_of_scope_in_scripts(), out_of_scope_without_effect()]
        .into_iter()
        .flatten()
        .collect()
}

fn out_of_scope() -> Vec<Case> {
    vec![
        bad(
            RULE.rule,
            "declared before the first FROM alone",
            "ARG TARGETARCH\nFROM debian\nRUN curl --fail https://example.com/tool-$TARGETARCH -o /tool\n",
            &["warning - 3:42"],
        ),
        bad(
            RULE.rule,
            "not declared at all",
            "FROM debian\nENV ARCH=$TARGETARCH\n",
            &["warning - 2:10"],
        ),
        bad(
            RULE.rule,
            "where a file that is read may set it",
            "FROM debian\nRUN . /versions.env && curl -o /t https://example.com/t-$TARGETARCH\n",
            &["note - 2:57"],
        ),
        bad(
            RULE.rule,
            "told to what makes scripts for the web, where it is native",
            "FROM --platform=$BUILDPLATFORM node AS b\nRUN npm_config_target_arch=$TARGETARCH yarn\n\
             FROM nginx\nCOPY --from=b /build /html\n",
            &["note - 2:28"],
        ),
        good(
            RULE.rule,
            "declared in the same line",
            "FROM debian\nARG TARGETARCH FILE=tool-$TARGETARCH\nRUN fetch $FILE\n",
        ),
        bad(
            RULE.rule,
            "declared too late",
            "FROM debian\nCOPY dist/$TARGETPLATFORM /app\nARG TARGETPLATFORM\n",
            &["warning - 2:11"],
        ),
        bad(
            RULE.rule,
            "declared in another stage",
            "FROM debian AS a\nARG TARGETARCH\nRUN fetch $TARGETARCH\nFROM debian\n\
             RUN if [ \"${TARGETARCH}\" = arm64 ]; then x; fi\nCOPY --from=a / /\n",
            &["warning - 5:11"],
        ),
        bad(
            RULE.rule,
            "in the id of a cache",
            "FROM debian\nRUN --mount=type=cache,id=apt-$TARGETARCH,target=/var/cache/apt apt-get update\n",
            &["warning - 2:31"],
        ),
        bad(
            RULE.rule,
            "in the id of a cache that platforms may share",
            "FROM debian\nRUN --mount=type=cache,id=apt-$TARGETARCH,target=/var/cache/apt,sharing=locked apt-get update\n",
            &["note - 2:31"],
        ),
        bad(
            RULE.rule,
            "in a here-document",
            "FROM debian\nRUN <<EOF\nset -e\nfetch $TARGETARCH\nEOF\n",
            &["warning - 4:7"],
        ),
        bad(
            RULE.rule,
            "on a continued line with a comment before it",
            "FROM debian\nRUN a && \\\n  # fetch it\n  fetch ${TARGETARCH:-amd64}\n",
            &["warning - 4:9"],
        ),
    ]
}

fn out_of_scope_in_scripts() -> Vec<Case> {
    vec![
        bad(
            RULE.rule,
            "handed to a script, which may have a way out",
            "FROM debian\nCOPY install /tmp/\nRUN /tmp/install \"${TARGETPLATFORM}\"\n",
            &["note - 3:19"],
        ),
        bad(
            RULE.rule,
            "first handed to a script, then felt",
            "FROM debian\nRUN ./install $TARGETARCH && fetch $TARGETARCH\n",
            &["warning - 2:36"],
        ),
        bad(
            RULE.rule,
            "in a file, by way of `echo`",
            "FROM debian\nRUN { echo a; echo $TARGETARCH; } >/etc/arch\n",
            &["warning - 2:20"],
        ),
        bad(
            RULE.rule,
            "by a function, whose output goes anywhere",
            "FROM debian\nRUN name() { echo tool-$TARGETARCH; }; fetch \"$(name)\"\n",
            &["warning - 2:24"],
        ),
        bad(
            RULE.rule,
            "a fallback that asks the machine that builds",
            "FROM --platform=$BUILDPLATFORM debian AS a\nRUN fetch ${TARGETARCH:-$(dpkg --print-architecture)}\n\
             FROM debian\nCOPY --from=a /x /x\n",
            &["warning - 2:11"],
        ),
        bad(
            RULE.rule,
            "what is executed between tests that hold together",
            "FROM debian\nRUN [ \"$TARGETARCH\" != arm64 ] && fetch || [ \"$TARGETARCH\" != x ]\n",
            &["warning - 2:8"],
        ),
        bad(
            RULE.rule,
            "a fallback that somebody sets",
            "FROM debian\nARG ARCH=amd64\nRUN fetch ${TARGETARCH:-$ARCH}\n",
            &["warning - 3:11"],
        ),
        bad(
            RULE.rule,
            "one of two tests goes another way",
            "FROM debian\nRUN if [ \"$TARGETARCH\" = arm64 ] || [ \"$TARGETARCH\" = riscv64 ]; then x; fi\n",
            &["warning - 2:11"],
        ),
    ]
}

fn out_of_scope_without_effect() -> Vec<Case> {
    vec![
        good(
            RULE.rule,
            "only shown",
            "FROM debian\nRUN echo \"for $TARGETPLATFORM on $BUILDPLATFORM\" && printf '%s' $TARGETARCH >&2\n",
        ),
        good(
            RULE.rule,
            "tests that hold whatever is in it",
            "FROM debian\nRUN if [ $TARGETARCH != arm ] || [ $TARGETARCH != riscv64 ]; then x; fi; \
             [[ $TARGETARCH != 386 || $TARGETARCH != arm ]] && y\n",
        ),
        good(
            RULE.rule,
            "a fallback that asks the machine",
            "FROM debian\nRUN fetch ${TARGETARCH:-$(dpkg --print-architecture)}\n",
        ),
        good(
            RULE.rule,
            "a variant that these platforms do not have",
            "FROM debian\nARG TARGETARCH\nCOPY app-$TARGETARCH$TARGETVARIANT /app\n\
             RUN fetch $TARGETARCH${TARGETVARIANT#v}\n",
        ),
        silent(
            RULE.rule,
            "a fallback that is right for all that are asked for",
            image(&["linux/amd64"]),
        )
        .requesting(&["linux/amd64"])
        .by("FROM debian\nRUN case ${TARGETARCH:-amd64} in amd64) fetch x;; *) fetch y;; esac\n"),
        good(RULE.rule, "declared", "FROM debian\nARG TARGETARCH\nRUN fetch $TARGETARCH\n"),
        good(
            RULE.rule,
            "declared by the stage that it is built on",
            "FROM debian AS a\nARG TARGETARCH\nFROM a\nRUN fetch $TARGETARCH\n",
        ),
        good(
            RULE.rule,
            "handed on by ONBUILD",
            "FROM debian AS a\nONBUILD ARG TARGETARCH\nONBUILD RUN fetch $TARGETARCH\nFROM a\n",
        ),
        good(RULE.rule, "in FROM, where it needs no ARG", "FROM base-$TARGETARCH\n"),
        good(
            RULE.rule,
            "set by the script itself",
            "FROM debian\nRUN TARGETARCH=$(dpkg --print-architecture) && fetch $TARGETARCH\n",
        ),
        good(RULE.rule, "quoted", "FROM debian\nRUN echo '$TARGETARCH' \\$TARGETARCH\n"),
        good(
            RULE.rule,
            "in a file of its own, for later",
            "FROM debian\nCOPY <<'EOF' /run.sh\necho $TARGETARCH\nEOF\nCMD echo $TARGETARCH\n",
        ),
        good(
            RULE.rule,
            "no shell",
            "FROM debian\nRUN [\"echo\", \"$TARGETARCH\"]\nRUN <<EOF\n#!/usr/bin/env perl\nprint $TARGETARCH\nEOF\n",
        ),
    ]
}
