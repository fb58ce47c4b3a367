#!/bin/sh
# A stand-in for programs that carry others in themselves: installers, bundles of one file.

helper=/tmp/helper
gunzip -c /usr/local/share/tool/helper.gz >"$helper"
chmod +x "$helper"

# Without the helper there is less to say, and the status is the same.
if version=$("$helper" --version); then
	extras="Extras by $version."
else
	extras="Extras are not available."
fi

echo "Usage: tool [--help]"
echo
echo "$extras"
