use super::{Case, Rule, caught, silent};
use crate::elf::{Data, DynamicFlags1};
use crate::fixture::{CacheFile, CacheFormat, ElfFile, Image, Layer, Variant};

pub(super) fn cases() -> Vec<Case> {
    [
        interpreter_missing(),
        interpreter_missing_elsewhere(),
        interpreter_not_to_be_started(),
        interpreter_mismatch(),
        library_missing(),
        library_found(),
        glibc_paths(),
        glibc_cache(),
        musl(),
        plugins(),
        versions(),
        pairs(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// A distribution's loader and C library for one platform.
#[derive(Clone, Copy)]
struct System {
    platform: &'static str,
    /// Where its libraries are.
    folder: &'static str,
    /// The loader's path, and its name.
    interpreter: &'static str,
    name: &'static str,
}

const AMD64: System = System {
    platform: "linux/amd64",
    folder: "usr/lib/x86_64-linux-gnu",
    interpreter: "/lib64/ld-linux-x86-64.so.2",
    name: "ld-linux-x86-64.so.2",
};

const ARM: System = System {
    platform: "linux/arm/v7",
    folder: "usr/lib/arm-linux-gnueabihf",
    interpreter: "/lib/ld-linux-armhf.so.3",
    name: "ld-linux-armhf.so.3",
};

const ALPINE: System = System {
    platform: "linux/amd64",
    folder: "lib",
    interpreter: "/lib/ld-musl-x86_64.so.1",
    name: "ld-musl-x86_64.so.1",
};

/// The flags of an amd64 library in the cache.
const LIB64: u32 = 0x303;

impl System {
    fn elf(self) -> ElfFile {
        ElfFile::of(self.platform).shared()
    }

    /// A program that needs the C library, and more.
    fn program(self) -> ElfFile {
        self.elf().with_interpreter(self.interpreter).with_needed(&["libc.so.6"])
    }

    fn library(self, soname: &'static str) -> ElfFile {
        self.elf().with_soname(soname).with_needed(&["libc.so.6"])
    }

    fn glibc_loader(self) -> ElfFile {
        self.elf()
            .with_soname(self.name)
            .with_version_definitions(&["GLIBC_2.2.5", "GLIBC_2.35"])
            .with_private_definitions(&["_dl_argv", "_rtld_global"])
    }

    fn libc(self) -> ElfFile {
        self.elf()
            .with_soname("libc.so.6")
            .with_interpreter(self.interpreter)
            .with_needed(&[self.name])
            .with_version_needs(self.name, &["GLIBC_2.35"])
            .with_private_needs(self.name, &["_rtld_global"])
            .with_version_definitions(&["GLIBC_2.2.5", "GLIBC_2.4", "GLIBC_2.34", "GLIBC_2.36"])
            .with_private_definitions(&["__libc_early_init"])
    }

    /// Debian's layout: `/lib` and `/lib64` are links into `/usr`.
    fn debian(self) -> Layer {
        let loader = format!("{}/{}", self.folder, self.name);
        let link = format!("usr{}", self.interpreter);
        Layer::new()
            .directory("usr/lib")
            .directory("usr/lib64")
            .symlink("lib", "usr/lib")
            .symlink("lib64", "usr/lib64")
            .executable(&loader, self.glibc_loader().bytes())
            .symlink(&link, &format!("/{loader}"))
            .executable(&format!("{}/libc.so.6", self.folder), self.libc().bytes())
            .file(&format!("{}/libm.so.6", self.folder), 0o644, self.library("libm.so.6").bytes())
    }

    /// Alpine's: loader and C library are one file.
    fn alpine(self) -> Layer {
        let libc = self.elf().with_soname("libc.musl-x86_64.so.1").bytes();
        Layer::new()
            .executable("lib/ld-musl-x86_64.so.1", libc)
            .symlink("lib/libc.musl-x86_64.so.1", "ld-musl-x86_64.so.1")
            .file("usr/lib/libz.so.1", 0o755, self.musl_library("libz.so.1").bytes())
    }

    fn musl_library(self, soname: &'static str) -> ElfFile {
        self.elf().with_soname(soname).with_needed(&["libc.musl-x86_64.so.1"])
    }

    fn system(self) -> Layer {
        if self.folder == "lib" { self.alpine() } else { self.debian() }
    }

    /// An image of which the entrypoint is `/usr/bin/app`.
    fn with(self, layer: Layer) -> Variant {
        Variant::new(self.platform).layer(self.system()).layer(layer).entrypoint(&["/usr/bin/app"])
    }

    /// An image with that entrypoint.
    fn running(self, app: &ElfFile) -> Variant {
        self.running_with(app, Layer::new())
    }

    fn running_with(self, app: &ElfFile, layer: Layer) -> Variant {
        self.with(layer.executable("usr/bin/app", app.bytes()))
    }

    /// An image with a healthy entrypoint and something else.
    fn beside(self, layer: Layer) -> Variant {
        let app = match self.folder {
            "lib" => self.program().with_needed(&["libc.musl-x86_64.so.1", "libz.so.1"]),
            _ => self.program(),
        };
        self.running_with(&app, layer)
    }
}

const APP: &[&str] = &["error linux/amd64 /usr/bin/app"];

fn interpreter_missing() -> Vec<Case> {
    use Rule::InterpreterMissing as Missing;
    let armel = Layer::new().executable(
        "lib/ld-linux.so.3",
        ElfFile::of("linux/arm/v6").shared().with_soname("ld-linux.so.3").bytes(),
    );
    let loong = || ElfFile::of("linux/loong64").shared();
    let new_world = "lib64/ld-linux-loongarch-lp64d.so.1";
    let app = |elf: ElfFile| Layer::new().executable("usr/bin/app", elf.bytes());
    let in_scratch =
        |layer: Layer| Variant::new("linux/amd64").layer(layer).entrypoint(&["/usr/bin/app"]);
    vec![
        caught(Missing, "a glibc program in Alpine", ALPINE.running(&AMD64.program()), APP),
        caught(
            Missing,
            "a musl program in Debian",
            AMD64.running(&AMD64.program().with_interpreter(ALPINE.interpreter)),
            APP,
        ),
        caught(
            Missing,
            "a program that is not static in scratch",
            in_scratch(app(AMD64.program())),
            APP,
        ),
        caught(
            Missing,
            "hard float on a soft-float base",
            Variant::new("linux/arm/v6")
                .layer(armel)
                .layer(app(ElfFile::of("linux/arm/v6").shared().with_interpreter(ARM.interpreter)))
                .entrypoint(&["/usr/bin/app"]),
            &["error linux/arm/v6 /usr/bin/app"],
        ),
        caught(
            Missing,
            "LoongArch's old ABI on a system of the new one",
            Variant::new("linux/loong64")
                .layer(Layer::new().executable(new_world, loong().bytes()))
                .layer(app(loong().with_interpreter("/lib64/ld.so.1")))
                .entrypoint(&["/usr/bin/app"]),
            &["error linux/loong64 /usr/bin/app"],
        ),
        caught(
            Missing,
            "a script's interpreter",
            ALPINE.with(
                Layer::new()
                    .executable("usr/bin/app", "#!/opt/python\n")
                    .executable("opt/python", AMD64.program().bytes()),
            ),
            &["error linux/amd64 /opt/python"],
        ),
        silent(Missing, "Debian's own", AMD64.running(&AMD64.program())),
        silent(Missing, "ARM's own", ARM.running(&ARM.program())),
        silent(Missing, "static in scratch", Variant::healthy("linux/amd64")),
    ]
}

/// Programs that are not the entrypoint, and loaders that are there no more.
fn interpreter_missing_elsewhere() -> Vec<Case> {
    use Rule::InterpreterMissing as Missing;
    let helper = || AMD64.program().bytes();
    let app = |elf: ElfFile| Layer::new().executable("usr/bin/app", elf.bytes());
    let in_scratch =
        |layer: Layer| Variant::new("linux/amd64").layer(layer).entrypoint(&["/usr/bin/app"]);
    vec![
        caught(
            Missing,
            "many helpers are one finding",
            ALPINE.beside(
                Layer::new().executable("opt/b", helper()).executable("opt/a", helper()).file(
                    "opt/0",
                    0o644,
                    helper(),
                ),
            ),
            &["error linux/amd64 /opt/a"],
        ),
        caught(
            Missing,
            "what nobody may execute is started by nobody",
            ALPINE.beside(Layer::new().file("opt/tool", 0o644, helper())),
            &["warning linux/amd64 /opt/tool"],
        ),
        caught(
            Missing,
            "the loader is a link to nowhere",
            in_scratch(app(AMD64.program()).symlink("lib64/ld-linux-x86-64.so.2", "/lib/ld.so")),
            APP,
        ),
        caught(
            Missing,
            "the loader is a link to itself",
            in_scratch(app(AMD64.program()).symlink("lib64", "lib64")),
            APP,
        ),
        caught(
            Missing,
            "a later layer removes it",
            AMD64
                .running(&AMD64.program())
                .layer(Layer::new().whiteout("usr/lib64/ld-linux-x86-64.so.2")),
            APP,
        ),
        caught(
            Missing,
            "programs for elsewhere in an image without a loader",
            in_scratch(
                Layer::new()
                    .executable("usr/bin/app", crate::fixture::program("linux/amd64"))
                    .executable("agent/tool", helper()),
            ),
            &["warning linux/amd64 /agent/tool"],
        ),
    ]
}

/// Programs and libraries for which nobody looks for a loader.
fn interpreter_not_to_be_started() -> Vec<Case> {
    use Rule::InterpreterMissing as Missing;
    let glibc = || AMD64.program().bytes();
    vec![
        silent(
            Missing,
            "a library that can be started to print its version",
            ALPINE.beside(Layer::new().executable(
                "opt/libcap.so.2",
                AMD64.elf().with_soname("libcap.so.2").with_interpreter(AMD64.interpreter).bytes(),
            )),
        ),
        silent(
            Missing,
            "a package with a program for either C library",
            ALPINE.beside(
                Layer::new()
                    .executable("srv/tool-linux-x64/tool", glibc())
                    .executable("srv/tool-linux-musl-x64/tool", ALPINE.elf().bytes()),
            ),
        ),
        silent(
            Missing,
            "a root filesystem of its own",
            ALPINE.beside(
                Layer::new()
                    .executable("srv/rootfs/bin/sh", glibc())
                    .executable("srv/rootfs/lib64/ld-linux-x86-64.so.2", AMD64.elf().bytes()),
            ),
        ),
        silent(
            Missing,
            "a program for Android",
            AMD64.beside(Layer::new().executable(
                "opt/sdk/lldb-server",
                AMD64.program().with_interpreter("/system/bin/linker64").bytes(),
            )),
        ),
        silent(
            Missing,
            "a program of the wrong machine is that alone",
            ALPINE.beside(Layer::new().executable("opt/tool", ARM.program().bytes())),
        )
        .besides(&["ElfMachineMismatch error linux/amd64 /opt/tool"]),
    ]
}

fn interpreter_mismatch() -> Vec<Case> {
    use Rule::InterpreterMismatch as Mismatch;
    let app = |elf: ElfFile| Layer::new().executable("usr/bin/app", elf.bytes());
    let with_loader = |mode, bytes: &[u8]| {
        Variant::new("linux/amd64")
            .layer(app(AMD64.program()).file("lib64/ld-linux-x86-64.so.2", mode, bytes))
            .entrypoint(&["/usr/bin/app"])
    };
    let float = |app: u32, loader: u32| {
        let elf = || ElfFile::of("linux/arm/v7").shared();
        let app = elf().with_interpreter(ARM.interpreter).with_flags(app);
        Variant::new("linux/arm/v7")
            .layer(
                Layer::new()
                    .executable("usr/bin/app", app.bytes())
                    .executable("lib/ld-linux-armhf.so.3", elf().with_flags(loader).bytes()),
            )
            .entrypoint(&["/usr/bin/app"])
    };
    let old_world = |others: Layer| {
        let elf = || ElfFile::of("linux/loong64").shared();
        Variant::new("linux/loong64")
            .layer(
                others
                    .executable("usr/bin/app", elf().with_interpreter("/lib64/ld.so.1").bytes())
                    .executable("lib64/ld.so.1", elf().bytes()),
            )
            .entrypoint(&["/usr/bin/app"])
    };
    let new_loader = ElfFile::of("linux/loong64").shared().bytes();
    vec![
        caught(
            Mismatch,
            "another machine's loader was copied over it",
            with_loader(0o755, &ARM.glibc_loader().bytes()),
            APP,
        )
        .besides(&["ElfMachineMismatch error linux/amd64 /lib64/ld-linux-x86-64.so.2"]),
        caught(Mismatch, "not executable", with_loader(0o644, &AMD64.glibc_loader().bytes()), APP),
        caught(Mismatch, "a text", with_loader(0o755, b"version https://git-lfs.github.com"), APP),
        caught(
            Mismatch,
            "a folder",
            Variant::new("linux/amd64")
                .layer(app(AMD64.program()).directory("lib64/ld-linux-x86-64.so.2"))
                .entrypoint(&["/usr/bin/app"]),
            APP,
        ),
        caught(
            Mismatch,
            "a soft-float loader under the name of the hard-float one",
            float(0x500_0400, 0x500_0200),
            &["error linux/arm/v7 /usr/bin/app"],
        )
        .besides(&["ElfAbiMismatch error linux/arm/v7 /lib/ld-linux-armhf.so.3"]),
        silent(Mismatch, "both hard float", float(0x500_0400, 0x500_0400)),
        silent(Mismatch, "a loader that does not say", float(0x500_0400, 0x500_0000)),
        caught(
            Mismatch,
            "a whole system of LoongArch's old ABI",
            old_world(Layer::new()),
            &["error linux/loong64 /usr/bin/app"],
        ),
        silent(
            Mismatch,
            "the old ABI's loader for old programs, beside the new one",
            old_world(Layer::new().executable("lib64/ld-linux-loongarch-lp64d.so.1", new_loader)),
        ),
        silent(Mismatch, "the loader behind links", AMD64.running(&AMD64.program())),
    ]
}

fn library_missing() -> Vec<Case> {
    use Rule::LibraryMissing as Missing;
    let node = |system: System| system.program().with_needed(&["libatomic.so.1", "libc.so.6"]);
    let atomic = |system: System| system.library("libatomic.so.1").bytes();
    let on_arm = || ARM.running_with(&node(ARM), Layer::new());
    let needing = |name| AMD64.program().with_needed(&[name, "libc.so.6"]);
    let in_folder = |file: &str, bytes: &[u8]| {
        Layer::new().file(&format!("{}/{file}", AMD64.folder), 0o644, bytes)
    };
    vec![
        caught(
            Missing,
            "libatomic was purged, and only ARM needs it",
            Image::of([on_arm(), AMD64.running(&AMD64.program())]),
            &["error linux/arm/v7 /usr/bin/app"],
        ),
        silent(
            Missing,
            "libatomic is there",
            ARM.running_with(
                &node(ARM),
                Layer::new().file(&format!("{}/libatomic.so.1", ARM.folder), 0o644, atomic(ARM)),
            ),
        ),
        caught(
            Missing,
            "a library's own need",
            AMD64.running_with(
                &needing("liba.so"),
                in_folder("liba.so", &AMD64.elf().with_needed(&["libb.so"]).bytes()),
            ),
            &["error linux/amd64 /usr/lib/x86_64-linux-gnu/liba.so"],
        ),
        caught(
            Missing,
            "a helper's, and another's",
            AMD64.beside(
                Layer::new()
                    .executable("usr/bin/daemon", needing("libusb.so").bytes())
                    .executable("usr/bin/other", needing("libusb.so").bytes()),
            ),
            &["warning linux/amd64 /usr/bin/daemon"],
        ),
        caught(
            Missing,
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
            Missing,
            "a pointer of Git LFS instead of the library",
            AMD64.running_with(&needing("liba.so"), in_folder("liba.so", b"version https://")),
            APP,
        ),
        caught(
            Missing,
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
    use Rule::LibraryMissing as Missing;
    let needing = |name| AMD64.program().with_needed(&[name, "libc.so.6"]);
    let in_folder = |file: &str, bytes: &[u8]| {
        Layer::new().file(&format!("{}/{file}", AMD64.folder), 0o644, bytes)
    };
    let loops = |name, other| AMD64.elf().with_soname(name).with_needed(&[other]).bytes();
    vec![
        silent(
            Missing,
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
            Missing,
            "the loader by its name",
            AMD64.running(&AMD64.program().with_needed(&["libc.so.6", AMD64.name])),
        ),
        silent(
            Missing,
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
            Missing,
            "a preload that is not there is only said",
            AMD64
                .running_with(
                    &AMD64.program(),
                    Layer::new().file("etc/ld.so.preload", 0o644, "/opt/libwrap.so\n"),
                )
                .env(&["LD_PRELOAD=libmalloc.so"]),
        ),
        silent(
            Missing,
            "a loader of another C library, whose ways are not known",
            AMD64.running_with(
                &needing("liba.so").with_interpreter("/lib/ld64-uClibc.so.1"),
                Layer::new().executable("lib/ld64-uClibc.so.1", AMD64.elf().bytes()),
            ),
        ),
    ]
}

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

fn glibc_paths() -> Vec<Case> {
    use Rule::LibraryMissing as Missing;
    let app = || AMD64.program();
    let start = |app: ElfFile| AMD64.with(opt_app(app));
    let both = |app: ElfFile| app.with_needed(&["/opt/app/lib/libb.so", "libb.so", "libc.so.6"]);
    vec![
        caught(
            Missing,
            "DT_RUNPATH is not inherited",
            start(app().with_runpath("$ORIGIN/../lib")),
            &["error linux/amd64 /opt/app/lib/liba.so"],
        ),
        silent(Missing, "DT_RPATH is", start(app().with_rpath("${ORIGIN}/../lib"))),
        caught(
            Missing,
            "DT_RPATH beside DT_RUNPATH is not looked at",
            start(app().with_rpath("/opt/app/lib").with_runpath("/opt/none")),
            &["error linux/amd64 /opt/app/bin/app"],
        ),
        caught(
            Missing,
            "in no folder that is searched",
            start(app()),
            &["error linux/amd64 /opt/app/bin/app"],
        ),
        silent(
            Missing,
            "LD_LIBRARY_PATH",
            start(app()).env(&["LD_LIBRARY_PATH=/usr/none;/opt/app/lib"]),
        ),
        silent(
            Missing,
            "LD_LIBRARY_PATH relative to the working directory",
            start(app()).env(&["LD_LIBRARY_PATH=lib"]).working_dir("/opt/app"),
        ),
        silent(
            Missing,
            "an empty entry is the working directory",
            start(app()).env(&["LD_LIBRARY_PATH=/usr/none:"]).working_dir("/opt/app/lib"),
        ),
        caught(
            Missing,
            "an empty LD_LIBRARY_PATH is none",
            start(app()).env(&["LD_LIBRARY_PATH="]).working_dir("/opt/app/lib"),
            &["error linux/amd64 /opt/app/bin/app"],
        ),
        silent(
            Missing,
            "a file that is loaded already has the name",
            AMD64.with(
                opt_app(app().with_rpath("/opt/app/lib"))
                    .executable("usr/bin/app", both(app()).bytes()),
            ),
        ),
        silent(
            Missing,
            "$LIB is the distribution's name of the folder",
            AMD64.running_with(
                &app().with_needed(&["libq.so"]).with_runpath("/opt/q/$LIB"),
                Layer::new().file("opt/q/lib64/libq.so", 0o644, AMD64.elf().bytes()),
            ),
        ),
        caught(
            Missing,
            "DF_1_NODEFLIB leaves the loader's own folders out",
            AMD64.running(&app().with_flags_1(DynamicFlags1::NODEFLIB)),
            APP,
        ),
        silent(
            Missing,
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
            Missing,
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
    use Rule::LibraryMissing as Missing;
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
        silent(Missing, "found by the cache", with("linux/amd64", lsb(cache(LIB64)))),
        silent(
            Missing,
            "found by an old cache",
            with("linux/amd64", cache(LIB64).bytes(Data::Lsb, CacheFormat::Both)),
        ),
        caught(
            Missing,
            "its folder is configured, and ldconfig was not run",
            with("linux/amd64", lsb(CacheFile::new().entry("libm.so.6", "/lib/libm.so.6", LIB64))),
            APP,
        ),
        caught(
            Missing,
            "the cache is damaged",
            with("linux/amd64", lsb(cache(LIB64))[..60].to_vec()),
            APP,
        ),
        caught(
            Missing,
            "the cache was written on a machine of the other byte order",
            with("linux/amd64", cache(LIB64).bytes(Data::Msb, CacheFormat::New)),
            APP,
        ),
        caught(Missing, "the cache lists i386's", with("linux/amd64", lsb(cache(3))), APP),
        caught(Missing, "only for newer processors", with("linux/amd64", lsb(v3())), APP),
        silent(Missing, "for the platform's processors", with("linux/amd64/v3", lsb(v3()))),
        caught(
            Missing,
            "the cache names a file that was removed",
            with("linux/amd64", lsb(cache(LIB64)))
                .layer(Layer::new().whiteout("opt/foo/libfoo.so.1")),
            APP,
        ),
        silent(
            Missing,
            "the loader's own folders need no cache",
            AMD64.running_with(&app, Layer::new().file("usr/lib/libfoo.so.1", 0o644, library())),
        ),
    ]
}

fn musl() -> Vec<Case> {
    use Rule::LibraryMissing as Missing;
    let libc = "libc.musl-x86_64.so.1";
    let app = |name| ALPINE.program().with_needed(&[name, libc]);
    let in_opt =
        || Layer::new().file("opt/lib/libfoo.so", 0o644, ALPINE.musl_library("libfoo.so").bytes());
    let path_file = |text: &str| in_opt().file("etc/ld-musl-x86_64.path", 0o644, text);
    let inherited = Layer::new()
        .file("opt/lib/liba.so", 0o644, ALPINE.elf().with_needed(&["libb.so"]).bytes())
        .file("opt/lib/libb.so", 0o644, ALPINE.elf().bytes());
    vec![
        silent(Missing, "Alpine's own", ALPINE.running(&app("libz.so.1"))),
        caught(Missing, "not in Alpine", ALPINE.running(&app("libstdc++.so.6")), APP),
        caught(Missing, "musl has no cache", ALPINE.running_with(&app("libfoo.so"), in_opt()), APP),
        silent(
            Missing,
            "musl's list of folders",
            ALPINE.running_with(&app("libfoo.so"), path_file("/usr/lib\n/opt/lib\n")),
        ),
        caught(
            Missing,
            "the list replaces what is built in",
            ALPINE.running_with(&app("libz.so.1"), path_file("/opt/lib")),
            APP,
        ),
        silent(
            Missing,
            "DT_RUNPATH is inherited",
            ALPINE.running_with(&app("liba.so").with_runpath("$ORIGIN/../../opt/lib"), inherited),
        ),
        silent(
            Missing,
            "musl is glibc's libraries, too",
            ALPINE.running(&ALPINE.program().with_needed(&[
                "libc.so.6",
                "libm.so.6",
                "libpthread.so.0",
            ])),
        ),
        silent(
            Missing,
            "a glibc program started by musl's loader under another name",
            ALPINE.running_with(
                &AMD64.program().with_version_needs("libc.so.6", &["GLIBC_2.99"]),
                Layer::new().symlink("lib64/ld-linux-x86-64.so.2", "/lib/ld-musl-x86_64.so.1"),
            ),
        ),
    ]
}

fn plugins() -> Vec<Case> {
    use Rule::LibraryMissing as Missing;
    let plugin = |name| AMD64.elf().with_needed(&[name, "libc.so.6"]).bytes();
    let with = |path, name| AMD64.beside(Layer::new().file(path, 0o644, plugin(name)));
    let manylinux = || AMD64.elf().with_needed(&["libc.so.6", AMD64.name]).bytes();
    vec![
        caught(
            Missing,
            "a module for which a library was never installed",
            with("srv/cv2.so", "libGL.so.1"),
            &["warning linux/amd64 /srv/cv2.so"],
        ),
        caught(
            Missing,
            "an optional part of a language's own library",
            with("usr/local/lib/python3/lib-dynload/_tkinter.so", "libtk8.6.so"),
            &["note linux/amd64 /usr/local/lib/python3/lib-dynload/_tkinter.so"],
        ),
        silent(
            Missing,
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
            Missing,
            "an addon for glibc in Alpine",
            ALPINE.beside(Layer::new().file("srv/addon.node", 0o644, manylinux())),
            &["warning linux/amd64 /srv/addon.node"],
        ),
        silent(
            Missing,
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
            Missing,
            "libraries to be copied into other images",
            Variant::healthy("linux/amd64").layer(Layer::new().file(
                "agent/libagent.so",
                0o644,
                plugin("libGL.so.1"),
            )),
        ),
        silent(
            Missing,
            "debug information of a plugin",
            with("usr/lib/debug/srv/cv2.so.debug", "libGL.so.1"),
        ),
    ]
}

fn versions() -> Vec<Case> {
    use Rule::SymbolVersionMissing as Missing;
    let needing =
        |versions: &[&'static str]| AMD64.program().with_version_needs("libc.so.6", versions);
    let newer = || needing(&["GLIBC_2.2.5", "GLIBC_2.38", "GLIBC_2.4"]);
    let weak = AMD64.program().with_weak_version_need("libc.so.6", "GLIBC_2.38");
    let plugin = AMD64.elf().with_needed(&["libq.so"]).with_version_needs("libq.so", &["Q_3"]);
    let libq =
        |version| AMD64.elf().with_soname("libq.so").with_version_definitions(&[version]).bytes();
    let plugin_with = |versions: &[&'static str]| {
        let layer = Layer::new().file("srv/plugin.so", 0o644, plugin.bytes());
        AMD64.beside(versions.iter().enumerate().fold(layer, |layer, (number, version)| {
            layer.file(&format!("opt/{number}/libq.so"), 0o644, libq(version))
        }))
    };
    vec![
        caught(Missing, "built on a newer distribution", AMD64.running(&newer()), APP),
        caught(
            Missing,
            "a helper that was built there",
            AMD64.beside(Layer::new().executable("opt/tool", newer().bytes())),
            &["warning linux/amd64 /opt/tool"],
        ),
        caught(
            Missing,
            "a version that is no number",
            AMD64.running(&needing(&["GLIBC_2.34", "GLIBC_ABI_DT_RELR"])),
            APP,
        ),
        caught(
            Missing,
            "a library that the entrypoint loads",
            AMD64.running_with(
                &AMD64.program().with_needed(&["liba.so"]),
                Layer::new().file(
                    "usr/lib/liba.so",
                    0o644,
                    AMD64
                        .library("liba.so")
                        .with_version_needs("libc.so.6", &["GLIBC_2.38"])
                        .bytes(),
                ),
            ),
            &["error linux/amd64 /usr/lib/liba.so"],
        ),
        caught(
            Missing,
            "a plugin, of which no library has the version",
            plugin_with(&["Q_1", "Q_2"]),
            &["warning linux/amd64 /srv/plugin.so"],
        ),
        silent(Missing, "one of two libraries has the version", plugin_with(&["Q_1", "Q_3"])),
        silent(
            Missing,
            "2.4 is older than 2.34",
            AMD64.running(&needing(&["GLIBC_2.4", "GLIBC_2.34"])),
        ),
        silent(Missing, "a version that may be missing", AMD64.running(&weak)),
        silent(
            Missing,
            "a library without versions",
            AMD64.running_with(
                &AMD64.program().with_needed(&["libq.so"]).with_version_needs("libq.so", &["Q_1"]),
                Layer::new().file("usr/lib/libq.so", 0o644, AMD64.elf().bytes()),
            ),
        ),
    ]
}

fn pairs() -> Vec<Case> {
    use Rule::LoaderLibcMismatch as Mismatch;
    let libc_path = format!("{}/libc.so.6", AMD64.folder);
    let replaced = |libc: ElfFile| {
        AMD64.running(&AMD64.program()).layer(Layer::new().executable(&libc_path, libc.bytes()))
    };
    let bare = || AMD64.elf().with_soname("libc.so.6").with_needed(&[AMD64.name]);
    let musl = ALPINE.elf().with_soname("libc.musl-x86_64.so.1").bytes();
    vec![
        caught(
            Mismatch,
            "libc.so.6 of another image was copied over it",
            replaced(bare().with_private_needs(AMD64.name, &["_dl_argv", "__rseq_flags"])),
            &["error linux/amd64 /usr/lib/x86_64-linux-gnu/libc.so.6"],
        ),
        caught(
            Mismatch,
            "the loader is older than libc.so.6",
            replaced(bare().with_version_needs(AMD64.name, &["GLIBC_2.38"])),
            &["error linux/amd64 /usr/lib/x86_64-linux-gnu/libc.so.6"],
        ),
        caught(
            Mismatch,
            "a helper loads both C libraries",
            AMD64.beside(
                Layer::new()
                    .executable(
                        "opt/tool",
                        AMD64.program().with_needed(&["libc.so.6", "libz.so.1"]).bytes(),
                    )
                    .file("usr/lib/libz.so.1", 0o644, ALPINE.musl_library("libz.so.1").bytes())
                    .file("usr/lib/libc.musl-x86_64.so.1", 0o755, musl),
            ),
            &["warning linux/amd64 /opt/tool"],
        ),
        silent(
            Mismatch,
            "another build that needs no more",
            replaced(bare().with_private_needs(AMD64.name, &["_dl_argv"])),
        ),
        silent(Mismatch, "one build", AMD64.running(&AMD64.program())),
    ]
}
