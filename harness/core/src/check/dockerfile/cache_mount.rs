//! Cache mounts that all platforms write to, and that hold what differs between them.

use std::collections::BTreeMap;

use super::study::{Site, Study, TARGET, list};
use crate::check::{Finding, Rule, Severity};
use crate::dockerfile::{
    Mount, Pin, Scope, Script, ShellCommand, StepKind, ValueGiver, expand, references,
};
use crate::platform::Platform;

pub(super) fn check(study: &Study<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for site in study.sites() {
        let StepKind::Run(run) = &site.step.kind else { continue };
        if study.platforms(site.number).len() < 2 {
            continue;
        }
        let user = User::of(study, &site);
        findings.extend(run.mounts.iter().filter_map(|it| mount(study, &site, &user, it)));
    }
    findings
}

/// What a folder is used for.
struct Kind {
    /// How its path ends.
    folder: &'static [&'static str],
    why: &'static str,
    lock: Lock,
    /// Who must be writing to it.
    who: Who,
}

/// What it helps that the platforms wait for each other.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Lock {
    /// All is well then.
    Cures,
    /// Nothing.
    Useless,
    /// In general; this remains.
    CuresBut(&'static str),
}

/// Which steps a folder is dangerous for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Who {
    /// Those executed on each platform.
    PerPlatform,
    /// Those executed once for each platform, be it on the same.
    Several,
}

const KINDS: [Kind; 7] = [
    Kind {
        folder: &["/var/cache/apk", "/etc/apk/cache"],
        why: "apk cannot share its folder with another at the same time",
        // Source: apk-tools, `apk_db_add_repository`, v2.14.0 against v2.14.4.
        lock: Lock::CuresBut(
            "apk before 2.14.4 takes the index of another architecture for its own",
        ),
        who: Who::PerPlatform,
    },
    Kind {
        folder: &[
            "/var/cache/apt",
            "/var/lib/apt",
            "/var/lib/apt/lists",
            "/var/cache/apt/archives",
        ],
        why: "apt cannot share its folders with another apt at the same time",
        lock: Lock::Cures,
        who: Who::PerPlatform,
    },
    Kind {
        folder: &[
            "/var/cache/dnf",
            "/var/cache/libdnf5",
            "/var/cache/yum",
            "/var/cache/pacman/pkg",
        ],
        why: "the package manager cannot share its folders with another at the same time",
        lock: Lock::Cures,
        who: Who::PerPlatform,
    },
    Kind {
        folder: &[
            "/cargo/registry",
            "/.cargo/registry",
            "/cargo/git",
            "/.cargo/git",
            "/cargo/git/db",
        ],
        why: "cargo's lock lies outside of the folder, so that two unpack into it at once",
        lock: Lock::Cures,
        who: Who::Several,
    },
    Kind {
        folder: &["/node_modules"],
        why: "packages with machine code in them are installed for one platform",
        lock: Lock::Useless,
        who: Who::PerPlatform,
    },
    Kind {
        folder: &["/.venv", "/venv", "/site-packages", "/dist-packages"],
        why: "packages with machine code in them are installed for one platform",
        lock: Lock::Useless,
        who: Who::PerPlatform,
    },
    Kind {
        folder: &["/target", "/target/release"],
        why: "cargo puts the programs of every platform in the same place",
        // All else is kept apart by the compiler's host, and the program is put there again.
        // Source: cargo, `core/compiler/build_runner/compilation_files.rs`, `hash_rustc_version`,
        // and `core/compiler/mod.rs`, `link_targets`.
        lock: Lock::Cures,
        who: Who::PerPlatform,
    },
];

/// Who uses a mount.
struct User<'a> {
    script: Option<&'a Script>,
    /// The image that the stage is built on.
    image: Option<String>,
    is_on_each_platform: bool,
    is_executed_for_each: bool,
}

impl<'a> User<'a> {
    fn of(study: &'a Study<'_>, site: &Site<'_>) -> Self {
        let is_on_each_platform = study.uses(site.number).all(|(_, it)| it.pin == Pin::Target);
        // What is declared is in the environment of the step, and makes it another one.
        let declares =
            study.scopes(site).any(|(_, scope)| TARGET.iter().any(|it| scope.contains_key(*it)));
        Self {
            script: study.script(site),
            image: study.root_image(site.number),
            is_on_each_platform,
            is_executed_for_each: is_on_each_platform || declares,
        }
    }

    fn apks(&self) -> impl Iterator<Item = &ShellCommand> {
        let commands = self.script.into_iter().flat_map(|it| &it.commands);
        // `xargs apk add` is apk too.
        commands.filter(|it| it.words.iter().any(|it| it.raw == "apk"))
    }

    /// Whether apk uses no cache at all.
    fn does_without(&self) -> bool {
        let has_flag = |it: &ShellCommand| it.words.iter().any(|it| it.raw == "--no-cache");
        self.apks().next().is_some() && self.apks().all(has_flag)
    }

    /// Whether apk fetches its index anew each time, or tells those of other architectures apart,
    /// as it does since Alpine 3.20.
    fn renews_index(&self) -> bool {
        let renewing = ["update", "-U", "--update", "--update-cache", "--no-cache"];
        let renews =
            |it: &ShellCommand| it.words.iter().any(|it| renewing.contains(&it.raw.as_str()));
        let alpine = self.image.as_deref().and_then(alpine_minor);
        self.apks().any(renews) || alpine.is_some_and(|minor| minor >= 20)
    }

