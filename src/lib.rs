//! The conformance tests live in `tests/`.
