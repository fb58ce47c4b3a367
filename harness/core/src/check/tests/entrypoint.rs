use super::{Case, Rule, caught, silent};
use crate::elf::ElfType;
use crate::fixture::{ElfFile, Layer, Variant, program};
use crate::launch::Arguments;

const ACCOUNTS: &str = "root:x:0:0:root:/root:/bin/sh\n\
    # a comment\n\
    broken line\n\
    app:x:1000:2000::/home/app:/bin/sh\n\
    1234:x:77:77::/:/bin/sh\n";
const GROUPS: &str = "root:x:0:\nstaff:x:50:someone,app\nvideo:x:44:app\n";

pub(super) fn cases() -> Vec<Case> {
    [missing(), not_executable(), permissions(), shebang(), env(), shell(), user(), variables()]
        .into_iter()
        .flatten()
        .collect()
}

/// An image with a shell, as Debian lays it out: `/bin` is a link to `/usr/bin`.
fn merged_usr() -> Layer {
    Layer::new()
        .symlink("bin", "usr/bin")
        .executable("usr/bin/dash", program("linux/amd64"))
        .symlink("usr/bin/sh", "dash")
        .executable("usr/bin/env", program("linux/amd64"))
        .file("etc/passwd", 0o644, ACCOUNTS)
        .file("etc/group", 0o644, GROUPS)
}

fn debian() -> Variant {
    Variant::new("linux/amd64").layer(merged_usr())
}

/// Its entrypoint is a file of that content.
fn starting(content: impl AsRef<[u8]>) -> Variant {
    debian().layer(Layer::new().executable("app", content)).entrypoint(&["/app"])
}

fn missing() -> Vec<Case> {
    use Rule::EntrypointMissing as Missing;
    let tool = || Layer::new().executable("opt/tool", program("linux/amd64"));
    vec![
        caught(
            Missing,
            "the file was not copied on this platform",
            debian().entrypoint(&["/usr/local/bin/app"]),
            &["error linux/amd64 /usr/local/bin/app"],
        ),
        caught(
            Missing,
            "no directory of PATH has it",
            debian().layer(tool()).entrypoint(&["tool"]).env(&["PATH=/usr/bin:/bin"]),
            &["error linux/amd64 tool"],
        ),
        caught(Missing, "neither ENTRYPOINT nor CMD", debian(), &["note linux/amd64 -"]),
        caught(
            Missing,
            "a link to nowhere",
            debian().layer(Layer::new().symlink("app", "/opt/app-amd64")).entrypoint(&["/app"]),
            &["error linux/amd64 /app"],
        ),
        caught(
            Missing,
            "links in a circle",
            debian().layer(Layer::new().symlink("a", "b").symlink("b", "a")).entrypoint(&["/a"]),
            &["error linux/amd64 /a"],
        ),
        caught(
            Missing,
            "a path through a file",
            debian().layer(tool()).entrypoint(&["/opt/tool/tool"]),
            &["error linux/amd64 /opt/tool/tool"],
        ),
        caught(
            Missing,
            "relative, and the working directory is another",
            debian().layer(tool()).entrypoint(&["./tool"]).working_dir("/srv"),
            &["error linux/amd64 ./tool"],
        ),
        caught(
            Missing,
            "a later layer hides it",
            debian()
                .layer(tool())
                .layer(Layer::new().whiteout("opt/tool"))
                .entrypoint(&["/opt/tool"]),
            &["error linux/amd64 /opt/tool"],
        ),
        silent(Missing, "a link in the directory", debian().entrypoint(&["/bin/dash"])),
        silent(Missing, "a link in the name", debian().entrypoint(&["/bin/sh"])),
        silent(Missing, "found in the engine's own PATH", debian().entrypoint(&["dash"])),
        silent(
            Missing,
            "found in the image's PATH, of which the last one counts",
            debian().layer(tool()).entrypoint(&["tool"]).env(&["PATH=/bin", "PATH=/sbin:/opt"]),
        ),
        silent(
            Missing,
            "the first of that name may not be executed, the second may",
            debian()
                .layer(tool().file("srv/tool", 0o644, "no program"))
                .entrypoint(&["tool"])
                .env(&["PATH=/srv:/opt"]),
        ),
        silent(
            Missing,
            "a directory of that name comes first",
            debian()
                .layer(tool().directory("srv/tool"))
                .entrypoint(&["tool"])
                .env(&["PATH=/srv:/opt"]),
        ),
        silent(
            Missing,
            "relative to the working directory",
            debian().layer(tool()).entrypoint(&["./tool"]).working_dir("/opt"),
        ),
        silent(
            Missing,
            "an empty entry of PATH is the working directory",
            debian().layer(tool()).entrypoint(&["tool"]).env(&["PATH=/bin:"]).working_dir("/opt/"),
        ),
        silent(Missing, "CMD alone", debian().cmd(&["/bin/sh", "-l"])),
        Case {
            expectations: super::Expectations {
                arguments: Arguments::Given(vec!["dash".into()]),
                run: super::RunExpectation::default(),
                trace: super::TraceExpectation::default(),
            },
            ..silent(Missing, "no command, but words for the run", debian())
        },
    ]
}

