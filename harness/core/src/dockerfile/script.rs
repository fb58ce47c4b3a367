//! What a `RUN` script does: its commands, and under which conditions.
//!
//! The language is that of POSIX shells and bash, read by a parser of its own. What that cannot
//! read is no script here, and nobody judges it.

use std::collections::BTreeSet;
use std::sync::Arc;

use rable::ast::{ListOperator, Node, NodeKind};

use super::choice::{Branch, Choice, Comparison, Condition, Operator};
use super::shell_word::ShellWord;
use super::syntax::is_shell;
use super::text::Text;

/// A script, taken apart.
#[derive(Clone, Debug, Default)]
pub struct Script {
    /// The commands, those in substitutions included, in order.
    pub commands: Vec<ShellCommand>,
    /// All its words, in order of the parser; those of substitutions also in the words around them.
    pub words: Vec<ShellWord>,
    /// Where it chooses by comparing words.
    pub choices: Vec<Choice>,
    /// The variables that it gives values itself.
    pub assigned: BTreeSet<String>,
}

/// A command with all its words.
#[derive(Clone, Debug)]
pub struct ShellCommand {
    /// `NAME=value` before the command, or alone.
    pub assignments: Vec<(String, ShellWord)>,
    /// The command and its arguments.
    pub words: Vec<ShellWord>,
    /// What must hold for it to be executed, the outermost first.
    pub guards: Vec<Arc<Guard>>,
    /// Where its output goes.
    pub output: Output,
    /// Which of its words names the program, behind `env`, `sudo` and the like.
    head: usize,
    name: String,
}

/// Where the output of a command goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Output {
    /// To whoever watches the build.
    #[default]
    Shown,
    /// To a file.
    Filed,
    /// To another command.
    Piped,
    /// Into a word of another command.
    Substituted,
}

/// What a command depends on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Guard {
    /// The words of an `if`, a `while`, a test before `&&` or `||`, or of the list of a `for`.
    Condition(String),
    /// An arm of a `case`, or what follows an `if` that compares one word with others alone.
    Arm {
        /// The word that is looked at.
        subject: String,
        /// What it must be.
        patterns: Vec<String>,
    },
}

impl Guard {
    /// That it may hold or not.
    fn as_condition(&self) -> Self {
        Self::Condition(match self {
            Self::Condition(words) => words.clone(),
            Self::Arm { subject, patterns } => format!("{subject} {}", patterns.join(" ")),
        })
    }
}

/// Commands that execute the one that they are given.
const WRAPPERS: [&str; 7] = ["command", "env", "exec", "nice", "nohup", "sudo", "timeout"];

/// Longer scripts are not read, in bytes.
const LONGEST: usize = 32 << 10;
/// What is read nests as deep as a script has commands: up to this many bytes of script any thread
/// has the stack for it.
const SHORT: usize = 2 << 10;
/// The stack for the longest script, in bytes.
const STACK: usize = 256 << 20;

impl Script {
    /// Takes a script apart; nothing if it is none.
    #[must_use]
    pub fn parse(text: &Text) -> Option<Self> {
        let length = text.as_str().len();
        if length > LONGEST {
            return None;
        }
        if length <= SHORT {
            return Self::parse_here(text);
        }
        std::thread::scope(|scope| {
            let thread = std::thread::Builder::new().stack_size(STACK);
            let thread = thread.spawn_scoped(scope, || Self::parse_here(text)).ok()?;
            thread.join().ok().flatten()
        })
    }

    fn parse_here(text: &Text) -> Option<Self> {
        let source = text.as_str();
        let nodes = rable::parse(source, false).ok()?;
        let mut reader =
            Reader { text, offsets: offsets(source), script: Self::default(), left: Vec::new() };
        let whole =
            Frame { guards: Vec::new(), output: Output::Shown, shell: Shell::Whole, within: None };
        for node in &nodes {
            reader.node(node, &whole);
        }
        Some(reader.script)
    }
}

impl ShellCommand {
    /// The word that names the program; nothing for assignments alone.
    #[must_use]
    pub fn head(&self) -> Option<&ShellWord> {
        self.words.get(self.head)
    }

