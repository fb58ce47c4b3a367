//! rstest reads the folder of cases when it compiles: a case that is added or removed has to
//! compile the tests anew.

fn main() {
    println!("cargo::rerun-if-changed=cases");
}
