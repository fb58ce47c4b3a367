//! What scripts ask and compare.

use super::{TWO, bad, bad_for_four, good, good_for_four, image};
use crate::check::Rule;
use crate::check::tests::{Case, caught};

pub(super) fn cases() -> Vec<Case> {
    [uname(), spellings()].into_iter().flatten().collect()
}

fn uname() -> Vec<Case> {
    const RULE: Rule = Rule::ArchFromUname;
    vec![
        bad_for_four(
            RULE,
            "the distribution is asked as well",
            "FROM debian\nRUN if [ $(dpkg --print-architecture) = i386 ]; then a; elif [ $(uname -m) = x86_64 ]; then b; fi\n",
            &["note - 2:66"],
        ),
        bad_for_four(
            RULE,
            "one branch for the kernel's word and another for the platform's",
            "FROM debian\nRUN A=$(uname -m) && case $A in x86_64|i?86) x;; aarch64) y;; arm*) z;; esac\n",
            &["warning - 2:9"],
        ),
        bad_for_four(
            RULE,
            "in one branch, and then in an address",
            "FROM debian\nRUN A=$(uname -m); case $A in *86*) x;; a*) y;; esac; curl -O https://example.com/$A\n",
            &["warning - 2:9"],
        ),
        bad_for_four(
            RULE,
            "for another command",
            "FROM debian\nRUN ARCH=$(uname -m) make\n",
            &["warning - 2:12"],
        ),
        bad_for_four(
            RULE,
            "for all other commands",
            "FROM debian\nRUN ARCH=$(uname -m); export ARCH; make\n",
            &["warning - 2:12"],
        ),
        bad_for_four(
            RULE,
            "by another command",
            "FROM debian\nRUN if uname -m | grep -q 64; then x; fi\n",
            &["warning - 2:8"],
        ),
        good_for_four(
            RULE,
            "one branch for both words",
            "FROM debian\nRUN A=$(uname -m) && case \"${A}\" in x86_64|i?86) x;; aarch64|arm*) y;; esac; \
             case $(uname -m) in a*) z;; esac\n",
        ),
        good_for_four(RULE, "only shown", "FROM debian\nRUN uname -m && echo \"on $(uname -m)\"\n"),
        good(RULE, "only looked at", "FROM debian\nRUN uname -a\n"),
        bad_for_four(
            RULE,
            "32-bit platforms have 64-bit kernels",
            "FROM debian\nRUN curl -O https://example.com/tool-$(uname -m)\n",
            &["warning - 2:40"],
        ),
        caught(RULE, "right for these, and there may be others", image(TWO), &["note - 2:13"])
            .requesting(TWO)
            .by_unnamed("FROM debian\nRUN ARCH=\"$(uname -sm)\" && fetch $ARCH\n"),
        good(RULE, "right for these platforms", "FROM debian\nRUN fetch $(uname -m)\n"),
        caught(RULE, "by its other name", image(TWO), &["note - 2:12"])
            .requesting(TWO)
            .by_unnamed("FROM debian\nRUN if [ $(arch) = x86_64 ]; then x; fi\n"),
        good(
            RULE,
            "the distribution is asked",
            "FROM debian\nRUN fetch $(dpkg --print-architecture)\n",
        ),
        good(
            RULE,
            "the kernel's name",
            "FROM debian\nRUN fetch $(uname -s) && arch=x; echo uname -m\n",
        ),
        good(
            RULE,
            "for a tool of the machine that builds",
            "FROM --platform=$BUILDPLATFORM alpine AS b\nRUN curl -O https://example.com/protoc-$(uname -m)\n\
             FROM scratch\nCOPY --from=b /p /\n",
        ),
    ]
}

