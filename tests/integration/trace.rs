//! What a real engine's builds did, and what is made of it.

use crate::common::{Project, RUNTIME, Said, archproof, assert_matches_schema, engine};
use archproof::build::{BuildPlan, CachePolicy, KeepAs, build};
use archproof::dockerfile::UnfitBase;
use archproof::engine::ImageStore;
use archproof::event::Events;
use archproof::evidence::build::{
    Basis, BuildStep, BuildTrace, BuilderChecks, Manner, Reach, StepEnd, Work,
};
use archproof::inspect::{NoCache, inspect};
use archproof::platform::Platform;
use bollard::query_parameters::RemoveImageOptions;
use serde_json::Value;

const THREE: [&str; 3] = ["linux/amd64", "linux/arm64", "linux/riscv64"];

/// A stage that does its work once, one that does it for each platform, one that is emulated.
const DOCKERFILE: &str = "\
FROM --platform=$BUILDPLATFORM busybox AS builder
WORKDIR /build
# Told apart from other builds of these tests.
COPY seed \\
     ./
RUN cat seed && \\
    sleep 1
ARG TARGETARCH
RUN echo $TARGETARCH > arch
FROM scratch AS data
COPY --link --from=builder /build/ /
FROM busybox
COPY --from=data / /data/
RUN cat /data/arch
";

fn platforms(names: &[&str]) -> Vec<Platform> {
    names.iter().map(|it| it.parse().expect("a platform")).collect()
}

/// A seed that no other build has.
fn project(dockerfile: &str) -> Project {
    let project = Project::new(&[("Dockerfile", dockerfile)]);
    let seed = project.folder().display().to_string();
    std::fs::write(project.path("seed"), seed).expect("a file");
    project
}

fn plan(project: &Project, names: &[&str]) -> BuildPlan {
    let name = project.folder().file_name().expect("a name").to_string_lossy().into_owned();
    let name = format!("archproof-test:{}", name.trim_start_matches('.').to_lowercase());
    let folder = project.folder().to_owned();
    let plan = BuildPlan::new(project.path("Dockerfile"), folder, platforms(names));
    BuildPlan { keep_as: KeepAs::Image(name), ..plan }
}

/// Builds and leaves nothing in the engine's store.
async fn traced(project: &Project, plan: &BuildPlan) -> BuildTrace {
    let engine = engine().await;
    let archive = project.path("image.tar");
    let outcome = build(&engine, plan, &archive, &Events::ignored()).await;
    std::fs::remove_file(archive).expect("the archive");
    for name in plan.image_names(engine.store()) {
        let _ = engine.docker().remove_image(&name, None::<RemoveImageOptions>, None).await;
    }
    outcome.expect("an image").trace().clone()
}

fn steps<'a>(trace: &'a BuildTrace, instruction: &str) -> Vec<&'a BuildStep> {
    trace.steps.iter().filter(|it| it.instruction == instruction).collect()
}

fn manners(steps: &[&BuildStep]) -> Vec<(String, Manner)> {
    let manner = |it: &&BuildStep| {
        let names: Vec<String> = it.platforms.iter().map(ToString::to_string).collect();
        (names.join(" "), it.execution().expect("an execution").manner)
    };
    steps.iter().map(manner).collect()
}

fn shape(trace: &BuildTrace) -> Vec<String> {
    let line = |it: &BuildStep| {
        let lines = it.lines.map_or_else(String::new, |it| format!("{}-{}", it.first, it.last));
        let (stage, instruction) = (&it.stage, &it.instruction);
        format!("{lines} {stage} {instruction} {:?} {:?} {:?}", it.platforms, it.work, it.reach)
    };
    trace.steps.iter().map(line).collect()
}

