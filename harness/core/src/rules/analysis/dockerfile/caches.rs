//! Cache mounts: what their folders hold, and whether platforms may share them.

use super::{Analysis, NeededStep, TARGET};
use crate::dockerfile::{Mount, Pin, Script, ShellCommand};
use crate::rules::severity::Severity;

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
pub(in crate::rules) struct User<'a> {
    script: Option<&'a Script>,
    /// The image that the stage is built on.
    image: Option<String>,
    is_on_each_platform: bool,
    is_executed_for_each: bool,
}

impl<'a> User<'a> {
    pub(in crate::rules) fn new(analysis: &'a Analysis<'_>, step: &NeededStep<'_>) -> Self {
        let is_on_each_platform = analysis.uses(step.stage).all(|(_, it)| it.pin == Pin::Target);
        // What is declared is in the environment of the step, and makes it another one.
        let declares =
            analysis.scopes(step).any(|(_, scope)| TARGET.iter().any(|it| scope.contains_key(*it)));
        Self {
            script: analysis.script(step),
            image: analysis.root_image(step.stage),
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

/// What can happen to a cache that platforms share.
pub(in crate::rules) struct Danger<'a> {
    pub(in crate::rules) path: &'a str,
    pub(in crate::rules) why: &'static str,
    pub(in crate::rules) severity: Severity,
}

/// Whether a build can fail or go wrong by sharing a cache between platforms.
pub(in crate::rules) fn is_dangerous(
    analysis: &Analysis<'_>,
    step: &NeededStep<'_>,
    mount: &Mount,
) -> bool {
    let is_warned_of = |it: Danger<'_>| it.severity != Severity::Note;
    danger(&User::new(analysis, step), mount).is_some_and(is_warned_of)
}

pub(in crate::rules) fn danger<'a>(user: &User<'_>, mount: &'a Mount) -> Option<Danger<'a>> {
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
