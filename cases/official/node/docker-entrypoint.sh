#!/bin/sh
# What is no command, or a file that cannot be executed, is for the interpreter.
set -e

is_for_node() {
	case $1 in
	-*) return 0 ;;
	esac
	if [ -f "$1" ] && [ ! -x "$1" ]; then return 0; fi
	! command -v "$1" >/dev/null
}

if is_for_node "$1"; then
	set -- node "$@"
fi

exec "$@"
