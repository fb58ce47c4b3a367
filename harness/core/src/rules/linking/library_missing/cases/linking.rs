use crate::elf::{Data, DynamicFlags1};
use crate::fixture::{CacheFile, CacheFormat, ElfFile, Image, Layer, Variant};
use crate::rules::linking::library_missing::RULE;
use crate::rules::tests::linking::{ALPINE, AMD64, APP, ARM, System};
use crate::rules::tests::{Case, caught, silent};

pub(super) fn cases() -> Vec<Case> {
    [library_missing(), library_found(), glibc_paths(), glibc_cache(), musl(), plugins()]
        .into_iter()
        .flatten()
        .collect()
}

/// The flags of an amd64 library in the cache.
const LIB64: u32 = 0x303;

/// An app in `/opt/app` with `liba.so` that needs `libb.so`, both in `/opt/app/lib`.
fn opt_app(app: ElfFile) -> Layer {
    Layer::new()
        .executable("opt/app/bin/app", app.with_needed(&["liba.so", "libc.so.6"]).bytes())
        .symlink("usr/bin/app", "../../opt/app/bin/app")
        .file(
            "opt/app/lib/liba.so",
            0o644,
            AMD64.elf().with_soname("liba.so").with_needed(&["libb.so"]).bytes(),
        )
        .file("opt/app/lib/libb.so", 0o644, AMD64.elf().with_soname("libb.so").bytes())
}

fn library_missing() -> Vec<Case> {
    let node = |system: System| system.program().with_needed(&["libatomic.so.1", "libc.so.6"]);
    let atomic = |system: System| system.library("libatomic.so.1").bytes();
    let on_arm = || ARM.running_with(&node(ARM), Layer::new());
    let needing = |name| AMD64.program().with_needed(&[name, "libc.so.6"]);
    let in_folder = |file: &str, bytes: &[u8]| {
        Layer::new().file(&format!("{}/{file}", AMD64.folder), 0o644, bytes)
    };
    vec![
        caught(
            RULE.rule,
            "libatomic was purged, and only ARM needs it",
            Image::new([on_arm(), AMD64.running(&AMD64.program())]),
            &["error linux/arm/v7 /usr/bin/app"],
        ),
        silent(
            RULE.rule,
            "libatomic is there",
            ARM.running_with(
                &node(ARM),
                Layer::new().file(&format!("{}/libatomic.so.1", ARM.folder), 0o644, atomic(ARM)),
            ),
        ),
        caught(
            RULE.rule,
            "a library's own need",
            AMD64.running_with(
                &needing("liba.so"),
                in_folder("liba.so", &AMD64.elf().with_needed(&["libb.so"]).bytes()),
            ),
            &["error linux/amd64 /usr/lib/x86_64-linux-gnu/liba.so"],
        ),
        caught(
            RULE.rule,
            "a helper's, and another's",
            AMD64.beside(
                Layer::new()
                    .executable("usr/bin/daemon", needing("libusb.so").bytes())
                    .executable("usr/bin/other", needing("libusb.so").bytes()),
            ),
            &["warning linux/amd64 /usr/bin/daemon"],
        ),
        caught(
            RULE.rule,
            "a program whose starter may know where",
            AMD64.beside(
                Layer::new().executable("opt/tool/bin/tool", needing("libtool.so").bytes()).file(
                    "opt/tool/lib/libtool.so",
                    0o644,
                    AMD64.elf().bytes(),
                ),
            ),
            &["note linux/amd64 /opt/tool/bin/tool"],
        ),
        caught(
            RULE.rule,
            "a pointer of Git LFS instead of the library",
            AMD64.running_with(&needing("liba.so"), in_folder("liba.so", b"version https://")),
            APP,
        ),
        caught(
            RULE.rule,
            "a later layer removes it",
            AMD64
                .running(&AMD64.program())
                .layer(Layer::new().whiteout("usr/lib/x86_64-linux-gnu/libc.so.6")),
            &["error linux/amd64 /usr/bin/app"],
        ),
    ]
}

