#!/bin/sh
# Options alone are the proxy's, which runs in the foreground with a master process.
set -e

case ${1:-} in
-*) set -- haproxy "$@" ;;
esac

if [ "$1" = haproxy ]; then
	shift
	set -- haproxy -W -db "$@"
fi

exec "$@"
