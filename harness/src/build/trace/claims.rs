//! What the names of steps claim, for builds of which there is no record.

use std::collections::{BTreeMap, BTreeSet};

use crate::build::progress::{Step, Trace};
use crate::event::StepPlatform;
use crate::platform::Platform;

/// What is claimed of the steps of one build.
pub(super) struct Claims {
    /// The platforms that depend on a step, by its digest.
    dependents: BTreeMap<String, BTreeSet<Platform>>,
    requested: Vec<Platform>,
}

impl Claims {
    /// Follows what the last steps claim down to what they depend on.
    pub(super) fn new(trace: &Trace<'_>, requested: &[Platform]) -> Self {
        let mut claims = Self { dependents: BTreeMap::new(), requested: requested.to_owned() };
        let steps: BTreeMap<&str, &Step> = trace.steps().collect();
        let used: BTreeSet<&str> =
            steps.values().flat_map(|it| &it.inputs).map(String::as_str).collect();
        for (digest, step) in &steps {
            let claimed = match step.label.platform {
                StepPlatform::Cross { target, .. } => Some(target),
                // Of a step in between, this is where it runs.
                StepPlatform::Of(platform) if !used.contains(digest) => Some(platform),
                StepPlatform::Of(_) | StepPlatform::Unnamed => None,
            };
            if let Some(platform) = claimed.filter(|it| requested.contains(it)) {
                claims.spread(platform, digest, &steps);
            }
        }
        claims
    }

    fn spread(&mut self, platform: Platform, from: &str, steps: &BTreeMap<&str, &Step>) {
        let mut open = vec![from];
        while let Some(digest) = open.pop() {
            let dependents = self.dependents.entry(digest.to_owned()).or_default();
            if dependents.insert(platform) {
                let inputs = steps.get(digest).map(|it| it.inputs.iter().map(String::as_str));
                open.extend(inputs.into_iter().flatten());
            }
        }
    }

    /// The platforms that depend on a step; none where nobody claims any.
    pub(super) fn dependents(&self, digest: &str) -> Vec<Platform> {
        if let [only] = self.requested.as_slice() {
            return vec![*only];
        }
        self.dependents.get(digest).into_iter().flatten().copied().collect()
    }
}

/// Where a step executes, as its name claims.
pub(super) fn place(step: &Step) -> Option<Platform> {
    match step.label.platform {
        StepPlatform::Of(platform) | StepPlatform::Cross { on: platform, .. } => Some(platform),
        StepPlatform::Unnamed => None,
    }
}
