//! An error and its causes.

use std::error::Error;

/// What each says, the outermost first.
pub(crate) fn error_chain(error: &(dyn Error + 'static)) -> Vec<String> {
    let causes = std::iter::successors(Some(error), |it| (*it).source());
    causes.map(ToString::to_string).collect()
}
