//! Attacks from within an image: programs that nobody has vetted, emulated and on the host's own
//! architecture, in sandboxes of root and of an ordinary user, and in the engine. `ci/hostile` runs all
//! of them, the tests of every change a part.

mod memory;
mod table;

use crate::common::attack::{broken, held};
use crate::common::{
    Home, Layout, Project, RUNTIME, Said, archproof, build_into, complaints, processes, root,
};
use memory::MemoryWatch;
use serde_json::{Value, json};
use table::{ATTACKS, Attack, Ending, Length};

/// Both are emulated in a sandbox; the engine executes those of its own architecture itself.
const PLATFORMS: [&str; 2] = ["linux/amd64", "linux/arm64"];

#[test]
fn a_sandbox_holds() {
    let short = || ATTACKS.iter().filter(|it| it.length == Length::Short);
    hold(&[run_all("sandbox as root", short(), &in_sandbox_of_root)]);
}

#[test]
#[ignore = "takes minutes; ci/hostile runs it"]
fn everything_holds() {
    let home = Home::new();
    let archive = home.path("image.tar");
    let project = project(&ATTACKS[0]);
    RUNTIME.block_on(build_into(project.folder(), &archive));
    let layout = Layout::unpack(&archive, &home.path("layout"));
    let in_sandbox_of_user = |attack: &Attack| {
        let words: Vec<&str> = [ATTACK].into_iter().chain(attack.words.split(' ')).collect();
        start_with(&layout, &words);
        let said = Said::by(home.archproof().args(["verify", "-o", "json", &layout.subject()]));
        (said, attack.in_sandbox)
    };
    hold(&[
        run_all("sandbox as root", ATTACKS.iter(), &in_sandbox_of_root),
        run_all("sandbox as ordinary user", ATTACKS.iter(), &in_sandbox_of_user),
        run_all("engine", ATTACKS.iter(), &in_engine),
    ]);
}

/// The program of all attacks.
const ATTACK: &str = "/attack";

fn in_sandbox_of_root(attack: &Attack) -> (Said, Ending) {
    (verify(attack, "sandbox"), attack.in_sandbox)
}

fn in_engine(attack: &Attack) -> (Said, Ending) {
    (verify(attack, "engine"), attack.in_engine)
}

/// Puts another image into a layout, whose variants are started by other words.
fn start_with(layout: &Layout, words: &[&str]) {
    let root = layout.root();
    let mut index = layout.document(&root);
    for entry in index["manifests"].as_array_mut().expect("manifests") {
        if entry["platform"]["os"] != "linux" {
            continue;
        }
        let mut manifest = layout.document(entry);
        let mut config = layout.document(&manifest["config"]);
        config["config"]["Entrypoint"] = json!(words);
        manifest["config"] = layout.add_instead(&manifest["config"], &config);
        let platform = entry["platform"].clone();
        *entry = layout.add_instead(entry, &manifest);
        entry["platform"] = platform;
    }
    layout.set_roots(&[layout.add_instead(&root, &index)]);
}

fn verify(attack: &Attack, runner: &str) -> Said {
    let project = project(attack);
    Said::by(archproof().args(["verify", "-o", "json", "--runner", runner]).arg(project.folder()))
}

/// The image, with one attack for its command.
fn project(attack: &Attack) -> Project {
    let sources = root().join("tests/integration/attacks");
    let words: Vec<&str> = attack.words.split(' ').collect();
    let case = format!(
        "summary = \"an attack\"\n[build]\ndockerfile = \"{sources}/Dockerfile\"\ncontext = \"{sources}\"\n\
         platforms = {PLATFORMS:?}\n[run]\nargs = {words:?}\ntimeout = \"5s\"\n",
        sources = sources.display(),
    );
    Project::new(&[("archproof.toml", &case)])
}

/// How many attacks did not end as they have to.
fn run_all<'a>(
    place: &str,
    attacks: impl Iterator<Item = &'a Attack>,
    run: &dyn Fn(&Attack) -> (Said, Ending),
) -> usize {
    let mut breaches = 0;
    let only = std::env::var("ATTACKS").unwrap_or_default();
    for attack in attacks.filter(|it| it.words.starts_with(&only)) {
        let watch = MemoryWatch::start();
        let (said, ending) = run(attack);
        let taken = watch.end();
        let faults: Vec<String> = [judge(&said, ending), taken, nothing_is_left()]
            .into_iter()
            .filter_map(Result::err)
            .collect();
        let name = format!("{}, {place}", attack.words);
        let ended = ended_as(&said);
        if faults.is_empty() {
            held(&name, &ended);
        } else {
            breaches += 1;
            broken(&name, &format!("{}; {ended}\n{}", faults.join("; "), details(&said)));
        }
    }
    breaches
}

fn hold(breaches: &[usize]) {
    assert_eq!(breaches.iter().sum::<usize>(), 0, "see the lines with BROKEN");
}

fn variants(said: &Said) -> Vec<Value> {
    let report: Value = serde_json::from_str(&said.stdout).unwrap_or_default();
    report["subjects"][0]["variants"].as_array().cloned().unwrap_or_default()
}

/// What a report says beside how the image was built.
fn details(said: &Said) -> String {
    let variants: Vec<String> = variants(said).iter().map(|it| format!("{it:#}")).collect();
    format!("{}\n{}", variants.join("\n"), said.stderr)
}

/// The rules about a program that ends badly or too late.
const ENDINGS: [&str; 2] = ["RunFailed", "RunTimedOut"];

/// Whether every variant ended as it has to.
fn judge(said: &Said, ending: Ending) -> Result<(), String> {
    let variants = variants(said);
    if variants.len() != PLATFORMS.len() {
        return Err(format!("{} variants were judged", variants.len()));
    }
    for variant in &variants {
        let rules = complaints(variant);
        let is_expected = match ending {
            Ending::Passes => variant["verdict"] == "pass" && rules.is_empty(),
            Ending::Found(rule) => rules == [rule],
            Ending::Refused => variant["verdict"] != "pass",
            Ending::Contained => rules.iter().all(|it| ENDINGS.contains(it)),
        };
        if !is_expected {
            return Err(format!("{} was to end as {ending:?}", variant["platform"]));
        }
    }
    if ending != Ending::Contained && said.stdout.contains("breach: ") {
        return Err("there is a breach".to_owned());
    }
    if said.stdout.chars().chain(said.stderr.chars()).any(|it| it.is_control() && it != '\n') {
        return Err("the report steers terminals".to_owned());
    }
    Ok(())
}

/// The status, and what each platform's findings are.
fn ended_as(said: &Said) -> String {
    let of_variant = |variant: &Value| match complaints(variant) {
        rules if rules.is_empty() => variant["verdict"].as_str().unwrap_or("?").to_owned(),
        rules => rules.join(" and "),
    };
    let mut endings: Vec<String> = variants(said).iter().map(of_variant).collect();
    endings.dedup();
    let status = said.status.map_or_else(|| "a signal".to_owned(), |it| it.to_string());
    format!("exit {status}: {}", endings.join(", "))
}

/// Whether a process of an attack is still there.
fn nothing_is_left() -> Result<(), String> {
    let is_attack = |line: &str| line.split(' ').any(|it| it == ATTACK);
    let left = processes().iter().filter(|it| is_attack(&it.line)).count();
    if left == 0 { Ok(()) } else { Err(format!("{left} processes are left")) }
}
