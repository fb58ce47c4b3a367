//! What a container inherits of the image's config.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Debug};

use serde_json::{Value, json};

use super::change::{Change, ChangeKind};
use super::pair::Common;
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
    let raw = |it: &Option<Value>| {
        let is_said = it.as_ref().filter(|it| !matches!(it, Value::Null) && **it != json!(""));
        is_said.map(|it| Json(it.to_string()))
    };
    let others = [
        ("STOPSIGNAL", &old.stop_signal, &new.stop_signal),
        ("HEALTHCHECK", &old.healthcheck, &new.healthcheck),
        ("SHELL", &old.shell, &new.shell),
        ("ONBUILD", &old.on_build, &new.on_build),
    ];
    let others = others.map(|(name, old, new)| value(name, raw(old).as_ref(), raw(new).as_ref()));
    let messages = messages.chain(others.into_iter().flatten());
    let messages = messages.chain(ports_and_volumes(old, new));
    messages.map(|it| Change::new(ChangeKind::Config, common.platform, it)).collect()
}

/// JSON, shown as it is.
#[derive(PartialEq)]
struct Json(String);

impl Debug for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What became of a value that may be unset.
fn value<T: Debug + PartialEq>(name: &str, old: Option<&T>, new: Option<&T>) -> Option<String> {
    match (old, new) {
        (old, new) if old == new => None,
        (None, Some(new)) => Some(format!("{name} is set to {} now", shown(new))),
        (Some(old), None) => Some(format!("{name} is no longer set; it was {}", shown(old))),
        (Some(old), Some(new)) if shown(old) == shown(new) => {
            Some(format!("{name} is another after its first {SHOWN} letters"))
        }
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
        value(&format!("the {noun} {name}"), old, new)
    };
    names.into_iter().filter_map(change).collect()
}

fn environment(config: &RunConfig) -> BTreeMap<&str, &str> {
    let entries = config.env.iter().flatten();
    entries.map(|it| it.split_once('=').unwrap_or((it, ""))).collect()
}

fn labels(config: &RunConfig) -> BTreeMap<&str, &str> {
    let labels = config.labels.iter().flatten();
    let labels = labels.map(|(name, value)| (name.as_str(), value.as_str()));
    labels.filter(|it| !is_of_build(it.0)).collect()
}

/// Whether a label says when, or of what, the image was built, so that it differs in every build.
///
/// Source: OCI image-spec, annotations.md, "Pre-Defined Annotation Keys"; label-schema.org.
pub(crate) fn is_of_build(label: &str) -> bool {
    matches!(
        label,
        "org.opencontainers.image.created"
            | "org.opencontainers.image.revision"
            | "org.label-schema.build-date"
            | "org.label-schema.vcs-ref"
    )
}

fn ports_and_volumes(old: &RunConfig, new: &RunConfig) -> Vec<String> {
    let told = |old: BTreeSet<&str>, new: BTreeSet<&str>, noun: &str, is: &str| {
        let gone = old.difference(&new).map(|it| format!("the {noun} {it} is no longer {is}"));
        let added = new.difference(&old).map(|it| format!("the {noun} {it} is {is} now"));
        gone.chain(added).collect::<Vec<_>>()
    };
    let mut messages = told(old.ports(), new.ports(), "port", "exposed");
    messages.extend(told(old.volume_paths(), new.volume_paths(), "path", "a volume"));
    messages
}
