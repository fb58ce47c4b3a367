//! What explains what: the one place where findings of different rules meet.
//!
//! Rules know nothing of one another. Of two findings with one cause, this table says which remains,
//! and which counts only where the other is accepted.

use std::cell::OnceCell;
use std::collections::{BTreeSet, HashMap};

use super::context::VariantContext;
use super::finding::Finding;
use super::rule::Rule;
use super::rule::Rule::{
    BasePlatformMissing, BuildFailed, ElfAbiMismatch, ElfIsaTooNew, ElfMachineMismatch,
    ElfMalformed, ElfPacked, ElfPageAlignment, EntrypointMissing, EntrypointNotExecutable,
    EntrypointShebang, EntrypointShellMissing, EnvPathMissing, ExecutableForeignFormat,
    InterpreterMismatch, InterpreterMissing, LayersEmpty, LibraryMissing, LoaderLibcMismatch,
    ParityBuildInfo, ParityData, ParityFiles, ParityIdenticalBinary, ParityLinkage, ParityOutput,
    RunFailed, RunForeignExecutable, RunHelpUnknown, RunIsaFault, RunOutputMissing, RunTimedOut,
    SymbolVersionMissing, UserMissing,
};
use super::severity::Severity;
use crate::evidence::image::ImagePath;
use crate::launch::{Command, launches_of};
use crate::platform::Platform;

/// A row of the table: findings of these rules explain those of others.
struct Row {
    causes: &'static [Rule],
    /// The least severity of a cause.
    least: Severity,
    effects: &'static [Rule],
    /// Where both have to be.
    scope: Scope,
    relation: Relation,
}

/// Where cause and effect have to be.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Scope {
    /// In the same file of the same variant.
    File,
    /// The cause in a file that the effect's run started.
    StartedFile,
    /// On the same platform.
    Platform,
    /// On the same platform, whose variant was not run.
    NotRun,
    /// On the same line of the Dockerfile.
    Line,
}

/// What becomes of the effect.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Relation {
    /// It is left out: the cause has said it.
    Said,
    /// It proves the cause, which takes up its words and is an error.
    Proves,
    /// It counts only where the cause is accepted.
    Follows,
}

/// What keeps a variant from being started.
const UNSTARTABLE: &[Rule] = &[
    LayersEmpty,
    UserMissing,
    EntrypointMissing,
    EntrypointNotExecutable,
    EntrypointShebang,
    EntrypointShellMissing,
    ExecutableForeignFormat,
    ElfMalformed,
];

