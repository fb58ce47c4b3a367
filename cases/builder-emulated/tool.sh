#!/bin/sh
# Prints the primes up to a number. The builder adds their table.
if [ "$1" = --help ]; then
    echo 'Usage: tool [NUMBER]'
    exit
fi
awk -v most="${1:-100}" '$1 <= most' <<'EOF'
