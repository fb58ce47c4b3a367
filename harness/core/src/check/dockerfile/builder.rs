//! A compiler that could run on the platform that builds, and is emulated for all others.

use super::study::{Study, is_predefined, list};
use super::work::{Compilers, Work};
use crate::check::{Finding, Rule, Severity};
use crate::dockerfile::{Base, EvaluatedStage, Pin, Text, references};
use crate::evidence::build::Manner;
use crate::platform::Platform;

pub(super) fn check(study: &Study<'_>) -> Vec<Finding> {
    study.stages().filter_map(|(number, _)| emulated(study, number)).collect()
}

/// A language whose compiler makes programs for other machines as easily as for its own.
struct Language {
    name: &'static str,
    /// The last part of the names of its images.
    images: &'static [&'static str],
    compilers: Compilers,
    /// The packages of C that it links every program with.
    linked: &'static [&'static str],
    severity: Severity,
}

const LANGUAGES: [Language; 3] = [
    Language {
        name: "Go",
        images: &["golang", "go", "go-toolset", "golang-builder"],
        compilers: &[("go", &["build", "install"]), ("make", &[]), ("mage", &[]), ("task", &[])],
        linked: &[],
        severity: Severity::Warning,
    },
    Language {
        name: ".NET",
        images: &["dotnet/sdk", "dotnet/core/sdk", "dotnet/nightly/sdk"],
        compilers: &[("dotnet", &["publish", "build"])],
        linked: &[],
        severity: Severity::Warning,
    },
    // A linker for each machine has to be found first.
    Language {
        name: "Rust",
        images: &["rust", "cargo-chef"],
        compilers: &[("cargo", &["build", "install"])],
        linked: &["musl-dev", "libc6-dev", "libc-dev"],
        severity: Severity::Note,
    },
];

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
    if is_published
        || is_built_one_by_one(study)
        || !work.compiles(language.compilers)
        || work.needs_c(language.linked)
    {
        return None;
    }
    let (severity, where_emulated) = if has_machine_of_its_own(study) {
        (Severity::Note, "unless a machine of that platform builds it")
    } else {
        (language.severity, "where one machine builds all platforms")
    };
    let message = format!(
        "{} compiles {} under emulation for {}, {where_emulated}; cross-compile on the build platform \
         instead",
        stage.title(),
        language.name,
        list(&others),
    );
    let finding = study.finding(Rule::BuilderNotNative, stage.start, message);
    let finding = finding.with_severity(severity);
    let suggestion = format!("FROM --platform=$BUILDPLATFORM {}", stage.base.as_str());
    let name = if stage.name.is_empty() { String::new() } else { format!(" AS {}", stage.name) };
    Some(finding.with_suggestion(format!("{suggestion}{name}")))
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
        is_declared && !is_predefined(name)
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

impl Language {
    fn has_image(&self, image: &str) -> bool {
        let name = image.split('@').next().unwrap_or(image);
        let tag = name.rfind(':').filter(|at| !name[*at..].contains('/'));
        let name = &name[..tag.unwrap_or(name.len())];
        self.images.iter().any(|it| name == *it || name.ends_with(&format!("/{it}")))
    }
}
