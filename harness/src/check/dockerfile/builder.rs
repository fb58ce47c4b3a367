//! Compilers: one that could run on the platform that builds, and is emulated for all others; and
//! one that runs there, and makes programs for it alone.

use super::hardcoded::COMPILER_SETTINGS;
use super::study::{BUILD, Study, TARGET, list};
use crate::build::Manner;
use crate::check::{Finding, Rule, Severity};
use crate::dockerfile::{
    Base, EvaluatedStage, Pin, Script, ShellCommand, ShellWord, StepKind, Text, references,
};
use crate::platform::Platform;

pub(super) fn check(study: &Study<'_>) -> Vec<Finding> {
    let numbers = || study.stages().map(|(number, _)| number);
    let emulated = numbers().filter_map(|number| emulated(study, number));
    emulated.chain(numbers().filter_map(|number| untold(study, number))).collect()
}

/// A language whose compiler makes programs for other machines as easily as for its own.
struct Language {
    name: &'static str,
    /// The last part of the names of its images.
    images: &'static [&'static str],
    /// Its commands, with those of their words that compile; none stands for any.
    compilers: &'static [(&'static str, &'static [&'static str])],
    severity: Severity,
}

const LANGUAGES: [Language; 3] = [
    Language {
        name: "Go",
        images: &["golang", "go", "go-toolset", "golang-builder"],
        compilers: &[("go", &["build", "install"]), ("make", &[]), ("mage", &[]), ("task", &[])],
        severity: Severity::Warning,
    },
    Language {
        name: ".NET",
        images: &["dotnet/sdk", "dotnet/nightly/sdk"],
        compilers: &[("dotnet", &["publish", "build"])],
        severity: Severity::Warning,
    },
    // A linker for each machine has to be found first.
    Language {
        name: "Rust",
        images: &["rust"],
        compilers: &[("cargo", &["build", "install"])],
        severity: Severity::Note,
    },
];

/// Packages that compile C: with them, a Go program may have parts in it.
const C_PACKAGES: [&str; 8] =
    ["gcc", "g++", "clang", "musl-dev", "build-base", "build-essential", "libc6-dev", "libc-dev"];

fn emulated(study: &Study<'_>, number: usize) -> Option<Finding> {
    let stage = &study.file.stages[number];
    let is_foreign = |it: &Platform| is_emulated_on(study.recipe.build, *it);
    let others: Vec<Platform> = study.platforms(number).into_iter().filter(is_foreign).collect();
    let is_ours = |it: &EvaluatedStage| it.pin == Pin::Target && matches!(it.base, Base::Image(_));
    if others.is_empty() || !study.uses(number).all(|(_, it)| is_ours(it)) {
        return None;
    }
    let (_, first) = study.uses(number).next()?;
    let Base::Image(image) = &first.base else { return None };
    let language = LANGUAGES.iter().find(|it| it.has_image(image))?;
    // What is published must be of its platform.
    let is_published = study.evaluated.iter().any(|stages| {
        stages.target.is_some_and(|target| stages.chain(target).any(|it| it == number))
    });
    let is_derived =
        |it: &usize| study.evaluated.iter().any(|stages| stages.chain(*it).any(|it| it == number));
    let derived: Vec<usize> = study.stages().map(|it| it.0).filter(is_derived).collect();
    let work = Work::of(study, &derived);
    if is_published || is_built_one_by_one(study) || !work.compiles(language) || work.needs_c() {
        return None;
    }
    let (severity, where_emulated) = if has_machine_of_its_own(study) {
        (Severity::Note, "except on a machine that executes it")
    } else {
        (language.severity, "where one machine builds all")
    };
    let message = format!(
        "{} compiles in {} under emulation for {}, {where_emulated}: it could compile for {} where it \
         is native",
        language.name,
        stage.title(),
        list(&others),
        if others.len() == 1 { "it" } else { "them" },
    );
    let finding = study.finding(Rule::BuilderNotNative, stage.start, message);
    let finding = finding.with_severity(severity);
    let mended = format!("FROM --platform=$BUILDPLATFORM {}", stage.base.as_str());
    let name = if stage.name.is_empty() { String::new() } else { format!(" AS {}", stage.name) };
    Some(finding.with_mended(format!("{mended}{name}")))
}

fn is_emulated_on(machine: Platform, platform: Platform) -> bool {
    Manner::of(machine, platform, &[platform]) == Manner::Emulated
}

/// Whether one of the platforms executes all of them: then each machine may build for itself,
/// which the Dockerfile does not tell.
fn has_machine_of_its_own(study: &Study<'_>) -> bool {
    let all = &study.recipe.platforms;
    all.iter().any(|machine| all.iter().all(|it| !is_emulated_on(*machine, *it)))
}

/// Whether the published stage is chosen by an argument of the Dockerfile's own: then each
/// platform is a build of its own, whose compiler runs where it is started.
fn is_built_one_by_one(study: &Study<'_>) -> bool {
    let is_own = |name: &str| {
        let is_declared = study.file.globals.iter().any(|it| it.name == name);
        is_declared && !TARGET.contains(&name) && !BUILD.contains(&name)
    };
    let is_chosen = |text: &Text| {
        let found = references(text.as_str(), study.file.escape);
        found.iter().any(|it| is_own(&it.name) && it.name.contains("ARCH"))
    };
    study.evaluated.iter().filter_map(|it| it.target).any(|target| {
        let stage = &study.file.stages[target];
        is_chosen(&stage.base) || stage.platform.as_ref().is_some_and(is_chosen)
    })
}

/// Commands that compile for their own machine unless they are told otherwise.
const OWN: [(&str, &str); 2] = [("go", "build"), ("cargo", "build")];

