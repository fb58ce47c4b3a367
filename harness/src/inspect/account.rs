//! Who the entrypoint runs as: the image's `User`, resolved in its own tables of accounts.
//!
//! Source: OCI image-spec, config.md, `User`; the engine resolves it as `runc` does.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::content::Content;
use super::path::ImagePath;
use super::rootfs::{Node, RootFs};

/// A user and its primary group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// The user's number.
    pub uid: u64,
    /// The group's number.
    pub gid: u64,
}

/// A name that the image's tables do not have.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{table} has no entry for `{name}`")]
pub struct AccountError {
    /// `/etc/passwd` or `/etc/group`.
    pub table: &'static str,
    /// The name as the config states it.
    pub name: String,
}

impl Account {
    /// Resolves `user[:group]`; empty is root.
    ///
    /// # Errors
    ///
    /// When a name, rather than a number, is not in its table.
    pub fn resolve(files: &RootFs, user: &str) -> Result<Self, AccountError> {
        let (user, group) = user.split_once(':').map_or((user, None), |(u, g)| (u, Some(g)));
        let passwd = table(files, "/etc/passwd");
        let entry = passwd.lines().map(Entry::parse).find(|it| it.is(user));
        let (uid, own_group) = match (entry, user.parse()) {
            (Some(entry), _) => (entry.number, entry.group),
            (None, Ok(number)) => (number, 0),
            (None, Err(_)) if user.is_empty() => (0, 0),
            (None, Err(_)) => return Err(missing("/etc/passwd", user)),
        };
        let gid = match group.filter(|it| !it.is_empty()) {
            None => own_group,
            Some(group) => Self::group(files, group)?,
        };
        Ok(Self { uid, gid })
    }

    fn group(files: &RootFs, name: &str) -> Result<u64, AccountError> {
        let groups = table(files, "/etc/group");
        let entry = groups.lines().map(Entry::parse).find(|it| it.is(name));
        match (entry, name.parse()) {
            (Some(entry), _) => Ok(entry.number),
            (None, Ok(number)) => Ok(number),
            (None, Err(_)) => Err(missing("/etc/group", name)),
        }
    }

    /// Whether the kernel lets this account execute the file. Supplementary groups are not known.
    #[must_use]
    pub fn may_execute(self, node: &Node) -> bool {
        let bit = match self {
            Self { uid: 0, .. } => 0o111,
            Self { uid, .. } if uid == node.uid => 0o100,
            Self { gid, .. } if gid == node.gid => 0o010,
            _ => 0o001,
        };
        node.mode & bit != 0
    }
}

fn missing(table: &'static str, name: &str) -> AccountError {
    AccountError { table, name: name.to_owned() }
}

fn table<'a>(files: &'a RootFs, path: &str) -> &'a str {
    match files.resolve(&ImagePath::root(), path) {
        Ok((_, node)) => match node.content() {
            Some(Content::Accounts(text)) => text,
            _ => "",
        },
        Err(_) => "",
    }
}

/// The fields that passwd(5) and group(5) have in common, and passwd's group.
struct Entry<'a> {
    name: &'a str,
    number: u64,
    group: u64,
}

impl<'a> Entry<'a> {
    fn parse(line: &'a str) -> Self {
        let mut fields = line.split(':');
        let name = fields.next().unwrap_or("");
        let mut number = |skip| fields.nth(skip).and_then(|it| it.parse().ok());
        match number(1) {
            Some(it) => Self { name, number: it, group: number(0).unwrap_or(0) },
            // A line without a number is nobody's.
            None => Self { name: "", number: 0, group: 0 },
        }
    }

    fn is(&self, user: &str) -> bool {
        !self.name.is_empty() && (self.name == user || user.parse() == Ok(self.number))
    }
}
