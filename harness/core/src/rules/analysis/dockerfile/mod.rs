//! A Dockerfile, evaluated for each of its platforms, with its scripts taken apart.

pub(in crate::rules) mod bases;
pub(in crate::rules) mod caches;
pub(in crate::rules) mod compilers;
pub(in crate::rules) mod written;

use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use crate::dockerfile::{
    Base, Dockerfile, DockerfileError, Evaluated, EvaluatedStage, Guard, Pin, Recipe, Run,
    RunCommand, Scope, Script, ShellCommand, ShellWord, Stage, StepKind, is_shell,
};
use crate::knowledge::names::machines;
use crate::knowledge::tools::{Role, is_a};
use crate::platform::Platform;
use crate::rules::location::Position;

/// The variables that the builder gives for the platform that is built for.
pub(in crate::rules) const TARGET: [&str; 5] =
    ["TARGETARCH", "TARGETOS", "TARGETOSVERSION", "TARGETPLATFORM", "TARGETVARIANT"];
/// The same for the platform that builds.
pub(in crate::rules) const BUILD: [&str; 5] =
    ["BUILDARCH", "BUILDOS", "BUILDOSVERSION", "BUILDPLATFORM", "BUILDVARIANT"];

/// Whether the builder gives a variable.
pub(in crate::rules) fn is_predefined(name: &str) -> bool {
    TARGET.contains(&name) || BUILD.contains(&name)
}

/// All that the rules look at.
pub(in crate::rules) struct Analysis<'a> {
    pub(in crate::rules) recipe: &'a Recipe,
    pub(in crate::rules) file: Dockerfile,
    /// For each platform that was asked for, in their order.
    pub(in crate::rules) evaluated: Vec<Rc<Evaluated>>,
    /// For others that somebody wanted to know of.
    others: RefCell<BTreeMap<Platform, Rc<Evaluated>>>,
    /// The scripts that could be read, by stage and step.
    scripts: BTreeMap<(usize, usize), Script>,
    /// The stages that files of the published image come from.
    published: OnceCell<BTreeSet<usize>>,
}

/// A step of a stage that some platform needs.
#[derive(Clone, Copy)]
pub(in crate::rules) struct NeededStep<'a> {
    /// The index of the stage in the Dockerfile.
    pub(in crate::rules) stage: usize,
    /// The index of the step in the stage.
    pub(in crate::rules) number: usize,
    pub(in crate::rules) kind: &'a StepKind,
}

impl<'a> Analysis<'a> {
    pub(in crate::rules) fn new(recipe: &'a Recipe) -> Result<Self, DockerfileError> {
        let file = Dockerfile::parse(&recipe.text)?;
        let evaluated: Vec<Rc<Evaluated>> =
            recipe.platforms.iter().map(|it| Rc::new(recipe.evaluate(&file, *it))).collect();
        let mut scripts = BTreeMap::new();
        for (number, stage) in file.stages.iter().enumerate() {
            if evaluated.iter().any(|it| it.needed.contains(&number)) {
                read_scripts(number, stage, &mut scripts);
            }
        }
        Ok(Self {
            recipe,
            file,
            evaluated,
            others: RefCell::default(),
            scripts,
            published: OnceCell::new(),
        })
    }

    /// The Dockerfile for a platform that need not have been asked for.
    pub(in crate::rules) fn evaluate(&self, platform: Platform) -> Rc<Evaluated> {
        if let Some(evaluated) = self.evaluated.iter().find(|it| it.platform == platform) {
            return Rc::clone(evaluated);
        }
        let mut others = self.others.borrow_mut();
        let evaluated = others
            .entry(platform)
            .or_insert_with(|| Rc::new(self.recipe.evaluate(&self.file, platform)));
        Rc::clone(evaluated)
    }

    /// The stage for each platform that needs it.
    pub(in crate::rules) fn uses(
        &self,
        number: usize,
    ) -> impl Iterator<Item = (Platform, &EvaluatedStage)> + Clone {
        let needing = self.evaluated.iter().filter(move |it| it.needed.contains(&number));
        needing.map(move |it| (it.platform, &it.stages[number]))
    }

    /// The image that a stage is built on in the end, if it is one.
    pub(in crate::rules) fn root_image(&self, number: usize) -> Option<String> {
        let evaluated = self.evaluated.iter().find(|it| it.needed.contains(&number))?;
        match &evaluated.stages[evaluated.chain(number).last()?].base {
            Base::Image(image) => Some(image.clone()),
            _ => None,
        }
    }

    /// The platforms that need a stage.
    pub(in crate::rules) fn platforms(&self, number: usize) -> Vec<Platform> {
        self.uses(number).map(|it| it.0).collect()
    }

    /// The stages that some platform needs.
    pub(in crate::rules) fn stages(&self) -> impl Iterator<Item = (usize, &Stage)> {
        let is_needed = |it: &(usize, &Stage)| self.uses(it.0).next().is_some();
        self.file.stages.iter().enumerate().filter(is_needed)
    }

    /// Whether the published image has files of a stage: copied from it, perhaps by way of stages
    /// that execute nothing.
    pub(in crate::rules) fn is_published_from(&self, number: usize) -> bool {
        self.published.get_or_init(|| self.published()).contains(&number)
    }

    fn published(&self) -> BTreeSet<usize> {
        let mut all = BTreeSet::new();
        for evaluated in &self.evaluated {
            let mut open: Vec<usize> =
                evaluated.target.map(|it| evaluated.chain(it).collect()).unwrap_or_default();
            let mut seen = BTreeSet::new();
            while let Some(stage) = open.pop() {
                // A stage that is for one platform itself is judged by that.
                if evaluated.stages[stage].pin != Pin::Target {
                    continue;
                }
                for from in self.copied_from(stage).filter(|it| seen.insert(*it)) {
                    let steps = &self.file.stages[from].steps;
                    if !steps.iter().any(|it| matches!(it.done().kind, StepKind::Run(_))) {
                        open.extend(evaluated.chain(from));
                    }
                }
            }
            all.append(&mut seen);
        }
        all
    }

