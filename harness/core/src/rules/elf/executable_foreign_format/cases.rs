mod elf;
mod reach;

use crate::rules::tests::Case;

pub(in crate::rules) fn cases() -> Vec<Case> {
    [elf::cases(), reach::cases()].into_iter().flatten().collect()
}
