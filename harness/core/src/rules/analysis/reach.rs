//! Which files a name leads to: that of the image's command, and all that PATH has.

use std::collections::BTreeMap;

use crate::elf::Machine;
use crate::evidence::image::{ImagePath, Variant};
use crate::knowledge::names::{is_foreign, names};
use crate::launch::{DEFAULT_PATH, Launches, variable};

/// The files that are started by a name which says nothing of machine or system: whoever uses it
/// has made no choice.
pub(in crate::rules) struct Reach {
    /// Each file, under its first name, and the names that lead to it.
    names: BTreeMap<ImagePath, Vec<Name>>,
}

/// How a file is reached.
enum Name {
    /// By the image's command, whatever that calls it.
    Command,
    /// By a name in a folder of PATH.
    Word(String),
}

impl Reach {
    pub(in crate::rules) fn new(variant: &Variant, launches: &Launches<'_>) -> Self {
        let mut names: BTreeMap<ImagePath, Vec<Name>> = BTreeMap::new();
        for launch in launches.iter().flatten() {
            names.entry(launch.file(&variant.files)).or_default().push(Name::Command);
        }
        for (word, file) in commands(variant) {
            names.entry(file).or_default().push(Name::Word(word));
        }
        Self { names }
    }

    /// Whether the image's command leads to a file.
    pub(in crate::rules) fn is_command(&self, path: &ImagePath) -> bool {
        self.has(path, |_| false)
    }

    /// Whether a name leads to a file that does not say that it is for a machine.
    pub(in crate::rules) fn leads_to(&self, path: &ImagePath, machine: Machine) -> bool {
        self.has(path, |word| !names(word, machine))
    }

    /// Whether a name leads to a file that does not say that it is for another system.
    pub(in crate::rules) fn leads_to_foreign(&self, path: &ImagePath) -> bool {
        self.has(path, |word| !is_foreign(word))
    }

    fn has(&self, path: &ImagePath, is_silent: impl Fn(&str) -> bool) -> bool {
        let reaches = |name: &Name| match name {
            Name::Command => true,
            Name::Word(word) => is_silent(word),
        };
        self.names.get(path).is_some_and(|it| it.iter().any(reaches))
    }
}

/// The names that PATH has, with the file that each leads to: the first that may be executed.
fn commands(variant: &Variant) -> BTreeMap<String, ImagePath> {
    let files = &variant.files;
    let mut commands = BTreeMap::new();
    let path = variable(&variant.config, "PATH").unwrap_or(DEFAULT_PATH);
    for folder in path.split(':').filter(|it| it.starts_with('/')) {
        let Ok((folder, _)) = files.resolve(&ImagePath::root(), folder) else { continue };
        for word in files.names(&folder) {
            if commands.contains_key(word) {
                continue;
            }
            let found = files.resolve(&folder, word);
            if let Ok((file, node)) = found
                && node.content().is_some()
                && node.is_executable()
            {
                commands.insert(word.to_owned(), files.first_name(&file));
            }
        }
    }
    commands
}
