//! What is printed of a subject.

use std::error::Error;

use archproof::blocked::{Blocked, Retry, Stage, describe};
use archproof::outcome::{Outcome, SubjectReport, Verification};
use archproof::report::{FactsReport, write_facts_json, write_facts_text, write_json, write_text};
use archproof::verdict::Strictness;

/// Prints why a subject is blocked, in each way that there is.
pub fn print_blocked(error: &(dyn Error + 'static)) {
    let (stage, retry) = (Stage::Inspect, Retry::Useless);
    let blocked = Blocked { stage, chain: vec![describe(error)], retry };
    print_facts(&FactsReport { subject: "subject".to_owned(), facts: Err(blocked.clone()) });
    print(Outcome::Blocked(blocked));
}

/// Prints what came of a subject, for people and as JSON.
pub fn print(outcome: Outcome) {
    let (subject, summary) = ("subject".to_owned(), String::new());
    let report = SubjectReport { subject, summary, outcome };
    let (mut text, mut json) = (Vec::new(), Vec::new());
    write_text(&report, &mut text).expect("in memory");
    write_json(
        &Verification { subjects: vec![report], baseline: None, strictness: Strictness::Normal },
        &mut json,
    )
    .expect("in memory");
    assert_printable(text);
    assert_json(json);
}

/// Prints what is known of a subject, for people and as JSON.
pub fn print_facts(report: &FactsReport) {
    let (mut text, mut json) = (Vec::new(), Vec::new());
    write_facts_text(report, &mut text).expect("in memory");
    write_facts_json(std::slice::from_ref(report), &mut json).expect("in memory");
    assert_printable(text);
    assert_json(json);
}

fn assert_json(json: Vec<u8>) {
    serde_json::from_slice::<serde_json::Value>(&json).expect("it is JSON");
    assert_printable(json);
}

/// Nothing steers a terminal, but for archproof's own colours.
fn assert_printable(printed: Vec<u8>) {
    let text = String::from_utf8(printed).expect("it is UTF-8");
    for part in without_colours(&text) {
        let is_bad = |it: char| it.is_control() && !matches!(it, '\n' | '\t');
        assert!(!part.contains(is_bad), "{part:?}");
    }
}

/// The text between colours.
fn without_colours(text: &str) -> impl Iterator<Item = &str> {
    text.split("\x1b[").enumerate().map(|(number, part)| {
        let digits = |it: char| it.is_ascii_digit() || it == ';';
        match part.trim_start_matches(digits).strip_prefix('m') {
            Some(rest) if number > 0 => rest,
            None if number > 0 => panic!("an escape that is no colour: {part:?}"),
            _ => part,
        }
    })
}
