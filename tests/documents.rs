//! The commands in the README and the documents do what is written below them.

mod common;

use std::path::PathBuf;

use common::{archproof, root};

/// `[..]` stands for anything in a line, `...` for any lines.
#[test]
fn commands_print_what_the_documents_say() {
    let program = archproof();
    let cases = trycmd::TestCases::new();
    cases.register_bin("archproof", PathBuf::from(program.get_program()));
    for (name, value) in program.get_envs() {
        if let (Some(name), Some(value)) = (name.to_str(), value.and_then(|it| it.to_str())) {
            cases.env(name, value);
        }
    }
    cases.env("CI", "1").timeout(std::time::Duration::from_mins(10));
    cases.case(root().join("README.md")).case(root().join("docs/usage.md"));
    cases.run();
}
