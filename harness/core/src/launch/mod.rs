//! What the kernel would do with the image's command: which file it starts, through which
//! interpreters, all resolved inside the image.

use serde::{Deserialize, Serialize};
use thiserror::Error;

mod account;
pub(crate) mod handover;
mod init;

pub use account::{Account, AccountError};

use crate::elf::ElfFacts;
use crate::evidence::image::{
    Content, ForeignFormat, ImagePath, Misplacement, Node, ResolveError, RootFs, Shebang, Variant,
};
use crate::evidence::run::NotRun;
use crate::oci::RunConfig;
use init::behind_init;

/// What the engine searches when the image's Env has no PATH.
pub const DEFAULT_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Linux follows as many interpreters of interpreters (`fs/exec.c`, `exec_binprm`).
const INTERPRETER_LIMIT: usize = 5;

/// The words that a run adds to the image's own.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Arguments {
    /// Nobody said: `--help`.
    #[default]
    Default,
    /// What the case or the user wants.
    Given(Vec<String>),
}

/// A command as the engine would execute it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Command {
    /// The words; the first names the file.
    pub words: Vec<String>,
}

/// The files that take part in a start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Launch<'a> {
    /// The file that the command names, links followed.
    pub path: ImagePath,
    /// The path by which it is executed: the command's word, or where PATH has it.
    pub called: String,
    /// What the processor executes in the end: the file itself, or the last interpreter.
    pub program: (ImagePath, &'a ElfFacts),
}

impl Launch<'_> {
    /// The file that the processor executes, under the first of its names.
    #[must_use]
    pub fn file(&self, files: &RootFs) -> ImagePath {
        files.first_name(&self.program.0)
    }
}

/// What an image starts, one after the other: what its command names and, where that is an init
/// that does nothing but start another program, this as well.
pub type Launches<'a> = Vec<Result<Launch<'a>, LaunchError>>;

/// What an image's command starts.
#[must_use]
pub fn launches<'a>(variant: &'a Variant, arguments: &Arguments) -> Launches<'a> {
    match Command::new(&variant.files, &variant.config, arguments) {
        Ok(command) => launches_of(variant, &command),
        Err(error) => vec![Err(error)],
    }
}

/// What a command starts. A user that the image does not have decides only the permission bits.
#[must_use]
pub fn launches_of<'a>(variant: &'a Variant, command: &Command) -> Launches<'a> {
    let account = Account::resolve(&variant.files, &variant.config.user).unwrap_or(Account::ROOT);
    Launch::trace_all(&variant.files, &variant.config, command, &account)
}

/// Why the command cannot be started.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum LaunchError {
    /// The image has neither ENTRYPOINT nor CMD, or nothing but an init.
    #[error("{}", NotRun::NoCommand)]
    NoCommand,
    /// The command names a path, and nothing is there.
    #[error("the command names {word}, which cannot be found: {cause}")]
    Missing {
        /// The command's first word.
        word: String,
        /// Where the search ended.
        cause: ResolveError,
    },
    /// The command names a file to be searched, and no directory of PATH has it.
    #[error("the command names {word}, which is in no directory of PATH ({path})")]
    NotInPath {
        /// The command's first word.
        word: String,
        /// The image's PATH.
        path: String,
    },
    /// The command is a line for a shell, and the image has no shell.
    #[error("the command is in shell form, but the image has no {0}")]
    NoShell(String),
    /// The file is a directory or device.
    #[error("{0} is not a regular file")]
    NotRegular(ImagePath),
    /// The file's mode forbids it.
    #[error("{path} has mode {mode:04o}, so user {uid} cannot execute it")]
    NotExecutable {
        /// The file.
        path: ImagePath,
        /// Its permission bits.
        mode: u32,
        /// The user's number.
        uid: u32,
    },
    /// The file is nothing that the kernel executes.
    #[error("{path} is {what}, which the kernel cannot execute")]
    NotAProgram {
        /// The file.
        path: ImagePath,
        /// What it is instead.
        what: &'static str,
    },
    /// The file is for another operating system.
    #[error("{path} is {format}, which Linux does not execute")]
    Foreign {
        /// The file.
        path: ImagePath,
        /// Its format.
        format: ForeignFormat,
    },
    /// The file is ELF that cannot be read.
    #[error("{0} is a malformed ELF file")]
    BrokenElf(ImagePath),
    /// The script's first line does not do what it is meant to.
    #[error("{path}: {fault}")]
    Shebang {
        /// The script.
        path: ImagePath,
        /// What is wrong with it.
        fault: ShebangFault,
    },
}

