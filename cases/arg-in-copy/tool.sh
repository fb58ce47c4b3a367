#!/bin/sh
# Prints the name of the architecture.
if [ "$1" = --help ]; then
  echo 'Usage: tool'
else
  cat /app/name.txt
fi