/// The first row that fits a finding decides.
const TABLE: &[Row] = &[
    // A file for another machine, or one that cannot be loaded, has no other defects.
    Row {
        causes: &[ElfMachineMismatch, ElfMalformed],
        least: Severity::Warning,
        effects: &[ElfAbiMismatch, ElfIsaTooNew, ElfPageAlignment, ElfPacked],
        scope: Scope::File,
        relation: Relation::Said,
    },
    Row {
        causes: &[ElfMachineMismatch],
        least: Severity::Warning,
        effects: &[ElfMalformed],
        scope: Scope::File,
        relation: Relation::Said,
    },
    // A file that is missing or wrong differs from that of other platforms for that reason.
    Row {
        causes: &[
            ElfMachineMismatch,
            ElfMalformed,
            ExecutableForeignFormat,
            InterpreterMismatch,
            EntrypointMissing,
            EntrypointNotExecutable,
            EntrypointShebang,
            EntrypointShellMissing,
        ],
        least: Severity::Note,
        effects: &[
            ParityOutput,
            ParityFiles,
            ParityIdenticalBinary,
            ParityBuildInfo,
            ParityLinkage,
            ParityData,
        ],
        scope: Scope::File,
        relation: Relation::Said,
    },
    Row {
        causes: &[EnvPathMissing, RunForeignExecutable],
        least: Severity::Note,
        effects: &[ParityFiles],
        scope: Scope::File,
        relation: Relation::Said,
    },
    // Without a base image there is nothing to build on.
    Row {
        causes: &[BasePlatformMissing],
        least: Severity::Error,
        effects: &[BuildFailed],
        scope: Scope::Line,
        relation: Relation::Said,
    },
    // What a run refused is wrong by its bytes.
    Row {
        causes: &[ElfMachineMismatch],
        least: Severity::Error,
        effects: &[RunForeignExecutable],
        scope: Scope::File,
        relation: Relation::Said,
    },
    // What a file declares, and a run has shown.
    Row {
        causes: &[ElfIsaTooNew],
        least: Severity::Note,
        effects: &[RunIsaFault],
        scope: Scope::File,
        relation: Relation::Proves,
    },
    // A program that cannot be started or loaded fails for no further reason.
    Row {
        causes: &[RunForeignExecutable, RunHelpUnknown],
        least: Severity::Warning,
        effects: &[RunFailed],
        scope: Scope::Platform,
        relation: Relation::Said,
    },
    Row {
        causes: &[ElfMachineMismatch, ElfMalformed, InterpreterMissing, InterpreterMismatch],
        least: Severity::Error,
        effects: &[RunFailed],
        scope: Scope::StartedFile,
        relation: Relation::Said,
    },
    Row {
        causes: &[
            LibraryMissing,
            SymbolVersionMissing,
            LoaderLibcMismatch,
            EntrypointMissing,
            EntrypointNotExecutable,
            EntrypointShebang,
            EntrypointShellMissing,
            ExecutableForeignFormat,
        ],
        least: Severity::Error,
        effects: &[RunFailed],
        scope: Scope::Platform,
        relation: Relation::Said,
    },
    Row {
        causes: &[RunHelpUnknown],
        least: Severity::Warning,
        effects: &[RunTimedOut],
        scope: Scope::Platform,
        relation: Relation::Said,
    },
    // What a program does on a processor that has every instruction counts for those who accept
    // that it needs them.
    Row {
        causes: &[RunIsaFault],
        least: Severity::Error,
        effects: &[RunFailed, RunTimedOut, RunOutputMissing, ParityOutput],
        scope: Scope::Platform,
        relation: Relation::Follows,
    },
    // A program that fails cannot print everything.
    Row {
        causes: &[RunFailed, RunTimedOut],
        least: Severity::Error,
        effects: &[RunOutputMissing, ParityOutput],
        scope: Scope::Platform,
        relation: Relation::Follows,
    },
    Row {
        causes: &[RunForeignExecutable],
        least: Severity::Error,
        effects: &[ParityOutput],
        scope: Scope::Platform,
        relation: Relation::Follows,
    },
    Row {
        causes: UNSTARTABLE,
        least: Severity::Error,
        effects: &[RunOutputMissing],
        scope: Scope::NotRun,
        relation: Relation::Follows,
    },
];

/// Whether a finding says why a variant cannot be started.
pub(crate) fn keeps_from_running(finding: &Finding) -> bool {
    UNSTARTABLE.contains(&finding.rule) && finding.severity == Severity::Error
}

