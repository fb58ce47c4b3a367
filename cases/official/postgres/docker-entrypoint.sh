#!/usr/bin/env bash
# Makes a database cluster at the first start, as the server's own user, and starts the server.
set -Eeuo pipefail

# from_file NAME DEFAULT: sets a variable from the file that NAME_FILE names, as secrets are mounted.
from_file() {
	local name=$1 file="${1}_FILE" value=${2:-}
	if [ "${!name:-}" ] && [ "${!file:-}" ]; then
		echo >&2 "error: both $name and $file are set"
		exit 1
	fi
	if [ "${!name:-}" ]; then
		value=${!name}
	elif [ "${!file:-}" ]; then
		value=$(<"${!file}")
	fi
	export "$name"="$value"
	unset "$file"
}

is_sourced() {
	[ "${#FUNCNAME[@]}" -ge 2 ] && [ "${FUNCNAME[0]}" = is_sourced ] && [ "${FUNCNAME[1]}" = source ]
}

make_folders() {
	local user
	user=$(id -u)
	mkdir -p "$PGDATA"
	chmod 00700 "$PGDATA" || :
	mkdir -p /var/run/postgresql || :
	chmod 03775 /var/run/postgresql || :
	if [ "$user" = 0 ]; then
		find "$PGDATA" \! -user postgres -exec chown postgres '{}' +
		find /var/run/postgresql \! -user postgres -exec chown postgres '{}' +
	fi
}

make_cluster() {
	initdb --username="$POSTGRES_USER" --pwfile=<(printf '%s\n' "$POSTGRES_PASSWORD")
}

read_environment() {
	from_file POSTGRES_PASSWORD
	from_file POSTGRES_USER postgres
	from_file POSTGRES_DB "$POSTGRES_USER"
	declare -g cluster_exists=
	if [ -s "$PGDATA/PG_VERSION" ]; then cluster_exists=true; fi
}

want_help() {
	local argument
	for argument; do
		case $argument in
		-'?' | --help | --describe-config | -V | --version) return 0 ;;
		esac
	done
	return 1
}

main() {
	if [ "${1:0:1}" = '-' ]; then
		set -- postgres "$@"
	fi
	if [ "$1" = postgres ] && ! want_help "$@"; then
		make_folders
		if [ "$(id -u)" = 0 ]; then
			exec gosu postgres "${BASH_SOURCE[0]}" "$@"
		fi
		read_environment
		if [ -z "$cluster_exists" ]; then
			make_cluster
		fi
	fi
	exec "$@"
}

if ! is_sourced; then
	main "$@"
fi
