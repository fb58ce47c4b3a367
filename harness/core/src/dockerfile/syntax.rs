//! Stages and steps: what the instructions of a Dockerfile mean.

use super::error::{DockerfileError, DockerfileErrorKind};
use super::lines::{Flag, HereDocument, Line, Lines, split};
use super::text::{LineIndex, Position, Text};
use super::words::{Word, words};

/// A Dockerfile, understood.
#[derive(Clone, Debug)]
pub struct Dockerfile {
    source: String,
    index: LineIndex,
    /// The character that escapes and continues lines: `\` or a backtick.
    pub escape: char,
    /// The `ARG`s before the first `FROM`.
    pub globals: Vec<Declaration>,
    /// The stages, in order; there is one at least.
    pub stages: Vec<Stage>,
}

/// What begins with `FROM`.
#[derive(Clone, Debug)]
pub struct Stage {
    /// What other stages call it, in small letters as the builder keeps it; empty if nothing does.
    pub name: String,
    /// The value of `--platform`.
    pub platform: Option<Text>,
    /// The image or earlier stage that it begins with.
    pub base: Text,
    /// Where `FROM` stands.
    pub start: usize,
    /// The instructions after it.
    pub steps: Vec<Step>,
}

/// An instruction of a stage.
#[derive(Clone, Debug)]
pub struct Step {
    /// Where it begins in the file.
    pub start: usize,
    /// What it does.
    pub kind: StepKind,
}

/// What an instruction does, as far as it matters to platforms.
#[derive(Clone, Debug)]
pub enum StepKind {
    /// `ARG`.
    Arg(Vec<Declaration>),
    /// `ENV`.
    Env(Vec<Assignment>),
    /// `RUN`.
    Run(Run),
    /// `COPY` or `ADD`.
    Copy(Copy),
    /// `SHELL`: the words before the command.
    Shell(Vec<String>),
    /// `WORKDIR`, which makes the folder.
    Workdir(Text),
    /// Another instruction in whose text the builder replaces variables. It writes no file.
    Expanded(Text),
    /// An instruction whose text is left to the running container.
    Verbatim,
    /// `ONBUILD`: what is done first in stages that are built on this one.
    OnBuild(Box<Step>),
}

/// `NAME` or `NAME=default` of an `ARG`.
#[derive(Clone, Debug)]
pub struct Declaration {
    /// The variable.
    pub name: String,
    /// What it is if nobody says otherwise, not yet replaced.
    pub default: Option<Text>,
    /// Where it stands.
    pub start: usize,
}

/// `NAME=value` of an `ENV`.
#[derive(Clone, Debug)]
pub struct Assignment {
    /// The variable.
    pub name: String,
    /// Its value, not yet replaced.
    pub value: Text,
    /// Where it stands.
    pub start: usize,
}

/// A `RUN`.
#[derive(Clone, Debug)]
pub struct Run {
    /// The values of its `--mount`s.
    pub mounts: Vec<Mount>,
    /// What is executed.
    pub command: RunCommand,
}

/// What a `RUN` executes.
#[derive(Clone, Debug)]
pub enum RunCommand {
    /// A script for the stage's shell.
    Script(Text),
    /// A here-document for the program that its first line names.
    Foreign,
    /// The words of a program, in JSON: no shell replaces anything.
    Words(Text),
}

/// A `--mount`.
#[derive(Clone, Debug)]
pub struct Mount {
    /// Where it stands.
    pub start: usize,
    /// `key=value`, a key alone with an empty value; keys in small letters.
    pub options: Vec<(String, Text)>,
}

/// A `COPY` or an `ADD`.
#[derive(Clone, Debug)]
pub struct Copy {
    /// The stage or image that it copies from; the context where absent.
    pub from: Option<Text>,
    /// What is copied.
    pub sources: Vec<Text>,
    /// Files that stand in the Dockerfile itself.
    pub documents: Vec<HereDocument>,
    /// All its words, in which variables are replaced.
    pub words: Text,
}

/// Instructions in whose text the builder replaces variables.
const EXPANDED: [&str; 5] = ["EXPOSE", "LABEL", "STOPSIGNAL", "USER", "VOLUME"];
/// Instructions that it leaves alone.
const VERBATIM: [&str; 4] = ["CMD", "ENTRYPOINT", "HEALTHCHECK", "MAINTAINER"];

