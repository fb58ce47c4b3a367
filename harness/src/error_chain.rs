//! An error and its causes.

use std::error::Error;

use crate::machine::advice;

/// What each says, the outermost first, and what to do where the machine lacks something.
pub(crate) fn error_chain(error: &(dyn Error + 'static)) -> Vec<String> {
    let causes = std::iter::successors(Some(error), |it| (*it).source());
    let text = |cause: &(dyn Error + 'static)| match advice(cause) {
        Some(advice) => format!("{cause}: {advice}"),
        None => cause.to_string(),
    };
    causes.map(text).collect()
}