    /// The name of the program, without its folder; empty for assignments alone.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether it ends the script, and the build goes on.
    fn ends_well(&self) -> bool {
        self.name == "exit" && self.arguments().all(|it| it.raw == "0")
    }

    /// Finds the program that is executed in the end. What `env` is told first are assignments.
    fn look_behind_wrappers(&mut self) {
        let is_option = |it: &str| it.starts_with('-');
        let is_number = |it: &str| it.starts_with(|it: char| it.is_ascii_digit());
        let mut words = self.words.iter().enumerate().peekable();
        let mut told = Vec::new();
        while let Some((at, word)) = words.next() {
            let text = word.unquoted();
            let name = text.rsplit('/').next().unwrap_or_default();
            (self.head, self.name) = (at, name.to_owned());
            let is_wrapper = WRAPPERS.contains(&name) && words.peek().is_some();
            if !is_wrapper {
                break;
            }
            while let Some((_, word)) = words.peek() {
                let text = word.unquoted();
                match assignment(word) {
                    Some(pair) if name == "env" && !is_option(&text) => told.push(pair),
                    _ if is_option(&text) || is_number(&text) => {}
                    _ => break,
                }
                words.next();
            }
        }
        self.assignments.extend(told);
    }

    /// Whether a word of the script is one of its own, or what a variable is given for it.
    #[must_use]
    pub fn is_told(&self, word: &ShellWord) -> bool {
        let is_it = |(name, value): &(String, ShellWord)| {
            value.place == word.place + name.len() + 1 && word.raw.ends_with(&value.raw)
        };
        self.words.contains(word) || !self.words.is_empty() && self.assignments.iter().any(is_it)
    }

    /// Whether it does nothing but tell whoever watches.
    #[must_use]
    pub fn only_shows(&self) -> bool {
        let name = self.name();
        name == ":" || self.output == Output::Shown && matches!(name, "echo" | "printf")
    }

    /// The words behind the name.
    pub fn arguments(&self) -> impl Iterator<Item = &ShellWord> {
        self.words.iter().skip(self.head + 1)
    }
}

/// The parser counts characters; this says where each begins in bytes. Nothing where both are one.
fn offsets(source: &str) -> Vec<usize> {
    if source.is_ascii() {
        return Vec::new();
    }
    source.char_indices().map(|(at, _)| at).chain([source.len()]).collect()
}

/// What `exit` leaves.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shell {
    /// The script.
    Whole,
    /// A part of it, or nobody knows.
    Part,
}

/// Where a node stands.
#[derive(Clone)]
struct Frame {
    guards: Vec<Arc<Guard>>,
    output: Output,
    shell: Shell,
    /// The word whose substitution it is in: there the parser counts anew.
    within: Option<ShellWord>,
}

impl Frame {
    fn guarded(&self, guard: Guard) -> Self {
        let guards = self.guards.iter().cloned().chain([Arc::new(guard)]).collect();
        Self { guards, ..self.clone() }
    }

    fn in_part(&self) -> Self {
        Self { shell: Shell::Part, ..self.clone() }
    }

    fn redirected(&self, redirects: &[Node]) -> Self {
        let output = if redirects.iter().any(is_to_file) { Output::Filed } else { self.output };
        Self { output, ..self.clone() }
    }
}

struct Reader<'a> {
    text: &'a Text,
    offsets: Vec<usize>,
    script: Script,
    /// Under which conditions the script has ended before, well.
    left: Vec<Arc<Guard>>,
}

