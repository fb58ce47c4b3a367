//! The dynamic loader that a program names.

use super::subjects::Program;
use crate::elf::{Abi, ElfFacts, Machine};
use crate::evidence::image::{Content, ImagePath, Node, ResolveError};
use crate::loader::Catalogue;

/// The loader of LoongArch's first, incompatible ABI, which only vendors' distributions have.
pub(in crate::rules) const OLD_WORLD: &str = "/lib64/ld.so.1";

/// The loader of the ABI that Linux, glibc and the distributions took up.
pub(in crate::rules) const NEW_WORLD: &str = "/lib64/ld-linux-loongarch-lp64d.so.1";

/// What is wrong with the loader that a program names.
pub(in crate::rules) enum InterpreterFault<'a> {
    /// It is not there.
    Missing(ResolveError),
    /// The path leads to something else.
    NotElf(ImagePath),
    /// The path leads to a folder or device.
    NotRegular(ImagePath),
    /// It is for another machine, class or byte order.
    OtherTarget(&'a ElfFacts),
    /// Its mode.
    NotExecutable(u32),
    /// It passes floating-point arguments in another way.
    OtherFloatAbi {
        /// The program's.
        expected: String,
        /// The loader's.
        actual: String,
    },
    /// It is that of `LoongArch`'s first ABI.
    OldWorld,
}

/// What is wrong with the loader of a program; nothing where it begins its work.
pub(super) fn fault<'a>(
    catalogue: &Catalogue<'a>,
    program: &Program<'a>,
) -> Option<InterpreterFault<'a>> {
    let directory = ImagePath::clean(&catalogue.variant.config.working_dir);
    match catalogue.variant.files.resolve(&directory, program.interpreter) {
        Err(error) => Some(InterpreterFault::Missing(error)),
        Ok((path, node)) => mismatch(catalogue, program, path, node),
    }
}

fn mismatch<'a>(
    catalogue: &Catalogue<'a>,
    program: &Program<'a>,
    path: ImagePath,
    node: &'a Node,
) -> Option<InterpreterFault<'a>> {
    let facts = match node.content() {
        Some(Content::Elf(facts)) => facts,
        // Reported as that.
        Some(Content::BrokenElf(_)) => return None,
        Some(_) => return Some(InterpreterFault::NotElf(path)),
        None => return Some(InterpreterFault::NotRegular(path)),
    };
    let own = program.object.facts;
    if facts.target() != own.target() {
        return Some(InterpreterFault::OtherTarget(facts));
    }
    if !node.is_executable() {
        return Some(InterpreterFault::NotExecutable(node.mode));
    }
    let float = |it: &ElfFacts| it.abi().and_then(Abi::float);
    if let (Some(expected), Some(actual)) = (float(own), float(facts))
        && expected != actual
    {
        return Some(InterpreterFault::OtherFloatAbi { expected, actual });
    }
    is_old_world(catalogue, program, facts).then_some(InterpreterFault::OldWorld)
}

/// With the new loader beside it, the old one comes from a package for old programs (`liblol`).
fn is_old_world(catalogue: &Catalogue<'_>, program: &Program<'_>, loader: &ElfFacts) -> bool {
    loader.machine == Machine::LOONGARCH
        && program.interpreter == OLD_WORLD
        && catalogue.at(NEW_WORLD).is_none()
}
