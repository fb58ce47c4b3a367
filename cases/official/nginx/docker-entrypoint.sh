#!/bin/sh
# Runs what is in /docker-entrypoint.d before the server starts, and then the command, whatever it is.
set -e

log() {
	if [ -z "${NGINX_ENTRYPOINT_QUIET_LOGS:-}" ]; then echo "$0: $*"; fi
}

case $1 in
nginx | nginx-debug)
	for file in /docker-entrypoint.d/*; do
		case $file in
		*.envsh)
			log "reading $file"
			# shellcheck source=/dev/null
			. "$file"
			;;
		*.sh)
			if [ -x "$file" ]; then
				log "running $file"
				"$file"
			else
				log "skipping $file, which is not executable"
			fi
			;;
		*) log "skipping $file" ;;
		esac
	done
	log "the configuration is complete"
	;;
esac

exec "$@"
