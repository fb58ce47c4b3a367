use crate::fixture::{ElfFile, Layer, Variant};

/// A distribution's loader and C library for one platform.
#[derive(Clone, Copy)]
pub(in crate::rules) struct System {
    pub(in crate::rules) platform: &'static str,
    /// Where its libraries are.
    pub(in crate::rules) folder: &'static str,
    /// The loader's path, and its name.
    pub(in crate::rules) interpreter: &'static str,
    pub(in crate::rules) name: &'static str,
}

pub(in crate::rules) const AMD64: System = System {
    platform: "linux/amd64",
    folder: "usr/lib/x86_64-linux-gnu",
    interpreter: "/lib64/ld-linux-x86-64.so.2",
    name: "ld-linux-x86-64.so.2",
};

pub(in crate::rules) const ARM: System = System {
    platform: "linux/arm/v7",
    folder: "usr/lib/arm-linux-gnueabihf",
    interpreter: "/lib/ld-linux-armhf.so.3",
    name: "ld-linux-armhf.so.3",
};

pub(in crate::rules) const ALPINE: System = System {
    platform: "linux/amd64",
    folder: "lib",
    interpreter: "/lib/ld-musl-x86_64.so.1",
    name: "ld-musl-x86_64.so.1",
};

impl System {
    pub(in crate::rules) fn elf(self) -> ElfFile {
        ElfFile::of(self.platform).shared()
    }

    /// A program that needs the C library, and more.
    pub(in crate::rules) fn program(self) -> ElfFile {
        self.elf().with_interpreter(self.interpreter).with_needed(&["libc.so.6"])
    }

    pub(in crate::rules) fn library(self, soname: &'static str) -> ElfFile {
        self.elf().with_soname(soname).with_needed(&["libc.so.6"])
    }

    pub(in crate::rules) fn glibc_loader(self) -> ElfFile {
        self.elf()
            .with_soname(self.name)
            .with_version_definitions(&["GLIBC_2.2.5", "GLIBC_2.35"])
            .with_private_definitions(&["_dl_argv", "_rtld_global"])
    }

    pub(in crate::rules) fn libc(self) -> ElfFile {
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
    pub(in crate::rules) fn debian(self) -> Layer {
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
    pub(in crate::rules) fn alpine(self) -> Layer {
        let libc = self.elf().with_soname("libc.musl-x86_64.so.1").bytes();
        Layer::new()
            .executable("lib/ld-musl-x86_64.so.1", libc)
            .symlink("lib/libc.musl-x86_64.so.1", "ld-musl-x86_64.so.1")
            .file("usr/lib/libz.so.1", 0o755, self.musl_library("libz.so.1").bytes())
    }

    pub(in crate::rules) fn musl_library(self, soname: &'static str) -> ElfFile {
        self.elf().with_soname(soname).with_needed(&["libc.musl-x86_64.so.1"])
    }

    pub(in crate::rules) fn system(self) -> Layer {
        if self.folder == "lib" { self.alpine() } else { self.debian() }
    }

    /// An image of which the entrypoint is `/usr/bin/app`.
    pub(in crate::rules) fn with(self, layer: Layer) -> Variant {
        Variant::new(self.platform).layer(self.system()).layer(layer).entrypoint(&["/usr/bin/app"])
    }

    /// An image with that entrypoint.
    pub(in crate::rules) fn running(self, app: &ElfFile) -> Variant {
        self.running_with(app, Layer::new())
    }

    pub(in crate::rules) fn running_with(self, app: &ElfFile, layer: Layer) -> Variant {
        self.with(layer.executable("usr/bin/app", app.bytes()))
    }

    /// An image with a healthy entrypoint and something else.
    pub(in crate::rules) fn beside(self, layer: Layer) -> Variant {
        let app = match self.folder {
            "lib" => self.program().with_needed(&["libc.musl-x86_64.so.1", "libz.so.1"]),
            _ => self.program(),
        };
        self.running_with(&app, layer)
    }
}

pub(in crate::rules) const APP: &[&str] = &["error linux/amd64 /usr/bin/app"];

/// An image of musl's loader and a program for it.
pub(in crate::rules) fn musl() -> Variant {
    let loader = ElfFile::of("linux/amd64").shared().with_soname("libc.musl-x86_64.so.1");
    let app = ElfFile::of("linux/amd64").shared().with_interpreter("/lib/ld-musl-x86_64.so.1");
    let layer = Layer::new()
        .executable("lib/ld-musl-x86_64.so.1", loader.bytes())
        .executable("app", app.bytes());
    Variant::new("linux/amd64").layer(layer).entrypoint(&["/app"])
}
