//! Reads Dockerfiles: takes them apart, and says for a platform what each variable and each
//! stage comes to, as BuildKit would.
//!
//! No parser that could be had is faithful to BuildKit's, see docs/design.md; what is here
//! follows `frontend/dockerfile` of [moby/buildkit](https://github.com/moby/buildkit).

mod choice;
mod error;
mod evaluate;
mod expand;
mod lines;
mod recipe;
mod script;
mod shell_word;
mod syntax;
mod text;
mod words;

pub(crate) use choice::matches;
pub use choice::{Branch, Choice, Comparison, Condition, Operator, Resolve, Way};
pub use error::{DockerfileError, DockerfileErrorKind};
pub(crate) use evaluate::predefined_value;
pub use evaluate::{
    Base, Evaluated, EvaluatedStage, Inputs, Pin, Scope, StagePlatform, Value, ValueGiver,
};
pub use expand::{Expansion, Reference, expand, references};
pub use lines::HereDocument;
pub use recipe::{BaseOffer, Recipe, Selection, UnfitBase};
pub use script::{Guard, Output, Script, ShellCommand};
pub use shell_word::ShellWord;
pub(crate) use syntax::is_shell;
pub use syntax::{
    Assignment, Copy, Declaration, Dockerfile, Mount, Run, RunCommand, Stage, Step, StepKind,
};
pub use text::{Position, Text};
