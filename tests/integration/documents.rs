//! The commands in the README and the documents do what is written below them.

use std::path::PathBuf;

use crate::common::{RUNTIME, archproof, build_into, root};

/// `[..]` stands for anything in a line, `...` for any lines.
#[test]
fn commands_print_what_the_documents_say() {
    // What the documents call `image.tar`.
    let example = root().join("harness/examples/conformance");
    RUNTIME.block_on(build_into(&example, &root().join("image.tar")));
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
