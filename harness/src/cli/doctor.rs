//! `archproof doctor`.

use std::io::{self, Write};

use archproof::blocked::describe;
use archproof::doctor::{Diagnosis, PlatformDiagnosis};
use archproof::emulator::probe_in_hexadecimal;
use archproof::engine::Environment;
use archproof::platform::Platform;
use archproof::run::SandboxRunner;
use archproof::text::write_pretty_json;
use serde::Serialize;

use super::arguments::{DoctorArguments, Format};
use super::exit::{Exit, complain};

pub(super) fn doctor(arguments: &DoctorArguments) -> Exit {
    let diagnosis = Diagnosis::of_sandboxes(SandboxRunner::of_user().as_ref());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let diagnosis = match runtime {
        Ok(runtime) => runtime.block_on(diagnosis.with_engine(&Environment::of_process())),
        Err(error) => return complain(&format!("cannot start: {}", describe(&error))),
    };
    let mut to = anstream::stdout();
    let written = match arguments.output {
        Format::Text => write_text(&diagnosis, &mut to),
        Format::Json => write_json(&diagnosis, &mut to),
    };
    if let Err(error) = written {
        return complain(&format!("cannot write to standard output: {error}"));
    }
    if diagnosis.is_usable() { Exit::Pass } else { Exit::Unverified }
}

fn write_text(diagnosis: &Diagnosis, to: &mut impl Write) -> io::Result<()> {
    writeln!(to, "kernel   Linux {}", diagnosis.kernel)?;
    for obstacle in &diagnosis.obstacles {
        let (setting, wanted) = (obstacle.setting, obstacle.wanted);
        writeln!(to, "         {setting} is in the way: sysctl -w {setting}={wanted}, as root")?;
    }
    for PlatformDiagnosis { platform, sandbox, .. } in &diagnosis.platforms {
        match sandbox {
            Ok(probed) => {
                let models: Vec<String> = probed.iter().map(|it| it.cpu.brief()).collect();
                let version = probed.first().map_or("", |it| it.emulator.as_str());
                let models = models.join(", ");
                writeln!(to, "sandbox  {platform:<14}  runs on {models} (QEMU {version})")?;
            }
            Err(error) => writeln!(to, "sandbox  {platform:<14}  no: {error}")?,
        }
    }
    for PlatformDiagnosis { platform, handler, .. } in &diagnosis.platforms {
        let Some(handler) = handler else { continue };
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

/// The version of the contract.
const SCHEMA: u32 = 1;

fn write_json(diagnosis: &Diagnosis, to: &mut impl Write) -> io::Result<()> {
    let obstacles = diagnosis.obstacles.iter();
    let document = JsonDiagnosis {
        schema: SCHEMA,
        kernel: &diagnosis.kernel,
        obstacles: obstacles.map(|it| format!("{}={}", it.setting, it.wanted)).collect(),
        platforms: diagnosis.platforms.iter().map(JsonPlatform::new).collect(),
        engine: match &diagnosis.engine {
            Ok(engine) => {
                JsonEngine::Found { description: &engine.description, builds: &engine.platforms }
            }
            Err(error) => JsonEngine::Missing { error },
        },
    };
    write_pretty_json(&document, to)?;
    writeln!(to)
}

#[derive(Serialize)]
struct JsonDiagnosis<'a> {
    schema: u32,
    kernel: &'a str,
    /// What `sysctl -w` should be told.
    obstacles: Vec<String>,
    platforms: Vec<JsonPlatform<'a>>,
    engine: JsonEngine<'a>,
}

#[derive(Serialize)]
struct JsonPlatform<'a> {
    platform: Platform,
    /// QEMU's program for it.
    emulator: &'static str,
    /// A program for it that ends with status 42, in hexadecimal.
    probe: String,
    sandbox: JsonSandbox<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    handler: Option<JsonHandler<'a>>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum JsonSandbox<'a> {
    Runs { processors: Vec<String>, version: &'a str },
    Fails { error: &'a str },
}

#[derive(Serialize)]
struct JsonHandler<'a> {
    interpreter: &'a str,
    flags: &'a str,
    flaws: Vec<String>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum JsonEngine<'a> {
    Found { description: &'a str, builds: &'a [Platform] },
    Missing { error: &'a str },
}

impl<'a> JsonPlatform<'a> {
    fn new(found: &'a PlatformDiagnosis) -> Self {
        Self {
            platform: found.platform,
            emulator: found.platform.facts().emulator,
            probe: probe_in_hexadecimal(found.platform),
            sandbox: match &found.sandbox {
                Ok(probed) => JsonSandbox::Runs {
                    processors: probed.iter().map(|it| it.cpu.to_string()).collect(),
                    version: probed.first().map_or("", |it| it.emulator.as_str()),
                },
                Err(error) => JsonSandbox::Fails { error },
            },
            handler: found.handler.as_ref().map(|it| JsonHandler {
                interpreter: &it.interpreter,
                flags: &it.flags,
                flaws: it.flaws.iter().map(ToString::to_string).collect(),
            }),
        }
    }
}