#[test]
fn steps_are_told_with_their_platforms_and_times() {
    let project = project(DOCKERFILE);
    let trace = RUNTIME.block_on(traced(&project, &plan(&project, &THREE)));
    assert_eq!(trace.basis, Basis::Recorded);
    let native = RUNTIME.block_on(engine()).platform();
    let all = platforms(&THREE);

    let shared = steps(&trace, "RUN cat seed && sleep 1");
    let [shared] = shared.as_slice() else { panic!("it is one step: {trace:#?}") };
    assert_eq!(shared.platforms, all);
    assert_eq!(shared.lines.map(|it| (it.first, it.last)), Some((6, 7)));
    assert_eq!((shared.stage.as_str(), shared.reach), ("builder", Reach::Builder));
    let execution = shared.execution().expect("an execution");
    assert_eq!((execution.on, execution.manner), (native, Manner::Native));
    let StepEnd::Done(span) = shared.end else { panic!("it was executed: {shared:?}") };
    assert!((1000..60_000).contains(&span.duration_ms), "{span:?}");
    assert!(span.start_ms < 600_000, "{span:?}");

    let cross = steps(&trace, "RUN echo $TARGETARCH > arch");
    let expected: Vec<(String, Manner)> = all
        .iter()
        .map(|it| (it.to_string(), if *it == native { Manner::Native } else { Manner::Cross }))
        .collect();
    assert_eq!(manners(&cross), expected);

    let own = steps(&trace, "RUN cat /data/arch");
    let expected: Vec<(String, Manner)> = all
        .iter()
        .map(|it| (it.to_string(), if *it == native { Manner::Native } else { Manner::Emulated }))
        .collect();
    assert_eq!(manners(&own), expected);
    assert!(own.iter().all(|it| it.reach == Reach::Image), "{own:?}");
    assert!(own.iter().all(|it| it.end.clone() != StepEnd::Cached), "{own:?}");

    // Of stages FROM scratch, whose labels name no platform.
    let linked = steps(&trace, "COPY --link --from=builder /build/ /");
    assert_eq!(linked.len(), 3, "{linked:?}");
    assert!(linked.iter().all(|it| it.work == Work::Files && it.platforms.len() == 1));
    let copied = steps(&trace, "COPY seed ./");
    assert_eq!(copied.iter().map(|it| it.platforms.len()).collect::<Vec<_>>(), [3]);
    assert_eq!(steps(&trace, "FROM --platform=$BUILDPLATFORM busybox AS builder").len(), 1);
}

#[test]
fn a_cached_build_has_the_same_trace_without_its_times() {
    let project = project(DOCKERFILE);
    let plan = plan(&project, &THREE);
    let first = RUNTIME.block_on(traced(&project, &plan));
    let executed = |it: &&BuildStep| it.execution().is_some();
    // Under load the engine now and then executes a step again whose result it has.
    let mut later = (0..10).map(|_| {
        let later = RUNTIME.block_on(traced(&project, &plan));
        assert_eq!(shape(&first), shape(&later));
        later
    });
    let is_cached =
        |it: &BuildTrace| it.steps.iter().filter(executed).all(|it| it.end == StepEnd::Cached);
    assert!(later.any(|it| is_cached(&it)), "no build found all its steps in the cache");
    let again = BuildPlan { cache: CachePolicy::Ignore, ..plan };
    let third = RUNTIME.block_on(traced(&project, &again));
    for step in third.steps.iter().filter(executed) {
        assert!(matches!(step.end, StepEnd::Done(_)), "{step:?}");
    }
}

#[test]
fn one_platform_is_told_apart_from_the_engines_own_too() {
    let project = project(DOCKERFILE);
    let trace = RUNTIME.block_on(traced(&project, &plan(&project, &["linux/riscv64"])));
    assert_eq!(trace.basis, Basis::Recorded);
    for (instruction, manner) in
        [("RUN echo $TARGETARCH > arch", Manner::Cross), ("RUN cat /data/arch", Manner::Emulated)]
    {
        let expected = [("linux/riscv64".to_owned(), manner)];
        assert_eq!(manners(&steps(&trace, instruction)), expected);
    }
}

#[test]
fn nothing_of_the_record_is_put_into_the_image() {
    let project = project("FROM scratch\nCOPY seed /\n");
    let engine = RUNTIME.block_on(engine());
    if engine.store() == ImageStore::Classic {
        return; // It keeps no index that anything could be put into.
    }
    let archive = project.path("image.tar");
    let plan = BuildPlan { keep_as: KeepAs::Discard, ..plan(&project, &THREE) };
    RUNTIME.block_on(build(&engine, &plan, &archive, &Events::ignored())).expect("an image");
    let image = archproof::oci::open_archive(&archive, None).expect("an image");
    let facts = inspect(&image, &plan.platforms, &NoCache).expect("facts");
    assert_eq!(facts.variants.len(), 3);
    let bytes = std::fs::read(&archive).expect("the archive");
    let text = String::from_utf8_lossy(&bytes);
    assert!(!text.contains("in-toto") && !text.contains("attestation"), "there is provenance");
}

/// Verifies a Dockerfile with a case of its own, of which the cache may have everything.
fn verify(dockerfile: &str, case: &str, arguments: &[&str]) -> Said {
    verify_project(&Project::new(&[("Dockerfile", dockerfile), ("seed", "old")]), case, arguments)
}