/// What is found, or not looked for.
fn library_found() -> Vec<Case> {
    let needing = |name| AMD64.program().with_needed(&[name, "libc.so.6"]);
    let in_folder = |file: &str, bytes: &[u8]| {
        Layer::new().file(&format!("{}/{file}", AMD64.folder), 0o644, bytes)
    };
    let loops = |name, other| AMD64.elf().with_soname(name).with_needed(&[other]).bytes();
    vec![
        silent(
            RULE.rule,
            "libraries that need one another",
            AMD64.running_with(
                &needing("liba.so"),
                in_folder("liba.so", &loops("liba.so", "libb.so")).file(
                    "usr/lib/libb.so",
                    0o644,
                    loops("libb.so", "liba.so"),
                ),
            ),
        ),
        silent(
            RULE.rule,
            "the loader by its name",
            AMD64.running(&AMD64.program().with_needed(&["libc.so.6", AMD64.name])),
        ),
        silent(
            RULE.rule,
            "another machine's file of the name is passed over",
            AMD64.running_with(
                &needing("liba.so"),
                in_folder("liba.so", &ARM.elf().bytes()).file(
                    "usr/lib64/liba.so",
                    0o644,
                    AMD64.elf().bytes(),
                ),
            ),
        )
        .besides(&["ElfMachineMismatch error linux/amd64 /usr/lib/x86_64-linux-gnu/liba.so"]),
        silent(
            RULE.rule,
            "a preload that is not there is only said",
            AMD64
                .running_with(
                    &AMD64.program(),
                    Layer::new().file("etc/ld.so.preload", 0o644, "/opt/libwrap.so\n"),
                )
                .env(&["LD_PRELOAD=libmalloc.so"]),
        ),
        silent(
            RULE.rule,
            "a loader of another C library, whose ways are not known",
            AMD64.running_with(
                &needing("liba.so").with_interpreter("/lib/ld64-uClibc.so.1"),
                Layer::new().executable("lib/ld64-uClibc.so.1", AMD64.elf().bytes()),
            ),
        ),
    ]
}

fn glibc_paths() -> Vec<Case> {
    let app = || AMD64.program();
    let start = |app: ElfFile| AMD64.with(opt_app(app));
    let both = |app: ElfFile| app.with_needed(&["/opt/app/lib/libb.so", "libb.so", "libc.so.6"]);
    vec![
        caught(
            RULE.rule,
            "DT_RUNPATH is not inherited",
            start(app().with_runpath("$ORIGIN/../lib")),
            &["error linux/amd64 /opt/app/lib/liba.so"],
        ),
        silent(RULE.rule, "DT_RPATH is", start(app().with_rpath("${ORIGIN}/../lib"))),
        caught(
            RULE.rule,
            "DT_RPATH beside DT_RUNPATH is not looked at",
            start(app().with_rpath("/opt/app/lib").with_runpath("/opt/none")),
            &["error linux/amd64 /opt/app/bin/app"],
        ),
        caught(
            RULE.rule,
            "in no folder that is searched",
            start(app()),
            &["error linux/amd64 /opt/app/bin/app"],
        ),
        silent(
            RULE.rule,
            "LD_LIBRARY_PATH",
            start(app()).env(&["LD_LIBRARY_PATH=/usr/none;/opt/app/lib"]),
        ),
        silent(
            RULE.rule,
            "LD_LIBRARY_PATH relative to the working directory",
            start(app()).env(&["LD_LIBRARY_PATH=lib"]).working_dir("/opt/app"),
        ),
        silent(
            RULE.rule,
            "an empty entry is the working directory",
            start(app()).env(&["LD_LIBRARY_PATH=/usr/none:"]).working_dir("/opt/app/lib"),
        ),
        caught(
            RULE.rule,
            "an empty LD_LIBRARY_PATH is none",
            start(app()).env(&["LD_LIBRARY_PATH="]).working_dir("/opt/app/lib"),
            &["error linux/amd64 /opt/app/bin/app"],
        ),
        silent(
            RULE.rule,
            "a file that is loaded already has the name",
            AMD64.with(
                opt_app(app().with_rpath("/opt/app/lib"))
                    .executable("usr/bin/app", both(app()).bytes()),
            ),
        ),
        silent(
            RULE.rule,
            "$LIB is the distribution's name of the folder",
            AMD64.running_with(
                &app().with_needed(&["libq.so"]).with_runpath("/opt/q/$LIB"),
                Layer::new().file("opt/q/lib64/libq.so", 0o644, AMD64.elf().bytes()),
            ),
        ),
        caught(
            RULE.rule,
            "DF_1_NODEFLIB leaves the loader's own folders out",
            AMD64.running(&app().with_flags_1(DynamicFlags1::NODEFLIB)),
            APP,
        ),
        silent(
            RULE.rule,
            "a loader in Nix's store has its own folder",
            AMD64.running_with(
                &app().with_interpreter("/nix/store/1-glibc/lib/ld-linux-x86-64.so.2"),
                Layer::new()
                    .executable(
                        "nix/store/1-glibc/lib/ld-linux-x86-64.so.2",
                        AMD64.glibc_loader().bytes(),
                    )
                    .executable("nix/store/1-glibc/lib/libc.so.6", AMD64.libc().bytes()),
            ),
        ),
        caught(
            RULE.rule,
            "a loader in Nix's store has no other",
            AMD64.running_with(
                &app()
                    .with_needed(&["libm.so.6"])
                    .with_interpreter("/nix/store/1-glibc/lib/ld-linux-x86-64.so.2"),
                Layer::new().executable(
                    "nix/store/1-glibc/lib/ld-linux-x86-64.so.2",
                    AMD64.glibc_loader().bytes(),
                ),
            ),
            APP,
        ),
    ]
}

