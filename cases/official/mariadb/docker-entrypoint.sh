#!/bin/bash
# Makes a data folder at the first start, as the server's own user, and starts the server.
set -eo pipefail
shopt -s nullglob

note() { printf '%s [Note] [Entrypoint]: %s\n' "$(date --rfc-3339=seconds)" "$*"; }

want_help() {
	local argument
	for argument; do
		case $argument in
		-'?' | --help | --print-defaults | -V | --version) return 0 ;;
		esac
	done
	return 1
}

# setting NAME COMMAND...: what the server would use, by its own account.
setting() {
	local name=$1
	shift
	"$@" --verbose --help 2>/dev/null | awk -v name="$name" '$1 == name && /^[^ \t]/ { sub(/^[^ \t]+[ \t]+/, ""); print; exit }'
}

make_folders() {
	local folder
	folder=$(setting datadir "$@")
	mkdir -p "$folder"
	if [ "$(id -u)" = 0 ]; then
		find "$folder" \! -user mysql -exec chown mysql: '{}' +
		find /run/mysqld \! -user mysql -exec chown mysql: '{}' \; 2>/dev/null || :
	fi
}

main() {
	if [ "${1:0:1}" = '-' ]; then
		set -- mariadbd "$@"
	fi
	if [ "$1" = mariadbd ] && ! want_help "$@"; then
		note "entrypoint of the server started"
		make_folders "$@"
		if [ "$(id -u)" = 0 ]; then
			note "switching to the user mysql"
			exec gosu mysql "${BASH_SOURCE[0]}" "$@"
		fi
	fi
	exec "$@"
}

main "$@"