fn verify_project(project: &Project, case: &str, arguments: &[&str]) -> Said {
    std::fs::write(project.path("archproof.toml"), case).expect("a case file");
    let mut command = archproof();
    Said::by(command.arg("verify").args(["--runner", "none"]).args(arguments).arg(project.folder()))
}

#[test]
fn the_report_has_a_line_for_each_instruction() {
    let case = "[build]\nplatforms = [\"linux/amd64\", \"linux/arm64\", \"linux/riscv64\"]\n\
                [trace]\nshared = [\"cat seed\"]\n";
    let said = verify(DOCKERFILE, case, &[]);
    assert_eq!(said.status, Some(0), "{said}");
    for line in [
        "RUN cat seed && sleep 1      once for all 3 native   ",
        "RUN echo $TARGETARCH > arch  each of 3: 1 × native, 2 × cross   ",
        "RUN cat /data/arch           each of 3: 1 × native, 2 × emulated",
    ] {
        assert_eq!(said.stdout.matches(line).count(), 1, "{line}\n{said}");
    }
    assert!(said.stdout.contains(": note[BuildStepEmulated]: "), "{said}");
    let strict = verify(DOCKERFILE, case, &["--strict"]);
    assert_eq!(strict.status, Some(0), "what has to be emulated is nobody's fault: {strict}");
}

#[test]
fn more_emulated_steps_than_declared_fail() {
    let case = "[build]\nplatforms = [\"linux/arm64\", \"linux/riscv64\"]\n[trace]\nemulated = 1\n";
    let said = verify_project(&project(DOCKERFILE), case, &[]);
    assert_eq!(said.status, Some(1), "{said}");
    assert_eq!(said.stdout.matches(": error[BuildStepEmulated]: ").count(), 1, "{said}");
    assert!(said.stdout.contains("emulation on linux/arm64 and linux/riscv64;"), "{said}");
    assert!(said.stdout.contains("2 emulated steps are more than the limit of 1"), "{said}");
}

/// The platform's ARG stands above what does not depend on it.
const DIVIDED: &str = "\
FROM --platform=$BUILDPLATFORM busybox AS builder
ARG TARGETARCH
COPY seed /
RUN mkdir /out
RUN echo $TARGETARCH > /out/arch
FROM scratch
COPY --from=builder /out/ /
";

#[test]
fn what_is_not_shared_is_told_with_its_line() {
    let case = "[build]\nplatforms = [\"linux/amd64\", \"linux/arm64\"]\n";
    let said = verify(DIVIDED, case, &["--output", "json"]);
    assert_eq!(said.status, Some(0), "a warning: {said}");
    let report: Value = serde_json::from_str(&said.stdout).expect("JSON");
    assert_matches_schema(&report, "report");
    let subject = &report["subjects"][0];
    let findings = subject["findings"].as_array().expect("findings");
    let [finding] = findings.as_slice() else { panic!("{findings:?}") };
    assert_eq!(finding["rule"], "BuildStepNotShared");
    assert_eq!(finding["severity"], "warning");
    assert_eq!(finding["position"]["line"], 4);
    assert_eq!(subject["build"]["basis"], "recorded");
    let steps = subject["build"]["steps"].as_array().expect("steps");
    let made = steps.iter().filter(|it| it["instruction"] == "RUN mkdir /out");
    let manners: Vec<&Value> = made.map(|it| &it["manner"]).collect();
    assert_eq!(manners, ["native", "cross"]);

    let declared = format!("{case}[trace]\nshared = [\"mkdir /out\", \"no such step\"]\n");
    let said = verify(DIVIDED, &declared, &[]);
    assert_eq!(said.status, Some(1), "{said}");
    assert_eq!(said.stdout.matches(": error[BuildStepNotShared]: ").count(), 2, "{said}");
    assert!(said.stdout.contains("but no build step contains it"), "{said}");
}