impl Reader<'_> {
    fn node(&mut self, node: &Node, frame: &Frame) {
        match &node.kind {
            NodeKind::Command { assignments, words, redirects } => {
                self.command(assignments, words, redirects, frame);
            }
            NodeKind::Pipeline { commands, .. } => self.pipeline(commands, frame),
            NodeKind::List { .. } => self.list(node, frame),
            NodeKind::If { condition, then_body, else_body, redirects } => {
                let frame = &frame.redirected(redirects);
                let first = self.script.choices.len();
                self.node(condition, frame);
                let held = held(condition, &self.script.choices[first..]);
                let otherwise = Guard::Condition(words_of(condition));
                self.node(then_body, &frame.guarded(held.unwrap_or_else(|| otherwise.clone())));
                if let Some(body) = else_body {
                    self.node(body, &frame.guarded(otherwise));
                }
            }
            NodeKind::While { condition, body, redirects }
            | NodeKind::Until { condition, body, redirects } => {
                let frame = &frame.redirected(redirects);
                self.node(condition, frame);
                self.node(body, &frame.guarded(Guard::Condition(words_of(condition))));
            }
            NodeKind::For { var, words, body, redirects }
            | NodeKind::Select { var, words, body, redirects } => {
                let frame = &frame.redirected(redirects);
                self.script.assigned.insert(var.clone());
                let words = words.as_deref().unwrap_or_default();
                self.nodes(words, frame);
                let list: Vec<String> = words.iter().map(words_of).collect();
                self.node(body, &frame.guarded(Guard::Condition(list.join(" "))));
            }
            NodeKind::Case { word, patterns, redirects } => {
                self.case(word, patterns, &frame.redirected(redirects));
            }
            NodeKind::Subshell { body, redirects } => {
                self.node(body, &frame.redirected(redirects).in_part());
            }
            NodeKind::ForArith { body, redirects, .. }
            | NodeKind::BraceGroup { body, redirects } => {
                self.node(body, &frame.redirected(redirects));
            }
            // Where it is called, its output may go anywhere.
            NodeKind::Function { body, .. } => {
                self.node(body, &Frame { output: Output::Substituted, ..frame.in_part() });
            }
            NodeKind::Coproc { command, .. } => self.node(command, frame),
            NodeKind::Negation { pipeline } | NodeKind::Time { pipeline, .. } => {
                self.node(pipeline, frame);
            }
            NodeKind::ConditionalExpr { body, .. } => {
                let whole = self.expression(body, frame, node);
                let joined = whole.filter(|it| !matches!(it, Condition::Test(_)));
                self.script.choices.extend(joined.map(Choice::Joined));
            }
            NodeKind::Word { .. } => {
                let word = self.word(node, frame);
                self.substitutions(node, &word, frame);
            }
            _ => {}
        }
    }

    /// All but the last write to the next one.
    fn pipeline(&mut self, commands: &[Node], frame: &Frame) {
        let Some((last, others)) = commands.split_last() else { return };
        if others.is_empty() {
            return self.node(last, frame);
        }
        self.nodes(others, &Frame { output: Output::Piped, ..frame.in_part() });
        self.node(last, &frame.in_part());
    }

    fn nodes(&mut self, nodes: &[Node], frame: &Frame) {
        for node in nodes {
            self.node(node, frame);
        }
    }

    /// Commands one after the other. What follows a test by `&&` or `||` depends on it.
    fn list(&mut self, list: &Node, frame: &Frame) {
        let mut guarded: Option<Frame> = None;
        let mut joined = Joined::default();
        let commands = flattened(list);
        for (number, (node, operator)) in commands.iter().enumerate() {
            let first = self.script.choices.len();
            self.node(node, guarded.as_ref().unwrap_or(frame));
            let choices = &self.script.choices[first..];
            let condition = decided(node, choices);
            let held = held(node, choices).filter(|_| must_hold(&commands[number..]));
            self.script.choices.extend(joined.then(condition, *operator));
            match operator {
                Some(ListOperator::And | ListOperator::Or) if is_test(node) => {
                    let outer = guarded.as_ref().unwrap_or(frame);
                    let guard = held.unwrap_or_else(|| Guard::Condition(words_of(node)));
                    guarded = Some(outer.guarded(guard));
                }
                Some(ListOperator::And | ListOperator::Or) => {}
                _ => guarded = None,
            }
        }
    }

    fn case(&mut self, word: &Node, patterns: &[rable::ast::CasePattern], frame: &Frame) {
        let subject = self.word(word, frame);
        self.substitutions(word, &subject, frame);
        let mut arms = Vec::new();
        // The parser does not say where patterns stand: they follow each other.
        let mut behind = word.span.end;
        for arm in patterns {
            let found: Vec<ShellWord> =
                arm.patterns.iter().map(|it| self.pattern(it, frame, &mut behind)).collect();
            let guard = Guard::Arm {
                subject: subject.raw.clone(),
                patterns: found.iter().map(ShellWord::unquoted).collect(),
            };
            if let Some(body) = &arm.body {
                self.node(body, &frame.guarded(guard));
            }
            arms.push(Branch { patterns: found });
        }
        self.script.choices.push(Choice::Case { subject, arms });
    }

    fn command(&mut self, assignments: &[Node], words: &[Node], redirects: &[Node], frame: &Frame) {
        let mut command = ShellCommand {
            assignments: Vec::new(),
            words: Vec::new(),
            guards: frame.guards.iter().chain(&self.left).cloned().collect(),
            output: frame.redirected(redirects).output,
            head: 0,
            name: String::new(),
        };
        for node in assignments {
            let word = self.word(node, frame);
            self.substitutions(node, &word, frame);
            command.assignments.extend(assignment(&word));
        }
        for node in words {
            let word = self.word(node, frame);
            self.substitutions(node, &word, frame);
            command.words.push(word);
        }
        for redirect in redirects {
            if let NodeKind::Redirect { target, .. } = &redirect.kind {
                self.node(target, frame);
            }
        }
        command.look_behind_wrappers();
        self.note_assigned(&command);
        if command.ends_well() && frame.shell == Shell::Whole {
            self.left.extend(frame.guards.iter().map(|it| it.as_condition().into()));
        }
        self.script.choices.extend(comparison(&command).map(Choice::Test));
        let nested = nested(&command);
        self.script.commands.push(command);
        self.add(nested.unwrap_or_default());
    }

    fn add(&mut self, mut other: Script) {
        self.script.commands.append(&mut other.commands);
        self.script.words.append(&mut other.words);
        self.script.choices.append(&mut other.choices);
        self.script.assigned.append(&mut other.assigned);
    }

    fn note_assigned(&mut self, command: &ShellCommand) {
        let names = command.assignments.iter().map(|(name, _)| name.clone());
        self.script.assigned.extend(names);
        let name = command.name();
        let declares = matches!(name, "export" | "local" | "declare" | "readonly" | "typeset");
        for word in command.arguments() {
            let text = word.unquoted();
            if declares && text.contains('=') {
                self.script.assigned.extend(text.split('=').next().map(str::to_owned));
            } else if name == "read" && !text.starts_with('-') {
                self.script.assigned.insert(text);
            } else if name == ":" {
                // `: ${NAME:=value}`
                let name = text.strip_prefix("${").and_then(|it| it.split_once('='));
                self.script.assigned.extend(name.map(|it| it.0.trim_end_matches(':').to_owned()));
            }
        }
    }

    /// `[[ … ]]`, in which the parser leaves words without places. Gives the whole if it is made
    /// of comparisons alone.
    fn expression(&mut self, node: &Node, frame: &Frame, whole: &Node) -> Option<Condition> {
        match &node.kind {
            NodeKind::BinaryTest { op, left, right } => {
                let place = self.place(whole, "[[", frame);
                let word = |node: &Node| ShellWord { raw: words_of(node), place };
                let (left, right) = (word(left), word(right));
                self.script.words.extend([left.clone(), right.clone()]);
                let comparison = Comparison { left, operator: operator(op)?, right };
                self.script.choices.push(Choice::Test(comparison.clone()));
                Some(Condition::Test(comparison))
            }
            NodeKind::CondAnd { left, right } => {
                let left = self.expression(left, frame, whole);
                let right = self.expression(right, frame, whole);
                Some(Condition::Both(left?.into(), right?.into()))
            }
            NodeKind::CondOr { left, right } => {
                let left = self.expression(left, frame, whole);
                let right = self.expression(right, frame, whole);
                Some(Condition::Either(left?.into(), right?.into()))
            }
            NodeKind::CondParen { inner } => self.expression(inner, frame, whole),
            NodeKind::CondNot { operand: inner } => {
                self.expression(inner, frame, whole);
                None
            }
            _ => None,
        }
    }

    /// The commands in the substitutions of a word.
    fn substitutions(&mut self, node: &Node, word: &ShellWord, frame: &Frame) {
        let NodeKind::Word { parts, .. } = &node.kind else { return };
        let inner = Frame {
            guards: frame.guards.clone(),
            output: Output::Substituted,
            shell: Shell::Part,
            within: Some(word.clone()),
        };
        for part in parts {
            match &part.kind {
                NodeKind::CommandSubstitution { command, .. }
                | NodeKind::ProcessSubstitution { command, .. } => self.node(command, &inner),
                _ => {}
            }
        }
    }

    fn word(&mut self, node: &Node, frame: &Frame) -> ShellWord {
        let raw = words_of(node);
        let place = self.place(node, &raw, frame);
        let word = ShellWord { raw, place };
        self.script.words.push(word.clone());
        word
    }

    /// A pattern, which stands behind a place of the script.
    fn pattern(&mut self, node: &Node, frame: &Frame, behind: &mut usize) -> ShellWord {
        let mut word = self.word(node, frame);
        let start = self.offsets.get(*behind).copied().unwrap_or(*behind);
        let source = self.text.as_str();
        let found = source.get(start..).and_then(|rest| rest.find(&word.raw));
        if let (None, Some(at)) = (&frame.within, found) {
            word.place = self.text.place_of(start + at);
            let end = start + at + word.raw.len();
            *behind = self.offsets.binary_search(&end).unwrap_or(end);
        }
        word
    }

    fn place(&self, node: &Node, raw: &str, frame: &Frame) -> usize {
        match &frame.within {
            None => {
                let start = node.span.start;
                self.text.place_of(self.offsets.get(start).copied().unwrap_or(start))
            }
            Some(word) => word.place + word.raw.find(raw).unwrap_or(0),
        }
    }
}