/// Of findings with one cause, leaves the one that says it.
pub(super) fn apply(variants: &[VariantContext<'_>], findings: &[Finding]) -> Vec<Finding> {
    let search = Search::new(variants, findings);
    let causes: Vec<Option<(usize, Relation)>> =
        findings.iter().map(|it| search.cause_of(it)).collect();
    let mut proofs: HashMap<usize, &str> = HashMap::new();
    for (cause, finding) in causes.iter().zip(findings) {
        if let Some((at, Relation::Proves)) = cause {
            proofs.entry(*at).or_insert(&finding.message);
        }
    }
    let root = |from: usize| {
        let mut at = from;
        // Rows lead from effects to causes, never back: see the test of the table.
        while let Some(Some((cause, _))) = causes.get(at) {
            at = *cause;
        }
        findings.get(at).map(|it| it.rule)
    };
    let remaining = findings.iter().enumerate().filter_map(|(at, finding)| {
        match causes.get(at).copied().flatten() {
            Some((_, Relation::Said | Relation::Proves)) => None,
            Some((_, Relation::Follows)) => {
                Some(Finding { consequence_of: root(at), ..finding.clone() })
            }
            None => Some(match proofs.get(&at) {
                Some(proof) => proven(finding, proof),
                None => finding.clone(),
            }),
        }
    });
    remaining.collect()
}

/// What a file declares, as a run has shown it.
fn proven(finding: &Finding, proof: &str) -> Finding {
    let message = format!("{}: {proof}", finding.message);
    Finding { severity: Severity::Error, message, ..finding.clone() }
}

/// The findings among which causes are looked for.
struct Search<'a, 'e> {
    variants: &'a [VariantContext<'e>],
    findings: &'a [Finding],
    /// The findings about each file: an image may have as many as it likes.
    of_file: HashMap<(Platform, &'a str), Vec<usize>>,
    started: OnceCell<BTreeSet<(Platform, String)>>,
}

impl<'a, 'e> Search<'a, 'e> {
    fn new(variants: &'a [VariantContext<'e>], findings: &'a [Finding]) -> Self {
        let mut of_file: HashMap<_, Vec<usize>> = HashMap::new();
        for (at, finding) in findings.iter().enumerate() {
            if let Some(file) = file_of(finding) {
                of_file.entry(file).or_default().push(at);
            }
        }
        Self { variants, findings, of_file, started: OnceCell::new() }
    }

    /// The finding that explains another one, by the first row that fits.
    fn cause_of(&self, effect: &Finding) -> Option<(usize, Relation)> {
        let mut rows = TABLE.iter().filter(|it| it.effects.contains(&effect.rule));
        rows.find_map(|row| Some((self.cause_by(row, effect)?, row.relation)))
    }

    fn cause_by(&self, row: &Row, effect: &Finding) -> Option<usize> {
        let explains = |at: &usize| {
            self.findings.get(*at).is_some_and(|it| {
                row.causes.contains(&it.rule)
                    && it.severity >= row.least
                    && self.is_in_scope(row.scope, it, effect)
            })
        };
        match row.scope {
            Scope::File => self.of_file.get(&file_of(effect)?)?.iter().copied().find(explains),
            _ => (0..self.findings.len()).find(explains),
        }
    }

    fn is_in_scope(&self, scope: Scope, cause: &Finding, effect: &Finding) -> bool {
        let is_of_platform = cause.platform() == effect.platform();
        match (scope, effect.platform()) {
            (Scope::Line, _) => {
                is_of_platform && line_of(cause).is_some() && line_of(cause) == line_of(effect)
            }
            (_, None) => false,
            (Scope::File | Scope::Platform, _) => is_of_platform,
            (Scope::NotRun, Some(platform)) => {
                let mut variants = self.variants.iter();
                is_of_platform
                    && variants.all(|it| it.variant.platform != platform || it.not_run.is_some())
            }
            (Scope::StartedFile, Some(platform)) => {
                let file = (platform, cause.path().unwrap_or_default().to_owned());
                is_of_platform && self.started().contains(&file)
            }
        }
    }

    /// The files that runs started, by their first names.
    fn started(&self) -> &BTreeSet<(Platform, String)> {
        self.started.get_or_init(|| {
            let of_variant = |it: &VariantContext<'_>| {
                let platform = it.variant.platform;
                started_by(it).into_iter().map(move |path| (platform, path.to_string()))
            };
            self.variants.iter().flat_map(of_variant).collect()
        })
    }
}

fn file_of(finding: &Finding) -> Option<(Platform, &str)> {
    Some((finding.platform()?, finding.path()?))
}

fn line_of(finding: &Finding) -> Option<(&str, u32)> {
    finding.location.position().map(|it| (it.dockerfile.as_str(), it.line))
}

fn started_by(context: &VariantContext<'_>) -> Vec<ImagePath> {
    let files = &context.variant.files;
    let mut started = Vec::new();
    for run in context.runs {
        let command = Command { words: run.command.clone() };
        let launches = launches_of(context.variant, &command);
        started.extend(launches.iter().flatten().map(|it| it.file(files)));
        started.push(files.first_name(&run.program));
    }
    started
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Otherwise two findings could each be left out for the other.
    #[test]
    fn no_rule_explains_itself() {
        for rule in Rule::ALL {
            let mut open = vec![*rule];
            let mut seen = Vec::new();
            while let Some(effect) = open.pop() {
                let rows = TABLE.iter().filter(|it| it.effects.contains(&effect));
                for cause in rows.flat_map(|it| it.causes) {
                    assert_ne!(cause, rule, "{rule} explains itself by way of {effect}");
                    if !seen.contains(cause) {
                        seen.push(*cause);
                        open.push(*cause);
                    }
                }
            }
        }
    }
}