#[test]
fn a_failed_build_says_how_far_it_came() {
    let dockerfile = "FROM --platform=$BUILDPLATFORM busybox AS builder\nCOPY seed /\nRUN cat /seed\n\
                      FROM busybox\nARG TARGETARCH\nCOPY --from=builder /seed /\n\
                      RUN echo before; [ $TARGETARCH = amd64 ]\nRUN true\n";
    let case = "[build]\nplatforms = [\"linux/amd64\", \"linux/riscv64\"]\n\
                [expect]\nfindings = [\"BuildFailed\"]\n";
    let said = verify(dockerfile, case, &["--output", "json"]);
    assert_eq!(said.status, Some(0), "it was expected: {said}");
    let report: Value = serde_json::from_str(&said.stdout).expect("JSON");
    assert_matches_schema(&report, "report");
    let subject = &report["subjects"][0];
    let finding = &subject["findings"][0];
    assert_eq!(
        (&finding["rule"], &finding["position"]["line"]),
        (&"BuildFailed".into(), &7.into())
    );
    let build = &subject["build"];
    assert_eq!(build["basis"], "claimed");
    assert!(build["because"].as_str().is_some_and(|it| it.contains("no record")), "{build}");
    assert_eq!(build["log"], serde_json::json!(["before"]));
    let steps = build["steps"].as_array().expect("steps");
    let failed: Vec<&Value> = steps.iter().filter(|it| it["end"] == "failed").collect();
    let [failed] = failed.as_slice() else { panic!("{steps:#?}") };
    assert_eq!((&failed["exit"], &failed["on"]), (&1.into(), &"linux/riscv64".into()));
    let shared = steps.iter().find(|it| it["instruction"] == "RUN cat /seed").expect("it is there");
    assert_eq!(shared["platforms"], serde_json::json!(["linux/amd64", "linux/riscv64"]));
    assert!(steps.iter().any(|it| it["end"] == "not-reached"), "{steps:#?}");
}

#[test]
fn what_a_base_lacks_is_said_with_what_it_has() {
    let dockerfile =
        "FROM scratch AS other\nFROM busybox AS old\nRUN true\nFROM busybox\nRUN cat /etc/passwd\n";
    let case = "[build]\nplatforms = [\"linux/arm64\", \"linux/loong64\", \"linux/mips64\"]\n";
    let said = verify(dockerfile, case, &[]);
    assert_eq!(said.status, Some(1), "{said}");
    let found: Vec<&str> = said.stdout.lines().filter(|it| it.contains(": error[")).collect();
    let [finding] = found.as_slice() else { panic!("{said}") };
    let says = "Dockerfile:4:6: error[BasePlatformMissing]: busybox is not available for linux/loong64 and linux/mips64; it has linux/386, linux/amd64, ";
    assert!(finding.contains(says), "{said}");
    assert!(said.stdout.contains("fail: the build failed, there is no image"), "{said}");
}

/// An image of one platform, under a name in the engine's store.
#[test]
fn a_base_of_another_platform_is_told_before_it_is_built_on() {
    let engine = RUNTIME.block_on(engine());
    let base = project("FROM scratch\nCOPY seed /\n");
    let one = plan(&base, &["linux/arm64"]);
    let archive = base.path("image.tar");
    RUNTIME.block_on(build(&engine, &one, &archive, &Events::ignored())).expect("an image");
    let name = one.image_names(engine.store()).remove(0);
    let next = project(&format!("FROM {name}\nCOPY seed /again\n"));
    let case = "[build]\nplatforms = [\"linux/amd64\", \"linux/arm64\"]\n";
    let both = verify_project(&next, case, &[]);
    let own = verify_project(&next, "[build]\nplatforms = [\"linux/arm64\"]\n", &[]);
    let removed = engine.docker().remove_image(&name, None::<RemoveImageOptions>, None);
    RUNTIME.block_on(removed).expect("the image is there");
    assert_eq!(both.status, Some(1), "{both}");
    let says =
        format!("{}:1:6: error[BasePlatformMissing]: {name} ", next.path("Dockerfile").display());
    assert!(both.stdout.contains(&says), "{both}");
    assert!(both.stdout.contains("linux/arm64") && both.stdout.contains("linux/amd64"), "{both}");
    assert_eq!(own.status, Some(0), "{own}");
}

#[test]
fn the_builders_own_checks_are_told_where_it_has_them() {
    let project = project(
        "FROM busybox AS Builder\nRUN true\nFROM scratch\nCOPY --from=Builder /bin/busybox /\n",
    );
    let trace = RUNTIME.block_on(traced(&project, &plan(&project, &["linux/amd64"])));
    assert_eq!(trace.recipe.unfit, Vec::<UnfitBase>::new());
    match &trace.checks {
        BuilderChecks::Made(checks) => {
            let made: Vec<(u32, &str)> =
                checks.iter().map(|it| (it.line, it.check.as_str())).collect();
            assert_eq!(made, [(1, "StageNameCasing")]);
        }
        // 28.5 has them, 26.1 has not.
        BuilderChecks::NotMade(because) => {
            let engine = RUNTIME.block_on(engine());
            let version = RUNTIME.block_on(engine.docker().version()).expect("a version");
            let version = version.version.expect("a version");
            let major = version.split('.').next().and_then(|it| it.parse::<u32>().ok());
            assert!(major.is_some_and(|it| it < 27), "{version}: {because}");
        }
    }
}
