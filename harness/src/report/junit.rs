//! `JUnit`'s XML: a suite for each platform of a subject, with a case for each group of rules and each
//! run.

use std::io::{self, Write};

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use super::problem::{Of, Problem, Reported, Sheet};
use crate::evidence::build::Provenance;
use crate::evidence::run::RunEvidence;
use crate::platform::Platform;
use crate::rules::{Group, Rule};
use crate::verdict::{VariantJudgement, Whole};

/// Writes a report of all subjects.
///
/// # Errors
///
/// The writer's.
pub fn write_junit(reported: Reported<'_>, to: &mut dyn Write) -> io::Result<()> {
    let mut report = Report::new("archproof");
    for sheet in reported.sheets() {
        report.add_test_suites(suites(&sheet));
    }
    report.serialize(to).map_err(io::Error::other)
}

/// The groups that are about an image as a whole.
const OF_WHOLE: [Group; 3] = [Group::Index, Group::Build, Group::Dockerfile];
/// The groups that are about a platform.
const OF_PLATFORM: [Group; 5] =
    [Group::Elf, Group::Linking, Group::Entrypoint, Group::Run, Group::Parity];

fn suites(sheet: &Sheet<'_>) -> Vec<TestSuite> {
    let mut whole = TestSuite::new(sheet.subject.as_str());
    // Each platform has its own suite for it.
    if !sheet.blocked.is_empty() && !matches!(sheet.of, Of::Judgement(_)) {
        whole.add_test_case(named("verification", failure(NonSuccessKind::Error, &sheet.blocked)));
    }
    match &sheet.of {
        Of::Judgement(judgement) => {
            let is_of_whole =
                |it: &Problem| !judgement.variants.iter().any(|a| it.is_on(a.platform));
            let is_found =
                matches!(judgement.judged, Whole::Image { provenance: Provenance::Found, .. });
            let skipped = |group| {
                let is_of_build = matches!(group, Group::Build | Group::Dockerfile);
                (is_found && is_of_build).then_some("the image was found, not built")
            };
            whole.add_test_cases(groups(sheet, &OF_WHOLE, is_of_whole, skipped));
            let of_variant = |it| of_variant(sheet, it);
            return [whole].into_iter().chain(judgement.variants.iter().map(of_variant)).collect();
        }
        Of::Dockerfile => {
            whole.add_test_cases(groups(sheet, &[Group::Dockerfile], |_| true, |_| None));
        }
        Of::Comparison => {
            let changes = sheet.problems.iter().filter(|it| it.group().is_none());
            whole.add_test_case(case("changes", &changes.collect::<Vec<_>>()));
            whole.add_test_cases(groups(sheet, &[], |_| true, |_| None));
        }
        Of::Nothing => {}
    }
    vec![whole]
}

fn of_variant(sheet: &Sheet<'_>, variant: &VariantJudgement) -> TestSuite {
    let VariantJudgement { platform, runs, obstacles, .. } = variant;
    let mut suite = TestSuite::new(format!("{} {platform}", sheet.subject));
    let skipped = |group| (group == Group::Run && runs.is_empty()).then_some("it was not run");
    suite.add_test_cases(groups(sheet, &OF_PLATFORM, |it| it.is_on(*platform), skipped));
    suite.add_test_cases(runs.iter().map(run));
    if !obstacles.is_empty() {
        suite.add_test_case(named("verification", failure(NonSuccessKind::Error, obstacles)));
    }
    suite
}

/// A case for each of the usual groups, and for each other one that found something.
fn groups(
    sheet: &Sheet<'_>,
    usual: &[Group],
    is_in_suite: impl Fn(&Problem) -> bool,
    skipped: impl Fn(Group) -> Option<&'static str>,
) -> Vec<TestCase> {
    let problems: Vec<&Problem> = sheet.problems.iter().filter(|it| is_in_suite(it)).collect();
    let cases = Group::ALL.iter().filter_map(|group| {
        let of_group = problems.iter().filter(|it| it.group() == Some(*group));
        let of_group: Vec<&Problem> = of_group.copied().collect();
        match (of_group.as_slice(), skipped(*group)) {
            ([], _) if !usual.contains(group) => None,
            ([], Some(why)) => {
                let mut status = TestCaseStatus::skipped();
                status.set_message(why);
                Some(named(&group.to_string(), status))
            }
            (problems, _) => Some(case(&group.to_string(), problems)),
        }
    });
    cases.collect()
}

fn named(name: &str, status: TestCaseStatus) -> TestCase {
    let mut case = TestCase::new(name, status);
    case.set_classname("archproof");
    case
}

/// It fails by the errors of a group. What does not fail is told as its output.
fn case(name: &str, problems: &[&Problem]) -> TestCase {
    let is_failure = |it: &&&Problem| it.fails;
    let failures: Vec<String> = problems.iter().filter(is_failure).map(|it| it.told()).collect();
    let others = problems.iter().filter(|it| !is_failure(it)).map(|it| it.told());
    let others: Vec<String> = others.collect();
    let status = if failures.is_empty() {
        TestCaseStatus::success()
    } else {
        failure(NonSuccessKind::Failure, &failures)
    };
    let mut case = named(name, status);
    if !others.is_empty() {
        case.set_system_out(others.join("\n"));
    }
    case
}

fn failure(kind: NonSuccessKind, lines: &[String]) -> TestCaseStatus {
    let mut status = TestCaseStatus::non_success(kind);
    status.set_message(lines.first().map_or("", String::as_str));
    status.set_description(lines.join("\n"));
    status
}

/// How a run ended is judged by the rules; here are what it printed and what executed it. The name is the
/// same however it ends, so that services know it again.
fn run(run: &RunEvidence) -> TestCase {
    let status = match run.end.obstacle() {
        None => TestCaseStatus::success(),
        Some(why) => failure(NonSuccessKind::Error, &[why.to_owned()]),
    };
    let name = format!("run `{}` on {}", run.command.join(" "), run.cpu.brief());
    let mut case = named(&name, status);
    case.add_property(("execution", run.execution.to_string().as_str()));
    case.add_property(("end", run.end.to_string().as_str()));
    case.set_system_out(run.stdout.text.as_str());
    case.set_system_err(run.stderr.text.as_str());
    case
}

impl Problem {
    /// The group of the rule; nothing for a change.
    fn group(&self) -> Option<Group> {
        self.name.parse::<Rule>().ok().map(Rule::group)
    }

    fn is_on(&self, platform: Platform) -> bool {
        self.platforms.contains(&platform)
    }

    /// `error[Rule]: …`, as in the text.
    fn told(&self) -> String {
        let accepted = match self.accepted.as_str() {
            "" => String::new(),
            why => format!(" ({why})"),
        };
        let told = self.placed_message();
        let told = format!("{}[{}]: {told}{accepted}", self.severity, self.name);
        self.details.iter().fold(told, |told, it| told + "\n  " + it)
    }
}
