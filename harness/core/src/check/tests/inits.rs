//! Programs that an init starts.

use super::{Case, Rule, caught, silent};
use crate::fixture::{ElfFile, Image, Layer, Variant, program};

pub(super) fn cases() -> Vec<Case> {
    [scripts(), programs()].into_iter().flatten().collect()
}

fn base() -> Variant {
    let layer = Layer::new()
        .executable("sbin/tini", program("linux/arm64"))
        .executable("bin/sh", program("linux/arm64"));
    Variant::new("linux/arm64").layer(layer)
}

/// tini starts a script of that text.
fn script(mode: u32, text: &str) -> Variant {
    base().layer(Layer::new().file("entrypoint.sh", mode, text)).entrypoint(&[
        "/sbin/tini",
        "--",
        "/entrypoint.sh",
    ])
}

const SCRIPT: &[&str] = &["error linux/arm64 /entrypoint.sh"];

fn scripts() -> Vec<Case> {
    use Rule::{EntrypointNotExecutable as Not, EntrypointShebang as Shebang};
    vec![
        caught(
            Shebang,
            "an init's script with Windows line endings",
            script(0o755, "#!/bin/sh\r\nexec app\r\n"),
            SCRIPT,
        ),
        caught(
            Shebang,
            "an init's script for bash, which is not there",
            script(0o755, "#!/bin/bash\n"),
            SCRIPT,
        ),
        silent(Shebang, "an init's script", script(0o755, "#!/bin/sh\n")),
        silent(Shebang, "a comment first: an init asks a shell", {
            script(0o755, "# licence\n#!/bin/sh\n")
        }),
        caught(Not, "an init's script without permission", script(0o644, "#!/bin/sh\n"), SCRIPT),
        silent(Not, "no `#!`: an init asks a shell", script(0o755, "exec app\n")),
    ]
}

fn programs() -> Vec<Case> {
    use Rule::{
        EntrypointMissing as Missing, EntrypointShellMissing as ShellMissing,
        InterpreterMissing as Loader,
    };
    let running = |words: &[&str]| base().entrypoint(words);
    let dynamic =
        ElfFile::of("linux/arm64").shared().with_interpreter("/lib/ld-linux-aarch64.so.1");
    let loader = ElfFile::of("linux/arm64").shared().with_soname("ld-musl-aarch64.so.1").bytes();
    let linked = running(&["tini", "/app"]).layer(
        Layer::new()
            .executable("app", dynamic.bytes())
            .executable("lib/ld-musl-aarch64.so.1", loader),
    );
    let bare = Variant::new("linux/arm64")
        .layer(Layer::new().executable("tini", program("linux/arm64")))
        .entrypoint(&["/tini", "--"]);
    vec![
        caught(
            Missing,
            "an init's program is not there",
            running(&["tini", "-g", "--", "/usr/bin/app"]),
            &["error linux/arm64 /usr/bin/app"],
        ),
        caught(
            Missing,
            "an init's program, which CMD names",
            running(&["/sbin/tini", "--"]).cmd(&["app", "serve"]),
            &["error linux/arm64 app"],
        ),
        caught(
            Missing,
            "an init without a program",
            running(&["/sbin/tini", "--"]),
            &["note linux/arm64 -"],
        ),
        silent(
            Missing,
            "an init's program and its arguments",
            running(&["/sbin/tini", "-e", "143", "--"]).cmd(&["sh", "nothing"]),
        ),
        silent(Missing, "an init of an init", running(&["tini", "--", "tini", "sh"])),
        caught(
            ShellMissing,
            "an init's command in shell form, without a shell",
            bare.clone().cmd(&["/bin/sh", "-c", "app"]),
            &["error linux/arm64 /bin/sh"],
        ),
        silent(ShellMissing, "an init's command in shell form", {
            running(&["tini", "--"]).cmd(&["/bin/sh", "-c", "app"])
        }),
        caught(
            Loader,
            "an init's program is the entrypoint",
            Image::of([linked]),
            &["error linux/arm64 /app"],
        ),
    ]
}
