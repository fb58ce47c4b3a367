//! Tools that builds are made of, and languages: the one list of them.

/// A command that Dockerfiles execute.
struct Tool {
    name: &'static str,
    /// With which first words it turns sources into programs, which could be done natively for
    /// another platform.
    compiles: Verbs,
    roles: &'static [Role],
}

/// First words of a command's arguments.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Verbs {
    /// With none.
    None,
    /// With any.
    Any,
    /// With these.
    Of(&'static [&'static str]),
}

/// What a tool does, as far as it matters for platforms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// Gives variables to other commands.
    AssignsVariables,
    /// Makes what browsers and runtimes execute, most of which is the same for all platforms.
    BuildsForWeb,
    /// Executes a project's rules for Go.
    BuildsGo,
    /// Fetches what it is given the address of.
    Downloads,
    /// Fetches from a store of some provider.
    DownloadsFromStore,
    /// Reads no variables of its own accord.
    IgnoresVariables,
    /// Installs packages of a language, or files of packages.
    Installs,
    /// Installs a distribution's packages.
    InstallsForSystem,
    /// Is a shell.
    IsShell,
    /// Compiles for other platforms without being told how.
    KnowsTarget,
    /// Executes what a project has written for its builds.
    RunsProject,
    /// May set variables of the shell.
    SetsVariables,
    /// Is told by a flag what to compile for.
    TakesTarget,
}

const fn tool(name: &'static str, compiles: Verbs, roles: &'static [Role]) -> Tool {
    Tool { name, compiles, roles }
}

