//! What BuildKit's own checks say of a Dockerfile.
//!
//! Source: [moby/buildkit, `frontend/subrequests/lint`](https://github.com/moby/buildkit/blob/v0.25.0/frontend/subrequests/lint/lint.go).

use serde::Deserialize;

use crate::evidence::build::{BuilderCheck, BuilderChecks};

/// The result of the subrequest.
#[derive(Deserialize)]
struct LintResults {
    #[serde(default)]
    warnings: Option<Vec<LintWarning>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct LintWarning {
    rule_name: String,
    #[serde(default)]
    detail: String,
    #[serde(default)]
    url: String,
    #[serde(default)]
    location: Option<Location>,
}

#[derive(Deserialize)]
struct Location {
    #[serde(default)]
    ranges: Option<Vec<Range>>,
}

#[derive(Deserialize)]
struct Range {
    #[serde(default)]
    start: Option<Start>,
}

#[derive(Deserialize)]
struct Start {
    #[serde(default)]
    line: u32,
}

/// Reads the result of BuildKit's `lint` subrequest.
pub(super) fn read_checks(document: &[u8]) -> BuilderChecks {
    let results: LintResults = match serde_json::from_slice(document) {
        Ok(results) => results,
        Err(error) => {
            return BuilderChecks::NotMade(format!("BuildKit's answer is unreadable: {error}"));
        }
    };
    let warnings = results.warnings.unwrap_or_default().into_iter();
    let mut checks: Vec<BuilderCheck> = warnings.map(BuilderCheck::from).collect();
    checks.sort();
    BuilderChecks::Made(checks)
}

impl From<LintWarning> for BuilderCheck {
    fn from(warning: LintWarning) -> Self {
        let ranges = warning.location.and_then(|it| it.ranges).unwrap_or_default();
        let start = ranges.into_iter().next().and_then(|it| it.start);
        Self {
            line: start.map_or(0, |it| it.line),
            check: warning.rule_name,
            message: warning.detail,
            url: warning.url,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn warnings_are_sorted_by_line() {
        let document = br#"{
            "warnings": [
                {"ruleName": "B", "detail": "b", "location": {"ranges": [{"start": {"line": 7}}]}},
                {"ruleName": "A", "url": "https://example.com/a", "detail": "a",
                 "location": {"ranges": [{"start": {"line": 2}, "end": {"line": 3}}]}},
                {"ruleName": "C", "detail": "c", "location": {}}
            ],
            "sources": []
        }"#;
        let check = |line, check: &str, url: &str| BuilderCheck {
            line,
            check: check.to_owned(),
            message: check.to_ascii_lowercase(),
            url: url.to_owned(),
        };
        let expected =
            [check(0, "C", ""), check(2, "A", "https://example.com/a"), check(7, "B", "")];
        assert_eq!(read_checks(document), BuilderChecks::Made(expected.to_vec()));
        assert_eq!(read_checks(b"{\"warnings\": null}"), BuilderChecks::Made(Vec::new()));
        assert!(matches!(read_checks(b"["), BuilderChecks::NotMade(_)));
    }
}
