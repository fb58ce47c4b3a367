//! An error and its causes.

use std::error::Error;

/// What an error and each of its causes say, the outermost first.
pub(crate) fn causes(error: &(dyn Error + 'static)) -> Vec<String> {
    let causes = std::iter::successors(Some(error), |it| (*it).source());
    causes.map(ToString::to_string).collect()
}