impl LaunchError {
    /// The word of the command that names a file which does not exist.
    #[must_use]
    pub fn missing_word(&self) -> Option<&str> {
        match self {
            Self::Missing { word, .. } | Self::NotInPath { word, .. } | Self::NoShell(word) => {
                Some(word)
            }
            _ => None,
        }
    }
}

impl From<AccountError> for NotRun {
    fn from(error: AccountError) -> Self {
        Self::Unstartable { reason: error.to_string() }
    }
}

impl From<LaunchError> for NotRun {
    fn from(error: LaunchError) -> Self {
        match error {
            LaunchError::NoCommand => Self::NoCommand,
            other => Self::Unstartable { reason: other.to_string() },
        }
    }
}

/// What is wrong with a script's first line.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ShebangFault {
    /// It ends with a carriage return, which becomes part of the interpreter's name.
    #[error("the first line ends with a carriage return, so the kernel looks for `{0}\\r`")]
    CarriageReturn(String),
    /// A byte order mark hides it from the kernel.
    #[error("a byte order mark stands before `#!`")]
    ByteOrderMark,
    /// It is not the first line.
    #[error("`#!` is not at the very beginning of the file")]
    NotFirst,
    /// It names no interpreter.
    #[error("`#!` names no interpreter")]
    Empty,
    /// The kernel reads 256 bytes, and the interpreter's path is longer.
    #[error("the path of its interpreter is longer than the 256 bytes that the kernel reads")]
    TooLong,
    /// Its interpreter is not in the image.
    #[error("its interpreter cannot be found: {0}")]
    InterpreterMissing(ResolveError),
    /// `env` is there, and what it is to start is not.
    #[error("the command names {word}, which is in no directory of PATH ({path})")]
    NotInPath {
        /// What `env` is to start.
        word: String,
        /// The image's PATH.
        path: String,
    },
    /// Interpreters are scripts of scripts, deeper than the kernel goes.
    #[error("its interpreters are nested deeper than the kernel follows")]
    TooDeep,
}

impl Command {
    /// The words to execute: ENTRYPOINT with the arguments; without an ENTRYPOINT the given words
    /// alone, or else the program that CMD names, with `--help`. Where ENTRYPOINT is an init and
    /// nothing else, or a script that hands its arguments on as a command, the program is CMD's. In
    /// the shell form an argument would not reach the program, so there `--help` goes to the end of
    /// the shell's line.
    ///
    /// # Errors
    ///
    /// When the image names no program and no words were given.
    pub fn new(
        files: &RootFs,
        config: &RunConfig,
        arguments: &Arguments,
    ) -> Result<Self, LaunchError> {
        let words = match arguments {
            Arguments::Given(given) => {
                let fixed = config.entrypoint.as_deref().unwrap_or_default();
                [fixed, given].concat()
            }
            Arguments::Default if hands_on(files, config) => {
                Self::through_entrypoint(config).map_or_else(|| ask_for_help(config), |it| it.words)
            }
            Arguments::Default => ask_for_help(config),
        };
        if words.is_empty() { Err(LaunchError::NoCommand) } else { Ok(Self { words }) }
    }

