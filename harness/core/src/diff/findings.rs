//! Findings that are new, gone, and still there.

use std::collections::BTreeMap;

use super::stable::stable;
use crate::platform::Platform;
use crate::rules::{Group, Rule, Severity};
use crate::verdict::{Judged, Judgement, Status};

pub(super) struct Compared {
    pub(super) new: Vec<Judged>,
    pub(super) gone: Vec<Judged>,
    pub(super) still: usize,
}

/// What makes a finding the same in two images. Lines of a Dockerfile move, and layers are numbered
/// anew: findings are told apart by the file and by what they say. A difference between platforms is the
/// same whatever lines it quotes.
type Identity = (Rule, Severity, Option<Platform>, Option<String>, Option<String>);

pub(super) fn compare(old: &Judgement, new: &Judgement) -> Compared {
    let mut gone: BTreeMap<Identity, Vec<&Judged>> = BTreeMap::new();
    for judged in old.all_findings() {
        gone.entry(identity(judged)).or_default().push(judged);
    }
    let mut compared = Compared { new: Vec::new(), gone: Vec::new(), still: 0 };
    for judged in new.all_findings() {
        let before = gone.get_mut(&identity(judged)).and_then(Vec::pop);
        match before {
            // What was accepted and no longer is counts now.
            Some(before) if before.status == Status::Open || judged.status != Status::Open => {
                compared.still += 1;
            }
            _ => compared.new.push(judged.clone()),
        }
    }
    compared.gone = gone.into_values().flatten().cloned().collect();
    compared
}

fn identity(judged: &Judged) -> Identity {
    let finding = &judged.finding;
    let path = finding.path().map(str::to_owned);
    let is_of_parity = finding.rule.group() == Group::Parity;
    let message = (!is_of_parity).then(|| stable(&finding.message));
    (finding.rule, finding.severity, finding.platform(), path, message)
}
