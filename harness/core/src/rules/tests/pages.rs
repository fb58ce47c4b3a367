use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::Case;
use crate::fixture::{assert_generated, is_to_be_written};
use crate::listing::entries_of;
use crate::rules::registry::all_cases;
use crate::rules::rule::Rule;

/// The parts of every page, in their order; others may stand between them.
const PARTS: [&str; 5] = ["Output", "Why", "Bad", "Good", "Reports"];

#[test]
fn every_page_has_its_parts() {
    for rule in Rule::ALL {
        let page = rule.page();
        assert_eq!(page.lines().next(), Some(format!("# {rule}").as_str()), "{rule}: the title");
        assert_eq!(page.lines().nth(2), Some(rule.summary()), "{rule}: the meaning");
        let titles: Vec<&str> = page.lines().filter_map(|it| it.strip_prefix("## ")).collect();
        let parts: Vec<&str> = titles.iter().copied().filter(|it| PARTS.contains(it)).collect();
        assert_eq!(parts, PARTS, "{rule}: the parts");
        for title in titles {
            assert!(!part(page, title).trim().is_empty(), "{rule}: {title} is empty");
        }
        assert!(part(page, "Reports").contains("https://"), "{rule}: a report has an address");
    }
}

#[test]
fn no_page_is_left_over() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("pages");
    let files = fs::read_dir(folder).expect("the folder of the pages");
    let names = files.map(|it| it.expect("a page").file_name().into_string().expect("UTF-8"));
    let pages: BTreeSet<String> = names.collect();
    let rules = Rule::ALL.iter().map(|it| format!("{it}.md"));
    let expected: BTreeSet<String> = rules.chain(["README.md".to_owned()]).collect();
    assert_eq!(pages, expected);
}

/// The list of the rules is written by this test: `INSTA_UPDATE=always`, as for snapshots.
#[test]
fn the_list_has_every_rule() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("pages/README.md");
    assert_generated(&file, &list());
}

fn list() -> String {
    let mut parts = vec![LIST_HEAD.to_owned()];
    let mut group = None;
    for rule in Rule::ALL {
        if group.replace(rule.group()) != Some(rule.group()) {
            let title = rule.group().to_string();
            let (first, rest) = title.split_at(1);
            parts.push(format!("\n## {}{rest}\n\n", first.to_uppercase()));
            parts.push("| rule | severity | defect |\n|---|---|---|\n".to_owned());
        }
        let (severity, summary) = (rule.severity(), rule.summary());
        parts.push(format!("| [{rule}]({rule}.md) | {severity} | {summary} |\n"));
    }
    parts.concat()
}

const LIST_HEAD: &str = "\
# Rules

What archproof finds, by what it is about. Each rule has a page, which `archproof explain RULE` prints: what the
defect is, how it comes about, what is left out, and public reports of it. Errors fail, with `--strict` warnings
too; a finding may be milder than its rule.

This list is written by a test: see CONTRIBUTING.md.
";

/// What a page shows is what is printed of one of the rule's cases, digests cut short. Written anew by
/// `INSTA_UPDATE=always`, as snapshots are.
#[test]
fn every_page_shows_what_is_printed() {
    let mut old = Vec::new();
    for (rule, cases) in all_cases() {
        let shown = part(rule.page(), "Output");
        let faulty = || cases.iter().filter(|it| !it.findings.is_empty());
        if faulty().any(|it| output(it) == shown) {
            continue;
        }
        old.push(rule.name());
        // The case that is nearest, where the words alone are new.
        let likeness = |it: &&Case| {
            let is_typical = output(it).contains(&format!("{}[{rule}]", rule.severity()));
            (is_typical, words(&output(it)).intersection(&words(shown)).count())
        };
        if let Some(nearest) = faulty().rev().max_by_key(likeness)
            && is_to_be_written()
        {
            let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("pages/{rule}.md"));
            let page = rule.page().replace(shown, &output(nearest));
            fs::write(file, page).expect("the page can be written");
        }
    }
    assert_eq!(old, [""; 0], "these pages are old: INSTA_UPDATE=always writes their output anew");
}

/// What is printed of a case, as a part of a page.
fn output(case: &Case) -> String {
    let entries = entries_of(&case.judge());
    let lines: Vec<String> = entries.iter().map(|it| cut_digests(&it.to_string())).collect();
    format!("\n```text\n{}\n```\n", lines.join("\n"))
}

fn words(text: &str) -> BTreeSet<&str> {
    text.split_whitespace().collect()
}

/// The text below a heading, up to the next.
fn part<'a>(page: &'a str, title: &str) -> &'a str {
    let heading = format!("\n## {title}\n");
    let start = page.find(&heading).map_or(page.len(), |at| at + heading.len());
    let end = page[start..].find("\n## ").map_or(page.len(), |at| start + at);
    &page[start..end]
}

fn cut_digests(message: &str) -> String {
    const HEX: usize = 64;
    let mut parts = message.split("sha256:");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| format!("{text}sha256:…{}", part.get(HEX..).unwrap_or("")))
}