    /// The stages that a stage copies from.
    fn copied_from(&self, number: usize) -> impl Iterator<Item = usize> {
        let steps = self.file.stages[number].steps.iter();
        steps.filter_map(|step| match &step.done().kind {
            StepKind::Copy(copy) => self.file.find_stage(copy.from.as_ref()?.as_str()),
            _ => None,
        })
    }

    /// The steps of the stages that some platform needs.
    pub(in crate::rules) fn steps(&self) -> impl Iterator<Item = NeededStep<'_>> {
        self.stages().flat_map(|(index, stage)| {
            let steps = stage.steps.iter().enumerate();
            steps.map(move |(number, step)| NeededStep {
                stage: index,
                number,
                kind: &step.done().kind,
            })
        })
    }

    /// The `RUN`s among them, with their scripts.
    pub(in crate::rules) fn scripts(
        &self,
    ) -> impl Iterator<Item = (NeededStep<'_>, &Run, &Script)> {
        self.steps().filter_map(|step| {
            let StepKind::Run(run) = step.kind else { return None };
            let script = self.script(&step)?;
            Some((step, run, script))
        })
    }

    /// The script of a step, if it has one that can be read.
    pub(in crate::rules) fn script(&self, step: &NeededStep<'_>) -> Option<&Script> {
        self.scripts.get(&(step.stage, step.number))
    }

    /// The variables before a step, for each platform that needs it.
    pub(in crate::rules) fn scopes<'b>(
        &'b self,
        step: &NeededStep<'_>,
    ) -> impl Iterator<Item = (Platform, &'b Scope)> + use<'a, 'b> {
        let number = step.number;
        self.uses(step.stage).map(move |(platform, stage)| (platform, stage.scope(number)))
    }

    /// The position of a byte of the file.
    pub(in crate::rules) fn position(&self, byte: usize) -> Position {
        let position = self.file.position(byte);
        let dockerfile = self.recipe.name.clone();
        Position { dockerfile, line: position.line, column: position.column }
    }

    /// The line of a byte with a part of it, at that byte, replaced. Nothing if that part is not
    /// there as it is written, or the line says nothing by itself.
    pub(in crate::rules) fn suggestion(&self, byte: usize, from: &str, to: &str) -> Option<String> {
        let (before, rest) = self.line_at(byte);
        let rest = rest.strip_prefix(from)?;
        let line = format!("{before}{to}{rest}").trim().to_owned();
        let has_words = line.trim_end_matches('\\').trim().contains(' ');
        has_words.then_some(line)
    }

    /// The same with that part replaced wherever it stands in the line.
    pub(in crate::rules) fn line_with(&self, byte: usize, from: &str, to: &str) -> Option<String> {
        let (before, rest) = self.line_at(byte);
        let is_there = rest.starts_with(from);
        is_there.then(|| format!("{before}{rest}").replace(from, to).trim().to_owned())
    }

    /// What stands before a byte in its line, and from there on.
    fn line_at(&self, byte: usize) -> (&str, &str) {
        let line = self.file.line(byte);
        let column = self.file.position(byte).column as usize - 1;
        line.split_at(line.char_indices().nth(column).map_or(line.len(), |(at, _)| at))
    }
}

/// Reads the scripts of a stage as far as its shell is one that we know.
fn read_scripts(number: usize, stage: &Stage, scripts: &mut BTreeMap<(usize, usize), Script>) {
    let mut is_known = true;
    for (step_number, step) in stage.steps.iter().enumerate() {
        match &step.done().kind {
            StepKind::Shell(words) => is_known = is_shell(&words.join(" ")),
            StepKind::Run(Run { command: RunCommand::Script(text), .. }) if is_known => {
                if let Some(script) = Script::parse(text) {
                    scripts.insert((number, step_number), script);
                }
            }
            _ => {}
        }
    }
}

/// Whether a command is a file that the build brings along, and none of the system's.
pub(in crate::rules) fn is_own_file(command: &ShellCommand) -> bool {
    let path = command.head().map(ShellWord::unquoted).unwrap_or_default();
    let is_of_system = ["/bin/", "/sbin/", "/usr/"].iter().any(|it| path.starts_with(it));
    path.contains('/') && !is_of_system
}

/// Whether a command fetches what it is given the address of.
pub(in crate::rules) fn is_download(command: &ShellCommand) -> bool {
    is_a(command.name(), Role::Downloads)
}

/// Whether a command is executed for some architectures only.
pub(in crate::rules) fn depends_on_architecture(command: &ShellCommand) -> bool {
    command.guards.iter().any(|it| is_about_architecture(it))
}

/// Whether a condition looks at the architecture: by a variable or a command whose name says so, or
/// by comparing with the name of one.
fn is_about_architecture(guard: &Guard) -> bool {
    let mentions = |text: &str| {
        let lower = text.to_ascii_lowercase();
        let words =
            ["arch", "platform", "machine", "uname", "variant", "cpu", "getconf", "triplet"];
        words.iter().any(|it| lower.contains(it)) || !machines(text).is_empty()
    };
    match guard {
        Guard::Condition(text) => mentions(text),
        Guard::Arm { subject, patterns } => {
            mentions(subject) || patterns.iter().any(|it| mentions(it))
        }
    }
}

/// The verb for so many platforms.
pub(in crate::rules) fn get(platforms: &[Platform]) -> &'static str {
    if platforms.len() == 1 { "gets" } else { "get" }
}