fn not_executable() -> Vec<Case> {
    use Rule::EntrypointNotExecutable as Not;
    let app: &[&str] = &["error linux/amd64 /app"];
    let object = ElfFile::of("linux/amd64").with_type(ElfType::REL).bytes();
    let with_mode = |mode| {
        debian().layer(Layer::new().file("app", mode, program("linux/amd64"))).entrypoint(&["/app"])
    };
    vec![
        caught(Not, "COPY kept a mode without x", with_mode(0o644), app),
        caught(Not, "a text without `#!`", starting("echo hello\n"), app),
        caught(Not, "an empty file", starting(""), app),
        caught(Not, "an object file", starting(object), app),
        caught(
            Not,
            "a directory",
            debian().layer(Layer::new().directory("app")).entrypoint(&["/app"]),
            app,
        ),
        caught(
            Not,
            "a device",
            debian().layer(Layer::new().device("app")).entrypoint(&["/app"]),
            app,
        ),
        caught(
            Not,
            "the script may be executed, its interpreter may not",
            starting("#!/opt/sh\n").layer(Layer::new().file(
                "opt/sh",
                0o644,
                program("linux/amd64"),
            )),
            &["error linux/amd64 /opt/sh"],
        ),
        caught(
            Not,
            "all that PATH has of that name may not be executed",
            debian().layer(Layer::new().file("usr/bin/app", 0o600, "")).entrypoint(&["app"]),
            &["error linux/amd64 /usr/bin/app"],
        ),
        silent(Not, "root needs one x bit, whosever", with_mode(0o001)),
        silent(Not, "a script named as a table of accounts is", {
            let script = Layer::new().executable("usr/local/bin/group", "#!/bin/sh\n");
            debian().layer(script).entrypoint(&["group"])
        }),
    ]
}

fn permissions() -> Vec<Case> {
    use Rule::EntrypointNotExecutable as Not;
    let app: &[&str] = &["error linux/amd64 /app"];
    let owned = |uid, gid, mode| {
        let layer = Layer::new().owned_by(uid, gid).file("app", mode, program("linux/amd64"));
        debian().layer(layer).entrypoint(&["/app"])
    };
    vec![
        caught(
            Not,
            "root's alone, and the image runs as another",
            owned(0, 0, 0o700).user("app"),
            app,
        ),
        caught(
            Not,
            "the owner's bit decides for the owner",
            owned(1000, 0, 0o655).user("app"),
            app,
        ),
        caught(
            Not,
            "the group's bit decides for the group",
            owned(0, 2000, 0o705).user("app"),
            app,
        ),
        caught(
            Not,
            "a stated group replaces the account's own",
            owned(0, 2000, 0o750).user("app:50"),
            app,
        ),
        caught(
            Not,
            "a number without an account has root's group",
            owned(0, 1, 0o750).user("4711"),
            app,
        ),
        silent(Not, "its owner", owned(1000, 0, 0o700).user("app")),
        silent(Not, "its group", owned(0, 2000, 0o750).user("1000")),
        silent(
            Not,
            "one of the groups that the account is a member of",
            owned(0, 44, 0o750).user("app"),
        ),
        silent(Not, "the stated group", owned(0, 50, 0o750).user("app:staff")),
        silent(Not, "anybody", owned(0, 5, 0o701).user("65532")),
        silent(Not, "a number is a number, whatever accounts are called", {
            owned(1234, 0, 0o700).user("1234")
        }),
    ]
}

