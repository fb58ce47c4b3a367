use crate::elf::{ElfType, Machine};
use crate::fixture::{ElfFile, Image, Layer, Variant};
use crate::rules::index::layers_identical::RULE;
use crate::rules::tests::{Case, caught, silent};

pub(in crate::rules) fn cases() -> Vec<Case> {
    let shared = |content: Vec<u8>| {
        let layer = Layer::new().file("usr/lib/crt1.o", 0o644, content);
        Image::new(["linux/amd64", "linux/arm64"].map(|it| Variant::new(it).layer(layer.clone())))
    };
    // What is the same for two machines holds no program of either.
    let no_command: &[&str] =
        &["EntrypointMissing note linux/amd64 -", "EntrypointMissing note linux/arm64 -"];
    let object = |file: ElfFile| file.with_type(ElfType::REL).bytes();
    vec![
        caught(
            RULE.rule,
            "object files that only one of the machines can link",
            shared(object(ElfFile::of("linux/amd64"))),
            &["warning - -"],
        )
        .besides(no_command),
        silent(
            RULE.rule,
            "programs for the kernel's own virtual machine are the same everywhere",
            shared(object(ElfFile::of_machine(Machine::BPF))),
        )
        .besides(no_command),
        silent(RULE.rule, "data are the same everywhere", shared(b"data".to_vec()))
            .besides(no_command),
        silent(
            RULE.rule,
            "the same code for two variants of one machine",
            Image::new([
                Variant::healthy("linux/arm/v6"),
                Variant::new("linux/arm/v7").app("linux/arm/v6"),
            ]),
        )
        .besides(&["ParityIdenticalBinary note linux/arm/v7 /app"]),
    ]
}
