use crate::rules::dockerfile::arch_hardcoded::RULE;
use crate::rules::tests::dockerfile::{FOUR, bad, bad_for_four, good, good_for_four, image};
use crate::rules::tests::{Case, caught, silent};

pub(in crate::rules) fn cases() -> Vec<Case> {
    [
        hardcoded(),
        not_hardcoded(),
        hardcoded_rightly(),
        hardcoded_in_scripts(),
        hardcoded_in_variables(),
        hardcoded_in_branches(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn hardcoded() -> Vec<Case> {
    vec![
        bad(
            RULE.rule,
            "told to a compiler of one platform",
            "FROM --platform=linux/amd64 golang AS b\nRUN env CGO_ENABLED=0 GOARCH=amd64 go build -o /m\n\
             FROM scratch\nCOPY --from=b /m /\n",
            &["error - 2:30"],
        ),
        bad(
            RULE.rule,
            "in scripts that are given to shells",
            "FROM debian\nRUN bash -eux <<'EOT'\ncurl -o /t https://example.com/t-amd64\nEOT\n\
             RUN <<EOT sh\ncurl -o /u https://example.com/u-amd64\nEOT\n\
             RUN sh -c 'curl -o /v https://example.com/v-amd64'\n\
             RUN [\"/bin/bash\", \"-c\", \"curl -o /w https://example.com/w-amd64\"]\n",
            &["warning - 3:34", "warning - 6:34", "warning - 8:45", "warning - 9:59"],
        ),
        bad(
            RULE.rule,
            "in the names of images that files come from",
            "FROM alpine\nCOPY --from=amd64/busybox /bin/busybox /b\n\
             RUN --mount=from=arm64v8/busybox,target=/c cp /c/bin/busybox /c\n",
            &["warning - 2:13", "warning - 3:18"],
        ),
        bad(
            RULE.rule,
            "in an address, behind other commands",
            "FROM debian\nRUN sudo -E timeout 60 curl -o /t https://example.com/t-amd64\n",
            &["warning - 2:57"],
        ),
        bad(
            RULE.rule,
            "a base image of one architecture",
            "FROM arm64v8/alpine:3\n",
            &["warning - 1:6"],
        ),
        bad(
            RULE.rule,
            "a download by ADD",
            "FROM debian\nADD https://example.com/tini-amd64 /tini\n",
            &["warning - 2:30"],
        ),
        bad(
            RULE.rule,
            "a file of the context",
            "FROM debian\nADD curl-aarch64 /usr/bin/curl\n",
            &["warning - 2:10"],
        ),
        bad(
            RULE.rule,
            "a path of the distribution",
            "FROM debian\nENV JAVA_HOME=/usr/lib/jvm/java-17-openjdk-amd64\n",
            &["warning - 2:44"],
        ),
        bad(
            RULE.rule,
            "a library of another stage",
            "FROM debian AS a\nFROM debian\nCOPY --from=a /usr/lib/x86_64-linux-gnu/libz.so.1 /lib/\n",
            &["warning - 3:24"],
        ),
        bad(
            RULE.rule,
            "the compiler's variable",
            "FROM --platform=$BUILDPLATFORM golang AS b\nENV GOARCH=amd64\nRUN go build -o /tool\n\
             FROM scratch\nCOPY --from=b /tool /\n",
            &["error - 2:12"],
        ),
        bad(
            RULE.rule,
            "an argument that names a download",
            "FROM debian\nARG S6_ARCH=x86_64\nADD https://example.com/s6-${S6_ARCH}.tar.xz /tmp/\n",
            &["note - 2:5"],
        ),
    ]
}

fn not_hardcoded() -> Vec<Case> {
    vec![
        good(
            RULE.rule,
            "fetched for all, unpacked for one",
            "FROM debian\nRUN curl https://example.com/s6-noarch.tgz | tar xz && curl -O https://example.com/s6-x86_64.tgz && curl -O https://example.com/s6-aarch64.tgz \\\n\
             \x20 && tar xf s6-$(dpkg --print-architecture).tgz\n",
        ),
        good(
            RULE.rule,
            "translated where it is foreign",
            "FROM debian\nRUN if [ \"$(uname -m)\" = aarch64 ]; then curl -LO https://example.com/box64.zip; fi\n\
             RUN curl -o /t.tgz https://example.com/t-linux64.tgz\n",
        ),
        good(
            RULE.rule,
            "compiled for another system, and copied from there",
            "FROM --platform=$BUILDPLATFORM rust AS w\nRUN cargo build --target x86_64-pc-windows-gnu\n\
             FROM nginx\nCOPY --from=w /target/x86_64-pc-windows-gnu/release/app.exe /html/\n",
        ),
        good(
            RULE.rule,
            "tested for one of them",
            "FROM --platform=$BUILDPLATFORM golang AS b\nARG TARGETARCH\nRUN GOARCH=amd64 go vet ./...\n\
             RUN GOARCH=$TARGETARCH go build -o /m\nFROM scratch\nCOPY --from=b /m /\n",
        ),
        good(
            RULE.rule,
            "a platform that somebody else builds for, and a key",
            "FROM debian\nENV DOCKER_DEFAULT_PLATFORM=linux/amd64 PLATFORMS=\"linux/amd64\"\n\
             RUN curl https://example.com/amd64/key.gpg | gpg --dearmor -o /key\n",
        ),
        good(
            RULE.rule,
            "compiled for all at once",
            "FROM --platform=$BUILDPLATFORM rust AS b\nRUN cargo zigbuild --target x86_64-unknown-linux-musl \\\n\
             \x20 --target aarch64-unknown-linux-musl\nFROM scratch\nCOPY --from=b /m /\n",
        ),
        good(
            RULE.rule,
            "packages of another architecture on purpose",
            "FROM debian\nRUN dpkg --add-architecture i386\nRUN apt-get install -y libc6:i386\n",
        ),
        good(
            RULE.rule,
            "a stage for each architecture that sets an argument",
            "FROM scratch AS b-amd64\nARG A=x86_64\nFROM scratch AS b-arm64\nARG A=aarch64\n\
             FROM b-$TARGETARCH\nADD https://example.com/t-$A /t\n",
        ),
        good(
            RULE.rule,
            "a list for the package manager, and a linker for each target",
            "FROM debian\nCOPY packages-amd64.txt /etc/\n\
             ENV CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_LINKER=x86_64-linux-gnu-gcc\n",
        ),
    ]
}

/// Architectures that are rightly written.
fn hardcoded_rightly() -> Vec<Case> {
    vec![
        good(
            RULE.rule,
            "a stage for each architecture",
            "FROM amd64/debian AS d-amd64\nADD https://example.com/t-x86_64 /t\nFROM arm64v8/debian AS d-arm64\n\
             ADD https://example.com/t-aarch64 /t\nFROM d-$TARGETARCH\n",
        ),
        good(
            RULE.rule,
            "all of them, to choose from",
            "FROM scratch AS f\nADD https://example.com/t-x86_64 /amd64\nADD https://example.com/t-aarch64 /arm64\n\
             FROM debian\nARG TARGETARCH\nCOPY --from=f /$TARGETARCH /t\n",
        ),
        good(
            RULE.rule,
            "a fallback of the builder's variable",
            "FROM debian\nARG TARGETARCH\nADD https://example.com/t-${TARGETARCH:-amd64} /t\n",
        ),
        good(
            RULE.rule,
            "a word that only looks like one",
            "FROM debian\nADD https://example.com/arm/charm-2.0.tar.gz /t\nCOPY amd64x /\nENV NAME=amd64\n",
        ),
        good(
            RULE.rule,
            "an argument that is given",
            "FROM debian\nARG ARCH\nADD https://example.com/t-${ARCH} /t\n",
        ),
        silent(RULE.rule, "one platform, which it names", image(&["linux/arm64"]))
            .requesting(&["linux/arm64"])
            .by("FROM arm64v8/alpine\nADD https://example.com/t-aarch64 /t\n"),
    ]
}

fn hardcoded_in_scripts() -> Vec<Case> {
    vec![
        bad(
            RULE.rule,
            "told to the compiler",
            "FROM --platform=$BUILDPLATFORM golang AS b\nRUN CGO_ENABLED=0 GOOS=linux GOARCH=amd64 go build -o /m main.go\n\
             FROM scratch\nCOPY --from=b /m /\n",
            &["error - 2:37"],
        ),
        bad(
            RULE.rule,
            "told by a flag",
            "FROM --platform=$BUILDPLATFORM rust AS b\nRUN cargo build --release --target x86_64-unknown-linux-musl\n\
             FROM scratch\nCOPY --from=b /m /\n",
            &["error - 2:36"],
        ),
        bad(
            RULE.rule,
            "a download",
            "FROM debian\nRUN curl -fsSL \"https://example.com/jdk_linux-x64_bin.tar.gz\" | tar xz\n",
            &["warning - 2:47"],
        ),
        bad(
            RULE.rule,
            "a download under its own name",
            "FROM debian\nRUN curl -O https://example.com/tool-amd64\n",
            &["warning - 2:38"],
        ),
        bad(
            RULE.rule,
            "two downloads, one over the other",
            "FROM debian\nRUN curl https://example.com/s6-x86_64.tgz | tar xz -C / \\\n\
             \x20 && curl https://example.com/s6-aarch64.tgz | tar xz -C /\n",
            &["warning - 2:33", "warning - 3:34"],
        ),
        bad(
            RULE.rule,
            "a package",
            "FROM debian\nRUN apt-get install -y libfoo:amd64\n",
            &["warning - 2:31"],
        ),
        bad(
            RULE.rule,
            "a tool of the machine that builds",
            "FROM --platform=$BUILDPLATFORM alpine AS b\nRUN curl -o p.zip https://example.com/protoc-linux-x86_64.zip\n\
             FROM scratch\nCOPY --from=b /p /\n",
            &["note - 2:52"],
        ),
        good(
            RULE.rule,
            "in a branch on the architecture",
            "FROM debian\nARG TARGETARCH\nRUN case \"$TARGETARCH\" in amd64) A=x64;; arm64) A=arm64;; esac \\\n\
             \x20 && curl -o t https://example.com/t-linux-$A\n\
             RUN if [ \"$(dpkg --print-architecture)\" = amd64 ]; then curl -O https://example.com/t-amd64.deb; fi\n\
             RUN [ $TARGETARCH != amd64 ] || curl -O https://example.com/t-amd64.deb\n",
        ),
        good(
            RULE.rule,
            "for several architectures, one after the other",
            "FROM --platform=$BUILDPLATFORM golang AS b\nRUN GOARCH=amd64 go build -o /amd64 && GOARCH=arm64 go build -o /arm64\n\
             FROM scratch\nARG TARGETARCH\nCOPY --from=b /$TARGETARCH /t\n",
        ),
        good(
            RULE.rule,
            "for other systems",
            "FROM --platform=$BUILDPLATFORM golang AS b\nENV GOOS=windows GOARCH=amd64\nRUN go build -o /t.exe\n\
             FROM --platform=$BUILDPLATFORM golang AS c\nRUN GOOS=darwin GOARCH=arm64 go build -o /t\n\
             FROM scratch\nCOPY --from=b /t.exe /\nCOPY --from=c /t /\n",
        ),
        good(
            RULE.rule,
            "in a loop over architectures",
            "FROM --platform=$BUILDPLATFORM golang AS b\nRUN for a in amd64 arm64; do GOARCH=$a go build -o /$a; done\n\
             FROM scratch\nARG TARGETARCH\nCOPY --from=b /$TARGETARCH /t\n",
        ),
        good(
            RULE.rule,
            "cross-compilers and emulators",
            "FROM debian\nRUN dpkg --add-architecture arm64 && apt-get install gcc-aarch64-linux-gnu libc6-dev-arm64-cross\n\
             RUN curl -O https://example.com/qemu-aarch64-static\n",
        ),
        good(
            RULE.rule,
            "several targets of a toolchain",
            "FROM --platform=$BUILDPLATFORM rust AS b\nRUN rustup target add x86_64-unknown-linux-musl aarch64-unknown-linux-musl\n\
             FROM scratch\nCOPY --from=b /m /\n",
        ),
        good(
            RULE.rule,
            "words that are only printed, and files that are removed",
            "FROM debian\nRUN echo amd64 && rm -rf /usr/lib/x86_64-linux-gnu/x && sed s/x86_64/amd64/ /f\n",
        ),
    ]
}

fn hardcoded_in_variables() -> Vec<Case> {
    vec![
        bad(
            RULE.rule,
            "in a variable that nobody can set",
            "FROM debian\nENV ARCH=amd64\nRUN curl -o /t https://example.com/t-$ARCH\n",
            &["warning - 2:10"],
        ),
        bad(
            RULE.rule,
            "in a variable of the script",
            "FROM debian\nRUN A=x86_64; curl -o /t https://example.com/t-$A\n\
             RUN url=https://example.com/t-linux-amd64 && wget \"$url\"\n",
            &["warning - 2:7", "warning - 3:9"],
        ),
        bad(
            RULE.rule,
            "the builder's in place of the target's",
            "FROM debian\nARG BUILDARCH\nADD https://example.com/t-$BUILDARCH /t\n\
             RUN curl -o /u https://example.com/u-${BUILDARCH}\n",
            &["warning - 3:28", "warning - 4:40"],
        ),
        good(
            RULE.rule,
            "in a variable that is chosen, overwritten or for something else",
            "FROM debian\nARG TARGETARCH\nENV ARCH=amd64 KIND=arm64\nRUN echo $KIND\n\
             RUN ARCH=$TARGETARCH; curl -o /t https://example.com/t-$ARCH\n\
             RUN A=amd64; if [ $TARGETARCH = arm64 ]; then A=aarch64; fi; curl -o /u https://example.com/u-$A\n",
        ),
        good(
            RULE.rule,
            "in the fallback or the substitution of a variable",
            "FROM debian\nARG TARGETARCH\nARG ARCH=${TARGETARCH:-amd64}\nENV A=${TARGETARCH:-amd64}\n\
             RUN B=$(uname -m | sed s/x86_64/amd64/); C=`uname -m | sed s/x86_64/amd64/`; \
             D=\"$(echo \"$B\" | tr -d x86_64)\"; curl https://example.com/$ARCH/$A/$B/$C/$D\n",
        ),
        good(
            RULE.rule,
            "the builder's where the build is native, or beside the target's",
            "FROM --platform=$BUILDPLATFORM debian AS b\nARG BUILDARCH\n\
             RUN curl -o /go https://example.com/go-$BUILDARCH && /go\n\
             FROM debian\nCOPY --from=b /o /o\nARG BUILDARCH TARGETARCH\n\
             RUN curl -o /x https://example.com/cross-$BUILDARCH-to-$TARGETARCH\n",
        ),
    ]
}

fn hardcoded_in_branches() -> Vec<Case> {
    vec![
        bad_for_four(
            RULE.rule,
            "in a branch for 32-bit platforms as well",
            "FROM debian\nRUN case $(dpkg --print-architecture) in amd64) A=x64;; arm64|armhf) A=arm64;; i386) A=x86;; esac; \
             fetch $A\n",
            &["warning - 2:72"],
        ),
        caught(RULE.rule, "in an address in such a branch", image(FOUR), &["warning - 2:78"])
            .requesting(FOUR)
            .by("FROM debian\nRUN case $(apk --print-arch) in x86|x86_64) curl -O https://example.com/tool-x86_64;; esac\n"),
        good_for_four(
            RULE.rule,
            "in a branch that 64-bit platforms share with 32-bit ones",
            "FROM debian\nRUN case $(dpkg --print-architecture) in amd64|i386) A=i386;; arm64|armhf) A=armhf;; esac; fetch $A\n",
        ),
        good_for_four(
            RULE.rule,
            "in a branch with a name that no 32-bit platform has",
            "FROM debian\nARG TARGETPLATFORM\n\
             RUN case $TARGETPLATFORM in linux/arm64|linux/arm/v8) A=arm64;; linux/arm/v*) A=arm;; esac; fetch $A\n",
        ),
        good(
            RULE.rule,
            "in a branch for 32-bit platforms that are not built",
            "FROM debian\nRUN case $(dpkg --print-architecture) in amd64|i386) A=amd64;; arm64|armhf) A=arm64;; esac; fetch $A\n",
        ),
        bad(
            RULE.rule,
            "in the branch of another architecture",
            "FROM debian\nARG TARGETARCH\nRUN case $TARGETARCH in amd64) curl -o t https://example.com/t-x86_64 ;; \
             arm64) curl -o t https://example.com/t-x86_64 ;; esac\n",
            &["warning - 3:113"],
        ),
        bad(
            RULE.rule,
            "behind an if for another architecture",
            "FROM debian\nARG TARGETARCH\nRUN if [ \"$TARGETARCH\" = amd64 ]; then curl -o t https://example.com/t-x86_64; \
             elif [ \"$TARGETARCH\" = arm64 ]; then curl -o t https://example.com/t-x86_64; fi\n",
            &["warning - 3:149"],
        ),
        bad(
            RULE.rule,
            "by a short name, in the branch of another architecture",
            "FROM debian\nARG TARGETARCH\nRUN case $TARGETARCH in amd64) curl -o t https://example.com/t-linux-x64.tgz ;; \
             arm64) curl -o t https://example.com/t-linux-x64.tgz ;; esac\n",
            &["warning - 3:126"],
        ),
        bad(
            RULE.rule,
            "in a branch, beside one that is right",
            "FROM debian\nARG TARGETARCH\nRUN case $TARGETARCH in arm64) curl -o t https://example.com/t-x86_64 ;; \
             amd64) curl -o t https://example.com/t-x86_64 ;; arm) curl -o t https://example.com/t-armhf ;; esac\n",
            &["warning - 3:64"],
        ),
        good(
            RULE.rule,
            "in the branch of the machine that builds, or where it is native",
            "FROM --platform=$BUILDPLATFORM debian AS b\nARG TARGETARCH\n\
             RUN if [ $TARGETARCH = arm64 ]; then curl -O https://example.com/for-arm64-on-amd64.tgz; fi; \
             if [ $TARGETARCH = arm64 ]; then curl -O https://example.com/tool-x86_64; fi\n\
             FROM debian\nARG BUILDARCH\nCOPY --from=b /o /o\n\
             RUN if [ $BUILDARCH = amd64 ]; then curl -O https://example.com/x-arm64; fi; \
             if [ $(uname -m) = x86_64 ]; then curl -O https://example.com/aarch64-cross.tgz; fi\n",
        ),
        good(
            RULE.rule,
            "x86, which is amd64 to many",
            "FROM debian\nARG TARGETARCH\nRUN case $TARGETARCH in amd64) curl -o t https://example.com/t-linux-x86.tgz;; esac\n",
        ),
        good(
            RULE.rule,
            "behind an early end",
            "FROM debian\nARG TARGETARCH\nRUN [ \"$TARGETARCH\" = amd64 ] || exit 0; curl -o t https://example.com/t-amd64\n\
             RUN case $TARGETARCH in amd64) ;; *) exit 0;; esac; curl -o u https://example.com/u-amd64\n",
        ),
        good(
            RULE.rule,
            "behind an if, and else",
            "FROM debian\nARG TARGETARCH\nRUN if [ \"$TARGETARCH\" = amd64 ]; then curl -o t https://example.com/t-x86_64; \
             else curl -o t https://example.com/t-aarch64; fi; \
             [ $TARGETARCH = amd64 ] && curl -o u https://example.com/u-amd64 || curl -o u https://example.com/u-arm64\n",
        ),
    ]
}
