//! A Dockerfile, for platforms that differ in all that its variables say.

use std::collections::BTreeMap;

use archproof::dockerfile::{Recipe, Selection};
use archproof::platform::Platform;
use archproof::rules::check_dockerfile;

const PLATFORMS: [&str; 4] = ["linux/386", "linux/amd64", "linux/arm/v6", "linux/arm64"];

/// Judges the bytes as far as they are a text.
pub fn run(data: &[u8]) {
    let text = String::from_utf8_lossy(data).into_owned();
    let platform = |it: &str| it.parse::<Platform>().expect("a platform");
    let recipe = Recipe {
        name: "Dockerfile".to_owned(),
        target: String::new(),
        args: BTreeMap::from([("GIVEN".to_owned(), "given".to_owned())]),
        contexts: BTreeMap::from([("context".to_owned(), ".".to_owned())]),
        build: platform("linux/amd64"),
        platforms: PLATFORMS.iter().map(|it| platform(it)).collect(),
        selection: Selection::Named,
        unfit: Vec::new(),
        text,
    };
    let Ok(findings) = check_dockerfile(&recipe) else { return };
    let lines: Vec<&str> = recipe.text.split('\n').collect();
    for finding in &findings {
        let place = finding.location.position().expect("a finding has a position");
        let line = place.line.checked_sub(1).and_then(|it| lines.get(it as usize));
        let line = line.unwrap_or_else(|| panic!("there is no such line: {finding:?}"));
        let column = place.column as usize;
        assert!((1..=line.chars().count() + 1).contains(&column), "{finding:?}");
    }
    assert_eq!(check_dockerfile(&recipe).ok().as_ref(), Some(&findings), "it is judged alike");
}
