//! What changed from one subject to another.

use crate::blocked::Blocked;
use crate::diff::{Side, Which, diff};
use crate::evidence::Observation;
use crate::evidence::build::{BuildTrace, Provenance};
use crate::expectation::SizeExpectation;
use crate::outcome::DiffOutcome;
use crate::verdict::Judgement;

/// Compares two subjects that were observed and judged. `expected_size` is what the case of the new one
/// says.
#[must_use]
pub fn compare(
    old: Result<(Observation, Judgement), Blocked>,
    new: Result<(Observation, Judgement), Blocked>,
    expected_size: &SizeExpectation,
) -> DiffOutcome {
    let (old, new) = match (old, new) {
        (Err(blocked), _) => return DiffOutcome::Blocked(Which::Old, blocked),
        (_, Err(blocked)) => return DiffOutcome::Blocked(Which::New, blocked),
        (Ok(old), Ok(new)) => (old, new),
    };
    let trace = trace(&new.0);
    let old = Side { observation: &old.0, judgement: &old.1 };
    let new = Side { observation: &new.0, judgement: &new.1 };
    match diff(old, new, expected_size) {
        Ok(diff) => DiffOutcome::Compared { diff: Box::new(diff), trace },
        Err(error) => DiffOutcome::Incomparable(error),
    }
}

fn trace(observation: &Observation) -> Option<Box<BuildTrace>> {
    match observation {
        Observation::Image(evidence) => match &evidence.provenance {
            Provenance::Built(trace) => Some(Box::new(trace.clone())),
            Provenance::Found => None,
        },
        Observation::Unbuilt(unbuilt) => Some(Box::new(unbuilt.trace.clone())),
    }
}