fn spellings() -> Vec<Case> {
    const RULE: Rule = Rule::PlatformSpelling;
    vec![
        bad(
            RULE,
            "the variant that the builder leaves out",
            "FROM debian\nARG TARGETPLATFORM\nRUN case \"$TARGETPLATFORM\" in linux/amd64) x;; linux/arm64/v8) y;; esac\n",
            &["warning - 3:48"],
        ),
        bad_for_four(
            RULE,
            "a branch that is never taken, and would change something",
            "FROM debian\nARG TARGETARCH\nRUN A=$TARGETARCH; if [ \"$TARGETARCH\" = arm/v7 ]; then A=armhf; fi; fetch $A\n",
            &["warning - 3:41"],
        ),
        good_for_four(
            RULE,
            "a branch that is never taken, and would change nothing",
            "FROM debian\nARG TARGETARCH\nRUN A=$TARGETARCH; if [ \"$TARGETARCH\" = arm/v7 ]; then A=arm; fi; fetch $A\n",
        ),
        bad(
            RULE,
            "the kernel's names for the builder's",
            "FROM debian\nARG TARGETARCH\nRUN if [ \"$TARGETARCH\" = \"x86_64\" ]; then x; else y; fi\n",
            &["warning - 3:27"],
        ),
        bad(
            RULE,
            "the builder's names for the kernel's",
            "FROM debian\nRUN A=$(dpkg --print-architecture); case $A in x86_64) x;; aarch64) y;; *) exit 1;; esac\n",
            &["warning - 2:48", "warning - 2:60"],
        ),
        bad_for_four(
            RULE,
            "a variant behind the architecture",
            "FROM debian\nARG TARGETARCH\nRUN case ${TARGETARCH} in amd64|arm64) x;; armv7) y;; *) exit 1;; esac\n",
            &["warning - 3:44"],
        ),
        bad(
            RULE,
            "a variant that arm64 does not have",
            "FROM debian\nARG TARGETVARIANT TARGETARCH\n\
             RUN if [ \"$TARGETARCH\" = arm64 ] && [ v8 = \"$TARGETVARIANT\" ]; then x; fi\n",
            &["warning - 3:39"],
        ),
        bad_for_four(
            RULE,
            "a variant without its letter",
            "FROM debian\nARG TARGETVARIANT\nRUN case $TARGETVARIANT in 7) x;; *) y;; esac\n",
            &["warning - 3:28"],
        ),
        good_for_four(
            RULE,
            "variants as they are spelled",
            "FROM debian\nARG TARGETVARIANT\nRUN case \"$TARGETVARIANT\" in v7) x;; v8|'') y;; esac; [ $TARGETVARIANT = v6 ] || z\n",
        ),
        good(
            RULE,
            "platforms of other systems",
            "FROM debian\nARG TARGETPLATFORM\nRUN case $TARGETPLATFORM in windows/amd64) x;; darwin/arm64) y;; *) z;; esac\n",
        ),
        good(
            RULE,
            "as the builder spells them",
            "FROM debian\nARG TARGETPLATFORM TARGETARCH\n\
             RUN case \"$TARGETPLATFORM\" in linux/amd64) x;; linux/arm64*) y;; linux/arm/v7) z;; esac\n\
             RUN [ \"$TARGETARCH\" = arm64 ] || x\n",
        ),
        good(
            RULE,
            "both spellings",
            "FROM debian\nARG TARGETPLATFORM\nRUN case $TARGETPLATFORM in linux/arm64|linux/arm64/v8) x;; linux/amd64) y;; esac\n\
             ARG TARGETARCH\nRUN if [ $TARGETARCH = aarch64 ] || [ $TARGETARCH = arm64 ]; then x; fi\n",
        ),
        good(
            RULE,
            "another variable",
            "FROM debian\nARG ARCH\nRUN case $ARCH in x86_64) x;; esac; [ \"$FLAVOUR\" = arm ] || y\n",
        ),
        good(
            RULE,
            "platforms that are rare",
            "FROM debian\nARG TARGETARCH\nRUN case $TARGETARCH in amd64|arm64) x;; loong64|mips64le|ppc64) y;; *) exit 1;; esac\n",
        ),
    ]
}
