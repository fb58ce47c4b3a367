//! Programs that do nothing but end with a status that nothing else has, to see whether a machine's
//! programs run at all.

use super::handler::Mark;
use super::minimal::minimal_program;
use crate::platform::Platform;

/// The status that a probe ends with.
pub const PROBED: i64 = 42;

/// A program of a platform that ends with [`PROBED`]. It needs the oldest processor there is.
#[must_use]
pub fn probe(platform: Platform) -> Vec<u8> {
    minimal_program(platform, Mark::NONE, platform.facts().exit_42)
}

/// A probe in hexadecimal.
#[must_use]
pub fn probe_in_hexadecimal(platform: Platform) -> String {
    probe(platform).iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::path::Path;

    use super::*;
    use crate::fixture::assert_generated;

    /// The lab registers no emulator for these: tests need platforms that a machine cannot execute.
    const UNREGISTERED: [&str; 2] = ["mips64", "ppc64"];

    /// The lab registers emulators before archproof is built, so its list is a file. With
    /// `INSTA_UPDATE=always` this test writes it.
    #[test]
    fn the_lab_tries_the_same_programs() {
        let each =
            Platform::all_known().filter(|it| !UNREGISTERED.contains(&it.architecture_name()));
        let each = each.map(|it| (it.facts().emulator, it));
        let lines = each.collect::<BTreeMap<_, _>>().into_iter().map(|(emulator, platform)| {
            let name = platform.architecture_name();
            format!("{name} {emulator} {}\n", probe_in_hexadecimal(platform))
        });
        let list: String = lines.collect();
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../ci/probes.txt");
        assert_generated(&path, &list);
    }
}
