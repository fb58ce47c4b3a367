#!/bin/sh
# Adds an IPv6 listener to the default site.
set -e

site=/etc/nginx/sites-available/default
if [ ! -w "$site" ] || [ ! -f /proc/net/if_inet6 ] || grep -q 'listen *\[::\]:80' "$site"; then
	exit 0
fi
sed -i -E 's/listen *80 default_server;/&\n\tlisten [::]:80 default_server;/' "$site"