const TOOLS: &[Tool] = &[
    tool(".", Verbs::None, &[Role::SetsVariables]),
    tool("./gradlew", Verbs::Any, &[]),
    tool("./mvnw", Verbs::Any, &[]),
    tool("[", Verbs::None, &[Role::IgnoresVariables]),
    tool("addgroup", Verbs::None, &[Role::IgnoresVariables]),
    tool("adduser", Verbs::None, &[Role::IgnoresVariables]),
    tool("apk", Verbs::None, &[Role::IgnoresVariables, Role::InstallsForSystem]),
    tool("apt", Verbs::None, &[Role::IgnoresVariables, Role::InstallsForSystem]),
    tool("apt-get", Verbs::None, &[Role::IgnoresVariables, Role::InstallsForSystem]),
    tool("aria2c", Verbs::None, &[Role::DownloadsFromStore]),
    tool("ash", Verbs::None, &[Role::RunsProject, Role::IsShell]),
    tool("aws", Verbs::None, &[Role::DownloadsFromStore]),
    tool("bash", Verbs::None, &[Role::RunsProject, Role::IsShell]),
    tool("bazel", Verbs::Of(&["build"]), &[Role::TakesTarget]),
    tool("bun", Verbs::None, &[Role::BuildsForWeb]),
    tool("c++", Verbs::Any, &[]),
    tool("cargo", Verbs::Of(&["build", "install"]), &[Role::TakesTarget]),
    tool("cargo-zigbuild", Verbs::None, &[Role::KnowsTarget]),
    tool("cc", Verbs::Any, &[]),
    tool("cd", Verbs::None, &[Role::IgnoresVariables]),
    tool("chmod", Verbs::None, &[Role::IgnoresVariables]),
    tool("chown", Verbs::None, &[Role::IgnoresVariables]),
    tool("clang", Verbs::Any, &[Role::TakesTarget]),
    tool("clang++", Verbs::Any, &[Role::TakesTarget]),
    tool("cmake", Verbs::Any, &[Role::RunsProject]),
    tool("cp", Verbs::None, &[Role::IgnoresVariables]),
    tool("cross", Verbs::None, &[Role::TakesTarget, Role::KnowsTarget]),
    tool("curl", Verbs::None, &[Role::IgnoresVariables, Role::Downloads]),
    tool("declare", Verbs::None, &[Role::AssignsVariables]),
    tool("deno", Verbs::None, &[Role::BuildsForWeb]),
    tool("dnf", Verbs::None, &[Role::IgnoresVariables, Role::InstallsForSystem]),
    tool("dotnet", Verbs::Of(&["build", "publish"]), &[Role::TakesTarget]),
    tool("dpkg", Verbs::None, &[Role::Installs]),
    tool("echo", Verbs::None, &[Role::IgnoresVariables]),
    tool("env", Verbs::None, &[Role::AssignsVariables]),
    tool("eval", Verbs::None, &[Role::SetsVariables]),
    tool("export", Verbs::None, &[Role::AssignsVariables]),
    tool("g++", Verbs::Any, &[]),
    tool("gcc", Verbs::Any, &[]),
    tool("go", Verbs::Of(&["build", "install", "test"]), &[]),
    tool("goreleaser", Verbs::None, &[Role::KnowsTarget]),
    tool("gox", Verbs::None, &[Role::KnowsTarget]),
    tool("gradle", Verbs::Any, &[]),
    tool("groupadd", Verbs::None, &[Role::IgnoresVariables]),
    tool("gsutil", Verbs::None, &[Role::DownloadsFromStore]),
    tool("install", Verbs::None, &[Role::IgnoresVariables]),
    tool("just", Verbs::None, &[Role::RunsProject]),
    tool("ko", Verbs::None, &[Role::KnowsTarget]),
    tool("ln", Verbs::None, &[Role::IgnoresVariables]),
    tool("local", Verbs::None, &[Role::AssignsVariables]),
    tool("mage", Verbs::None, &[Role::RunsProject, Role::BuildsGo]),
    tool("make", Verbs::Any, &[Role::RunsProject, Role::BuildsGo]),
    tool("meson", Verbs::Any, &[]),
    tool("microdnf", Verbs::None, &[Role::InstallsForSystem]),
    tool("mkdir", Verbs::None, &[Role::IgnoresVariables]),
    tool("mv", Verbs::None, &[Role::IgnoresVariables]),
    tool("mvn", Verbs::Any, &[]),
    tool("ninja", Verbs::Any, &[]),
    tool("npm", Verbs::Of(&["run"]), &[Role::BuildsForWeb, Role::Installs]),
    tool("npx", Verbs::Of(&["tsc"]), &[Role::BuildsForWeb]),
    tool("pip", Verbs::None, &[Role::Installs]),
    tool("pip3", Verbs::None, &[Role::Installs]),
    tool("pnpm", Verbs::Of(&["build", "run"]), &[Role::BuildsForWeb]),
    tool("readonly", Verbs::None, &[Role::AssignsVariables]),
    tool("rm", Verbs::None, &[Role::IgnoresVariables]),
    tool("rpm", Verbs::None, &[Role::Installs]),
    tool("rustc", Verbs::Any, &[Role::TakesTarget]),
    tool("sed", Verbs::None, &[Role::IgnoresVariables]),
    tool("set", Verbs::None, &[Role::IgnoresVariables]),
    tool("sh", Verbs::None, &[Role::RunsProject, Role::IsShell]),
    tool("source", Verbs::None, &[Role::SetsVariables]),
    tool("swift", Verbs::Of(&["build"]), &[]),
    tool("tar", Verbs::None, &[Role::IgnoresVariables]),
    tool("task", Verbs::None, &[Role::RunsProject, Role::BuildsGo]),
    tool("test", Verbs::None, &[Role::IgnoresVariables]),
    tool("touch", Verbs::None, &[Role::IgnoresVariables]),
    tool("useradd", Verbs::None, &[Role::IgnoresVariables]),
    tool("wget", Verbs::None, &[Role::IgnoresVariables, Role::Downloads]),
    tool("yarn", Verbs::Of(&["build", "run"]), &[Role::BuildsForWeb]),
    tool("yum", Verbs::None, &[Role::InstallsForSystem]),
    tool("zig", Verbs::Of(&["build"]), &[Role::TakesTarget]),
    tool("zypper", Verbs::None, &[Role::Installs]),
];

/// Whether a command has a role.
pub(crate) fn is_a(name: &str, role: Role) -> bool {
    TOOLS.iter().any(|it| it.name == name && it.roles.contains(&role))
}

impl Verbs {
    /// Whether a first word is one of them.
    pub(crate) fn has(self, word: &str) -> bool {
        match self {
            Self::None => false,
            Self::Any => true,
            Self::Of(verbs) => verbs.contains(&word),
        }
    }
}

