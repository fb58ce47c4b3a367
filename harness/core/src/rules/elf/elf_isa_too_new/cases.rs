mod declared;
mod run;
mod scope;

use crate::rules::tests::Case;

pub(in crate::rules) fn cases() -> Vec<Case> {
    [declared::cases(), run::cases(), scope::cases()].into_iter().flatten().collect()
}