/// A native compiler whose results are published, in a stage that nowhere speaks of the target.
fn untold(study: &Study<'_>, number: usize) -> Option<Finding> {
    let others: Vec<Platform> =
        study.platforms(number).into_iter().filter(|it| *it != study.recipe.build).collect();
    let is_native = study.uses(number).all(|(_, it)| it.pin == Pin::Build);
    if others.is_empty() || !is_native || !is_published_from(study, number) {
        return None;
    }
    let work = Work::of(study, &[number]);
    if work.knows_target() || speaks_of_target(study, number) {
        return None;
    }
    let (command, (name, verb)) = work.commands.iter().find_map(|command| {
        let first = command.arguments().next()?.unquoted();
        let own = OWN.iter().find(|(name, verb)| *name == command.name() && *verb == first)?;
        Some((command, own))
    })?;
    let place = command.words.first()?.place;
    let others = list(&others);
    let message =
        format!("`{name} {verb}` makes a program for the platform that builds, also for {others}");
    let finding = study.finding(Rule::BuilderTargetMissing, place, message);
    let told = (*name == "go").then_some("GOOS=$TARGETOS GOARCH=$TARGETARCH go");
    Some(match told.and_then(|it| study.mended(place, "go", it)) {
        Some(line) => finding.with_mended(line),
        None => finding,
    })
}

/// Whether the published stage copies from a stage.
fn is_published_from(study: &Study<'_>, number: usize) -> bool {
    study.evaluated.iter().filter_map(|it| it.target).any(|target| {
        let steps = study.file.stages[target].steps.iter();
        steps
            .filter_map(|step| match &step.done().kind {
                StepKind::Copy(copy) => copy.from.as_ref(),
                _ => None,
            })
            .any(|from| study.file.find_stage(from.as_str()) == Some(number))
    })
}

/// Whether a stage, or one that it is built on, has any of the builder's words about the target.
fn speaks_of_target(study: &Study<'_>, number: usize) -> bool {
    let last = study.file.stages[number].steps.len();
    let is_declared =
        |it: &EvaluatedStage| it.scope(last).keys().any(|name| TARGET.contains(&name.as_str()));
    let of_stage = || study.scripts().filter(|(site, ..)| site.number == number);
    study.uses(number).any(|(_, it)| is_declared(it))
        || of_stage().flat_map(|(_, _, script)| &script.words).any(|it| it.raw.contains("TARGET"))
}

impl Language {
    fn has_image(&self, image: &str) -> bool {
        let name = image.split('@').next().unwrap_or(image);
        let tag = name.rfind(':').filter(|at| !name[*at..].contains('/'));
        let name = &name[..tag.unwrap_or(name.len())];
        self.images.iter().any(|it| name == *it || name.ends_with(&format!("/{it}")))
    }
}

/// What is done in some stages.
struct Work<'a> {
    commands: Vec<&'a ShellCommand>,
    cgo: Option<bool>,
    /// Whether a compiler's setting is in the environment.
    has_setting: bool,
}

impl<'a> Work<'a> {
    fn of(study: &'a Study<'_>, numbers: &[usize]) -> Self {
        let of_stages = study.scripts().filter(|(site, ..)| numbers.contains(&site.number));
        let commands: Vec<&ShellCommand> =
            of_stages.flat_map(|(_, _, script): (_, _, &Script)| &script.commands).collect();
        let steps = numbers.iter().flat_map(|it| &study.file.stages[*it].steps);
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
            let last = study.file.stages[*number].steps.len();
            let is_setting = |name: &String| COMPILER_SETTINGS.contains(&name.as_str());
            study.uses(*number).any(|(_, it)| it.scope(last).keys().any(is_setting))
        });
        Self { commands, cgo, has_setting }
    }

    fn compiles(&self, language: &Language) -> bool {
        self.commands.iter().any(|command| {
            let name = command.name();
            let first = command.arguments().next().map(ShellWord::unquoted).unwrap_or_default();
            let mut compilers = language.compilers.iter();
            compilers.any(|(it, words)| {
                *it == name && (words.is_empty() || words.contains(&first.as_str()))
            })
        })
    }

    /// Whether somebody says what is compiled for, or a tool is used that knows.
    fn knows_target(&self) -> bool {
        let tools = ["goreleaser", "gox", "ko", "cross", "cargo-zigbuild"];
        let says = |it: &ShellWord| {
            it.raw.contains("GOARCH=") || it.raw.starts_with("--target") || it.raw == "zigbuild"
        };
        let knows = |command: &ShellCommand| {
            let name = command.name();
            name.starts_with("xx-")
                || tools.contains(&name)
                || command.assignments.iter().any(|(name, _)| name == "GOARCH")
                || command.words.iter().any(says)
        };
        self.has_setting || self.commands.iter().any(|it| knows(it))
    }

    /// Whether C code may be compiled too, for which a cross-compiler would be needed.
    fn needs_c(&self) -> bool {
        // Go's FIPS modules of BoringSSL are C.
        let is_boring = |command: &ShellCommand| {
            command.words.iter().any(|it| it.raw.to_lowercase().contains("boring"))
        };
        let installs = |command: &ShellCommand| {
            matches!(command.name(), "apk" | "apt" | "apt-get" | "dnf" | "yum" | "microdnf")
                && command.arguments().any(|it| {
                    let name = it.unquoted();
                    C_PACKAGES.contains(&name.as_str())
                        || name.ends_with("-dev")
                        || name.ends_with("-devel")
                })
        };
        self.cgo.unwrap_or_else(|| self.commands.iter().any(|it| installs(it) || is_boring(it)))
    }
}