fn shebang() -> Vec<Case> {
    use Rule::EntrypointShebang as Shebang;
    let app: &[&str] = &["error linux/amd64 /app"];
    let chain = |length: usize| {
        let scripts = (0..length).fold(Layer::new(), |layer, at| {
            layer.executable(&format!("s/{at}"), format!("#!/s/{}\n", at + 1))
        });
        let last = scripts.executable(&format!("s/{length}"), program("linux/amd64"));
        debian().layer(last).entrypoint(&["/s/0"])
    };
    vec![
        caught(Shebang, "Alpine has no bash", starting("#!/bin/bash\n"), app),
        caught(Shebang, "Windows line endings", starting("#!/bin/sh\r\necho\r\n"), app),
        caught(
            Shebang,
            "Windows line endings after an argument",
            starting("#!/bin/sh -e\r\n"),
            app,
        ),
        caught(Shebang, "a byte order mark", starting("\u{feff}#!/bin/sh\n"), app),
        caught(Shebang, "a comment comes first", starting("# licence\n#!/bin/sh\n"), app),
        caught(Shebang, "a blank line comes first", starting("\n#!/bin/sh\n"), app),
        caught(Shebang, "no interpreter", starting("#!\n"), app),
        caught(
            Shebang,
            "an interpreter of interpreters without end",
            chain(6),
            &["error linux/amd64 /s/5"],
        ),
        silent(Shebang, "as many interpreters as the kernel follows", chain(5)),
        silent(Shebang, "an interpreter behind links", starting("#!/bin/sh\n")),
        silent(Shebang, "blanks around it", starting("#! \t/bin/sh \t-e  \n")),
        silent(Shebang, "carriage returns after the first line", starting("#!/bin/sh\necho\r\n")),
        silent(Shebang, "no line ending", starting("#!/bin/sh")),
        silent(
            Shebang,
            "an interpreter relative to the working directory",
            starting("#!usr/bin/sh\n"),
        ),
    ]
}

fn env() -> Vec<Case> {
    use Rule::EntrypointShebang as Shebang;
    let app: &[&str] = &["error linux/amd64 /app"];
    vec![
        caught(Shebang, "env is there, python is not", starting("#!/usr/bin/env python3\n"), app),
        caught(
            Shebang,
            "env -S, python is not there",
            starting("#!/usr/bin/env -S python3 -u\n"),
            app,
        ),
        caught(
            Shebang,
            "env takes the whole line as one name",
            starting("#!/usr/bin/env sh -e\n"),
            app,
        ),
        caught(Shebang, "env with Windows line endings", starting("#!/usr/bin/env sh\r\n"), app),
        silent(Shebang, "env", starting("#!/usr/bin/env sh\n")),
        silent(Shebang, "env -S", starting("#!/usr/bin/env -S sh -e\n")),
        silent(Shebang, "env -S with a variable", starting("#!/usr/bin/env -S A=b sh -e\n")),
        silent(Shebang, "env with its own options", starting("#!/usr/bin/env -i python3\n")),
        silent(Shebang, "env -S with options", starting("#!/usr/bin/env -S -u HOME python3\n")),
        silent(Shebang, "env -S with quotes", starting("#!/usr/bin/env -S \"sh\" -e\n")),
    ]
}

fn shell() -> Vec<Case> {
    use Rule::EntrypointShellMissing as ShellMissing;
    let scratch = || Variant::healthy("linux/amd64").entrypoint(&[]);
    let sh: &[&str] = &["error linux/amd64 /bin/sh"];
    vec![
        caught(
            ShellMissing,
            "ENTRYPOINT app on scratch",
            scratch().entrypoint(&["/bin/sh", "-c", "/app"]),
            sh,
        ),
        caught(ShellMissing, "CMD app on scratch", scratch().cmd(&["/bin/sh", "-c", "/app"]), sh),
        caught(
            ShellMissing,
            "SHELL with options",
            scratch().entrypoint(&["/bin/bash", "-o", "pipefail", "-c", "/app"]),
            &["error linux/amd64 /bin/bash"],
        ),
        caught(
            ShellMissing,
            "a shell to be searched",
            scratch().entrypoint(&["sh", "-c", "/app"]),
            &["error linux/amd64 sh"],
        ),
        silent(ShellMissing, "ENTRYPOINT", debian().entrypoint(&["/bin/sh", "-c", "exec app"])),
        silent(ShellMissing, "CMD", debian().cmd(&["/bin/sh", "-c", "exec app"])),
        silent(ShellMissing, "exec form needs no shell", Variant::healthy("linux/amd64")),
        caught(
            Rule::EntrypointMissing,
            "-c is some other program's option",
            scratch().entrypoint(&["/server", "-c", "server.conf"]),
            &["error linux/amd64 /server"],
        ),
    ]
}

