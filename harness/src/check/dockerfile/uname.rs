//! `uname -m`: the kernel's machine, which need not be the platform's.

use super::study::{Study, list};
use crate::check::{Finding, Rule, Severity};
use crate::dockerfile::{Pin, Selection, ShellCommand, ShellWord};
use crate::platform::{Architecture, Platform};

pub(super) fn check(study: &Study<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (site, _, script) in study.scripts() {
        // Where the build's own machine is asked for, its kernel knows.
        if study.uses(site.number).any(|(_, it)| it.pin != Pin::Target) {
            continue;
        }
        let platforms = study.platforms(site.number);
        let is_in_danger = platforms.into_iter().any(is_of_other_kernels);
        // Of 64-bit platforms the kernel tells the truth.
        if study.recipe.selection == Selection::Named && !is_in_danger {
            continue;
        }
        let asks = script.commands.iter().find(|it| asks_kernel(it));
        let knows = script.words.iter().any(|it| it.raw.contains("--print-arch"));
        findings.extend(asks.map(|command| {
            let finding = finding(study, site.number, command);
            // Who asks the distribution as well has thought of 32-bit platforms.
            if knows { finding.with_severity(Severity::Note) } else { finding }
        }));
    }
    findings
}

/// `uname -m`, also among other letters, and `arch`, which is the same.
fn asks_kernel(command: &ShellCommand) -> bool {
    match command.name().as_str() {
        "uname" => command.arguments().any(|it| {
            let word = it.unquoted();
            word == "--machine"
                || word.starts_with('-')
                    && !word.starts_with("--")
                    && word.contains(['m', 'p', 'i'])
        }),
        "arch" => command.words.len() == 1,
        _ => false,
    }
}

fn finding(study: &Study<'_>, number: usize, command: &ShellCommand) -> Finding {
    let words: Vec<String> = command.words.iter().map(ShellWord::unquoted).collect();
    let words = words.join(" ");
    let platforms = study.platforms(number);
    let wrong: Vec<Platform> =
        platforms.into_iter().filter(|it| is_of_other_kernels(*it)).collect();
    let (severity, who) = if wrong.is_empty() {
        (Severity::Note, "a 32-bit platform gets its 64-bit kernel's".to_owned())
    } else {
        (Severity::Warning, format!("{} may get its 64-bit kernel's", list(&wrong)))
    };
    let message = format!("`{words}` prints the kernel's machine, not the platform's: {who}");
    let place = command.words.first().map_or(0, |it| it.place);
    study.finding(Rule::ArchFromUname, place, message).with_severity(severity)
}

/// Whether machines usually run it under the kernel of another architecture.
fn is_of_other_kernels(platform: Platform) -> bool {
    matches!(platform.architecture(), Architecture::I386 | Architecture::Arm(_))
}