/// A language whose compiler makes programs for other machines as easily as for its own.
pub(crate) struct Language {
    pub(crate) name: &'static str,
    /// The last parts of the names of its images.
    pub(crate) images: &'static [&'static str],
    pub(crate) compilers: &'static [(&'static str, Verbs)],
    /// The packages of C that it links every program with.
    pub(crate) linked: &'static [&'static str],
    pub(crate) effort: Effort,
}

/// What it takes to compile for another machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effort {
    /// To say so.
    None,
    /// A linker for each machine.
    Linker,
}

pub(crate) const LANGUAGES: [Language; 3] = [
    Language {
        name: "Go",
        images: &["golang", "go", "go-toolset", "golang-builder"],
        compilers: &[
            ("go", Verbs::Of(&["build", "install"])),
            ("make", Verbs::Any),
            ("mage", Verbs::Any),
            ("task", Verbs::Any),
        ],
        linked: &[],
        effort: Effort::None,
    },
    Language {
        name: ".NET",
        images: &["dotnet/sdk", "dotnet/core/sdk", "dotnet/nightly/sdk"],
        compilers: &[("dotnet", Verbs::Of(&["publish", "build"]))],
        linked: &[],
        effort: Effort::None,
    },
    Language {
        name: "Rust",
        images: &["rust", "cargo-chef"],
        compilers: &[("cargo", Verbs::Of(&["build", "install"]))],
        linked: &["musl-dev", "libc6-dev", "libc-dev"],
        effort: Effort::Linker,
    },
];

impl Language {
    /// Whether an image is one of the language's.
    pub(crate) fn has_image(&self, image: &str) -> bool {
        let name = image.split('@').next().unwrap_or(image);
        let tag = name.rfind(':').filter(|at| !name[*at..].contains('/'));
        let name = &name[..tag.unwrap_or(name.len())];
        self.images.iter().any(|it| name == *it || name.ends_with(&format!("/{it}")))
    }
}

/// Commands that compile for their own machine unless they are told otherwise.
pub(crate) const OWN_TARGET: [(&str, &str); 2] = [("go", "build"), ("cargo", "build")];

/// Variables that say what a compiler compiles for.
pub(crate) const COMPILER_SETTINGS: [&str; 3] =
    ["GOARCH", "CARGO_BUILD_TARGET", "CARGO_CFG_TARGET_ARCH"];

/// Packages that compile C: with them, a Go program may have parts in it.
pub(crate) const C_PACKAGES: [&str; 8] =
    ["gcc", "g++", "clang", "musl-dev", "build-base", "build-essential", "libc6-dev", "libc-dev"];

/// Programs that execute those of another architecture.
pub(crate) const TRANSLATORS: [&str; 4] = ["box64", "box86", "fex-emu", "hangover"];

/// Whether an instruction compiles something. That could be done natively, for another platform.
pub(crate) fn compiles(instruction: &str) -> bool {
    let separated = instruction.replace("&&", "\n").replace("||", "\n");
    separated.split([';', '|', '\n', '(', ')']).any(|command| {
        let mut words = command.split_whitespace().skip_while(|it| is_before(it));
        let (name, first) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        TOOLS.iter().any(|it| it.name == name && it.compiles.has(first))
    })
}

/// What may stand before a command: `RUN`, its options, variables.
fn is_before(word: &str) -> bool {
    let is_variable = word.split_once('=').is_some_and(|(name, _)| {
        !name.is_empty() && name.bytes().all(|it| it.is_ascii_alphanumeric() || it == b'_')
    });
    word.eq_ignore_ascii_case("RUN") || word.starts_with("--") || is_variable
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compilers_are_told_by_their_commands() {
        for (instruction, expected) in [
            ("RUN go build ./...", true),
            ("RUN --mount=type=cache,target=/root CGO_ENABLED=0 go build -o /out", true),
            ("RUN cd /src && ./configure && make install", true),
            ("RUN apt-get install -y gcc make", false),
            ("RUN apk add --no-cache cmake", false),
            ("RUN echo make", false),
            ("RUN adduser -D app", false),
        ] {
            assert_eq!(compiles(instruction), expected, "{instruction}");
        }
    }
}
