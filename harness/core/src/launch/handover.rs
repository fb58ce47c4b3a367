//! Entrypoint scripts that hand their arguments on as a command, as `exec "$@"` does: to them `--help` is
//! the name of a program.

use std::collections::BTreeMap;

use rable::ast::{Node, NodeKind};

use super::init::behind_init;

/// Longer scripts are not kept and not read, in bytes.
pub(crate) const LONGEST: u64 = 32 << 10;
/// What is read nests as deep as a script has commands: this stack, in bytes, is enough for the longest.
const STACK: usize = 256 << 20;

/// What a script writes that looks for options among its arguments itself: `"${1#-}"`, `${1:0:1}`,
/// `case "$1" in -*)`, or the option's name.
const LOOKS_FOR_OPTIONS: [&str; 5] = ["--help", "#-", ":0:1", "-*", "-h)"];
/// Commands that do nothing with their arguments but show or test them.
const HARMLESS: [&str; 4] = ["echo", "printf", "test", "["];

/// A program that executes the command that it is given, usually as another user.
struct Wrapper {
    name: &'static str,
    /// How many words stand before the command, beside options.
    operands: usize,
    /// Options whose value is the next word.
    valued: &'static [&'static str],
}

/// Sources: the manual pages of each.
const WRAPPERS: [Wrapper; 12] = [
    Wrapper { name: "gosu", operands: 1, valued: &[] },
    Wrapper { name: "su-exec", operands: 1, valued: &[] },
    Wrapper { name: "setuidgid", operands: 1, valued: &[] },
    Wrapper { name: "s6-setuidgid", operands: 1, valued: &[] },
    Wrapper { name: "setpriv", operands: 0, valued: &["--reuid", "--regid", "--groups"] },
    Wrapper { name: "runuser", operands: 0, valued: &["-u", "-g", "-G", "--user", "--group"] },
    Wrapper { name: "chpst", operands: 0, valued: &["-u", "-U", "-e", "-n"] },
    Wrapper { name: "sudo", operands: 0, valued: &["-u", "-g"] },
    Wrapper { name: "nice", operands: 0, valued: &["-n"] },
    Wrapper { name: "ionice", operands: 0, valued: &["-c", "-n"] },
    Wrapper { name: "nohup", operands: 0, valued: &[] },
    Wrapper { name: "env", operands: 0, valued: &["-u", "-C"] },
];

/// Whether a script may hand on its arguments at all, so that its text is worth keeping.
pub(crate) fn may_hand_on(text: &[u8]) -> bool {
    [b"\"$@\"".as_slice(), b"\"${@}\""].iter().any(|it| memchr::memmem::find(text, it).is_some())
}

/// Whether a script of a POSIX shell executes its arguments as a command and does nothing else with
/// them. In doubt it does not.
pub(super) fn hands_on(text: &str) -> bool {
    let code = text.lines().filter(|it| !it.trim_start().starts_with('#'));
    let code: Vec<&str> = code.collect();
    if code.iter().any(|line| LOOKS_FOR_OPTIONS.iter().any(|it| line.contains(it))) {
        return false;
    }
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(STACK);
        let read =
            thread.spawn_scoped(scope, || rable::parse(text, false).is_ok_and(|it| judge(&it)));
        read.is_ok_and(|it| it.join().unwrap_or(false))
    })
}

fn judge(nodes: &[Node]) -> bool {
    let mut script = Script::default();
    for node in nodes {
        script.find_functions(node);
    }
    let last = nodes.iter().rev().find(|it| !matches!(it.kind, NodeKind::Function { .. }));
    last.is_some_and(|it| script.ends_with_command(it))
        && nodes.iter().all(|it| script.is_only_handed_on(it))
}

/// What is known of a function, so that each is looked at once, however often it is called.
type Known<'a> = BTreeMap<&'a str, bool>;

#[derive(Default)]
struct Script<'a> {
    functions: BTreeMap<&'a str, &'a Node>,
    /// Which functions end with the command; those under way do not.
    ends: Known<'a>,
    /// Which functions do nothing else with their arguments; those under way are in order so far.
    hands_on: Known<'a>,
}

impl<'a> Script<'a> {
    fn find_functions(&mut self, node: &'a Node) {
        match &node.kind {
            NodeKind::Function { name, body } => {
                self.functions.insert(name, body);
            }
            NodeKind::List { items } => {
                for item in items {
                    self.find_functions(&item.command);
                }
            }
            _ => {}
        }
    }

