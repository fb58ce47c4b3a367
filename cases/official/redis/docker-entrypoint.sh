#!/bin/sh
# Starts the server as its own user, which owns the data folder from then on. Anything but options,
# a configuration file or the server's name is run as it is.
set -e

case ${1:-} in
-* | *.conf) set -- redis-server "$@" ;;
esac

if [ "$1" = redis-server ] && [ "$(id -u)" -eq 0 ]; then
	find . \! -user redis -exec chown redis {} +
	exec setpriv --reuid=redis --regid=redis --clear-groups --bounding-set=-all "$0" "$@"
fi

if [ "$(umask)" = 0022 ]; then
	umask 0077
fi

exec "$@"
