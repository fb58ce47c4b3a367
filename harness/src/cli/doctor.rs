//! `archproof doctor`.

use std::io::{self, Write};

use archproof::blocked::describe;
use archproof::doctor::Diagnosis;
use archproof::engine::Environment;
use archproof::run::SandboxRunner;

use super::{Exit, complain};

pub(super) fn doctor() -> Exit {
    let diagnosis = Diagnosis::of_sandboxes(SandboxRunner::of_user().as_ref());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let diagnosis = match runtime {
        Ok(runtime) => runtime.block_on(diagnosis.with_engine(&Environment::of_process())),
        Err(error) => return complain(&format!("cannot start: {}", describe(&error))),
    };
    if let Err(error) = show(&diagnosis, &mut anstream::stdout()) {
        return complain(&format!("cannot write to standard output: {error}"));
    }
    if diagnosis.is_usable() { Exit::Pass } else { Exit::Unverified }
}

fn show(diagnosis: &Diagnosis, to: &mut impl Write) -> io::Result<()> {
    writeln!(to, "kernel   Linux {}", diagnosis.kernel)?;
    for obstacle in &diagnosis.obstacles {
        let (setting, wanted) = (obstacle.setting, obstacle.wanted);
        writeln!(to, "         {setting} is in the way: sysctl -w {setting}={wanted}, as root")?;
    }
    for (platform, found) in &diagnosis.sandboxes {
        match found {
            Ok(probed) => {
                let models: Vec<String> = probed.iter().map(|it| it.cpu.brief()).collect();
                let version = probed.first().map_or("", |it| it.emulator.as_str());
                let models = models.join(", ");
                writeln!(to, "sandbox  {platform:<14}  runs on {models} (QEMU {version})")?;
            }
            Err(error) => writeln!(to, "sandbox  {platform:<14}  no: {error}")?,
        }
    }
    for (platform, handler) in &diagnosis.handlers {
        let (interpreter, flags) = (&handler.interpreter, &handler.flags);
        writeln!(to, "handler  {platform:<14}  {interpreter}, flags {flags}")?;
        for flaw in &handler.flaws {
            writeln!(to, "                         {flaw}")?;
        }
    }
    match &diagnosis.engine {
        Ok(engine) => {
            writeln!(to, "engine   {}", engine.description)?;
            let platforms: Vec<String> = engine.platforms.iter().map(ToString::to_string).collect();
            writeln!(to, "         builds for {}", platforms.join(", "))
        }
        Err(error) => writeln!(to, "engine   none: {error}"),
    }
}
