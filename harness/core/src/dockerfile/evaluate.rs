//! What a Dockerfile comes to for one platform: the value of every variable, the base and the
//! platform of every stage, and which stages the build needs.
//!
//! Source: [moby/buildkit, `frontend/dockerfile/dockerfile2llb`](https://github.com/moby/buildkit/tree/v0.25.0/frontend/dockerfile/dockerfile2llb)
//! (`convert.go`, `platform.go`) and the [Dockerfile reference](https://docs.docker.com/reference/dockerfile/#automatic-platform-args-in-the-global-scope).

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use crate::platform::Platform;

use super::expand::{ExpandError, expand, references};
use super::syntax::{Declaration, Dockerfile, Stage, Step, StepKind};
use super::text::Text;

/// What a build is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Inputs<'a> {
    /// The stage to build; the last one where empty.
    pub target: &'a str,
    /// Values of `ARG`s.
    pub args: &'a BTreeMap<String, String>,
    /// Names for which a named context stands.
    pub contexts: &'a BTreeMap<String, String>,
    /// The platform that builds: the engine's own.
    pub build: Platform,
    /// The platform that is built for.
    pub platform: Platform,
}

/// The variables that have a value at some place of a Dockerfile.
pub type Scope = BTreeMap<String, Value>;

/// The value of a variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Value {
    /// The value.
    pub text: String,
    /// Who gave it.
    pub giver: ValueGiver,
}

/// Who gives a variable its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ValueGiver {
    /// The builder: one of its predefined variables, untouched.
    Builder,
    /// The user, for this build.
    User,
    /// A default in the Dockerfile.
    Default,
    /// An `ENV`.
    Env,
    /// The user has to, and did not: it is empty, or made of what is.
    Unknown,
}

/// A Dockerfile for one platform.
#[derive(Clone, Debug)]
pub struct Evaluated {
    /// The platform.
    pub platform: Platform,
    /// What the builder itself says of its predefined variables for it.
    pub predefined: BTreeMap<String, String>,
    /// The variables of the global scope, in which `FROM` lines are replaced.
    pub globals: Scope,
    /// The stages, in order.
    pub stages: Vec<EvaluatedStage>,
    /// The stage to build; `None` if there is none of that name.
    pub target: Option<usize>,
    /// The stages that it needs, itself included.
    pub needed: BTreeSet<usize>,
}

/// A stage for one platform.
#[derive(Clone, Debug)]
pub struct EvaluatedStage {
    /// What it begins with.
    pub base: Base,
    /// What its `--platform` comes to.
    pub stated: StagePlatform,
    /// The platform that it is built for: the stated one, or its base stage's, or the target.
    pub platform: Option<Platform>,
    /// Whether that is the build's own platform or a constant, and not the target.
    pub pin: Pin,
    /// The variables before each of its steps, and after the last one. Before an `ONBUILD`, those
    /// that its instruction will see.
    pub scopes: Vec<Rc<Scope>>,
    /// The variables after each of its steps; after an `ONBUILD`, where its instruction has been
    /// done.
    outcomes: Vec<Rc<Scope>>,
    /// The variables that a stage built on this one begins with.
    pub handed_on: Rc<Scope>,
}

/// What a stage begins with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Base {
    /// An earlier stage.
    Stage(usize),
    /// Nothing.
    Scratch,
    /// A named context of the build.
    Context(String),
    /// An image.
    Image(String),
    /// What the user has to say, and did not.
    Unknown,
    /// Nobody knows: its variables cannot be replaced.
    Bad(ExpandError),
}

/// What the `--platform` of a stage comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StagePlatform {
    /// It has none.
    Unset,
    /// A platform.
    Stated(Platform),
    /// What the user has to say, and did not.
    Unknown,
    /// No platform that there is.
    Bad(String),
}

/// What decides the platform of a stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pin {
    /// The platform that is built for.
    Target,
    /// The platform that builds.
    Build,
    /// The Dockerfile.
    Constant,
    /// An argument of the Dockerfile's own, which users may set.
    Argument,
}

impl EvaluatedStage {
    /// The variables after a step; after an `ONBUILD`, where its instruction has been done.
    #[must_use]
    pub fn after(&self, step: usize) -> &Scope {
        self.outcomes.get(step).unwrap_or(&self.handed_on)
    }

    /// Whether it begins with the stage of that number.
    #[must_use]
    pub fn is_built_on(&self, number: usize) -> bool {
        self.base == Base::Stage(number)
    }