    /// ENTRYPOINT with the program that CMD names as its argument, and `--help` for that: what an
    /// entrypoint wants that takes its arguments for a command. `None` where CMD names no program.
    #[must_use]
    pub fn through_entrypoint(config: &RunConfig) -> Option<Self> {
        let entrypoint = config.entrypoint.as_deref().filter(|it| !it.is_empty())?;
        let is_program = |it: &String| !it.is_empty() && !it.starts_with('-');
        config.cmd.as_deref()?.first().filter(|it| is_program(it))?;
        let of_cmd = ask_for_help(&RunConfig { entrypoint: None, ..config.clone() });
        let words = [entrypoint, of_cmd.as_slice()].concat();
        (!of_cmd.is_empty()).then_some(Self { words })
    }

    /// The word that names the file.
    pub fn program(&self) -> &str {
        self.words.first().map_or("", String::as_str)
    }
}

/// The value of a variable in an image's Env: the last one counts.
#[must_use]
pub fn variable<'a>(config: &'a RunConfig, name: &str) -> Option<&'a str> {
    let env = config.env.as_deref().unwrap_or_default();
    env.iter().rev().find_map(|it| it.strip_prefix(name)?.strip_prefix('='))
}

impl<'a> Launch<'a> {
    /// Follows the command to the program that the processor executes.
    ///
    /// # Errors
    ///
    /// The first thing that keeps it from starting.
    pub fn trace(
        files: &'a RootFs,
        config: &RunConfig,
        command: &Command,
        account: Account,
    ) -> Result<Self, LaunchError> {
        let search = Search { files, config, account };
        let (called, (path, node)) = search.find(command)?;
        let program = search.program(path.clone(), node, 0)?;
        Ok(Self { path, called, program })
    }

    /// Follows the command, and what an init starts in its place. The first that cannot be started
    /// is the last.
    #[must_use]
    pub fn trace_all(
        files: &'a RootFs,
        config: &RunConfig,
        command: &Command,
        account: &Account,
    ) -> Launches<'a> {
        let mut launches = Vec::new();
        let mut words = command.words.as_slice();
        loop {
            let command = Command { words: words.to_vec() };
            let launch = Self::trace(files, config, &command, account.clone());
            let goes_on = launch.is_ok();
            launches.push(launch);
            match behind_init(words) {
                Some(behind) if goes_on && !behind.is_empty() => words = behind,
                _ => return launches,
            }
        }
    }
}

struct Search<'a, 'c> {
    files: &'a RootFs,
    config: &'c RunConfig,
    account: Account,
}

