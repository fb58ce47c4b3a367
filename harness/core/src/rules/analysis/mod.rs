//! What several rules want to know of an image or a Dockerfile, apart from any rule.

pub(super) mod dispatch;
pub(super) mod dockerfile;
pub(super) mod executables;
pub(super) mod linking;
pub(super) mod parity;
pub(super) mod reach;
pub(super) mod run;
pub(super) mod scope;