    /// The variables before a step.
    #[must_use]
    pub fn scope(&self, step: usize) -> &Scope {
        &self.scopes[step.min(self.scopes.len() - 1)]
    }
}

impl Evaluated {
    /// Evaluates a Dockerfile.
    #[must_use]
    pub fn new(file: &Dockerfile, inputs: &Inputs<'_>) -> Self {
        let predefined = predefined(inputs);
        let evaluator = Evaluator { file, inputs, globals: globals(file, inputs, &predefined) };
        let mut stages: Vec<EvaluatedStage> = Vec::new();
        for (number, stage) in file.stages.iter().enumerate() {
            let evaluated = evaluator.stage(stage, &file.stages[..number], &stages);
            stages.push(evaluated);
        }
        let target = match inputs.target {
            "" => stages.len().checked_sub(1),
            name => file.find_stage(name),
        };
        let mut needed = BTreeSet::new();
        let mut open: Vec<usize> = target.into_iter().collect();
        while let Some(stage) = open.pop() {
            if needed.insert(stage) {
                open.extend(evaluator.sources(stage, &stages[stage]));
            }
        }
        let globals = evaluator.globals;
        Self { platform: inputs.platform, predefined, globals, stages, target, needed }
    }

    /// A stage and those that it is built on, itself first.
    pub fn chain(&self, number: usize) -> impl Iterator<Item = usize> {
        // A stage builds on earlier ones alone, so this comes to an end.
        std::iter::successors(Some(number), |it| match self.stages[*it].base {
            Base::Stage(base) => Some(base),
            _ => None,
        })
    }
}

/// The variables about platforms that the builder gives.
const PREDEFINED: [&str; 10] = [
    "BUILDARCH",
    "BUILDOS",
    "BUILDOSVERSION",
    "BUILDPLATFORM",
    "BUILDVARIANT",
    "TARGETARCH",
    "TARGETOS",
    "TARGETOSVERSION",
    "TARGETPLATFORM",
    "TARGETVARIANT",
];

/// The variables that the builder gives.
fn predefined(inputs: &Inputs<'_>) -> BTreeMap<String, String> {
    let value = |name: &&str| predefined_value(name, inputs.build, inputs.platform);
    PREDEFINED.iter().filter_map(|it| Some(((*it).to_owned(), value(it)?))).collect()
}

/// What the builder says for one of its variables, on a platform and for one.
pub(crate) fn predefined_value(name: &str, build: Platform, target: Platform) -> Option<String> {
    let (platform, part) = match name.strip_prefix("TARGET") {
        Some(part) => (target, part),
        None => (build, name.strip_prefix("BUILD")?),
    };
    Some(match part {
        "PLATFORM" => platform.to_string(),
        "OS" => "linux".to_owned(),
        "OSVERSION" => String::new(),
        "ARCH" => platform.architecture_name().to_owned(),
        "VARIANT" => platform.variant_name(),
        _ => return None,
    })
}

/// The variables of the global scope, in which `FROM` lines are replaced.
fn globals(file: &Dockerfile, inputs: &Inputs<'_>, predefined: &BTreeMap<String, String>) -> Scope {
    let mut scope = Scope::new();
    for (name, text) in predefined {
        let value = match inputs.args.get(name) {
            Some(text) => Value { text: text.clone(), giver: ValueGiver::User },
            None => Value { text: text.clone(), giver: ValueGiver::Builder },
        };
        scope.insert(name.clone(), value);
    }
    for declaration in &file.globals {
        match declared(declaration, inputs, &scope, file.escape) {
            Some(value) => {
                scope.insert(declaration.name.clone(), value);
            }
            None => {
                scope.entry(declaration.name.clone()).or_insert_with(unknown);
            }
        }
    }
    scope
}

/// The value that an `ARG` gives of itself.
fn declared(
    declaration: &Declaration,
    inputs: &Inputs<'_>,
    scope: &Scope,
    escape: char,
) -> Option<Value> {
    if let Some(text) = inputs.args.get(&declaration.name) {
        return Some(Value { text: text.clone(), giver: ValueGiver::User });
    }
    let default = declaration.default.as_ref()?;
    Some(replaced(default, scope, escape, ValueGiver::Default).unwrap_or_else(|_| unknown()))
}

fn unknown() -> Value {
    Value { text: String::new(), giver: ValueGiver::Unknown }
}

