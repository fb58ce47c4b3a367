//! Why a text is no Dockerfile.

use thiserror::Error;

use super::text::Position;

/// Why a text is no Dockerfile.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("line {}, column {}: {kind}", .position.line, .position.column)]
pub struct DockerfileError {
    position: Position,
    kind: DockerfileErrorKind,
}

/// What is wrong with it.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum DockerfileErrorKind {
    /// There is no `FROM`.
    #[error("the Dockerfile has no FROM")]
    NoStage,
    /// Something other than `ARG` stands before the first `FROM`.
    #[error("`{0}` stands before the first FROM, where only ARG may")]
    BeforeFrom(String),
    /// An unknown instruction.
    #[error("`{0}` is not an instruction")]
    UnknownInstruction(String),
    /// `FROM` without an image.
    #[error("FROM names no image")]
    NoBase,
    /// `FROM image words` where the words are not `AS name`.
    #[error("expected `FROM image AS name`")]
    BadFrom,
    /// A here-document without an end.
    #[error("nothing ends the here-document `{0}`")]
    OpenHereDocument(String),
}

impl DockerfileError {
    pub(super) const fn new(position: Position, kind: DockerfileErrorKind) -> Self {
        Self { position, kind }
    }

    /// Where it is.
    #[must_use]
    pub const fn position(&self) -> Position {
        self.position
    }

    /// What it is.
    #[must_use]
    pub const fn kind(&self) -> &DockerfileErrorKind {
        &self.kind
    }
}
