#!/bin/sh
# Writes the configuration of each template, with the variables of the environment.
set -e

templates=${NGINX_ENVSUBST_TEMPLATE_DIR:-/etc/nginx/templates}
output=${NGINX_ENVSUBST_OUTPUT_DIR:-/etc/nginx/conf.d}
mkdir -p "$templates"
for template in "$templates"/*.template; do
	[ -f "$template" ] || continue
	file=$output/$(basename "$template" .template)
	envsubst <"$template" >"$file"
done
