use super::{Case, Rule, caught, silent};
use crate::build::{Basis, BuildTrace, BuilderChecks, Making};
use crate::dockerfile::{BaseOffer, Recipe, Selection, UnfitBase};
use crate::fixture::{Image, Variant, recipe};

pub(super) fn cases() -> Vec<Case> {
    [
        bases(),
        shadowed(),
        out_of_scope(),
        out_of_scope_in_scripts(),
        out_of_scope_without_effect(),
        pinned(),
        ignored(),
        unresolved(),
        builders(),
        untold_builders(),
        hardcoded(),
        hardcoded_rightly(),
        hardcoded_in_scripts(),
        hardcoded_in_branches(),
        hardcoded_in_variables(),
        uname(),
        cache_mounts(),
        spellings(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

const TWO: &[&str] = &["linux/amd64", "linux/arm64"];
const FOUR: &[&str] = &["linux/386", "linux/amd64", "linux/arm/v7", "linux/arm64"];

const SIX: &[&str] =
    &["linux/386", "linux/amd64", "linux/arm/v6", "linux/arm/v7", "linux/arm64", "linux/s390x"];
const V6: &[&str] = &["linux/amd64", "linux/arm/v6"];

/// Healthy images of some platforms, which a Dockerfile is said to have made.
fn image(platforms: &'static [&'static str]) -> Image {
    Image::of(platforms.iter().map(|it| Variant::healthy(it)))
}

impl Case {
    fn by(self, text: &'static str) -> Self {
        self.by_recipe(text, Selection::Named)
    }

    /// By a Dockerfile whose platforms nobody named.
    fn by_unnamed(self, text: &'static str) -> Self {
        self.by_recipe(text, Selection::Assumed)
    }

    /// With what the builder found wanting of the base images.
    fn asked(mut self, unfit: Vec<UnfitBase>) -> Self {
        if let Making::Built(trace) = &mut self.making {
            trace.recipe.unfit = unfit;
        }
        self
    }

    fn by_recipe(self, text: &'static str, selection: Selection) -> Self {
        let recipe = Box::new(Recipe { selection, ..*recipe(text, self.requested) });
        let trace = BuildTrace {
            recipe,
            checks: BuilderChecks::default(),
            basis: Basis::Recorded,
            steps: Vec::new(),
        };
        Self { making: Making::Built(trace), ..self }
    }
}

fn bad(
    rule: Rule,
    what: &'static str,
    text: &'static str,
    findings: &'static [&'static str],
) -> Case {
    caught(rule, what, image(TWO), findings).requesting(TWO).by(text)
}

fn good(rule: Rule, what: &'static str, text: &'static str) -> Case {
    silent(rule, what, image(TWO)).requesting(TWO).by(text)
}

/// The same for platforms with variants.
fn bad_for_four(
    rule: Rule,
    what: &'static str,
    text: &'static str,
    findings: &'static [&'static str],
) -> Case {
    caught(rule, what, image(FOUR), findings).requesting(FOUR).by(text)
}

fn good_for_four(rule: Rule, what: &'static str, text: &'static str) -> Case {
    silent(rule, what, image(FOUR)).requesting(FOUR).by(text)
}

const DIGEST: &str =
    "debian@sha256:e623db73ed29c98a25e3d2ee7bd0f1b0e2c9e4b2d1f0a9b8c7d6e5f4a3b2c1d0";

/// A base image that has something else for a platform.
fn unfit(image: &str, platform: &str, offer: BaseOffer) -> UnfitBase {
    let platform = platform.parse().expect("a platform");
    UnfitBase { image: image.to_owned(), platform, offer }
}

fn others(platforms: &[&str]) -> BaseOffer {
    BaseOffer::Others(platforms.iter().map(|it| it.parse().expect("a platform")).collect())
}

fn one(platform: &str) -> BaseOffer {
    BaseOffer::One(platform.to_owned())
}

