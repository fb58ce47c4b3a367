#!/usr/bin/env bash
# Adds the certificates in /certificates to those that Java trusts, where that is asked for.
set -e

if [ -n "${USE_SYSTEM_CA_CERTS:-}" ]; then
	store=$(mktemp)
	cp "$JAVA_HOME/lib/security/cacerts" "$store"
	for certificate in /certificates/*.crt; do
		[ -f "$certificate" ] || continue
		keytool -importcert -noprompt -alias "$(basename "$certificate")" -file "$certificate" -keystore "$store" \
			-storepass changeit >/dev/null
	done
	export JAVA_TOOL_OPTIONS="${JAVA_TOOL_OPTIONS:-} -Djavax.net.ssl.trustStore=$store"
fi

exec "$@"
