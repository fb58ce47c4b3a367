mod declared;
mod reports;
mod scope;

use crate::rules::tests::Case;

pub(in crate::rules) fn cases() -> Vec<Case> {
    [declared::cases(), reports::cases(), scope::cases()].into_iter().flatten().collect()
}