    /// Whether the last thing that is done is to execute the arguments.
    fn ends_with_command(&mut self, node: &'a Node) -> bool {
        match &node.kind {
            NodeKind::Command { words, .. } => match use_of(&texts(words)) {
                Use::Command => true,
                Use::Call(name) => {
                    let Some((&name, &body)) = self.functions.get_key_value(name.as_str()) else {
                        return false;
                    };
                    if let Some(known) = self.ends.get(name) {
                        return *known;
                    }
                    self.ends.insert(name, false);
                    let ends = self.ends_with_command(body);
                    self.ends.insert(name, ends);
                    ends
                }
                Use::None | Use::Harmless | Use::Other => false,
            },
            NodeKind::List { items } => {
                items.last().is_some_and(|it| self.ends_with_command(&it.command))
            }
            NodeKind::BraceGroup { body, .. } => self.ends_with_command(body),
            NodeKind::If { then_body, else_body, .. } => {
                self.ends_with_command(then_body)
                    && else_body.as_ref().is_none_or(|it| self.ends_with_command(it))
            }
            _ => false,
        }
    }

    /// Whether nothing gets the arguments but the command that they are.
    fn is_only_handed_on(&mut self, node: &'a Node) -> bool {
        let parts: Vec<&Node> = match &node.kind {
            NodeKind::Command { words, .. } => return self.is_in_order(&use_of(&texts(words))),
            NodeKind::Pipeline { commands, .. } => commands.iter().collect(),
            NodeKind::List { items } => items.iter().map(|it| &it.command).collect(),
            NodeKind::If { condition, then_body, else_body, .. } => {
                let both = [&**condition, &**then_body];
                both.into_iter().chain(else_body.as_deref()).collect()
            }
            NodeKind::While { condition, body, .. } | NodeKind::Until { condition, body, .. } => {
                vec![condition, body]
            }
            NodeKind::For { body, .. }
            | NodeKind::Select { body, .. }
            | NodeKind::ForArith { body, .. }
            | NodeKind::Subshell { body, .. }
            | NodeKind::BraceGroup { body, .. } => vec![body],
            NodeKind::Case { patterns, .. } => {
                patterns.iter().filter_map(|it| it.body.as_ref()).collect()
            }
            NodeKind::Negation { pipeline } | NodeKind::Time { pipeline, .. } => vec![pipeline],
            NodeKind::Coproc { command, .. } => vec![command],
            // In a function they are its own, and looked at where it is called.
            _ => Vec::new(),
        };
        parts.into_iter().all(|it| self.is_only_handed_on(it))
    }

    fn is_in_order(&mut self, used: &Use) -> bool {
        let name = match used {
            Use::None | Use::Harmless | Use::Command => return true,
            Use::Other => return false,
            Use::Call(name) => name.as_str(),
        };
        let Some((&name, &body)) = self.functions.get_key_value(name) else { return false };
        if let Some(known) = self.hands_on.get(name) {
            return *known;
        }
        self.hands_on.insert(name, true);
        let hands_on = self.is_only_handed_on(body);
        self.hands_on.insert(name, hands_on);
        hands_on
    }
}

/// What a command does with the script's arguments.
enum Use {
    /// Nothing.
    None,
    /// It shows or tests them.
    Harmless,
    /// It is what they are.
    Command,
    /// They go on to a function, or to whatever has that name.
    Call(String),
    /// They are the arguments of a program.
    Other,
}

fn use_of(words: &[String]) -> Use {
    if !words.iter().any(|it| is_arguments(it)) {
        return Use::None;
    }
    let name = words.first().map_or("", String::as_str);
    if HARMLESS.contains(&name) {
        return Use::Harmless;
    }
    if name == "exec" {
        return of_executed(&words[1..]);
    }
    match words {
        [set, arguments] if set == "set" && is_arguments(arguments) => Use::Harmless,
        [set, dashes, arguments] if set == "set" && dashes == "--" && is_arguments(arguments) => {
            Use::Harmless
        }
        [name, arguments] if is_arguments(arguments) => Use::Call(name.clone()),
        _ => Use::Other,
    }
}

/// What is executed, behind inits and whatever changes the user.
fn of_executed(words: &[String]) -> Use {
    let mut words = words;
    loop {
        match words {
            [first] if is_arguments(first) => return Use::Command,
            // The script itself, once more.
            [first, rest] if is_script(first) && is_arguments(rest) => return Use::Harmless,
            _ => {}
        }
        words = match behind_init(words).or_else(|| behind_wrapper(words)) {
            Some(behind) if behind.len() < words.len() => behind,
            _ => return Use::Other,
        };
    }
}

fn behind_wrapper(words: &[String]) -> Option<&[String]> {
    let (first, mut rest) = words.split_first()?;
    let name = first.rsplit('/').next().unwrap_or(first);
    let wrapper = WRAPPERS.iter().find(|it| it.name == name)?;
    while let Some((word, after)) = rest.split_first() {
        rest = match word.as_str() {
            "--" => return Some(after),
            option if wrapper.valued.contains(&option) => after.get(1..)?,
            option if option.starts_with('-') => after,
            assignment if name == "env" && assignment.contains('=') => after,
            _ => break,
        };
    }
    rest.get(wrapper.operands..)
}

fn is_arguments(word: &str) -> bool {
    matches!(word, "\"$@\"" | "\"${@}\"" | "$@" | "${@}")
}

fn is_script(word: &str) -> bool {
    matches!(
        word.trim_matches('"'),
        "$0" | "${0}" | "$BASH_SOURCE" | "${BASH_SOURCE}" | "${BASH_SOURCE[0]}"
    )
}