    fn names_target(&self) -> bool {
        let words = self.script.into_iter().flat_map(|it| &it.words);
        words.into_iter().any(|it| it.raw.starts_with("--target"))
    }
}

fn mount(study: &Study<'_>, site: &Site<'_>, user: &User<'_>, mount: &Mount) -> Option<Finding> {
    let sharers = sharers(study, site, mount);
    if sharers.is_empty() {
        return None;
    }
    let Danger { path, why, severity } = danger(user, mount)?;
    let who = if sharers.len() == study.platforms(site.number).len() {
        "all platforms".to_owned()
    } else {
        list(&sharers)
    };
    let message = format!("{who} share the cache {path}: {why}");
    let finding = study.finding(Rule::CacheMountShared, mount.start, message);
    let finding = finding.with_severity(severity);
    let id = path.trim_start_matches('/').replace('/', "-");
    Some(finding.with_suggestion(format!("--mount={},id={id}-$TARGETPLATFORM", written(mount))))
}

/// What can happen to a cache that platforms share.
struct Danger<'a> {
    path: &'a str,
    why: &'static str,
    severity: Severity,
}

/// Whether a build can fail or go wrong by sharing a cache between platforms.
pub(super) fn is_dangerous(study: &Study<'_>, site: &Site<'_>, mount: &Mount) -> bool {
    let is_warned_of = |it: Danger<'_>| it.severity != Severity::Note;
    danger(&User::of(study, site), mount).is_some_and(is_warned_of)
}

fn danger<'a>(user: &User<'_>, mount: &'a Mount) -> Option<Danger<'a>> {
    if mount.option(&["type"])?.as_str() != "cache" {
        return None;
    }
    let target = mount.option(&["target", "dst", "destination"])?;
    let path = target.as_str().trim_end_matches('/').trim_matches('"');
    let absolute = format!("/{path}");
    let kind = KINDS.iter().find(|it| it.folder.iter().any(|end| absolute.ends_with(end)))?;
    let is_affected = match kind.who {
        Who::PerPlatform => user.is_on_each_platform,
        Who::Several => user.is_executed_for_each,
    };
    let sharing = mount.option(&["sharing"]).map_or("shared", |it| it.as_str());
    let (why, severity) = match (sharing, kind.lock) {
        ("private", _) | ("locked", Lock::Cures) => return None,
        ("locked", Lock::CuresBut(_)) if user.renews_index() => return None,
        ("locked", Lock::CuresBut(rest)) => (rest, Severity::Note),
        _ => (kind.why, Severity::Warning),
    };
    let is_rust = !path.ends_with("target") && !path.ends_with("release")
        || user.script.is_some_and(|it| it.commands.iter().any(|it| it.name() == "cargo"))
            && !user.names_target();
    // The official image keeps cargo's folders in /usr/local/cargo.
    let is_unused = path.contains("/.cargo/") && user.image.as_deref().is_some_and(is_rust_image);
    if !is_affected || !is_rust || is_unused || user.does_without() {
        return None;
    }
    Some(Danger { path, why, severity })
}

/// The mount as it is written, without an id.
fn written(mount: &Mount) -> String {
    let options = mount.options.iter().filter(|(key, _)| key != "id");
    let options = options.map(|(key, value)| {
        if value.as_str().is_empty() { key.clone() } else { format!("{key}={}", value.as_str()) }
    });
    options.collect::<Vec<_>>().join(",")
}

/// Whether an image is the official one of Rust.
fn is_rust_image(image: &str) -> bool {
    let name = image.split([':', '@']).next().unwrap_or(image);
    matches!(name.rsplit('/').next(), Some("rust"))
}

/// The minor version of Alpine 3 in the name of an image: `node:22-alpine3.21`, `alpine:3.20`.
fn alpine_minor(image: &str) -> Option<u32> {
    let (_, rest) = image.rsplit_once("alpine")?;
    let rest = rest.trim_start_matches([':', '-']).strip_prefix("3.")?;
    rest.split(|it: char| !it.is_ascii_digit()).next()?.parse().ok()
}

/// The platforms that share a cache with others: those for which its id comes to the same.
fn sharers(study: &Study<'_>, site: &Site<'_>, mount: &Mount) -> Vec<Platform> {
    let name = mount.option(&["id"]).or_else(|| mount.option(&["target", "dst", "destination"]));
    let Some(name) = name else { return Vec::new() };
    let mut by_id: BTreeMap<String, Vec<Platform>> = BTreeMap::new();
    for (platform, scope) in study.scopes(site) {
        match id(study, name.as_str(), scope) {
            Some(id) => by_id.entry(id).or_default().push(platform),
            // Somebody else says what it comes to.
            None => return Vec::new(),
        }
    }
    let shared = by_id.into_values().filter(|it| it.len() > 1);
    let mut all: Vec<Platform> = shared.flatten().collect();
    all.sort();
    all
}

/// What the id of a cache comes to; nothing where that is not known.
fn id(study: &Study<'_>, text: &str, scope: &Scope) -> Option<String> {
    let value = |name: &str| scope.get(name).filter(|it| it.giver != ValueGiver::Unsaid);
    let found = references(text, study.file.escape);
    if !found.iter().all(|it| value(&it.name).is_some()) {
        return None;
    }
    let get = |name: &str| value(name).map(|it| it.text.clone());
    expand(text, study.file.escape, &get).ok().map(|it| it.value)
}
