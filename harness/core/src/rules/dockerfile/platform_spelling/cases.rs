use crate::rules::dockerfile::platform_spelling::RULE;
use crate::rules::tests::Case;
use crate::rules::tests::dockerfile::{bad, bad_for_four, good, good_for_four};

pub(in crate::rules) fn cases() -> Vec<Case> {
    vec![
        bad(
            RULE.rule,
            "the variant that the builder leaves out",
            "FROM debian\nARG TARGETPLATFORM\nRUN case \"$TARGETPLATFORM\" in linux/amd64) x;; linux/arm64/v8) y;; esac\n",
            &["warning - 3:48"],
        ),
        bad_for_four(
            RULE.rule,
            "a branch that is never taken, and would change something",
            "FROM debian\nARG TARGETARCH\nRUN A=$TARGETARCH; if [ \"$TARGETARCH\" = arm/v7 ]; then A=armhf; fi; fetch $A\n",
            &["warning - 3:41"],
        ),
        good_for_four(
            RULE.rule,
            "a branch that is never taken, and would change nothing",
            "FROM debian\nARG TARGETARCH\nRUN A=$TARGETARCH; if [ \"$TARGETARCH\" = arm/v7 ]; then A=arm; fi; fetch $A\n",
        ),
        bad(
            RULE.rule,
            "the kernel's names for the builder's",
            "FROM debian\nARG TARGETARCH\nRUN if [ \"$TARGETARCH\" = \"x86_64\" ]; then x; else y; fi\n",
            &["warning - 3:27"],
        ),
        bad(
            RULE.rule,
            "the builder's names for the kernel's",
            "FROM debian\nRUN A=$(dpkg --print-architecture); case $A in x86_64) x;; aarch64) y;; *) exit 1;; esac\n",
            &["warning - 2:48", "warning - 2:60"],
        ),
        bad_for_four(
            RULE.rule,
            "a variant behind the architecture",
            "FROM debian\nARG TARGETARCH\nRUN case ${TARGETARCH} in amd64|arm64) x;; armv7) y;; *) exit 1;; esac\n",
            &["warning - 3:44"],
        ),
        bad(
            RULE.rule,
            "a variant that arm64 does not have",
            "FROM debian\nARG TARGETVARIANT TARGETARCH\n\
             RUN if [ \"$TARGETARCH\" = arm64 ] && [ v8 = \"$TARGETVARIANT\" ]; then x; fi\n",
            &["warning - 3:39"],
        ),
        bad_for_four(
            RULE.rule,
            "a variant without its letter",
            "FROM debian\nARG TARGETVARIANT\nRUN case $TARGETVARIANT in 7) x;; *) y;; esac\n",
            &["warning - 3:28"],
        ),
        good_for_four(
            RULE.rule,
            "variants as they are spelled",
            "FROM debian\nARG TARGETVARIANT\nRUN case \"$TARGETVARIANT\" in v7) x;; v8|'') y;; esac; [ $TARGETVARIANT = v6 ] || z\n",
        ),
        good(
            RULE.rule,
            "platforms of other systems",
            "FROM debian\nARG TARGETPLATFORM\nRUN case $TARGETPLATFORM in windows/amd64) x;; darwin/arm64) y;; *) z;; esac\n",
        ),
        good(
            RULE.rule,
            "as the builder spells them",
            "FROM debian\nARG TARGETPLATFORM TARGETARCH\n\
             RUN case \"$TARGETPLATFORM\" in linux/amd64) x;; linux/arm64*) y;; linux/arm/v7) z;; esac\n\
             RUN [ \"$TARGETARCH\" = arm64 ] || x\n",
        ),
        good(
            RULE.rule,
            "both spellings",
            "FROM debian\nARG TARGETPLATFORM\nRUN case $TARGETPLATFORM in linux/arm64|linux/arm64/v8) x;; linux/amd64) y;; esac\n\
             ARG TARGETARCH\nRUN if [ $TARGETARCH = aarch64 ] || [ $TARGETARCH = arm64 ]; then x; fi\n",
        ),
        good(
            RULE.rule,
            "another variable",
            "FROM debian\nARG ARCH\nRUN case $ARCH in x86_64) x;; esac; [ \"$FLAVOUR\" = arm ] || y\n",
        ),
        good(
            RULE.rule,
            "platforms that are rare",
            "FROM debian\nARG TARGETARCH\nRUN case $TARGETARCH in amd64|arm64) x;; loong64|mips64le|ppc64) y;; *) exit 1;; esac\n",
        ),
    ]
}