impl Dockerfile {
    /// Reads a Dockerfile.
    ///
    /// # Errors
    ///
    /// Where it is none: the position, and what is wrong. Not everything that the builder refuses
    /// is refused here.
    pub fn parse(source: &str) -> Result<Self, DockerfileError> {
        let Lines { escape, lines } = split(source)?;
        let index = LineIndex::new(source);
        let parser = Parser { escape, source, index: &index };
        let (mut globals, mut stages) = (Vec::new(), Vec::<Stage>::new());
        for line in lines {
            match (line.keyword.as_str(), stages.last_mut()) {
                ("FROM", _) => stages.push(parser.stage(&line)?),
                ("ARG", None) => globals.extend(parser.declarations(&line)),
                (_, None) => {
                    let kind = DockerfileErrorKind::BeforeFrom(line.keyword.clone());
                    return Err(parser.error(line.start, kind));
                }
                (_, Some(stage)) => stage.steps.push(parser.step(&line)?),
            }
        }
        if stages.is_empty() {
            return Err(parser.error(0, DockerfileErrorKind::NoStage));
        }
        Ok(Self { source: source.to_owned(), index, escape, globals, stages })
    }

    /// The stage that a `from` names, by its name or number.
    #[must_use]
    pub fn find_stage(&self, name: &str) -> Option<usize> {
        let number = || name.parse().ok().filter(|it| *it < self.stages.len());
        find(&self.stages, name).or_else(number)
    }

    /// The position of a byte of the file.
    #[must_use]
    pub fn position(&self, place: usize) -> Position {
        self.index.position(&self.source, place)
    }

    /// The line that a byte of the file stands in.
    #[must_use]
    pub fn line(&self, place: usize) -> &str {
        self.index.line(&self.source, place)
    }
}

impl Step {
    /// Whether it writes files: then it makes a layer.
    #[must_use]
    pub fn writes(&self) -> bool {
        match &self.kind {
            StepKind::Run(_) | StepKind::Copy(_) | StepKind::Workdir(_) => true,
            StepKind::Arg(_)
            | StepKind::Env(_)
            | StepKind::Shell(_)
            | StepKind::Expanded(_)
            | StepKind::Verbatim
            | StepKind::OnBuild(_) => false,
        }
    }

    /// What is done: the instruction itself, or the one that an `ONBUILD` keeps for later.
    #[must_use]
    pub fn done(&self) -> &Self {
        match &self.kind {
            StepKind::OnBuild(inner) => inner.done(),
            _ => self,
        }
    }
}

impl Stage {
    /// What to call it in a sentence.
    #[must_use]
    pub fn title(&self) -> String {
        if self.name.is_empty() {
            format!("the stage `FROM {}`", self.base.as_str())
        } else {
            format!("stage `{}`", self.name)
        }
    }
}

/// The stage of a name among some. Of several the last one counts.
pub(super) fn find(stages: &[Stage], name: &str) -> Option<usize> {
    let name = name.to_lowercase();
    stages.iter().rposition(|it| !it.name.is_empty() && it.name == name)
}

impl Mount {
    /// The value of an option.
    #[must_use]
    pub fn option(&self, names: &[&str]) -> Option<&Text> {
        let found = self.options.iter().rev().find(|(key, _)| names.contains(&key.as_str()));
        found.map(|(_, value)| value)
    }
}

struct Parser<'a> {
    escape: char,
    source: &'a str,
    index: &'a LineIndex,
}