impl<'a> Search<'a, '_> {
    fn find(&self, command: &Command) -> Result<(String, (ImagePath, &'a Node)), LaunchError> {
        let word = command.program().to_owned();
        let found = if word.contains('/') {
            let from = ImagePath::clean(&self.config.working_dir);
            self.files.resolve(&from, &word).map(|it| (word.clone(), it)).map_err(Some)
        } else {
            self.in_path(&word).ok_or(None)
        };
        found.map_err(|cause| match cause {
            _ if is_shell(self.config, &word) => LaunchError::NoShell(word),
            Some(cause) => LaunchError::Missing { word, cause },
            None => LaunchError::NotInPath { word, path: self.path_variable().to_owned() },
        })
    }

    fn path_variable(&self) -> &str {
        variable(self.config, "PATH").unwrap_or(DEFAULT_PATH)
    }

    /// The first file of that name that may be executed, or else the first there is.
    fn in_path(&self, word: &str) -> Option<(String, (ImagePath, &'a Node))> {
        let from = ImagePath::clean(&self.config.working_dir);
        let found: Vec<_> = self
            .path_variable()
            .split(':')
            .filter_map(|directory| {
                // An empty entry is the working directory.
                let directory = if directory.is_empty() { "." } else { directory };
                let called = format!("{directory}/{word}");
                let found = self.files.resolve(&from, &called).ok()?;
                Some((called, found))
            })
            .filter(|(_, (_, node))| node.content().is_some())
            .collect();
        let executable = found.iter().position(|(_, (_, node))| self.account.may_execute(node));
        found.into_iter().nth(executable.unwrap_or(0))
    }

    fn program(
        &self,
        path: ImagePath,
        node: &'a Node,
        depth: usize,
    ) -> Result<(ImagePath, &'a ElfFacts), LaunchError> {
        let Some(content) = node.content() else { return Err(LaunchError::NotRegular(path)) };
        if !self.account.may_execute(node) {
            let (mode, uid) = (node.mode, self.account.uid);
            return Err(LaunchError::NotExecutable { path, mode, uid });
        }
        let not_a_program = |path, what| Err(LaunchError::NotAProgram { path, what });
        match content {
            Content::Elf(facts) if facts.elf_type.is_loadable() => Ok((path, facts)),
            Content::Elf(_) => not_a_program(path, "an ELF file that is no executable"),
            Content::BrokenElf(_) => Err(LaunchError::BrokenElf(path)),
            Content::Script(shebang) => self.interpreter(path, shebang, depth),
            Content::MisplacedShebang(Misplacement::ByteOrderMark) => {
                Err(LaunchError::Shebang { path, fault: ShebangFault::ByteOrderMark })
            }
            Content::MisplacedShebang(Misplacement::LaterLine) => {
                Err(LaunchError::Shebang { path, fault: ShebangFault::NotFirst })
            }
            Content::Foreign(format) => Err(LaunchError::Foreign { path, format: *format }),
            Content::Empty => not_a_program(path, "empty"),
            Content::Text(_) | Content::LoaderCache(_) | Content::Packages(_) | Content::Data => {
                not_a_program(path, "neither ELF nor a script with `#!`")
            }
        }
    }

    fn interpreter(
        &self,
        path: ImagePath,
        shebang: &Shebang,
        depth: usize,
    ) -> Result<(ImagePath, &'a ElfFacts), LaunchError> {
        let (next, node) = match self.next(shebang) {
            Err(fault) => return Err(LaunchError::Shebang { path, fault }),
            Ok(_) if depth >= INTERPRETER_LIMIT => {
                return Err(LaunchError::Shebang { path, fault: ShebangFault::TooDeep });
            }
            Ok(found) => found,
        };
        self.program(next, node, depth + 1)
    }

    fn next(&self, shebang: &Shebang) -> Result<(ImagePath, &'a Node), ShebangFault> {
        if shebang.has_carriage_return() {
            let name = format!("{} {}", shebang.interpreter, shebang.argument);
            return Err(ShebangFault::CarriageReturn(name.trim().to_owned()));
        }
        if shebang.interpreter.is_empty() {
            return Err(ShebangFault::Empty);
        }
        if shebang.is_cut_off() {
            return Err(ShebangFault::TooLong);
        }
        let from = ImagePath::clean(&self.config.working_dir);
        let found = self
            .files
            .resolve(&from, &shebang.interpreter)
            .map_err(ShebangFault::InterpreterMissing)?;
        match env_program(shebang) {
            None => Ok(found),
            Some(word) => match self.in_path(word) {
                Some((_, found)) => Ok(found),
                None => Err(ShebangFault::NotInPath {
                    word: word.to_owned(),
                    path: self.path_variable().to_owned(),
                }),
            },
        }
    }
}

/// The image's own command with `--help` instead of its other arguments; empty if it has none.
fn ask_for_help(config: &RunConfig) -> Vec<String> {
    let own = own_command(config);
    let program = behind_inits(&own);
    let init = &own[..own.len() - program.len()];
    if let (Some(line), Some((_, before))) = (shell_line(program), program.split_last()) {
        return [init, before, &[format!("{line} --help")]].concat();
    }
    // Words of ENTRYPOINT are fixed, those of CMD behind its program are not.
    let fixed = config.entrypoint.as_ref().map_or(0, Vec::len).max(init.len() + 1);
    let fixed = &own[..own.len().min(fixed)];
    if program.is_empty() { Vec::new() } else { [fixed, &["--help".to_owned()]].concat() }
}

/// Whether ENTRYPOINT ends with a shell's script that executes its arguments as a command.
fn hands_on(files: &RootFs, config: &RunConfig) -> bool {
    let words = behind_inits(config.entrypoint.as_deref().unwrap_or_default());
    let script = match words {
        [script] => script,
        [shell, script] if is_shell_name(shell) => script,
        _ => return false,
    };
    let from = ImagePath::clean(&config.working_dir);
    let found = if script.contains('/') {
        files.resolve(&from, script).ok()
    } else {
        let path = variable(config, "PATH").unwrap_or(DEFAULT_PATH);
        let in_folder = |it| files.resolve(&from, &format!("{it}/{script}")).ok();
        path.split(':').find_map(in_folder)
    };
    match found.map(|(_, node)| node.content()) {
        Some(Some(Content::Script(shebang))) => {
            !shebang.source.is_empty() && handover::hands_on(&shebang.source)
        }
        _ => false,
    }
}

fn is_shell_name(word: &str) -> bool {
    matches!(word.rsplit('/').next(), Some("sh" | "bash" | "ash" | "dash"))
}

/// What the image starts by itself: ENTRYPOINT, or CMD where there is none, or where ENTRYPOINT is
/// an init that CMD's words are for.
fn own_command(config: &RunConfig) -> Vec<String> {
    let entrypoint = config.entrypoint.as_deref().unwrap_or_default();
    let cmd = config.cmd.as_deref().unwrap_or_default();
    if behind_inits(entrypoint).is_empty() {
        [entrypoint, cmd].concat()
    } else {
        entrypoint.to_vec()
    }
}

/// The words behind all inits, which may be none.
fn behind_inits(words: &[String]) -> &[String] {
    behind_init(words).map_or(words, behind_inits)
}

/// The line of a command in shell form, `["/bin/bash", "-o", "pipefail", "-c", "exec app"]`.
fn shell_line(words: &[String]) -> Option<&str> {
    let [shell, .., option, line] = words else { return None };
    let takes_line = option.starts_with('-') && !option.starts_with("--") && option.ends_with('c');
    (shell.ends_with("sh") && takes_line).then_some(line)
}

/// Whether the word is the shell of the image's own command. A run with other arguments has the
/// shell, but may not have the line.
fn is_shell(config: &RunConfig, word: &str) -> bool {
    let own = own_command(config);
    let words = behind_inits(&own);
    shell_line(words).is_some() && words.first().is_some_and(|it| it == word)
}

/// What `#!/usr/bin/env program` and `#!/usr/bin/env -S program words` start. Without `-S` all the
/// rest of the line is one name, blanks included. With other options, or a path instead of a name,
/// env decides by itself and nothing is claimed.
fn env_program(shebang: &Shebang) -> Option<&str> {
    if shebang.interpreter.rsplit('/').next() != Some("env") {
        return None;
    }
    let word = match shebang.argument.strip_prefix("-S") {
        Some(words) => words.split_ascii_whitespace().find(|word| !word.contains('=')),
        None => Some(shebang.argument.as_str()),
    };
    let is_name = |word: &&str| {
        !word.is_empty()
            && !word.starts_with('-')
            // A path, an assignment, or what `-S` itself expands.
            && !word.contains(['/', '=', '"', '\'', '\\', '$'])
    };
    word.filter(is_name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{Image, Layer, Variant};

    fn words(text: &[&str]) -> Vec<String> {
        text.iter().map(|it| (*it).to_owned()).collect()
    }

    #[test]
    fn help_is_asked_of_the_program() {
        let line = "exec app --port $PORT";
        for (entrypoint, cmd, expected) in [
            (&["/app"][..], &["--port", "80"][..], &["/app", "--help"][..]),
            (&["/init", "--", "/app"], &["serve"], &["/init", "--", "/app", "--help"]),
            (&[], &["app", "--port", "80"], &["app", "--help"]),
            (&["/bin/sh", "-c", line], &[], &["/bin/sh", "-c", "exec app --port $PORT --help"]),
            (
                &[],
                &["/bin/bash", "-ec", line],
                &["/bin/bash", "-ec", "exec app --port $PORT --help"],
            ),
            (&["flash", "-c", "x"], &[], &["flash", "-c", "x --help"]),
            (&["tini", "--"], &["/app", "serve"], &["tini", "--", "/app", "--help"]),
            (&["tini", "--", "/app", "x"], &["serve"], &["tini", "--", "/app", "x", "--help"]),
            (&[], &["tini", "-g", "/app", "serve"], &["tini", "-g", "/app", "--help"]),
            (
                &["tini", "--"],
                &["/bin/sh", "-c", "app"],
                &["tini", "--", "/bin/sh", "-c", "app --help"],
            ),
            (&["tini", "--"], &[], &[]),
            (&[], &[], &[]),
        ] {
            let config = RunConfig {
                entrypoint: Some(words(entrypoint)),
                cmd: Some(words(cmd)),
                ..RunConfig::default()
            };
            let command = Command::new(&RootFs::default(), &config, &Arguments::Default);
            let command = command.map(|it| it.words);
            assert_eq!(command.unwrap_or_default(), words(expected));
        }
    }

    /// As Docker's official images have them.
    #[test]
    fn help_is_asked_of_the_command_where_the_entrypoint_hands_it_on() {
        const ON: &str = "#!/bin/sh\nset -e\nexec \"$@\"\n";
        const OWN: &str = "#!/bin/sh\n[ \"${1#-}\" = \"$1\" ] || set -- app \"$@\"\nexec \"$@\"\n";
        let cmd: &[&str] = &["nginx", "-g", "daemon off;"];
        for (script, entrypoint, cmd, expected) in [
            (ON, &["/run.sh"][..], cmd, &["/run.sh", "nginx", "--help"][..]),
            (ON, &["run.sh"], cmd, &["run.sh", "nginx", "--help"]),
            (ON, &["tini", "--", "/run.sh"], cmd, &["tini", "--", "/run.sh", "nginx", "--help"]),
            (ON, &["/bin/sh", "/run.sh"], cmd, &["/bin/sh", "/run.sh", "nginx", "--help"]),
            (
                ON,
                &["/run.sh"],
                &["/bin/sh", "-c", "nginx -g x"],
                &["/run.sh", "/bin/sh", "-c", "nginx -g x --help"],
            ),
            (
                ON,
                &["/run.sh"],
                &["tini", "--", "app", "x"],
                &["/run.sh", "tini", "--", "app", "--help"],
            ),
            (ON, &["/run.sh"], &[], &["/run.sh", "--help"]),
            (ON, &["/run.sh"], &["-v"], &["/run.sh", "--help"]),
            (ON, &["/run.sh", "app"], cmd, &["/run.sh", "app", "--help"]),
            (OWN, &["/run.sh"], cmd, &["/run.sh", "--help"]),
        ] {
            let layer = Layer::new().executable("run.sh", script).executable("bin/run.sh", script);
            let image = Image::new([Variant::new("linux/amd64").layer(layer)]).inspect(&[]);
            let config = RunConfig {
                entrypoint: Some(words(entrypoint)),
                cmd: Some(words(cmd)),
                ..RunConfig::default()
            };
            let command = Command::new(&image.variants[0].files, &config, &Arguments::Default);
            assert_eq!(command.map(|it| it.words), Ok(words(expected)));
        }
    }

    #[test]
    fn given_words_follow_the_entrypoint() {
        let config = RunConfig {
            entrypoint: Some(words(&["/app"])),
            cmd: Some(words(&["serve"])),
            ..RunConfig::default()
        };
        let given = Arguments::Given(vec!["--version".to_owned()]);
        let command = Command::new(&RootFs::default(), &config, &given).map(|it| it.words);
        assert_eq!(command, Ok(words(&["/app", "--version"])));
    }
}