fn user() -> Vec<Case> {
    use Rule::UserMissing as Missing;
    let found: &[&str] = &["error linux/amd64 -"];
    let run_by = |user| debian().entrypoint(&["/bin/sh"]).user(user);
    let scratch_by = |user| Variant::healthy("linux/amd64").user(user);
    vec![
        caught(Missing, "adduser did not run on this platform", run_by("nonroot"), found),
        caught(Missing, "a number that no engine takes", run_by("4294967296"), found),
        caught(Missing, "a number that only the kernel takes", run_by("2147483648"), found),
        caught(Missing, "a group of such a number", run_by("0:2147483648"), found),
        silent(Missing, "the largest number", run_by("2147483647:2147483647")),
        caught(Missing, "the group is not there", run_by("app:nogroup"), found),
        caught(Missing, "a name on scratch", scratch_by("nobody"), found),
        caught(Missing, "a negative number is a name", run_by("-1"), found),
        silent(Missing, "a name", run_by("app")),
        silent(Missing, "a name and a group", run_by("app:staff")),
        silent(Missing, "a name and an empty group", run_by("app:")),
        silent(Missing, "a number and a group", run_by("1000:staff")),
        silent(Missing, "numbers need no tables", scratch_by("65532:65532")),
        silent(Missing, "nobody in particular is root", scratch_by("")),
        silent(
            Missing,
            "a table behind a link, as Nix makes it",
            Variant::healthy("linux/amd64")
                .layer(
                    Layer::new()
                        .file("nix/store/1-fake-nss/etc/passwd", 0o444, ACCOUNTS)
                        .symlink("etc/passwd", "/nix/store/1-fake-nss/etc/passwd"),
                )
                .user("app"),
        ),
        silent(
            Missing,
            "a table that is kept under another name was not read",
            Variant::healthy("linux/amd64")
                .layer(
                    Layer::new()
                        .file("nix/store/1-users", 0o444, "nix:x:1:1::/:/bin/sh")
                        .symlink("etc/passwd", "/nix/store/1-users"),
                )
                .user("nix"),
        ),
    ]
}

fn variables() -> Vec<Case> {
    use Rule::EnvPathMissing as Env;
    let on =
        |platform, variables: &[&str]| {
            let files = Layer::new()
                .file("usr/lib/jvm/java-21-openjdk-arm64/release", 0o644, "")
                .file("opt/jdk-amd64/release", 0o644, "");
            Variant::healthy(platform).layer(files).env(variables)
        };
    let with = |variables: &[&str]| on("linux/arm64", variables);
    let tcmalloc = "LD_PRELOAD=/usr/lib/x86_64-linux-gnu/libtcmalloc.so.4";
    vec![
        caught(
            Env,
            "JAVA_HOME as it is on amd64",
            with(&["JAVA_HOME=/usr/lib/jvm/java-21-openjdk-amd64"]),
            &["error linux/arm64 /usr/lib/jvm/java-21-openjdk-amd64"],
        ),
        caught(
            Env,
            "LD_PRELOAD as it is on amd64",
            with(&[tcmalloc]),
            &["error linux/arm64 /usr/lib/x86_64-linux-gnu/libtcmalloc.so.4"],
        ),
        caught(
            Env,
            "a list of which nothing is there",
            with(&["LD_LIBRARY_PATH=/opt/none:/usr/lib/x86_64-linux-gnu"]),
            &["error linux/arm64 /usr/lib/x86_64-linux-gnu"],
        ),
        silent(
            Env,
            "JAVA_HOME as it is here",
            with(&["JAVA_HOME=/usr/lib/jvm/java-21-openjdk-arm64"]),
        ),
        silent(Env, "a missing path of the own architecture", with(&["X=/opt/aarch64-linux-gnu"])),
        silent(Env, "an oddly named path that is there", with(&["JAVA_HOME=/opt/jdk-amd64"])),
        silent(
            Env,
            "a list of which one is there",
            with(&["LD_LIBRARY_PATH=/usr/lib/x86_64-linux-gnu:/usr/lib/jvm"]),
        ),
        silent(Env, "a missing path of no architecture", with(&["CACHE=/var/cache/app"])),
        silent(Env, "PATH is a list of places to look", with(&["PATH=/opt/x86_64/bin"])),
        silent(
            Env,
            "an address is no path",
            with(&["SOURCE=https://example.com/linux-amd64/tool.tar.gz"]),
        ),
        silent(Env, "the last of several counts", with(&[tcmalloc, "LD_PRELOAD="])),
        silent(Env, "the same on amd64", on("linux/amd64", &[tcmalloc])),
        silent(Env, "words that contain a name", with(&["X=/opt/notamd64x"])),
    ]
}
