//! What this machine can build, run and isolate, found by trying.

use crate::blocked::Reason;
use crate::emulator::Registered;
use crate::engine::{Engine, EngineError, Environment, ImageStore};
use crate::error_chain::error_chain;
use crate::platform::Platform;
use crate::processor::CpuModel;
use crate::run::{ProbeError, SandboxRunner};

/// What was found.
#[derive(Clone, Debug)]
pub struct Diagnosis {
    /// The kernel's release.
    pub kernel: String,
    /// What keeps ordinary users from having namespaces, by the kernel's settings.
    pub obstacles: Vec<Obstacle>,
    /// What can be done here for each platform.
    pub platforms: Vec<PlatformDiagnosis>,
    /// The engine, or why there is none.
    pub engine: Result<EngineFacts, String>,
}

/// What can be done for a platform.
#[derive(Clone, Debug)]
pub struct PlatformDiagnosis {
    /// The platform.
    pub platform: Platform,
    /// What a sandbox runs, on the oldest processor and on the newest.
    pub sandbox: Result<Vec<Probed>, String>,
    /// The handler that builds and engines of this host rely on, where the kernel shows one.
    pub handler: Option<Registered>,
}

/// A setting of the kernel that is in the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Obstacle {
    /// Its name, as `sysctl` takes it.
    pub setting: &'static str,
    /// The value that it should have.
    pub wanted: &'static str,
}

/// A processor on which a sandbox ran a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Probed {
    /// The processor.
    pub cpu: CpuModel,
    /// The emulator's version.
    pub emulator: String,
}

/// An engine that answers.
#[derive(Clone, Debug)]
pub struct EngineFacts {
    /// Its version, address and image store in words.
    pub description: String,
    /// What its BuildKit builds for.
    pub platforms: Vec<Platform>,
}

/// Settings that keep ordinary users from namespaces: Ubuntu's since 23.10, Debian's up to 10, and
/// the limit of all kernels.
const SETTINGS: [(&str, &str, &str); 3] = [
    ("kernel.apparmor_restrict_unprivileged_userns", "1", "0"),
    ("kernel.unprivileged_userns_clone", "0", "1"),
    ("user.max_user_namespaces", "0", "10000"),
];

impl Diagnosis {
    /// Tries everything. Blocks for some seconds.
    #[must_use]
    pub fn of_sandboxes(runner: Option<&SandboxRunner>) -> Self {
        let kernel = rustix::system::uname().release().to_string_lossy().into_owned();
        let platforms = platforms().map(|platform| PlatformDiagnosis {
            platform,
            sandbox: probe_all(runner, platform),
            handler: Registered::of_host(platform),
        });
        let engine = Err("not asked".to_owned());
        Self { kernel, obstacles: obstacles(), platforms: platforms.collect(), engine }
    }

    /// Asks the engine that the environment leads to.
    #[must_use]
    pub async fn with_engine(self, environment: &Environment) -> Self {
        let engine = examine(environment).await;
        Self { engine: engine.map_err(|it| error_chain(&it).join(": ")), ..self }
    }

    /// Whether anything can be run at all.
    #[must_use]
    pub fn is_usable(&self) -> bool {
        self.engine.is_ok() || self.platforms.iter().any(|it| it.sandbox.is_ok())
    }
}

/// Those that images are usually published for, and one of each other architecture.
fn platforms() -> impl Iterator<Item = Platform> + Clone {
    let usual: Vec<&str> = Platform::ALL.iter().map(|it| it.architecture_name()).collect();
    let is_other = move |it: &Platform| !usual.contains(&it.architecture_name());
    Platform::ALL.into_iter().chain(Platform::RARE.into_iter().filter(is_other))
}

/// The oldest and the newest processor.
fn probe_all(runner: Option<&SandboxRunner>, platform: Platform) -> Result<Vec<Probed>, String> {
    let runner = runner.ok_or_else(|| Reason::NoSandbox.to_string())?;
    let mut models: Vec<CpuModel> = CpuModel::baseline(platform).into_iter().collect();
    models.push(CpuModel::newest(platform));
    models.dedup();
    let probe = |cpu: CpuModel| {
        let emulator = runner.probe(platform, &cpu).map_err(|it: ProbeError| it.to_string())?;
        Ok(Probed { cpu, emulator })
    };
    models.into_iter().map(probe).collect()
}

fn obstacles() -> Vec<Obstacle> {
    let in_the_way = SETTINGS.iter().filter_map(|(setting, bad, wanted)| {
        let path = format!("/proc/sys/{}", setting.replace('.', "/"));
        let value = std::fs::read_to_string(path).ok()?;
        (value.trim() == *bad).then_some(Obstacle { setting, wanted })
    });
    in_the_way.collect()
}

async fn examine(environment: &Environment) -> Result<EngineFacts, EngineError> {
    let engine = Engine::connect(environment).await?;
    let store = match engine.store() {
        ImageStore::Containerd => "containerd",
        ImageStore::Classic => "classic",
    };
    let (version, endpoint) = (engine.version(), engine.endpoint());
    let description = format!("Docker Engine {version} at {endpoint}, {store} image store");
    Ok(EngineFacts { description, platforms: engine.build_platforms().await? })
}