impl Parser<'_> {
    fn error(&self, place: usize, kind: DockerfileErrorKind) -> DockerfileError {
        DockerfileError::new(self.index.position(self.source, place), kind)
    }

    fn stage(&self, line: &Line) -> Result<Stage, DockerfileError> {
        let words: Vec<Word> = words(&line.rest, self.escape).collect();
        let name = match words.as_slice() {
            [] => return Err(self.error(line.start, DockerfileErrorKind::NoBase)),
            [_] => String::new(),
            [_, word, name] if word.raw.as_str().eq_ignore_ascii_case("as") => {
                name.raw.as_str().to_lowercase()
            }
            [_, word, ..] => {
                return Err(self.error(word.raw.start(), DockerfileErrorKind::BadFrom));
            }
        };
        let platform = line.flags.iter().find(|it| it.name == "platform");
        Ok(Stage {
            name,
            platform: platform.map(|it| it.value.clone()),
            base: words[0].raw.clone(),
            start: line.start,
            steps: Vec::new(),
        })
    }

    fn step(&self, line: &Line) -> Result<Step, DockerfileError> {
        let kind = match line.keyword.as_str() {
            "ARG" => StepKind::Arg(self.declarations(line)),
            "ENV" => StepKind::Env(self.assignments(line)),
            "RUN" => StepKind::Run(Run { mounts: mounts(&line.flags), command: command(line) }),
            "COPY" | "ADD" => StepKind::Copy(self.copy(line)),
            "SHELL" => StepKind::Shell(json_words(line.rest.as_str()).unwrap_or_default()),
            "WORKDIR" => StepKind::Workdir(line.rest.clone()),
            "ONBUILD" => StepKind::OnBuild(Box::new(self.step(&line.trigger(self.escape))?)),
            word if EXPANDED.contains(&word) => StepKind::Expanded(line.rest.clone()),
            word if VERBATIM.contains(&word) => StepKind::Verbatim,
            word => {
                let kind = DockerfileErrorKind::UnknownInstruction(word.to_owned());
                return Err(self.error(line.start, kind));
            }
        };
        Ok(Step { start: line.start, kind })
    }

    fn declarations(&self, line: &Line) -> Vec<Declaration> {
        let declare = |raw: &Text| {
            let text = raw.as_str();
            let (name, default) = match text.find('=') {
                Some(at) => (&text[..at], Some(raw.part(at + 1..text.len()))),
                None => (text, None),
            };
            Declaration { name: name.to_owned(), default, start: raw.start() }
        };
        words(&line.rest, self.escape).map(|it| declare(&it.raw)).collect()
    }

    /// `ENV name=value name=value`, or `ENV name value` as it was in the beginning.
    fn assignments(&self, line: &Line) -> Vec<Assignment> {
        let words: Vec<Word> = words(&line.rest, self.escape).collect();
        let Some(first) = words.first() else { return Vec::new() };
        if !first.raw.as_str().contains('=') {
            let value = line.rest.part(first.end..line.rest.as_str().len()).trimmed();
            let name = first.raw.as_str().to_owned();
            return vec![Assignment { name, value, start: first.raw.start() }];
        }
        let assign = |raw: &Text| {
            let at = raw.as_str().find('=')?;
            let value = raw.part(at + 1..raw.as_str().len());
            Some(Assignment { name: raw.as_str()[..at].to_owned(), value, start: raw.start() })
        };
        words.iter().filter_map(|it| assign(&it.raw)).collect()
    }

    fn copy(&self, line: &Line) -> Copy {
        let from = line.flags.iter().find(|it| it.name == "from").map(|it| it.value.clone());
        let mut sources: Vec<Text> = match json_texts(&line.rest) {
            Some(words) => words,
            None => words(&line.rest, self.escape).map(|it| it.raw).collect(),
        };
        sources.pop();
        sources.retain(|it| !it.as_str().starts_with("<<"));
        let documents = line.here_documents.clone();
        Copy { from, sources, documents, words: line.rest.clone() }
    }
}

fn mounts(flags: &[Flag]) -> Vec<Mount> {
    let mount = |flag: &Flag| {
        let text = flag.value.as_str();
        let mut options = Vec::new();
        let mut at = 0;
        for field in text.split(',') {
            let key = field.split('=').next().unwrap_or_default();
            let value = (at + field.len()).min(at + key.len() + 1)..at + field.len();
            options.push((key.to_ascii_lowercase(), flag.value.part(value)));
            at += field.len() + 1;
        }
        Mount { start: flag.value.start(), options }
    };
    flags.iter().filter(|it| it.name == "mount").map(mount).collect()
}

/// What a `RUN` executes. A here-document that stands alone or beside a shell is a script; with
/// other words beside it, it is an input of theirs.
fn command(line: &Line) -> RunCommand {
    if let Some(words) = json_texts(&line.rest) {
        let script = script_of_shell(words).map(RunCommand::Script);
        return script.unwrap_or_else(|| RunCommand::Words(line.rest.clone()));
    }
    let beside = line.rest.as_str().split_whitespace().filter(|it| !it.starts_with("<<"));
    let is_script = reads_script(&beside.collect::<Vec<_>>());
    if let ([document], true) = (line.here_documents.as_slice(), is_script) {
        let first = document.body.as_str().lines().next().unwrap_or_default();
        return match first.strip_prefix("#!") {
            Some(interpreter) if !is_shell(interpreter) => RunCommand::Foreign,
            _ => RunCommand::Script(document.body.clone()),
        };
    }
    let mut script = line.rest.clone();
    for document in &line.here_documents {
        // The words between have no place of their own: that of the document will do.
        let start = document.body.start();
        script.push("\n", start);
        script.append(&document.body);
        script.push(&document.delimiter, start);
    }
    RunCommand::Script(script)
}

/// The script in `["/bin/sh", "-c", "…"]`.
fn script_of_shell(words: Vec<Text>) -> Option<Text> {
    let [shell, option, script] = <[Text; 3]>::try_from(words).ok()?;
    let is_command = option.as_str().starts_with('-') && option.as_str().ends_with('c');
    (is_shell(shell.as_str()) && is_command).then_some(script)
}

/// Whether words are nothing, or a shell that reads its script from its input.
fn reads_script(words: &[&str]) -> bool {
    let Some((shell, options)) = words.split_first() else { return true };
    is_shell(shell) && options.iter().all(|it| it.starts_with('-') && !it.contains('c'))
}