fn glibc_cache() -> Vec<Case> {
    let app = AMD64.program().with_needed(&["libfoo.so.1", "libc.so.6"]);
    let library = || AMD64.library("libfoo.so.1").bytes();
    let with = |platform: &'static str, cache: Vec<u8>| {
        let system = System { platform, ..AMD64 };
        system.running_with(
            &app,
            Layer::new()
                .file("opt/foo/libfoo.so.1", 0o644, library())
                .file("etc/ld.so.conf.d/foo.conf", 0o644, "/opt/foo\n")
                .file("etc/ld.so.cache", 0o644, cache),
        )
    };
    let path = "/opt/foo/libfoo.so.1";
    let cache = |flags| CacheFile::new().entry("libfoo.so.1", path, flags);
    let lsb = |cache: CacheFile| cache.bytes(Data::Lsb, CacheFormat::New);
    let v3 = || CacheFile::new().for_hardware("libfoo.so.1", path, "x86-64-v3");
    vec![
        silent(RULE.rule, "found by the cache", with("linux/amd64", lsb(cache(LIB64)))),
        silent(
            RULE.rule,
            "found by an old cache",
            with("linux/amd64", cache(LIB64).bytes(Data::Lsb, CacheFormat::Both)),
        ),
        caught(
            RULE.rule,
            "its folder is configured, and ldconfig was not run",
            with("linux/amd64", lsb(CacheFile::new().entry("libm.so.6", "/lib/libm.so.6", LIB64))),
            APP,
        ),
        caught(
            RULE.rule,
            "the cache is damaged",
            with("linux/amd64", lsb(cache(LIB64))[..60].to_vec()),
            APP,
        ),
        caught(
            RULE.rule,
            "the cache was written on a machine of the other byte order",
            with("linux/amd64", cache(LIB64).bytes(Data::Msb, CacheFormat::New)),
            APP,
        ),
        caught(RULE.rule, "the cache lists i386's", with("linux/amd64", lsb(cache(3))), APP),
        caught(RULE.rule, "only for newer processors", with("linux/amd64", lsb(v3())), APP),
        silent(RULE.rule, "for the platform's processors", with("linux/amd64/v3", lsb(v3()))),
        caught(
            RULE.rule,
            "the cache names a file that was removed",
            with("linux/amd64", lsb(cache(LIB64)))
                .layer(Layer::new().whiteout("opt/foo/libfoo.so.1")),
            APP,
        ),
        silent(
            RULE.rule,
            "the loader's own folders need no cache",
            AMD64.running_with(&app, Layer::new().file("usr/lib/libfoo.so.1", 0o644, library())),
        ),
    ]
}