/// The script of `sh -c '…'`.
fn nested(command: &ShellCommand) -> Option<Script> {
    let is_option = |it: &ShellWord| it.raw.starts_with('-') && it.raw.ends_with('c');
    let word = command.arguments().skip_while(|it| !is_option(it)).nth(1)?;
    let inner = word.raw.strip_prefix('\'')?.strip_suffix('\'')?;
    if !is_shell(command.name()) || inner.contains('\'') {
        return None;
    }
    let mut text = Text::default();
    text.push(inner, word.place + 1);
    let mut script = Script::parse(&text)?;
    for nested in &mut script.commands {
        nested.guards.splice(..0, command.guards.iter().cloned());
    }
    Some(script)
}

/// The commands of a list, which the parser nests to the left.
fn flattened(list: &Node) -> Vec<(&Node, Option<ListOperator>)> {
    let mut flat = Vec::new();
    let mut open = vec![(list, None)];
    while let Some((node, operator)) = open.pop() {
        match &node.kind {
            NodeKind::List { items } => {
                let end = items.len().saturating_sub(1);
                for (number, item) in items.iter().enumerate().rev() {
                    // What follows the list follows its last command.
                    let outer = if number == end { operator } else { None };
                    open.push((&item.command, item.operator.or(outer)));
                }
            }
            _ => flat.push((node, operator)),
        }
    }
    flat
}