/// The words of a command as they are written.
fn texts(words: &[Node]) -> Vec<String> {
    let text = |it: &Node| match &it.kind {
        NodeKind::Word { value, .. } => value.clone(),
        _ => String::new(),
    };
    words.iter().map(text).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NGINX: &str = r#"#!/bin/sh
# vim:sw=4:ts=4:et
set -e
entrypoint_log() {
    if [ -z "${NGINX_ENTRYPOINT_QUIET_LOGS:-}" ]; then
        echo "$@"
    fi
}
if [ "$1" = "nginx" ] || [ "$1" = "nginx-debug" ]; then
    if /usr/bin/find "/docker-entrypoint.d/" -mindepth 1 -maxdepth 1 -type f -print -quit 2>/dev/null | read v; then
        entrypoint_log "$0: Looking for shell scripts in /docker-entrypoint.d/"
        find "/docker-entrypoint.d/" -follow -type f -print | sort -V | while read -r f; do
            case "$f" in
                *.envsh) if [ -x "$f" ]; then . "$f"; fi ;;
                *.sh) "$f" ;;
                *) entrypoint_log "$0: Ignoring $f" ;;
            esac
        done
    fi
fi
exec "$@"
"#;
    const RABBITMQ: &str = r#"#!/bin/bash
set -euo pipefail
if [[ "$1" == rabbitmq* ]] && [ "$(id -u)" = '0' ]; then
	if [ "$1" = 'rabbitmq-server' ]; then
		find /var/lib/rabbitmq \! -user rabbitmq -exec chown rabbitmq '{}' +
	fi
	exec gosu rabbitmq "$BASH_SOURCE" "$@"
fi
exec "$@"
"#;
    const MAIN: &str = r#"#!/usr/bin/env bash
main() {
	prepare
	exec setpriv --reuid=app --clear-groups -- "$@"
}
prepare() { mkdir -p /run/app; }
if ! is_sourced; then
	main "$@"
fi
"#;
    const REDIS: &str = r#"#!/bin/sh
set -e
if [ "${1#-}" != "$1" ] || [ "${1%.conf}" != "$1" ]; then
	set -- redis-server "$@"
fi
if [ "$1" = 'redis-server' -a "$(id -u)" = '0' ]; then
	find . \! -user redis -exec chown redis '{}' +
	exec gosu redis "$0" "$@"
fi
exec "$@"
"#;
    const POSTGRES: &str = r#"#!/usr/bin/env bash
_main() {
	if [ "${1:0:1}" = '-' ]; then
		set -- postgres "$@"
	fi
	exec "$@"
}
if ! _is_sourced; then
	_main "$@"
fi
"#;
    const NODE: &str = r#"#!/bin/sh
set -e
if [ "${1#-}" != "${1}" ] || [ -z "$(command -v "${1}")" ]; then
  set -- node "$@"
fi
exec "$@"
"#;

    #[test]
    fn scripts_that_execute_their_arguments_are_known() {
        for script in [
            NGINX,
            RABBITMQ,
            MAIN,
            "exec \"$@\"",
            "exec gosu app \"$@\"",
            "exec tini -- \"$@\"",
            "exec /sbin/tini -g -- su-exec app:app \"${@}\"\n",
            "exec env HOME=/srv runuser -u app -- \"$@\"",
            "[ -d /data ] || mkdir /data; exec \"$@\"",
        ] {
            assert!(hands_on(script), "{script}");
        }
    }

    #[test]
    fn scripts_that_do_otherwise_are_left_alone() {
        for script in [
            REDIS,
            POSTGRES,
            NODE,
            "exec app \"$@\"",
            "exec httpd -DFOREGROUND \"$@\"",
            "exec gosu app /app \"$@\"",
            "command=$1; shift; exec \"$command\" \"$@\"",
            "case \"$1\" in --help) echo Usage; exit;; esac; exec \"$@\"",
            "if [ $# = 0 ]; then exec \"$@\"; else app \"$@\"; fi",
            "run() { app \"$@\"; }\nrun \"$@\"\nexec \"$@\"",
            "loop() { loop \"$@\"; }\nloop \"$@\"",
            "exec \"$@\"\necho lost",
            "exec \"$@",
            "",
        ] {
            assert!(!hands_on(script), "{script}");
        }
    }

    #[test]
    fn functions_that_call_each_other_are_read_once_each() {
        let calls = "f \"$@\"; g \"$@\"\n".repeat(400);
        let script = format!("f() {{ {calls} }}\ng() {{ {calls} }}\nf \"$@\"\nexec \"$@\"");
        assert!(hands_on(&script));
    }

    #[test]
    fn a_script_may_nest_as_deep_as_it_is_long() {
        let longest = usize::try_from(LONGEST).expect("it is small");
        let deep = "(".repeat(longest / 2);
        assert!(!hands_on(&format!("{deep}\nexec \"$@\"")));
    }
}