fn bases() -> Vec<Case> {
    use Rule::{BasePinnedToOnePlatform as Pinned, BasePlatformMissing as Missing};
    let arm64 = "linux/arm64";
    let amd64 = "linux/amd64";
    let pinned = "FROM debian@sha256:e623db73ed29c98a25e3d2ee7bd0f1b0e2c9e4b2d1f0a9b8c7d6e5f4a3b2c1d0\nRUN x\n";
    vec![
        bad(Missing, "an index without it", "FROM debian\nRUN x\n", &["error - 1:6"])
            .asked(vec![unfit("debian", arm64, others(&[amd64, "linux/386"]))]),
        bad(Missing, "one image under a tag", "ARG V=1\nFROM tool:$V\nRUN x\n", &["error - 2:6"])
            .asked(vec![unfit("tool:1", arm64, one(amd64))]),
        bad(
            Missing,
            "one image that a compiler runs in",
            "FROM tool AS b\nRUN x\nFROM scratch\nCOPY --from=b /x /\n",
            &["error - 1:6"],
        )
        .asked(vec![unfit("tool", arm64, one(amd64))]),
        bad(
            Missing,
            "one image from which files are copied",
            "FROM data AS d\nFROM scratch\nCOPY --from=d /x /\n",
            &["warning - 1:6"],
        )
        .asked(vec![unfit("data", arm64, one(amd64))]),
        bad(Missing, "nothing that is known", "FROM debian\n", &["error - 1:6"])
            .asked(vec![unfit("debian", arm64, others(&[]))]),
        good(Missing, "every base has it", "FROM debian\nRUN x\n"),
        good(
            Missing,
            "a stage that is for the other platform",
            "FROM --platform=linux/arm64 a AS b\nFROM debian\nCOPY --from=b /x /\n",
        )
        .asked(vec![unfit("a", amd64, one(arm64))]),
        good(Missing, "a stage that nothing needs", "FROM old AS o\nFROM debian\n")
            .asked(vec![unfit("old", arm64, one(amd64))]),
        bad(Pinned, "the manifest's digest", pinned, &["error - 1:6"]).asked(vec![unfit(
            DIGEST,
            arm64,
            one(amd64),
        )]),
        good(Pinned, "the index's digest", pinned),
        good(
            Pinned,
            "a digest for the platform that it is of",
            "FROM debian@sha256:1 AS base-amd64\nFROM debian@sha256:2 AS base-arm64\nFROM base-$TARGETARCH\n",
        ),
    ]
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

fn pinned() -> Vec<Case> {
    const RULE: Rule = Rule::FinalStagePinned;
    vec![
        caught(RULE, "the variant is left out", image(V6), &["error - 1:6"])
            .requesting(V6)
            .by("FROM --platform=$TARGETOS/$TARGETARCH php:8\n"),
        good(
            RULE,
            "an argument whose name begins as the builder's",
            "ARG TARGET_PLATFORM=linux/amd64\nFROM --platform=$TARGET_PLATFORM php:8\n",
        ),
        bad(RULE, "the platform that builds", "FROM --platform=$BUILDPLATFORM php:8\n", &["error - 1:6"]),
        bad(RULE, "a constant", "FROM --platform=linux/arm64 php:8\nRUN x\n", &["error - 1:6"]),
        bad(
            RULE,
            "of an image without programs",
            "FROM --platform=$BUILDPLATFORM gcr.io/distroless/static-debian12:nonroot\nCOPY tool /\n",
            &["note - 1:6"],
        ),
        bad(
            RULE,
            "of an image with programs of their kind",
            "FROM --platform=$BUILDPLATFORM gcr.io/distroless/base-debian12\nCOPY tool /\n",
            &["error - 1:6"],
        ),
        bad(
            RULE,
            "a constant, with what is for it",
            "FROM --platform=linux/amd64 debian\nRUN curl -O https://example.com/tool-amd64\n",
            &["error - 1:6"],
        ),
        bad(
            RULE,
            "by the stage that it is built on",
            "FROM --platform=linux/amd64 debian AS base\nRUN x\nFROM --platform=$TARGETPLATFORM base\n",
            &["error - 1:6"],
        )
        .besides(&["StagePlatformIgnored warning - 3:1"]),
        bad(
            RULE,
            "by an argument that shadows the builder's",
            "ARG BUILDPLATFORM=linux/amd64\nFROM --platform=${BUILDPLATFORM} debian\n",
            &["error - 2:6"],
        ),
        bad(
            RULE,
            "cross-compiled in the image itself",
            "FROM --platform=$BUILDPLATFORM golang\nARG TARGETPLATFORM\nRUN xx-go build -o /tool\nENTRYPOINT [\"/tool\"]\n",
            &["error - 1:6"],
        ),
        good(
            RULE,
            "a check for each platform, which nobody publishes",
            "FROM --platform=$BUILDPLATFORM golang AS base\nCOPY --from=xx / /\nFROM base\nARG TARGETPLATFORM\n\
             RUN --mount=target=. xx-go --wrap && golangci-lint run\n",
        ),
        good(RULE, "the target", "FROM --platform=$TARGETPLATFORM php:8\n"),
        good(RULE, "the target, or a fallback", "FROM --platform=${TARGETPLATFORM:-linux/amd64} php:8\n"),
        good(
            RULE,
            "a stage for each platform",
            "FROM --platform=linux/amd64 server AS build-amd64\n\
             FROM --platform=linux/arm64 server-arm64 AS build-arm64\nFROM build-$TARGETARCH\n",
        ),
        good(
            RULE,
            "a builder",
            "FROM --platform=$BUILDPLATFORM node AS a\nRUN npm ci\nFROM nginx\nCOPY --from=a /dist /www\n",
        ),
        good(RULE, "nothing has no platform", "FROM --platform=$BUILDPLATFORM scratch\nCOPY a /\n"),
        good(
            RULE,
            "an argument that whoever builds sets",
            "ARG ARCH=amd64\nFROM --platform=linux/$ARCH alpine\n",
        ),
    ]
}

fn ignored() -> Vec<Case> {
    const RULE: Rule = Rule::StagePlatformIgnored;
    vec![
        bad(
            RULE,
            "the stage is of the target",
            "FROM node AS base\nRUN x\nFROM --platform=$BUILDPLATFORM base AS js\nRUN npm ci\n\
             FROM base\nCOPY --from=js /dist /dist\n",
            &["warning - 3:1"],
        ),
        bad(
            RULE,
            "the stage is chosen by a variable",
            "FROM alpine AS alpine-amd64\nFROM alpine AS alpine-arm64\n\
             FROM --platform=$BUILDPLATFORM alpine-$BUILDARCH AS a\nRUN x\nFROM scratch\nCOPY --from=a /x /\n",
            &["warning - 3:1"],
        ),
        good(
            RULE,
            "it says what is so anyway",
            "FROM --platform=$BUILDPLATFORM node AS base\nRUN x\nFROM --platform=$BUILDPLATFORM base AS js\n\
             RUN npm ci\nFROM nginx\nCOPY --from=js /dist /dist\n",
        ),
        good(
            RULE,
            "an image of a similar name",
            "FROM node AS base\nRUN x\nFROM --platform=$BUILDPLATFORM base:1 AS js\nRUN npm ci\n\
             FROM base\nCOPY --from=js /dist /dist\n",
        ),
    ]
}

fn unresolved() -> Vec<Case> {
    const RULE: Rule = Rule::StageUnresolved;
    vec![
        bad(
            RULE,
            "no stage for a platform",
            "FROM debian AS build-amd64\nFROM build-$TARGETARCH\n",
            &["error - 2:6"],
        ),
        bad_for_four(
            RULE,
            "no stage for variants",
            "FROM debian AS build-386\nFROM debian AS build-amd64\nFROM debian AS build-arm64\n\
             FROM debian AS build-armv6\nFROM build-$TARGETARCH$TARGETVARIANT\n",
            &["error - 5:6"],
        ),
        bad(
            RULE,
            "a stage that no platform chooses",
            "FROM debian AS build-amd64\nFROM debian AS build-arm64\nFROM debian AS build-armv7\n\
             FROM build-$TARGETARCH\n",
            &["error - 3:1"],
        ),
        good_for_four(
            RULE,
            "a stage for a platform that nobody asked for",
            "FROM debian AS b-amd64\nFROM debian AS b-arm64\nFROM debian AS b-386\nFROM debian AS b-armv7\n\
             FROM debian AS b-armv5\nFROM debian AS b-ppc64\nFROM b-$TARGETARCH$TARGETVARIANT\n",
        ),
        bad(RULE, "a variable that nobody declares", "FROM debian:${X:?unset}\n", &["error - 1:6"]),
        good(RULE, "a variable that the user has to set", "ARG X\nFROM debian:${X:?unset}\n"),
        bad(RULE, "a variable that is empty", "FROM $TARGET_IMAGE\n", &["error - 1:6"]),
        bad(
            RULE,
            "no name of an image",
            "FROM debian AS base\nARG WORKER=cpu\nFROM runtime-$WORKER\n",
            &["error - 3:6"],
        ),
        bad(
            RULE,
            "a platform that is empty",
            "FROM --platform=$PLATFORM debian\n",
            &["error - 1:1"],
        ),
        good(
            RULE,
            "a stage for each",
            "FROM debian AS build-amd64\nFROM debian AS build-arm64\nFROM build-$TARGETARCH\n",
        ),
        good_for_four(
            RULE,
            "one stage for all variants",
            "FROM debian AS build-386\nFROM debian AS build-amd64\nFROM debian AS build-arm64\n\
             FROM debian AS build-arm\nFROM build-$TARGETARCH\n",
        ),
        good(RULE, "images for each", "FROM example.com/base-$TARGETARCH\n"),
        good(
            RULE,
            "what whoever builds has to say",
            "ARG BASE\nARG OTHER=$BASE-x\nFROM $BASE AS a\nFROM $OTHER\n",
        ),
        good(
            RULE,
            "a stage that is named for what it copies",
            "FROM debian AS build-amd64\nFROM debian AS build-arm64\nFROM debian AS build-tools\n\
             FROM build-$TARGETARCH\n",
        ),
    ]
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
             FROM nginx\nCOPY --from=d /docs /html\n",
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

fn hardcoded() -> Vec<Case> {
    const RULE: Rule = Rule::ArchHardcoded;
    vec![
        good(
            RULE,
            "fetched for all, unpacked for one",
            "FROM debian\nRUN curl https://example.com/s6-noarch.tgz | tar xz && curl -O https://example.com/s6-x86_64.tgz && curl -O https://example.com/s6-aarch64.tgz \\\n\
             \x20 && tar xf s6-$(dpkg --print-architecture).tgz\n",
        ),
        good(
            RULE,
            "translated where it is foreign",
            "FROM debian\nRUN if [ \"$(uname -m)\" = aarch64 ]; then curl -LO https://example.com/box64.zip; fi\n\
             RUN curl -o /t.tgz https://example.com/t-linux64.tgz\n",
        ),
        good(
            RULE,
            "compiled for another system, and copied from there",
            "FROM --platform=$BUILDPLATFORM rust AS w\nRUN cargo build --target x86_64-pc-windows-gnu\n\
             FROM nginx\nCOPY --from=w /target/x86_64-pc-windows-gnu/release/app.exe /html/\n",
        ),
        good(
            RULE,
            "tested for one of them",
            "FROM --platform=$BUILDPLATFORM golang AS b\nARG TARGETARCH\nRUN GOARCH=amd64 go vet ./...\n\
             RUN GOARCH=$TARGETARCH go build -o /m\nFROM scratch\nCOPY --from=b /m /\n",
        ),
        good(
            RULE,
            "a platform that somebody else builds for, and a key",
            "FROM debian\nENV DOCKER_DEFAULT_PLATFORM=linux/amd64 PLATFORMS=\"linux/amd64,linux/arm64\"\n\
             RUN curl https://example.com/amd64/key.gpg | gpg --dearmor -o /key\n",
        ),
        bad(
            RULE,
            "told to a compiler of one platform",
            "FROM --platform=linux/amd64 golang AS b\nRUN env CGO_ENABLED=0 GOARCH=amd64 go build -o /m\n\
             FROM scratch\nCOPY --from=b /m /\n",
            &["error - 2:30"],
        ),
        bad(
            RULE,
            "in scripts that are given to shells",
            "FROM debian\nRUN bash -eux <<'EOT'\ncurl -o /t https://example.com/t-amd64\nEOT\n\
             RUN <<EOT sh\ncurl -o /u https://example.com/u-amd64\nEOT\n\
             RUN sh -c 'curl -o /v https://example.com/v-amd64'\n\
             RUN [\"/bin/bash\", \"-c\", \"curl -o /w https://example.com/w-amd64\"]\n",
            &["warning - 3:34", "warning - 6:34", "warning - 8:45", "warning - 9:59"],
        ),
        bad(
            RULE,
            "in the names of images that files come from",
            "FROM alpine\nCOPY --from=amd64/busybox /bin/busybox /b\n\
             RUN --mount=from=arm64v8/busybox,target=/c cp /c/bin/busybox /c\n",
            &["warning - 2:13", "warning - 3:18"],
        ),
        bad(
            RULE,
            "in an address, behind other commands",
            "FROM debian\nRUN sudo -E timeout 60 curl -o /t https://example.com/t-amd64\n",
            &["warning - 2:57"],
        ),
        good(
            RULE,
            "compiled for all at once",
            "FROM --platform=$BUILDPLATFORM rust AS b\nRUN cargo zigbuild --target x86_64-unknown-linux-musl \\\n\
             \x20 --target aarch64-unknown-linux-musl\nFROM scratch\nCOPY --from=b /m /\n",
        ),
        good(
            RULE,
            "packages of another architecture on purpose",
            "FROM debian\nRUN dpkg --add-architecture i386\nRUN apt-get install -y libc6:i386\n",
        ),
        good(
            RULE,
            "a stage for each architecture that sets an argument",
            "FROM scratch AS b-amd64\nARG A=x86_64\nFROM scratch AS b-arm64\nARG A=aarch64\n\
             FROM b-$TARGETARCH\nADD https://example.com/t-$A /t\n",
        ),
        good(
            RULE,
            "a list for the package manager, and a linker for each target",
            "FROM debian\nCOPY packages-amd64.txt /etc/\n\
             ENV CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_LINKER=x86_64-linux-gnu-gcc\n",
        ),
        bad(
            RULE,
            "a base image of one architecture",
            "FROM arm64v8/alpine:3\n",
            &["warning - 1:6"],
        ),
        bad(
            RULE,
            "a download by ADD",
            "FROM debian\nADD https://example.com/tini-amd64 /tini\n",
            &["warning - 2:30"],
        ),
        bad(
            RULE,
            "a file of the context",
            "FROM debian\nADD curl-aarch64 /usr/bin/curl\n",
            &["warning - 2:10"],
        ),
        bad(
            RULE,
            "a path of the distribution",
            "FROM debian\nENV JAVA_HOME=/usr/lib/jvm/java-17-openjdk-amd64\n",
            &["warning - 2:44"],
        ),
        bad(
            RULE,
            "a library of another stage",
            "FROM debian AS a\nFROM debian\nCOPY --from=a /usr/lib/x86_64-linux-gnu/libz.so.1 /lib/\n",
            &["warning - 3:24"],
        ),
        bad(
            RULE,
            "the compiler's variable",
            "FROM --platform=$BUILDPLATFORM golang AS b\nENV GOARCH=amd64\nRUN go build -o /tool\n\
             FROM scratch\nCOPY --from=b /tool /\n",
            &["error - 2:12"],
        ),
        bad(
            RULE,
            "an argument that names a download",
            "FROM debian\nARG S6_ARCH=x86_64\nADD https://example.com/s6-${S6_ARCH}.tar.xz /tmp/\n",
            &["note - 2:5"],
        ),
    ]
}

/// Architectures that are rightly written.
fn hardcoded_rightly() -> Vec<Case> {
    const RULE: Rule = Rule::ArchHardcoded;
    vec![
        good(
            RULE,
            "a stage for each architecture",
            "FROM amd64/debian AS d-amd64\nADD https://example.com/t-x86_64 /t\nFROM arm64v8/debian AS d-arm64\n\
             ADD https://example.com/t-aarch64 /t\nFROM d-$TARGETARCH\n",
        ),
        good(
            RULE,
            "all of them, to choose from",
            "FROM scratch AS f\nADD https://example.com/t-x86_64 /amd64\nADD https://example.com/t-aarch64 /arm64\n\
             FROM debian\nARG TARGETARCH\nCOPY --from=f /$TARGETARCH /t\n",
        ),
        good(
            RULE,
            "a fallback of the builder's variable",
            "FROM debian\nARG TARGETARCH\nADD https://example.com/t-${TARGETARCH:-amd64} /t\n",
        ),
        good(
            RULE,
            "a word that only looks like one",
            "FROM debian\nADD https://example.com/arm/charm-2.0.tar.gz /t\nCOPY amd64x /\nENV NAME=amd64\n",
        ),
        good(
            RULE,
            "an argument that is given",
            "FROM debian\nARG ARCH\nADD https://example.com/t-${ARCH} /t\n",
        ),
        silent(RULE, "one platform, which it names", image(&["linux/arm64"]))
            .requesting(&["linux/arm64"])
            .by("FROM arm64v8/alpine\nADD https://example.com/t-aarch64 /t\n"),
    ]
}

fn hardcoded_in_scripts() -> Vec<Case> {
    const RULE: Rule = Rule::ArchHardcoded;
    vec![
        bad(
            RULE,
            "told to the compiler",
            "FROM --platform=$BUILDPLATFORM golang AS b\nRUN CGO_ENABLED=0 GOOS=linux GOARCH=amd64 go build -o /m main.go\n\
             FROM scratch\nCOPY --from=b /m /\n",
            &["error - 2:37"],
        ),
        bad(
            RULE,
            "told by a flag",
            "FROM --platform=$BUILDPLATFORM rust AS b\nRUN cargo build --release --target x86_64-unknown-linux-musl\n\
             FROM scratch\nCOPY --from=b /m /\n",
            &["error - 2:36"],
        ),
        bad(
            RULE,
            "a download",
            "FROM debian\nRUN curl -fsSL \"https://example.com/jdk_linux-x64_bin.tar.gz\" | tar xz\n",
            &["warning - 2:47"],
        ),
        bad(
            RULE,
            "a download under its own name",
            "FROM debian\nRUN curl -O https://example.com/tool-amd64\n",
            &["warning - 2:38"],
        ),
        bad(
            RULE,
            "two downloads, one over the other",
            "FROM debian\nRUN curl https://example.com/s6-x86_64.tgz | tar xz -C / \\\n\
             \x20 && curl https://example.com/s6-aarch64.tgz | tar xz -C /\n",
            &["warning - 2:33", "warning - 3:34"],
        ),
        bad(
            RULE,
            "a package",
            "FROM debian\nRUN apt-get install -y libfoo:amd64\n",
            &["warning - 2:31"],
        ),
        bad(
            RULE,
            "a tool of the machine that builds",
            "FROM --platform=$BUILDPLATFORM alpine AS b\nRUN curl -o p.zip https://example.com/protoc-linux-x86_64.zip\n\
             FROM scratch\nCOPY --from=b /p /\n",
            &["note - 2:52"],
        ),
        good(
            RULE,
            "in a branch on the architecture",
            "FROM debian\nARG TARGETARCH\nRUN case \"$TARGETARCH\" in amd64) A=x64;; arm64) A=arm64;; esac \\\n\
             \x20 && curl -o t https://example.com/t-linux-$A\n\
             RUN if [ \"$(dpkg --print-architecture)\" = amd64 ]; then curl -O https://example.com/t-amd64.deb; fi\n\
             RUN [ $TARGETARCH != amd64 ] || curl -O https://example.com/t-amd64.deb\n",
        ),
        good(
            RULE,
            "for several architectures, one after the other",
            "FROM --platform=$BUILDPLATFORM golang AS b\nRUN GOARCH=amd64 go build -o /amd64 && GOARCH=arm64 go build -o /arm64\n\
             FROM scratch\nARG TARGETARCH\nCOPY --from=b /$TARGETARCH /t\n",
        ),
        good(
            RULE,
            "for other systems",
            "FROM --platform=$BUILDPLATFORM golang AS b\nENV GOOS=windows GOARCH=amd64\nRUN go build -o /t.exe\n\
             FROM --platform=$BUILDPLATFORM golang AS c\nRUN GOOS=darwin GOARCH=arm64 go build -o /t\n\
             FROM scratch\nCOPY --from=b /t.exe /\nCOPY --from=c /t /\n",
        ),
        good(
            RULE,
            "in a loop over architectures",
            "FROM --platform=$BUILDPLATFORM golang AS b\nRUN for a in amd64 arm64; do GOARCH=$a go build -o /$a; done\n\
             FROM scratch\nARG TARGETARCH\nCOPY --from=b /$TARGETARCH /t\n",
        ),
        good(
            RULE,
            "cross-compilers and emulators",
            "FROM debian\nRUN dpkg --add-architecture arm64 && apt-get install gcc-aarch64-linux-gnu libc6-dev-arm64-cross\n\
             RUN curl -O https://example.com/qemu-aarch64-static\n",
        ),
        good(
            RULE,
            "several targets of a toolchain",
            "FROM --platform=$BUILDPLATFORM rust AS b\nRUN rustup target add x86_64-unknown-linux-musl aarch64-unknown-linux-musl\n\
             FROM scratch\nCOPY --from=b /m /\n",
        ),
        good(
            RULE,
            "words that are only printed, and files that are removed",
            "FROM debian\nRUN echo amd64 && rm -rf /usr/lib/x86_64-linux-gnu/x && sed s/x86_64/amd64/ /f\n",
        ),
    ]
}

fn hardcoded_in_variables() -> Vec<Case> {
    const RULE: Rule = Rule::ArchHardcoded;
    vec![
        bad(
            RULE,
            "in a variable that nobody can set",
            "FROM debian\nENV ARCH=amd64\nRUN curl -o /t https://example.com/t-$ARCH\n",
            &["warning - 2:10"],
        ),
        bad(
            RULE,
            "in a variable of the script",
            "FROM debian\nRUN A=x86_64; curl -o /t https://example.com/t-$A\n\
             RUN url=https://example.com/t-linux-amd64 && wget \"$url\"\n",
            &["warning - 2:7", "warning - 3:9"],
        ),
        bad(
            RULE,
            "the builder's in place of the target's",
            "FROM debian\nARG BUILDARCH\nADD https://example.com/t-$BUILDARCH /t\n\
             RUN curl -o /u https://example.com/u-${BUILDARCH}\n",
            &["warning - 3:28", "warning - 4:40"],
        ),
        good(
            RULE,
            "in a variable that is chosen, overwritten or for something else",
            "FROM debian\nARG TARGETARCH\nENV ARCH=amd64 KIND=arm64\nRUN echo $KIND\n\
             RUN ARCH=$TARGETARCH; curl -o /t https://example.com/t-$ARCH\n\
             RUN A=amd64; if [ $TARGETARCH = arm64 ]; then A=aarch64; fi; curl -o /u https://example.com/u-$A\n",
        ),
        good(
            RULE,
            "the builder's where the build is native, or beside the target's",
            "FROM --platform=$BUILDPLATFORM debian AS b\nARG BUILDARCH\n\
             RUN curl -o /go https://example.com/go-$BUILDARCH && /go\n\
             FROM debian\nCOPY --from=b /o /o\nARG BUILDARCH TARGETARCH\n\
             RUN curl -o /x https://example.com/cross-$BUILDARCH-to-$TARGETARCH\n",
        ),
    ]
}

fn hardcoded_in_branches() -> Vec<Case> {
    const RULE: Rule = Rule::ArchHardcoded;
    vec![
        bad_for_four(
            RULE,
            "in a branch for 32-bit platforms as well",
            "FROM debian\nRUN case $(dpkg --print-architecture) in amd64) A=x64;; arm64|armhf) A=arm64;; i386) A=x86;; esac; \
             fetch $A\n",
            &["warning - 2:72"],
        ),
        caught(RULE, "in an address in such a branch", image(FOUR), &["warning - 2:78"])
            .requesting(FOUR)
            .by("FROM debian\nRUN case $(apk --print-arch) in x86|x86_64) curl -O https://example.com/tool-x86_64;; esac\n"),
        good_for_four(
            RULE,
            "in a branch that 64-bit platforms share with 32-bit ones",
            "FROM debian\nRUN case $(dpkg --print-architecture) in amd64|i386) A=i386;; arm64|armhf) A=armhf;; esac; fetch $A\n",
        ),
        good_for_four(
            RULE,
            "in a branch with a name that no 32-bit platform has",
            "FROM debian\nARG TARGETPLATFORM\n\
             RUN case $TARGETPLATFORM in linux/arm64|linux/arm/v8) A=arm64;; linux/arm/v*) A=arm;; esac; fetch $A\n",
        ),
        good(
            RULE,
            "in a branch for 32-bit platforms that are not built",
            "FROM debian\nRUN case $(dpkg --print-architecture) in amd64|i386) A=amd64;; arm64|armhf) A=arm64;; esac; fetch $A\n",
        ),
        bad(
            RULE,
            "in the branch of another architecture",
            "FROM debian\nARG TARGETARCH\nRUN case $TARGETARCH in amd64) curl -o t https://example.com/t-x86_64 ;; \
             arm64) curl -o t https://example.com/t-x86_64 ;; esac\n",
            &["warning - 3:113"],
        ),
        bad(
            RULE,
            "behind an if for another architecture",
            "FROM debian\nARG TARGETARCH\nRUN if [ \"$TARGETARCH\" = amd64 ]; then curl -o t https://example.com/t-x86_64; \
             elif [ \"$TARGETARCH\" = arm64 ]; then curl -o t https://example.com/t-x86_64; fi\n",
            &["warning - 3:149"],
        ),
        bad(
            RULE,
            "in a branch, beside one that is right",
            "FROM debian\nARG TARGETARCH\nRUN case $TARGETARCH in arm64) curl -o t https://example.com/t-x86_64 ;; \
             amd64) curl -o t https://example.com/t-x86_64 ;; arm) curl -o t https://example.com/t-armhf ;; esac\n",
            &["warning - 3:64"],
        ),
        good(
            RULE,
            "behind an early end",
            "FROM debian\nARG TARGETARCH\nRUN [ \"$TARGETARCH\" = amd64 ] || exit 0; curl -o t https://example.com/t-amd64\n\
             RUN case $TARGETARCH in amd64) ;; *) exit 0;; esac; curl -o u https://example.com/u-amd64\n",
        ),
        good(
            RULE,
            "behind an if, and else",
            "FROM debian\nARG TARGETARCH\nRUN if [ \"$TARGETARCH\" = amd64 ]; then curl -o t https://example.com/t-x86_64; \
             else curl -o t https://example.com/t-aarch64; fi; \
             [ $TARGETARCH = amd64 ] && curl -o u https://example.com/u-amd64 || curl -o u https://example.com/u-arm64\n",
        ),
    ]
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

fn cache_mounts() -> Vec<Case> {
    const RULE: Rule = Rule::CacheMountShared;
    vec![
        good(
            RULE,
            "a folder that cargo does not use",
            "FROM --platform=$BUILDPLATFORM rust:1 AS b\nARG TARGETARCH\n\
             RUN --mount=type=cache,target=/root/.cargo/registry cargo build --target $TARGETARCH\n\
             FROM scratch\nCOPY --from=b /m /\n",
        ),
        good(
            RULE,
            "apk that fetches its index anew, knows whose it is, or has no cache",
            "FROM alpine:3.18 AS a\nRUN --mount=type=cache,target=/var/cache/apk,sharing=locked apk add -U curl\n\
             FROM node:22-alpine3.21 AS b\nRUN --mount=type=cache,target=/var/cache/apk,sharing=locked apk add curl\n\
             FROM alpine\nCOPY --from=a / /a\nCOPY --from=b / /b\n\
             RUN --mount=type=cache,target=/var/cache/apk apk add --no-cache curl\n",
        ),
        bad(
            RULE,
            "apk",
            "FROM alpine\nRUN --mount=type=cache,target=/var/cache/apk apk add curl\n",
            &["warning - 2:13"],
        ),
        bad(
            RULE,
            "apk, one after the other",
            "FROM alpine\nRUN --mount=type=cache,target=/var/cache/apk,sharing=locked apk add curl\n",
            &["note - 2:13"],
        ),
        caught(RULE, "apk, of versions of one architecture", image(SIX), &["warning - 3:13"])
            .requesting(SIX)
            .by("FROM alpine\nARG TARGETARCH\n\
                 RUN --mount=type=cache,id=apk-$TARGETARCH,target=/var/cache/apk apk add curl\n")
            // The images are of one program each.
            .besides(&["ParityIdenticalBinary note linux/arm/v7 /app"]),
        good_for_four(
            RULE,
            "apk, of one version of each architecture",
            "FROM alpine\nARG TARGETARCH\n\
             RUN --mount=type=cache,id=apk-$TARGETARCH,target=/var/cache/apk apk add curl\n",
        ),
        bad(
            RULE,
            "apt",
            "FROM debian\nRUN --mount=target=/var/lib/apt/lists,type=cache apt-get update\n",
            &["warning - 2:13"],
        ),
        bad(
            RULE,
            "cargo's registry, also where it is native",
            "FROM --platform=$BUILDPLATFORM rust AS b\nARG TARGETARCH\n\
             RUN --mount=type=cache,target=/usr/local/cargo/registry cargo build --target $TARGETARCH\n\
             FROM scratch\nCOPY --from=b /m /\n",
            &["warning - 3:13"],
        ),
        bad(
            RULE,
            "cargo's results",
            "FROM rust AS b\nRUN --mount=type=cache,target=/src/target cargo build --release\n\
             FROM scratch\nCOPY --from=b /m /\n",
            &["warning - 2:13"],
        )
        .besides(&["BuilderNotNative note - 1:1"]),
        silent(RULE, "cargo's results, one after the other", image(TWO))
            .requesting(TWO)
            .by("FROM rust AS b\nRUN --mount=type=cache,target=/src/target,sharing=locked \
             cargo build --release && cp target/release/m /m\nFROM scratch\nCOPY --from=b /m /\n")
            .besides(&["BuilderNotNative note - 1:1"]),
        bad(
            RULE,
            "packages with machine code",
            "FROM node\nWORKDIR /app\nRUN --mount=type=cache,target=node_modules npm install\n",
            &["warning - 3:13"],
        ),
        good(
            RULE,
            "one for each platform",
            "FROM alpine\nARG TARGETPLATFORM\n\
             RUN --mount=type=cache,id=apk-$TARGETPLATFORM,target=/var/cache/apk apk add curl\n",
        ),
        good(
            RULE,
            "apt, one after the other",
            "FROM debian\nRUN --mount=type=cache,target=/var/cache/apt,sharing=locked apt-get update\n",
        ),
        good(
            RULE,
            "caches that tell platforms apart themselves",
            "FROM golang\nRUN --mount=type=cache,target=/root/.cache/go-build --mount=type=cache,target=/go/pkg/mod make\n\
             RUN --mount=type=cache,target=/root/.cache/pip pip install x\n",
        ),
        good(
            RULE,
            "executed once",
            "FROM --platform=$BUILDPLATFORM node AS js\nRUN --mount=type=cache,target=/app/node_modules npm ci\n\
             FROM nginx\nCOPY --from=js /dist /\n",
        ),
        good(
            RULE,
            "what is no cache",
            "FROM alpine\nRUN --mount=type=tmpfs,target=/var/cache/apk apk add curl\n",
        ),
        silent(RULE, "one platform", image(&["linux/amd64"]))
            .requesting(&["linux/amd64"])
            .by("FROM alpine\nRUN --mount=type=cache,target=/var/cache/apk apk add curl\n"),
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
