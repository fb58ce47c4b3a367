#!/bin/sh
# Prints the most frequent words of standard input. Counting is compiled, sorting is busybox's.
set -eu

wordcount=/usr/local/libexec/wordcount

usage() {
	echo "Usage: top-words [NUMBER] <TEXT"
	echo
	echo "Print the NUMBER (10) most frequent words of standard input."
	# Asks the helper, so that one that cannot run does not stay hidden.
	echo "Counted by $("$wordcount" --version)."
}

case "${1:-10}" in
-h | --help)
	usage
	;;
*[!0-9]*)
	usage >&2
	exit 2
	;;
*)
	"$wordcount" | sort -rn | head -n "${1:-10}"
	;;
esac