/// Whether what follows the first of some commands is executed only where that succeeds.
fn must_hold(commands: &[(&Node, Option<ListOperator>)]) -> bool {
    let mut operators = commands.iter().map(|it| it.1);
    let end = operators.find(|it| !matches!(it, Some(ListOperator::And)));
    !matches!(end, Some(Some(ListOperator::Or)))
}

/// Whether a command does nothing but look.
fn is_test(node: &Node) -> bool {
    match &node.kind {
        NodeKind::ConditionalExpr { .. } => true,
        NodeKind::Negation { pipeline } => is_test(pipeline),
        NodeKind::Pipeline { commands, .. } => commands.last().is_some_and(is_test),
        NodeKind::Command { words, .. } => {
            let name = words.first().map(words_of).unwrap_or_default();
            matches!(name.as_str(), "[" | "test" | "grep" | "egrep")
        }
        _ => false,
    }
}

/// `NAME=value` or `NAME+=value`.
fn assignment(word: &ShellWord) -> Option<(String, ShellWord)> {
    let (name, value) = word.raw.split_once('=')?;
    let place = word.place + name.len() + 1;
    let name = name.trim_end_matches('+').to_owned();
    Some((name, ShellWord { raw: value.to_owned(), place }))
}

/// The comparison of a `test`.
fn comparison(command: &ShellCommand) -> Option<Comparison> {
    if !matches!(command.name(), "[" | "test") {
        return None;
    }
    let (at, operator) =
        command.words.iter().enumerate().find_map(|(at, it)| Some((at, operator(&it.raw)?)))?;
    let left = command.words.get(at.checked_sub(1)?)?.clone();
    let right = command.words.get(at + 1)?.clone();
    Some(Comparison { left, operator, right })
}

