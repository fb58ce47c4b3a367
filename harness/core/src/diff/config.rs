//! What a container inherits of the image's config.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;

use super::stable::stable;
use super::{Change, ChangeKind, Common};
use crate::oci::RunConfig;
use crate::text::shortened;

/// The letters of a value that are shown.
const SHOWN: usize = 200;

pub(super) fn compare(common: &Common<'_>) -> Vec<Change> {
    let (old, new) = (&common.old.config, &common.new.config);
    let words = |it: &Option<Vec<String>>| it.clone().filter(|it| !it.is_empty());
    let text = |it: &str| (!it.is_empty()).then(|| it.to_owned());
    let single = [
        value("ENTRYPOINT", words(&old.entrypoint).as_ref(), words(&new.entrypoint).as_ref()),
        value("CMD", words(&old.cmd).as_ref(), words(&new.cmd).as_ref()),
        value("USER", text(&old.user).as_ref(), text(&new.user).as_ref()),
        value("WORKDIR", text(&old.working_dir).as_ref(), text(&new.working_dir).as_ref()),
    ];
    let messages = single.into_iter().flatten();
    let messages =
        messages.chain(values("environment variable", &environment(old), &environment(new)));
    let messages = messages.chain(values("label", &labels(old), &labels(new)));
    let messages = messages.chain(ports(old, new));
    messages.map(|it| Change::new(ChangeKind::Config, common.platform, it)).collect()
}

/// What became of a value that may be unset.
fn value<T: Debug + PartialEq>(name: &str, old: Option<&T>, new: Option<&T>) -> Option<String> {
    match (old, new) {
        (old, new) if old == new => None,
        (None, Some(new)) => Some(format!("{name} is set to {} now", shown(new))),
        (Some(old), None) => Some(format!("{name} is no longer set; it was {}", shown(old))),
        (Some(old), Some(new)) => {
            Some(format!("{name} is {} now; before, it was {}", shown(new), shown(old)))
        }
        (None, None) => None,
    }
}

fn shown(value: &impl Debug) -> String {
    shortened(&format!("{value:?}"), SHOWN).into_owned()
}

fn values(noun: &str, old: &BTreeMap<&str, &str>, new: &BTreeMap<&str, &str>) -> Vec<String> {
    let names: BTreeSet<&str> = old.keys().chain(new.keys()).copied().collect();
    let change = |name: &str| {
        let (old, new) = (old.get(name), new.get(name));
        let is_same = old.map(|it| stable(it)) == new.map(|it| stable(it));
        if is_same { None } else { value(&format!("the {noun} {name}"), old, new) }
    };
    names.into_iter().filter_map(change).collect()
}

fn environment(config: &RunConfig) -> BTreeMap<&str, &str> {
    let entries = config.env.iter().flatten();
    entries.map(|it| it.split_once('=').unwrap_or((it, ""))).collect()
}

fn labels(config: &RunConfig) -> BTreeMap<&str, &str> {
    config.labels.iter().flatten().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}

fn ports(old: &RunConfig, new: &RunConfig) -> Vec<String> {
    let ports = |it: &RunConfig| -> BTreeSet<String> {
        it.exposed_ports.iter().flatten().map(|(port, _)| port.clone()).collect()
    };
    let (old, new) = (ports(old), ports(new));
    let gone = old.difference(&new).map(|it| format!("the port {it} is no longer exposed"));
    let added = new.difference(&old).map(|it| format!("the port {it} is exposed now"));
    gone.chain(added).collect()
}
