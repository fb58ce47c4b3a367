#!/bin/bash
# The server and its tools run as their own user, which owns the data folder.
set -euo pipefail

if [[ ${1:-} == rabbitmq* ]] && [ "$(id -u)" = 0 ]; then
	if [ "$1" = rabbitmq-server ]; then
		find /var/lib/rabbitmq \! -user rabbitmq -exec chown rabbitmq '{}' +
	fi
	exec gosu rabbitmq "${BASH_SOURCE[0]}" "$@"
fi

if [ -n "${RABBITMQ_DEFAULT_PASS_FILE:-}" ]; then
	echo >&2 'error: RABBITMQ_DEFAULT_PASS_FILE is set but deprecated'
	exit 1
fi

exec "$@"
