use crate::evidence::run::{Extent, Output, RunEnd, RunEvidence};
use crate::rules::run::run_output_missing::RULE;
use crate::rules::tests::run::{APP, dead, exited, healthy, late, on, run, wrong_app};
use crate::rules::tests::{Case, caught, silent};

pub(in crate::rules) fn cases() -> Vec<Case> {
    let said = |text| run(RunEnd::Exited { code: 0 }, text);
    let on_stderr =
        || RunEvidence { stderr: Output::new(b"Usage: app\n", Extent::Whole), ..said("") };
    vec![
        caught(RULE.rule, "other words", healthy(), APP)
            .after([said("app: no such option\n")])
            .expecting(0, &["Usage"]),
        caught(RULE.rule, "nothing", healthy(), APP).after([said("")]).expecting(0, &["Usage"]),
        caught(RULE.rule, "one of two texts", healthy(), APP)
            .after([exited(0)])
            .expecting(0, &["Usage", "Examples"]),
        caught(RULE.rule, "on the standard error", healthy(), APP)
            .after([on_stderr()])
            .expecting(0, &["Usage"]),
        caught(RULE.rule, "all that there is of too much", healthy(), APP)
            .after([RunEvidence {
                stdout: Output::new(b"Usage: app\n", Extent::Beginning),
                ..exited(0)
            }])
            .expecting(0, &["Examples"]),
        caught(RULE.rule, "by a program that failed", healthy(), APP)
            .after([RunEvidence { stdout: Output::default(), ..exited(1) }])
            .expecting(0, &["Usage"])
            .besides(&["RunFailed error linux/arm64 /app"]),
        caught(RULE.rule, "by a program that did not end", healthy(), APP)
            .after([late()])
            .expecting(0, &["Usage"])
            .besides(&["RunTimedOut error linux/arm64 /app"]),
        caught(RULE.rule, "by a program that could not start", wrong_app(), APP)
            .after([RunEvidence { stdout: Output::default(), ..exited(255) }])
            .expecting(0, &["Usage"])
            .besides(&["ElfMachineMismatch error linux/arm64 /app"]),
        caught(RULE.rule, "on the processor that has every instruction", healthy(), APP)
            .after([dead(), on("max", said(""))])
            .expecting(0, &["Usage"])
            .besides(&["RunIsaFault error linux/arm64 /app"]),
        silent(RULE.rule, "all of it, by a program that failed", healthy())
            .after([run(RunEnd::Exited { code: 1 }, "Usage: app\n")])
            .expecting(0, &["Usage"])
            .besides(&["RunFailed error linux/arm64 /app"]),
        silent(RULE.rule, "nobody knows what it prints", healthy())
            .after([run(RunEnd::EmulatorMissing { remedy: "install QEMU".into() }, "")])
            .expecting(0, &["Usage"]),
        silent(RULE.rule, "all of it", healthy())
            .after([exited(0)])
            .expecting(0, &["Usage", "[OPTIONS]"]),
        silent(RULE.rule, "nothing was asked for", healthy()).after([said("")]),
    ]
}
