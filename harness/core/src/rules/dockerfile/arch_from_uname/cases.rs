use crate::rules::dockerfile::arch_from_uname::RULE;
use crate::rules::tests::dockerfile::{TWO, bad_for_four, good, good_for_four, image};
use crate::rules::tests::{Case, caught};

pub(in crate::rules) fn cases() -> Vec<Case> {
    vec![
        bad_for_four(
            RULE.rule,
            "the distribution is asked as well",
            "FROM debian\nRUN if [ $(dpkg --print-architecture) = i386 ]; then a; elif [ $(uname -m) = x86_64 ]; then b; fi\n",
            &["note - 2:66"],
        ),
        bad_for_four(
            RULE.rule,
            "one branch for the kernel's word and another for the platform's",
            "FROM debian\nRUN A=$(uname -m) && case $A in x86_64|i?86) x;; aarch64) y;; arm*) z;; esac\n",
            &["warning - 2:9"],
        ),
        bad_for_four(
            RULE.rule,
            "in one branch, and then in an address",
            "FROM debian\nRUN A=$(uname -m); case $A in *86*) x;; a*) y;; esac; curl -O https://example.com/$A\n",
            &["warning - 2:9"],
        ),
        bad_for_four(
            RULE.rule,
            "for another command",
            "FROM debian\nRUN ARCH=$(uname -m) make\n",
            &["warning - 2:12"],
        ),
        bad_for_four(
            RULE.rule,
            "for all other commands",
            "FROM debian\nRUN ARCH=$(uname -m); export ARCH; make\n",
            &["warning - 2:12"],
        ),
        bad_for_four(
            RULE.rule,
            "by another command",
            "FROM debian\nRUN if uname -m | grep -q 64; then x; fi\n",
            &["warning - 2:8"],
        ),
        good_for_four(
            RULE.rule,
            "one branch for both words",
            "FROM debian\nRUN A=$(uname -m) && case \"${A}\" in x86_64|i?86) x;; aarch64|arm*) y;; esac; \
             case $(uname -m) in a*) z;; esac\n",
        ),
        good_for_four(
            RULE.rule,
            "only shown",
            "FROM debian\nRUN uname -m && echo \"on $(uname -m)\"\n",
        ),
        good(RULE.rule, "only looked at", "FROM debian\nRUN uname -a\n"),
        bad_for_four(
            RULE.rule,
            "32-bit platforms have 64-bit kernels",
            "FROM debian\nRUN curl -O https://example.com/tool-$(uname -m)\n",
            &["warning - 2:40"],
        ),
        caught(RULE.rule, "right for these, and there may be others", image(TWO), &["note - 2:13"])
            .requesting(TWO)
            .by_unnamed("FROM debian\nRUN ARCH=\"$(uname -sm)\" && fetch $ARCH\n"),
        good(RULE.rule, "right for these platforms", "FROM debian\nRUN fetch $(uname -m)\n"),
        caught(RULE.rule, "by its other name", image(TWO), &["note - 2:12"])
            .requesting(TWO)
            .by_unnamed("FROM debian\nRUN if [ $(arch) = x86_64 ]; then x; fi\n"),
        good(
            RULE.rule,
            "the distribution is asked",
            "FROM debian\nRUN fetch $(dpkg --print-architecture)\n",
        ),
        good(
            RULE.rule,
            "the kernel's name",
            "FROM debian\nRUN fetch $(uname -s) && arch=x; echo uname -m\n",
        ),
        good(
            RULE.rule,
            "for a tool of the machine that builds",
            "FROM --platform=$BUILDPLATFORM alpine AS b\nRUN curl -O https://example.com/protoc-$(uname -m)\n\
             FROM scratch\nCOPY --from=b /p /\n",
        ),
    ]
}
