//! What the kernel would start, and as whom.

use super::{Finding, Rule, Severity};
use crate::evidence::image::{ImagePath, Variant};
use crate::launch::{Account, Arguments, Command, Launch, LaunchError, Launches, ShebangFault};

pub(super) fn check(variant: &Variant, arguments: &Arguments) -> Vec<Finding> {
    // Where there is no file at all, that is the defect.
    if variant.files.is_empty() {
        return Vec::new();
    }
    let mut findings = Vec::new();
    if let Err(error) = Account::resolve(&variant.files, &variant.config.user) {
        let message = format!("the image runs as `{}`, and {error}", variant.config.user);
        findings.push(Finding::of_platform(Rule::UserMissing, variant.platform, message));
    }
    for (number, launch) in launches(variant, arguments).into_iter().enumerate() {
        match launch {
            Err(error) if number == 0 || is_refused_by_init(&error) => {
                findings.extend(unlaunchable(variant, &error));
            }
            _ => {}
        }
    }
    findings
}

/// What the image's command starts.
pub(super) fn launches<'a>(variant: &'a Variant, arguments: &Arguments) -> Launches<'a> {
    match Command::of(&variant.files, &variant.config, arguments) {
        Ok(command) => launches_of(variant, &command),
        Err(error) => vec![Err(error)],
    }
}

/// What a command starts. Who a user is that the image does not have decides nothing but the
/// permission bits.
pub(super) fn launches_of<'a>(variant: &'a Variant, command: &Command) -> Launches<'a> {
    let account = Account::resolve(&variant.files, &variant.config.user).unwrap_or(Account::ROOT);
    Launch::trace_all(&variant.files, &variant.config, command, &account)
}

/// An init starts programs by the C library's `execvp`, which gives a file without `#!` to a shell.
fn is_refused_by_init(error: &LaunchError) -> bool {
    match error {
        LaunchError::NotAProgram { .. } => false,
        LaunchError::Shebang { fault, .. } => {
            !matches!(fault, ShebangFault::ByteOrderMark | ShebangFault::NotFirst)
        }
        _ => true,
    }
}

fn unlaunchable(variant: &Variant, error: &LaunchError) -> Option<Finding> {
    let message = error.to_string();
    let of_word = |rule, word: &str| {
        Finding::of_platform(rule, variant.platform, message.clone()).with_path(word)
    };
    let of_file = |rule, path: &ImagePath| match variant.files.get(path) {
        Some(node) => Finding::of_file(rule, variant, (path, node), message.clone()),
        None => of_word(rule, path.as_str()),
    };
    Some(match error {
        LaunchError::NoCommand => {
            // Images to build on, or to copy from, have none.
            Finding::of_platform(Rule::EntrypointMissing, variant.platform, message)
                .with_severity(Severity::Note)
        }
        LaunchError::Missing { word, .. } | LaunchError::NotInPath { word, .. } => {
            of_word(Rule::EntrypointMissing, word)
        }
        LaunchError::NoShell(word) => of_word(Rule::EntrypointShellMissing, word),
        LaunchError::NotRegular(path)
        | LaunchError::NotExecutable { path, .. }
        | LaunchError::NotAProgram { path, .. } => of_file(Rule::EntrypointNotExecutable, path),
        LaunchError::Foreign { path, .. } => {
            of_file(Rule::ExecutableForeignFormat, path).with_severity(Severity::Error)
        }
        LaunchError::Shebang { path, .. } => of_file(Rule::EntrypointShebang, path),
        // The file itself is reported, with what is wrong in it.
        LaunchError::BrokenElf(_) => return None,
    })
}