/// Whether a `#!` line or the words of a `SHELL` name a shell whose language is that of POSIX.
pub(crate) fn is_shell(command: &str) -> bool {
    let mut words = command.split_whitespace().map(|it| it.rsplit('/').next().unwrap_or(it));
    let word = words.find(|it| *it != "env" && !it.starts_with('-'));
    word.is_some_and(|it| matches!(it, "sh" | "bash" | "ash" | "dash" | "ksh" | "zsh" | "busybox"))
}

/// The words of an instruction in JSON form.
fn json_words(text: &str) -> Option<Vec<String>> {
    if text.starts_with('[') { serde_json::from_str(text).ok() } else { None }
}

/// The same with their places, as they are written.
fn json_texts(text: &Text) -> Option<Vec<Text>> {
    let words = json_words(text.as_str())?;
    let mut at = 0;
    let place = |word: &String| {
        // Written with escapes, it is not found again: then it stands where the one before ended.
        let begin = text.as_str()[at..].find(word.as_str()).map_or(at, |it| at + it);
        at = begin;
        let mut place = Text::default();
        place.push(word, text.place_of(begin));
        place
    };
    Some(words.iter().map(place).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(source: &str) -> Dockerfile {
        Dockerfile::parse(source).expect("a Dockerfile")
    }

    #[test]
    fn stages_and_their_steps() {
        let file = parse(
            "ARG V=1 W\nFROM --platform=$BUILDPLATFORM golang:$V AS Build\nENV A=b C=\"d e\"\nENV F g h\n\
             FROM scratch\nCOPY --from=build /x /y /\n",
        );
        let globals: Vec<&str> = file.globals.iter().map(|it| it.name.as_str()).collect();
        assert_eq!(globals, ["V", "W"]);
        let [build, last] = file.stages.as_slice() else { panic!("there are two") };
        assert_eq!((build.name.as_str(), build.base.as_str()), ("build", "golang:$V"));
        assert_eq!(build.platform.as_ref().map(Text::as_str), Some("$BUILDPLATFORM"));
        let env: Vec<(&str, &str)> = build
            .steps
            .iter()
            .filter_map(|it| if let StepKind::Env(list) = &it.kind { Some(list) } else { None })
            .flatten()
            .map(|it| (it.name.as_str(), it.value.as_str()))
            .collect();
        assert_eq!(env, [("A", "b"), ("C", "\"d e\""), ("F", "g h")]);
        let StepKind::Copy(copy) = &last.steps[0].kind else { panic!("it copies") };
        assert_eq!(copy.from.as_ref().map(Text::as_str), Some("build"));
        let sources: Vec<&str> = copy.sources.iter().map(Text::as_str).collect();
        assert_eq!(sources, ["/x", "/y"]);
    }

    #[test]
    fn commands_of_run() {
        let file = parse(
            "FROM x\nRUN --mount=type=cache,target=/c,readonly make\nRUN [\"a\", \"b\"]\nRUN <<E\nmake\nE\n\
             RUN <<E\n#!/usr/bin/env python3\nx\nE\nRUN cat <<E > f\nx\nE\n",
        );
        let runs: Vec<&Run> = file.stages[0]
            .steps
            .iter()
            .filter_map(|it| if let StepKind::Run(run) = &it.kind { Some(run) } else { None })
            .collect();
        let mount = &runs[0].mounts[0];
        assert_eq!(mount.option(&["dst", "target"]).map(Text::as_str), Some("/c"));
        assert_eq!(mount.option(&["readonly"]).map(Text::as_str), Some(""));
        let kinds: Vec<String> = runs
            .iter()
            .map(|it| match &it.command {
                RunCommand::Script(text) => text.as_str().to_owned(),
                RunCommand::Foreign => "foreign".to_owned(),
                RunCommand::Words(_) => "words".to_owned(),
            })
            .collect();
        assert_eq!(kinds, ["make", "words", "make\n", "foreign", "cat <<E > f\nx\nE"]);
    }

    #[test]
    fn what_is_no_dockerfile_is_said() {
        for (source, message) in [
            ("", "line 1, column 1: the Dockerfile has no FROM"),
            ("ARG a\n", "line 1, column 1: the Dockerfile has no FROM"),
            (
                "RUN x\nFROM y\n",
                "line 1, column 1: `RUN` stands before the first FROM, where only ARG may",
            ),
            ("FROM x\n  COPPY a b\n", "line 2, column 3: `COPPY` is not an instruction"),
            ("FROM\n", "line 1, column 1: FROM names no image"),
            ("FROM a b\n", "line 1, column 8: expected `FROM image AS name`"),
        ] {
            let error = Dockerfile::parse(source).expect_err(source);
            assert_eq!(error.to_string(), message);
        }
    }
}