/// A text with its variables replaced, as a value that somebody gives.
fn replaced(
    text: &Text,
    scope: &Scope,
    escape: char,
    giver: ValueGiver,
) -> Result<Value, ExpandError> {
    let is_unknown = |name: &str| scope.get(name).is_some_and(|it| it.giver == ValueGiver::Unknown);
    let get = |name: &str| scope.get(name).filter(|_| !is_unknown(name)).map(|it| it.text.clone());
    let expansion = match expand(text.as_str(), escape, &get) {
        // `${NAME:?}` of what the user has to say.
        Err(_) if references(text.as_str(), escape).iter().any(|it| is_unknown(&it.name)) => {
            return Ok(unknown());
        }
        expansion => expansion?,
    };
    let giver =
        if expansion.unset.iter().any(|it| is_unknown(it)) { ValueGiver::Unknown } else { giver };
    Ok(Value { text: expansion.value, giver })
}

struct Evaluator<'a> {
    file: &'a Dockerfile,
    inputs: &'a Inputs<'a>,
    globals: Scope,
}

impl Evaluator<'_> {
    fn stage(
        &self,
        stage: &Stage,
        earlier: &[Stage],
        evaluated: &[EvaluatedStage],
    ) -> EvaluatedStage {
        let base = self.base(stage, earlier);
        let (stated, stated_pin) = self.stated(stage);
        let (platform, pin, scope) = match &base {
            // The platform of the stage that it is built on wins, whatever is stated.
            Base::Stage(number) => {
                let base = &evaluated[*number];
                (base.platform, base.pin, Rc::clone(&base.handed_on))
            }
            Base::Scratch => (Some(self.inputs.platform), Pin::Target, Rc::default()),
            _ => {
                let platform = match &stated {
                    StagePlatform::Unset => Some(self.inputs.platform),
                    StagePlatform::Stated(platform) => Some(*platform),
                    StagePlatform::Unknown | StagePlatform::Bad(_) => None,
                };
                (platform, stated_pin, Rc::default())
            }
        };
        let mut evaluated = EvaluatedStage {
            base,
            stated,
            platform,
            pin,
            scopes: Vec::new(),
            outcomes: Vec::new(),
            handed_on: scope,
        };
        self.follow(&stage.steps, &mut evaluated);
        evaluated
    }

    /// Follows the variables through the steps of a stage that begins with those handed on to it.
    /// The instructions of `ONBUILD`s come after all others: at the beginning of the next stage.
    fn follow(&self, steps: &[Step], stage: &mut EvaluatedStage) {
        let mut scope = Rc::clone(&stage.handed_on);
        for step in steps {
            stage.scopes.push(Rc::clone(&scope));
            if !matches!(step.kind, StepKind::OnBuild(_)) {
                scope = self.after(step, scope);
            }
            stage.outcomes.push(Rc::clone(&scope));
        }
        stage.scopes.push(Rc::clone(&scope));
        for (number, step) in steps.iter().enumerate() {
            if let StepKind::OnBuild(inner) = &step.kind {
                stage.scopes[number] = Rc::clone(&scope);
                scope = self.after(inner, scope);
                stage.outcomes[number] = Rc::clone(&scope);
            }
        }
        stage.handed_on = scope;
    }

    fn base(&self, stage: &Stage, earlier: &[Stage]) -> Base {
        if !stage.name.is_empty() && self.inputs.contexts.contains_key(&stage.name) {
            return Base::Context(stage.name.clone());
        }
        // Names are kept in small letters, and FROM, unlike COPY, finds them only so.
        let is_it = |stage: &Stage, name: &str| !stage.name.is_empty() && stage.name == name;
        match replaced(&stage.base, &self.globals, self.file.escape, ValueGiver::Default) {
            Err(error) => Base::Bad(error),
            Ok(Value { giver: ValueGiver::Unknown, .. }) => Base::Unknown,
            Ok(Value { text: name, .. }) if name == "scratch" => Base::Scratch,
            Ok(Value { text: name, .. }) => match earlier.iter().rposition(|it| is_it(it, &name)) {
                Some(number) => Base::Stage(number),
                None if self.inputs.contexts.contains_key(&name) => Base::Context(name),
                None => Base::Image(name),
            },
        }
    }

    fn stated(&self, stage: &Stage) -> (StagePlatform, Pin) {
        let Some(text) = &stage.platform else { return (StagePlatform::Unset, Pin::Target) };
        let value = match replaced(text, &self.globals, self.file.escape, ValueGiver::Default) {
            Ok(value) => value,
            Err(error) => return (StagePlatform::Bad(error.to_string()), Pin::Constant),
        };
        let pin = self.pin(text);
        match value.text.parse() {
            _ if value.giver == ValueGiver::Unknown => (StagePlatform::Unknown, Pin::Argument),
            Ok(platform) => (StagePlatform::Stated(platform), pin),
            Err(_) => (StagePlatform::Bad(value.text), pin),
        }
    }

    /// What the value of a `--platform` depends on.
    fn pin(&self, text: &Text) -> Pin {
        let found = references(text.as_str(), self.file.escape);
        let names = || found.iter().map(|it| it.name.as_str());
        let is_builders = |prefix: &str| {
            names().any(|it| {
                it.starts_with(prefix)
                    && self.globals.get(it).is_some_and(|it| it.giver == ValueGiver::Builder)
            })
        };
        let is_predefined = |it: &str| PREDEFINED.contains(&it);
        if is_builders("TARGET") {
            Pin::Target
        } else if is_builders("BUILD") {
            Pin::Build
        } else if names().any(|it| !is_predefined(it)) {
            Pin::Argument
        } else {
            Pin::Constant
        }
    }

    /// The variables after a step.
    fn after(&self, step: &Step, scope: Rc<Scope>) -> Rc<Scope> {
        let mut scope = scope;
        match &step.kind {
            StepKind::Arg(declarations) => {
                for declaration in declarations {
                    let value = declared(declaration, self.inputs, &scope, self.file.escape);
                    // Without a value of its own it takes the global one.
                    let value = value.or_else(|| self.globals.get(&declaration.name).cloned());
                    // Without any it leaves what an earlier ENV or ARG said.
                    if value.is_some() || !scope.contains_key(&declaration.name) {
                        let value = value.unwrap_or_else(unknown);
                        Rc::make_mut(&mut scope).insert(declaration.name.clone(), value);
                    }
                }
            }
            StepKind::Env(assignments) => {
                // All of one line see the variables before it.
                let before = Rc::clone(&scope);
                for it in assignments {
                    let value = replaced(&it.value, &before, self.file.escape, ValueGiver::Env);
                    let value = value.unwrap_or_else(|_| unknown());
                    Rc::make_mut(&mut scope).insert(it.name.clone(), value);
                }
            }
            _ => {}
        }
        scope
    }

    /// The stages that a stage needs.
    fn sources(&self, number: usize, evaluated: &EvaluatedStage) -> Vec<usize> {
        let mut sources = Vec::new();
        if let Base::Stage(base) = evaluated.base {
            sources.push(base);
        }
        for step in &self.file.stages[number].steps {
            match &step.done().kind {
                StepKind::Copy(copy) => sources.extend(self.named(copy.from.as_ref())),
                StepKind::Run(run) => {
                    let mounts = run.mounts.iter();
                    sources.extend(mounts.filter_map(|it| self.named(it.option(&["from"]))));
                }
                _ => {}
            }
        }
        sources
    }

    /// The stage that a `from` names.
    fn named(&self, from: Option<&Text>) -> Option<usize> {
        self.file.find_stage(from?.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn platform(text: &str) -> Platform {
        text.parse().expect("a platform")
    }

    fn evaluate(source: &str, target: &str) -> Evaluated {
        let file = Dockerfile::parse(source).expect("a Dockerfile");
        let args = BTreeMap::from([("GIVEN".to_owned(), "user".to_owned())]);
        let contexts = BTreeMap::from([("ctx".to_owned(), "x".to_owned())]);
        let inputs = Inputs {
            target: "",
            args: &args,
            contexts: &contexts,
            build: platform("linux/amd64"),
            platform: platform(target),
        };
        Evaluated::new(&file, &inputs)
    }

    fn last(source: &str, name: &str) -> Option<String> {
        let evaluated = evaluate(source, "linux/arm/v7");
        let stage = evaluated.stages.last().expect("has a stage");
        stage.scopes.last().and_then(|it| it.get(name)).map(|it| it.text.clone())
    }

    #[test]
    fn variables_have_the_values_that_the_builder_gives_them() {
        for (source, name, value) in [
            ("FROM x\nARG TARGETARCH", "TARGETARCH", Some("arm")),
            ("FROM x\nARG TARGETPLATFORM", "TARGETPLATFORM", Some("linux/arm/v7")),
            ("FROM x\nARG BUILDPLATFORM", "BUILDPLATFORM", Some("linux/amd64")),
            ("FROM x\nARG TARGETVARIANT", "TARGETVARIANT", Some("v7")),
            ("FROM x\nRUN y", "TARGETARCH", None),
            ("ARG TARGETARCH\nFROM x\nRUN y", "TARGETARCH", None),
            ("FROM x\nARG TARGETARCH=amd64", "TARGETARCH", Some("amd64")),
            ("ARG TARGETARCH=amd64\nFROM x\nARG TARGETARCH", "TARGETARCH", Some("amd64")),
            ("FROM x\nARG TARGETARCH=${TARGETARCH:-amd64}", "TARGETARCH", Some("amd64")),
            ("ARG A=$TARGETARCH-1\nFROM x\nARG A", "A", Some("arm-1")),
            ("ARG GIVEN=file\nFROM x\nARG GIVEN", "GIVEN", Some("user")),
            ("FROM x AS a\nARG TARGETARCH\nFROM a", "TARGETARCH", Some("arm")),
            ("FROM x AS a\nARG TARGETARCH\nFROM y", "TARGETARCH", None),
            ("FROM x\nARG TARGETARCH\nENV A=$TARGETARCH TARGETARCH=$A", "TARGETARCH", Some("")),
            ("FROM x AS a\nONBUILD ARG TARGETARCH\nFROM a", "TARGETARCH", Some("arm")),
            ("FROM x AS a\nONBUILD ARG TARGETARCH\nRUN y", "TARGETARCH", None),
        ] {
            assert_eq!(last(source, name).as_deref(), value, "{source}");
        }
    }

    #[test]
    fn stages_have_the_platform_that_the_builder_gives_them() {
        let target = "linux/arm/v7";
        for (source, expected, pin) in [
            ("FROM x", target, Pin::Target),
            ("FROM --platform=$BUILDPLATFORM x", "linux/amd64", Pin::Build),
            ("FROM --platform=$BUILDPLATFORM scratch", target, Pin::Target),
            ("FROM --platform=linux/arm64 x", "linux/arm64", Pin::Constant),
            ("FROM --platform=${TARGETPLATFORM:-linux/amd64} x", target, Pin::Target),
            (
                "ARG BUILDPLATFORM=linux/s390x\nFROM --platform=$BUILDPLATFORM x",
                "linux/s390x",
                Pin::Constant,
            ),
            (
                "FROM --platform=linux/arm64 x AS a\nFROM --platform=$TARGETPLATFORM a",
                "linux/arm64",
                Pin::Constant,
            ),
            (
                "FROM --platform=linux/arm64 x AS build-arm\nFROM build-$TARGETARCH",
                "linux/arm64",
                Pin::Constant,
            ),
        ] {
            let evaluated = evaluate(source, target);
            let stage = evaluated.stages.last().expect("has a stage");
            assert_eq!(stage.platform, Some(platform(expected)), "{source}");
            assert_eq!(stage.pin, pin, "{source}");
        }
        let unknown = evaluate("ARG A\nARG B=$A\nFROM --platform=linux/$A x AS a\nFROM $B", target);
        assert_eq!(unknown.stages[0].stated, StagePlatform::Unknown);
        assert_eq!(unknown.stages[1].base, Base::Unknown);
        let user = evaluate("ARG A=amd64\nFROM --platform=linux/$A x", target);
        assert_eq!(user.stages[0].pin, Pin::Argument);
        let bad = evaluate("FROM --platform=$NONE x", target);
        assert_eq!(bad.stages[0].stated, StagePlatform::Bad(String::new()));
    }

    #[test]
    fn only_what_the_target_needs_is_built() {
        let source = "FROM x AS a\nFROM y AS b\nRUN --mount=from=a,target=/a z\nFROM w AS c\n\
                      FROM ctx AS d\nFROM scratch\nCOPY --from=B / /\nCOPY --from=3 / /";
        let evaluated = evaluate(source, "linux/amd64");
        assert_eq!(evaluated.needed, BTreeSet::from([0, 1, 3, 4]));
        assert_eq!(evaluated.stages[3].base, Base::Context("ctx".to_owned()));
        assert_eq!(evaluated.target, Some(4));
    }
}
