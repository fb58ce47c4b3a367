mod declared;
mod scope;

use crate::rules::tests::Case;

pub(in crate::rules) fn cases() -> Vec<Case> {
    [declared::cases(), scope::cases()].into_iter().flatten().collect()
}
