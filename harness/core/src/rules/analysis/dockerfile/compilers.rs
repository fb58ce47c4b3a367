//! What is done in stages, as far as it is about compilers.

use super::Analysis;
use crate::dockerfile::{Script, ShellCommand, ShellWord, StepKind};
use crate::knowledge::tools::{C_PACKAGES, COMPILER_SETTINGS, Role, Verbs, is_a};

/// What is done in some stages.
pub(in crate::rules) struct Work<'a> {
    pub(in crate::rules) commands: Vec<&'a ShellCommand>,
    cgo: Option<bool>,
    /// Whether a compiler's setting is in the environment.
    has_setting: bool,
}

impl<'a> Work<'a> {
    pub(in crate::rules) fn new(analysis: &'a Analysis<'_>, numbers: &[usize]) -> Self {
        let of_stages = analysis.scripts().filter(|(step, ..)| numbers.contains(&step.stage));
        let commands: Vec<&ShellCommand> =
            of_stages.flat_map(|(_, _, script): (_, _, &Script)| &script.commands).collect();
        let steps = numbers.iter().flat_map(|it| &analysis.file.stages[*it].steps);
        let in_env = steps.filter_map(|it| match &it.kind {
            StepKind::Env(list) => Some(list),
            _ => None,
        });
        let in_env = in_env.flatten().map(|it| (it.name.as_str(), it.value.as_str()));
        let in_commands = commands.iter().flat_map(|it| &it.assignments);
        let in_commands = in_commands.map(|(name, value)| (name.as_str(), value.raw.as_str()));
        let in_words = commands.iter().flat_map(|it| &it.words);
        let in_words = in_words.filter_map(|it| it.raw.split_once('='));
        let all = in_env.chain(in_commands).chain(in_words);
        let cgo = all.filter(|(name, _)| *name == "CGO_ENABLED").map(|(_, it)| !it.contains('0'));
        let cgo = cgo.reduce(|a, b| a || b);
        let has_setting = numbers.iter().any(|number| {
            let last = analysis.file.stages[*number].steps.len();
            let is_setting = |name: &String| COMPILER_SETTINGS.contains(&name.as_str());
            analysis.uses(*number).any(|(_, it)| it.scope(last).keys().any(is_setting))
        });
        Self { commands, cgo, has_setting }
    }

    /// Whether any of some compilers is at work.
    pub(in crate::rules) fn compiles(&self, compilers: &[(&str, Verbs)]) -> bool {
        self.commands.iter().any(|command| {
            let name = command.name();
            let first = command.arguments().next().map(ShellWord::unquoted).unwrap_or_default();
            compilers.iter().any(|(it, verbs)| *it == name && verbs.has(&first))
        })
    }

    /// Whether somebody says what is compiled for, or a tool is used that knows.
    pub(in crate::rules) fn knows_target(&self) -> bool {
        let says = |it: &ShellWord| {
            it.raw.contains("GOARCH=") || it.raw.starts_with("--target") || it.raw == "zigbuild"
        };
        let knows = |command: &ShellCommand| {
            let name = command.name();
            name.starts_with("xx-")
                || is_a(name, Role::KnowsTarget)
                || command.assignments.iter().any(|(name, _)| name == "GOARCH")
                || command.words.iter().any(says)
        };
        self.has_setting || self.commands.iter().any(|it| knows(it))
    }

    /// Whether C code may be compiled too, for which a cross-compiler would be needed. `own` are
    /// packages of C that the language needs by itself.
    pub(in crate::rules) fn needs_c(&self, own: &[&str]) -> bool {
        // Go's FIPS modules of BoringSSL are C.
        let is_boring = |command: &ShellCommand| {
            command.words.iter().any(|it| it.raw.to_lowercase().contains("boring"))
        };
        let installs = |command: &ShellCommand| {
            is_a(command.name(), Role::InstallsForSystem)
                && command.arguments().any(|it| {
                    let name = it.unquoted();
                    let is_needed_anyway = own.contains(&name.as_str());
                    !is_needed_anyway
                        && (C_PACKAGES.contains(&name.as_str())
                            || name.ends_with("-dev")
                            || name.ends_with("-devel"))
                })
        };
        self.cgo.unwrap_or_else(|| self.commands.iter().any(|it| installs(it) || is_boring(it)))
    }
}