fn operator(word: &str) -> Option<Operator> {
    match word {
        "=" | "==" => Some(Operator::Same),
        "!=" => Some(Operator::Differ),
        _ => None,
    }
}

/// What must hold behind a condition that is one comparison, or several of the same word of which
/// one must hold: what an arm of a `case` says.
fn held(node: &Node, choices: &[Choice]) -> Option<Guard> {
    let condition = match (&node.kind, choices) {
        (NodeKind::List { .. }, [.., Choice::Joined(condition)]) => {
            let is_tests_alone = flattened(node).iter().all(|(it, operator)| {
                is_test(it)
                    && !matches!(operator, Some(ListOperator::Semi | ListOperator::Background))
            });
            is_tests_alone.then(|| condition.clone())
        }
        (NodeKind::List { .. }, _) => None,
        _ => decided(node, choices),
    }?;
    let alternatives = condition.alternatives()?;
    let subject = alternatives.first()?.0.raw.clone();
    let is_one = alternatives.iter().all(|(it, _)| it.raw == subject);
    let patterns = alternatives.iter().map(|(_, it)| it.unquoted()).collect();
    is_one.then_some(Guard::Arm { subject, patterns })
}

/// What a command decides by, if that is one comparison or one expression of them in `[[`.
fn decided(node: &Node, choices: &[Choice]) -> Option<Condition> {
    let is_whole = match &node.kind {
        // `[ a = b ]` or `test a = b`, and no more than that.
        NodeKind::Command { words, .. } => is_test(node) && matches!(words.len(), 4 | 5),
        NodeKind::ConditionalExpr { .. } => true,
        _ => false,
    };
    match choices {
        [Choice::Test(comparison)] if is_whole => Some(Condition::Test(comparison.clone())),
        [.., Choice::Joined(condition)] if is_whole => Some(condition.clone()),
        _ => None,
    }
}

/// Whether a redirection puts what a command prints into a file.
fn is_to_file(redirect: &Node) -> bool {
    let NodeKind::Redirect { op, target, fd, .. } = &redirect.kind else { return false };
    let is_output = matches!(op.as_str(), ">" | ">>" | ">|" | "&>" | "&>>") && *fd != 2;
    is_output && !words_of(target).starts_with("/dev/")
}

/// The tests at the beginning of a list, as far as they have been read.
#[derive(Default)]
enum Joined {
    #[default]
    Nothing,
    Tests(Condition, ListOperator),
    /// Something was executed, so what follows depends on more than tests.
    Over,
}

impl Joined {
    /// Takes the next command, and gives the tests before it, if they are several and end there.
    fn then(&mut self, next: Option<Condition>, operator: Option<ListOperator>) -> Option<Choice> {
        let goes_on = operator.filter(|it| matches!(it, ListOperator::And | ListOperator::Or));
        // Both operators bind alike, from the left.
        let tests = match (std::mem::take(self), next) {
            (Self::Nothing, Some(next)) => Ok(next),
            (Self::Tests(before, ListOperator::And), Some(next)) => {
                Ok(Condition::Both(before.into(), next.into()))
            }
            (Self::Tests(before, _), Some(next)) => {
                Ok(Condition::Either(before.into(), next.into()))
            }
            (Self::Tests(before, _), None) => Err(Some(before)),
            (Self::Nothing, None) | (Self::Over, _) => Err(None),
        };
        let done = match (tests, goes_on) {
            (Ok(tests), Some(operator)) => {
                *self = Self::Tests(tests, operator);
                None
            }
            (Ok(tests), None) => Some(tests),
            (Err(before), Some(_)) => {
                *self = Self::Over;
                before
            }
            (Err(before), None) => before,
        };
        done.filter(|it| !matches!(it, Condition::Test(_))).map(Choice::Joined)
    }
}