fn musl() -> Vec<Case> {
    let libc = "libc.musl-x86_64.so.1";
    let app = |name| ALPINE.program().with_needed(&[name, libc]);
    let in_opt =
        || Layer::new().file("opt/lib/libfoo.so", 0o644, ALPINE.musl_library("libfoo.so").bytes());
    let path_file = |text: &str| in_opt().file("etc/ld-musl-x86_64.path", 0o644, text);
    let inherited = Layer::new()
        .file("opt/lib/liba.so", 0o644, ALPINE.elf().with_needed(&["libb.so"]).bytes())
        .file("opt/lib/libb.so", 0o644, ALPINE.elf().bytes());
    vec![
        silent(RULE.rule, "Alpine's own", ALPINE.running(&app("libz.so.1"))),
        caught(RULE.rule, "not in Alpine", ALPINE.running(&app("libstdc++.so.6")), APP),
        caught(
            RULE.rule,
            "musl has no cache",
            ALPINE.running_with(&app("libfoo.so"), in_opt()),
            APP,
        ),
        silent(
            RULE.rule,
            "musl's list of folders",
            ALPINE.running_with(&app("libfoo.so"), path_file("/usr/lib\n/opt/lib\n")),
        ),
        caught(
            RULE.rule,
            "the list replaces what is built in",
            ALPINE.running_with(&app("libz.so.1"), path_file("/opt/lib")),
            APP,
        ),
        silent(
            RULE.rule,
            "DT_RUNPATH is inherited",
            ALPINE.running_with(&app("liba.so").with_runpath("$ORIGIN/../../opt/lib"), inherited),
        ),
        silent(
            RULE.rule,
            "musl is glibc's libraries, too",
            ALPINE.running(&ALPINE.program().with_needed(&[
                "libc.so.6",
                "libm.so.6",
                "libpthread.so.0",
            ])),
        ),
        silent(
            RULE.rule,
            "a glibc program started by musl's loader under another name",
            ALPINE.running_with(
                &AMD64.program().with_version_needs("libc.so.6", &["GLIBC_2.99"]),
                Layer::new().symlink("lib64/ld-linux-x86-64.so.2", "/lib/ld-musl-x86_64.so.1"),
            ),
        ),
    ]
}

fn plugins() -> Vec<Case> {
    let plugin = |name| AMD64.elf().with_needed(&[name, "libc.so.6"]).bytes();
    let with = |path, name| AMD64.beside(Layer::new().file(path, 0o644, plugin(name)));
    let manylinux = || AMD64.elf().with_needed(&["libc.so.6", AMD64.name]).bytes();
    let manylinux_with = |name| AMD64.elf().with_needed(&[name, "libc.so.6", AMD64.name]).bytes();
    vec![
        caught(
            RULE.rule,
            "a module for which a library was never installed",
            with("srv/cv2.so", "libGL.so.1"),
            &["warning linux/amd64 /srv/cv2.so"],
        ),
        caught(
            RULE.rule,
            "an optional part of a language's own library",
            with("usr/local/lib/python3/lib-dynload/_tkinter.so", "libtk8.6.so"),
            &["note linux/amd64 /usr/local/lib/python3/lib-dynload/_tkinter.so"],
        ),
        silent(
            RULE.rule,
            "what a plugin needs lies where its program looks",
            AMD64.beside(
                Layer::new().file("opt/jdk/lib/libjava.so", 0o644, plugin("libjvm.so")).file(
                    "opt/jdk/lib/server/libjvm.so",
                    0o644,
                    AMD64.elf().bytes(),
                ),
            ),
        ),
        caught(
            RULE.rule,
            "an addon for glibc in Alpine",
            ALPINE.beside(Layer::new().file("srv/addon.node", 0o644, manylinux())),
            &["warning linux/amd64 /srv/addon.node"],
        ),
        caught(
            RULE.rule,
            "addons for glibc in Alpine, for one cause, whatever they lack",
            ALPINE.beside(Layer::new().file("srv/addon.node", 0o644, manylinux()).file(
                "srv/other.node",
                0o644,
                manylinux_with("libstdc++.so.6"),
            )),
            &["warning linux/amd64 /srv/addon.node"],
        ),
        silent(
            RULE.rule,
            "an addon for either C library",
            ALPINE.beside(
                Layer::new().file("srv/addon-linux-x64-gnu/addon.node", 0o644, manylinux()).file(
                    "srv/addon-linux-x64-musl/addon.node",
                    0o644,
                    ALPINE.elf().bytes(),
                ),
            ),
        ),
        silent(
            RULE.rule,
            "libraries to be copied into other images",
            Variant::healthy("linux/amd64").layer(Layer::new().file(
                "agent/libagent.so",
                0o644,
                plugin("libGL.so.1"),
            )),
        ),
        silent(
            RULE.rule,
            "debug information of a plugin",
            with("usr/lib/debug/srv/cv2.so.debug", "libGL.so.1"),
        ),
    ]
}
