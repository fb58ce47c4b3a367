//! Shows events while the work goes on: on a terminal the platforms side by side with the step
//! each is at, elsewhere a line a step.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use tokio::sync::mpsc::UnboundedReceiver;

use crate::event::{Event, StepLabel, StepPlatform, StepState};
use crate::platform::Platform;
use crate::text::line;

/// How events are shown on standard error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Screen {
    /// A terminal, drawn over and over.
    Terminal,
    /// A log: what was printed stays.
    Log,
}

/// Shows events until nobody sends any more, then clears what it drew.
pub async fn report_progress(screen: Screen, mut events: UnboundedReceiver<Event>) {
    match screen {
        Screen::Terminal => {
            let mut board = Board::new();
            while let Some(event) = events.recv().await {
                board.show(&event);
            }
            board.clear();
        }
        Screen::Log => {
            let mut stderr = anstream::stderr();
            while let Some(event) = events.recv().await {
                // Where standard error is closed, nobody is there to be told.
                let _ = log(&event, &mut stderr);
            }
        }
    }
}

/// One line a platform, and one for what belongs to none or all.
struct Board {
    area: MultiProgress,
    shared: Option<ProgressBar>,
    platforms: BTreeMap<Platform, ProgressBar>,
}

impl Board {
    fn new() -> Self {
        Self { area: MultiProgress::new(), shared: None, platforms: BTreeMap::new() }
    }

    fn show(&mut self, event: &Event) {
        match event {
            Event::SubjectStarted { subject } => {
                self.shared = Some(self.line(line(subject)));
            }
            Event::BuildStarted { platforms } => {
                for platform in platforms {
                    let line = self.line(platform.to_string());
                    self.platforms.insert(*platform, line);
                }
            }
            Event::Step { label, state, .. } => self.step(label, state),
            Event::BuildFinished => self.each(|it| it.set_message("built")),
            Event::Inspected { platform, elf_files } => {
                self.of(*platform, format!("inspected, {elf_files} ELF files"));
            }
            Event::RunStarted { platform } => self.of(*platform, "running".to_owned()),
            Event::RunFinished { platform, outcome } => self.of(*platform, line(outcome)),
            Event::SandboxBlocked { platform, .. } => {
                self.of(*platform, "trying the engine".to_owned());
            }
            Event::SubjectFinished => self.clear(),
            Event::NotEntered { path } => {
                // A terminal that cannot be written to shows nothing anyway.
                let _ = self.area.println(not_entered(path));
            }
            Event::StepLog { .. } => {}
        }
    }

    fn line(&self, prefix: String) -> ProgressBar {
        let line = self.area.add(bar());
        line.set_prefix(prefix);
        line.enable_steady_tick(Duration::from_millis(200));
        line
    }

    fn step(&self, label: &StepLabel, state: &StepState) {
        if *state != StepState::Started {
            return;
        }
        let text = describe(label);
        let line = match label.platform {
            StepPlatform::Unnamed => None,
            StepPlatform::Of(platform) | StepPlatform::Cross { target: platform, .. } => {
                self.platforms.get(&platform)
            }
        };
        if let Some(line) = line.or(self.shared.as_ref()) {
            line.set_message(text);
        }
    }

    fn of(&self, platform: Platform, text: String) {
        if let Some(line) = self.platforms.get(&platform) {
            line.set_message(text);
        }
    }

    fn each(&self, change: impl Fn(&ProgressBar)) {
        self.platforms.values().chain(&self.shared).for_each(change);
    }

    fn clear(&mut self) {
        self.each(ProgressBar::finish_and_clear);
        self.platforms.clear();
        self.shared = None;
    }
}

fn bar() -> ProgressBar {
    let style = ProgressStyle::with_template("{spinner} {prefix:<16} {wide_msg}");
    // The template is a constant, and the tests draw it.
    ProgressBar::new_spinner()
        .with_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()))
}

fn describe(label: &StepLabel) -> String {
    let text = match (label.stage.as_str(), label.instruction.as_str()) {
        ("", instruction) => instruction.to_owned(),
        (stage, instruction) => format!("[{stage}] {instruction}"),
    };
    // A heredoc's instruction has several lines.
    line(&text)
}

fn not_entered(path: &str) -> String {
    let path = line(path);
    format!("not looked at: {path}, on which another filesystem is mounted")
}

fn log(event: &Event, to: &mut impl Write) -> io::Result<()> {
    match event {
        Event::SubjectStarted { subject } => writeln!(to, "archproof: {}", line(subject)),
        Event::BuildStarted { platforms } => {
            let platforms: Vec<String> = platforms.iter().map(ToString::to_string).collect();
            writeln!(to, "building for {}", platforms.join(", "))
        }
        Event::Step { label, state, .. } => {
            let what = match state {
                // Only programs take long enough for their start to be news.
                StepState::Started if label.instruction.starts_with("RUN ") => "start",
                StepState::Started => return Ok(()),
                StepState::Cached => "cached",
                StepState::Completed => "done",
                StepState::Failed { .. } => "failed",
            };
            let on = match label.platform {
                StepPlatform::Unnamed => String::new(),
                StepPlatform::Of(platform) => format!("{platform} "),
                StepPlatform::Cross { on, target } => format!("{on}->{target} "),
            };
            writeln!(to, "  {what:<6} {on}{}", describe(label))
        }
        Event::RunStarted { platform } => writeln!(to, "  run    {platform}"),
        Event::RunFinished { platform, outcome } => {
            writeln!(to, "  ran    {platform} {}", line(outcome))
        }
        Event::SandboxBlocked { platform, reason } => {
            writeln!(to, "  engine {platform}, because {}", line(reason))
        }
        Event::NotEntered { path } => writeln!(to, "{}", not_entered(path)),
        Event::StepLog { .. }
        | Event::BuildFinished
        | Event::Inspected { .. }
        | Event::SubjectFinished => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_has_a_line_a_step() {
        let label = StepLabel {
            platform: StepPlatform::Cross {
                on: "linux/amd64".parse().expect("a platform"),
                target: "linux/arm64".parse().expect("a platform"),
            },
            stage: "builder 5/5".to_owned(),
            instruction: "RUN <<EOF\necho \x1b[31m\nEOF".to_owned(),
        };
        let mut text = Vec::new();
        for state in [StepState::Started, StepState::Completed] {
            let event = Event::Step { id: "1".to_owned(), label: label.clone(), state };
            log(&event, &mut text).expect("in memory");
        }
        assert_eq!(
            String::from_utf8_lossy(&text),
            "  start  linux/amd64->linux/arm64 [builder 5/5] RUN <<EOF echo \\u{1b}[31m EOF\n  \
             done   linux/amd64->linux/arm64 [builder 5/5] RUN <<EOF echo \\u{1b}[31m EOF\n"
        );
    }

    #[test]
    fn the_template_is_one() {
        assert!(ProgressStyle::with_template("{spinner} {prefix:<16} {wide_msg}").is_ok());
    }
}