/// All words of a node, as they are written.
fn words_of(node: &Node) -> String {
    if let NodeKind::Word { value, .. } = &node.kind {
        return value.clone();
    }
    let mut words = Vec::new();
    collect_words(node, &mut words);
    words.join(" ")
}

fn collect_words(node: &Node, words: &mut Vec<String>) {
    match &node.kind {
        NodeKind::Word { value, .. } | NodeKind::CondTerm { value, .. } => {
            words.push(value.clone());
        }
        NodeKind::Command { assignments, words: arguments, .. } => {
            for it in assignments.iter().chain(arguments) {
                collect_words(it, words);
            }
        }
        NodeKind::Pipeline { commands, .. } => {
            for it in commands {
                collect_words(it, words);
            }
        }
        NodeKind::List { .. } => {
            for (it, _) in flattened(node) {
                collect_words(it, words);
            }
        }
        NodeKind::Negation { pipeline } | NodeKind::Time { pipeline, .. } => {
            collect_words(pipeline, words);
        }
        NodeKind::Subshell { body, .. }
        | NodeKind::BraceGroup { body, .. }
        | NodeKind::ConditionalExpr { body, .. } => collect_words(body, words),
        NodeKind::BinaryTest { left, right, .. }
        | NodeKind::CondAnd { left, right }
        | NodeKind::CondOr { left, right } => {
            collect_words(left, words);
            collect_words(right, words);
        }
        NodeKind::UnaryTest { operand, .. } | NodeKind::CondNot { operand } => {
            collect_words(operand, words);
        }
        NodeKind::CondParen { inner } => collect_words(inner, words),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::Output::{Filed, Piped, Shown, Substituted};
    use super::*;

    fn script(source: &str) -> Script {
        let mut text = Text::default();
        text.push(source, 1000);
        Script::parse(&text).expect("a script")
    }

    fn guards_of(source: &str, name: &str) -> Vec<Guard> {
        let script = script(source);
        let command = script.commands.iter().find(|it| it.name() == name).expect("has it");
        command.guards.iter().map(|it| (**it).clone()).collect()
    }

    #[test]
    fn commands_are_found_wherever_they_stand() {
        let script =
            script("set -e; A=\"$(uname -m | sed s/x/y/)\" && (cd /x; make) > \"$(date)\"");
        let names: Vec<&str> = script.commands.iter().map(ShellCommand::name).collect();
        assert_eq!(names, ["set", "uname", "sed", "", "cd", "make"]);
        assert_eq!(script.commands[1].words[0].place, 1000 + 13);
        assert!(script.assigned.contains("A"));
        let outputs: Vec<Output> = script.commands.iter().map(|it| it.output).collect();
        assert_eq!(outputs, [Shown, Piped, Substituted, Shown, Filed, Filed]);
    }

    #[test]
    fn commands_know_what_they_depend_on() {
        let condition = |words: &str| Guard::Condition(words.to_owned());
        assert_eq!(
            guards_of("a; if [ $X = y ]; then b; else c; fi", "c"),
            [condition("[ $X = y ]")]
        );
        assert_eq!(guards_of("[ $X = y ] && a && b || c; d", "b"), [condition("[ $X = y ]")]);
        assert_eq!(guards_of("[ $X = y ] && a && b || c; d", "d"), []);
        assert_eq!(guards_of("a && b", "b"), []);
        assert_eq!(guards_of("[[ $X != y ]] && b", "b"), [condition("$X y")]);
    }

    #[test]
    fn a_comparison_alone_is_an_arm() {
        let arm = |patterns: &[&str]| {
            let patterns = patterns.iter().map(|it| (*it).to_owned()).collect();
            [Guard::Arm { subject: "\"$X\"".to_owned(), patterns }]
        };
        for (source, patterns) in [
            ("case \"$X\" in 'a'|b) c;; *) d;; esac", &["a", "b"][..]),
            ("if [ \"$X\" = a ]; then c; fi", &["a"]),
            ("if [ \"$X\" = 'a' ] || [ \"$X\" = b ]; then c; fi", &["a", "b"]),
            ("if [[ \"$X\" == a || \"$X\" == b ]]; then c; fi", &["a", "b"]),
            ("[ \"$X\" = a ] && d && c; e", &["a"]),
        ] {
            assert_eq!(guards_of(source, "c"), arm(patterns), "{source}");
        }
        for source in [
            "if [ \"$X\" != a ]; then c; fi",
            "if [ \"$X\" = a ]; then d; else c; fi",
            "if [ \"$X\" = a ] && [ \"$Y\" = b ]; then c; fi",
            "if [ \"$X\" = a ] || [ \"$Y\" = b ]; then c; fi",
            "if [ \"$X\" = a ] || d; then c; fi",
            "[ \"$X\" = a ] && d || c",
        ] {
            let guards = guards_of(source, "c");
            let is_condition = |it: &Guard| matches!(it, Guard::Condition(_));
            assert!(guards.len() == 1 && guards.iter().all(is_condition), "{source}: {guards:?}");
        }
    }

    #[test]
    fn what_follows_an_early_end_depends_on_it() {
        for source in [
            "[ $X = y ] || exit 0; c",
            "if [ $X != y ]; then exit; fi; c",
            "case $X in y) ;; *) echo no; exit 0;; esac; c",
            "[ $X = y ] || { echo no; exit 0; }; a && c",
        ] {
            assert!(!guards_of(source, "c").is_empty(), "{source}");
        }
        for source in
            ["exit 0; c", "[ $X = y ] || exit 1; c", "[ $X = y ] || (exit 0); c", "c; a || exit 0"]
        {
            assert!(guards_of(source, "c").is_empty(), "{source}");
        }
    }

    #[test]
    fn the_program_behind_others_counts() {
        for (source, name, arguments) in [
            ("sudo -E env A=b /usr/bin/curl x", "curl", 1),
            ("timeout 60 nice -n 5 make", "make", 0),
            ("env", "env", 0),
            ("exec \"$@\"", "$@", 0),
        ] {
            let script = script(source);
            let command = &script.commands[0];
            assert_eq!(
                (command.name(), command.arguments().count()),
                (name, arguments),
                "{source}"
            );
        }
        let script = script("env A=b C=d make");
        assert_eq!(script.commands[0].assignments.len(), 2);
    }

    #[test]
    fn the_script_of_a_shell_is_part_of_the_script() {
        let script = script("[ $X = y ] && bash -euxc 'a; curl z'; d");
        let names: Vec<&str> = script.commands.iter().map(ShellCommand::name).collect();
        assert_eq!(names, ["[", "bash", "a", "curl", "d"]);
        let curl = &script.commands[3];
        assert_eq!(curl.words[1].place, 1000 + "[ $X = y ] && bash -euxc 'a; curl ".len());
        assert_eq!(curl.guards.len(), 1);
    }

    #[test]
    fn comparisons_are_noted() {
        for source in [
            "[ \"$A\" = b ]",
            "test \"$A\" == b",
            "[[ \"$A\" == b ]]",
            "if [[ x && \"$A\" != b ]]; then c; fi",
        ] {
            let choices = script(source).choices;
            let Some(Choice::Test(Comparison { left, right, .. })) = choices.first() else {
                panic!("{source}")
            };
            assert_eq!((left.raw.as_str(), right.raw.as_str()), ("\"$A\"", "b"), "{source}");
        }
    }

    #[test]
    fn variables_that_a_script_sets_are_noted() {
        for source in
            ["X=1", "export X=1", "read X", "for X in a; do b; done", ": ${X:=1}", "a && X=2 b"]
        {
            assert!(script(source).assigned.contains("X"), "{source}");
        }
        assert!(!script("export X; echo X=1").assigned.contains("X"));
    }

    #[test]
    fn places_count_bytes_of_the_file() {
        let script = script("echo äö; curl x");
        assert_eq!(script.commands[1].words[1].place, 1000 + "echo äö; curl ".len());
    }

    #[test]
    fn no_script_and_none_too_long_for_the_stack_is_judged() {
        let parse = |source: &str| {
            let mut text = Text::default();
            text.push(source, 0);
            Script::parse(&text)
        };
        assert!(parse("if then (").is_none());
        assert!(parse(&"a;".repeat(LONGEST)).is_none());
        let long = parse(&"a;".repeat(LONGEST / 2)).expect("a script");
        assert_eq!(long.commands.len(), LONGEST / 2);
    }
}
