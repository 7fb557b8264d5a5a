#!/bin/sh
# build.sh OUT: makes the folder nginx serves below /s/ out of views/static and the pinned packages.
# Names carry a hash of their content; OUT/assets.txt maps "name path" for the templates (asset.<name>).
# Packages are looked for as node does, in node_modules here or in a folder above; missing ones are fetched once by npm ci.
set -eu
out=${1:?usage: build.sh OUT}
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)

find_modules() {
    dir=$top
    while [ "$dir" != / ]; do
        [ -d "$dir/node_modules/@tabler/icons" ] && { echo "$dir/node_modules"; return; }
        dir=$(dirname "$dir")
    done
    return 0
}
modules=$(find_modules)
if [ -z "$modules" ]; then
    echo "Fetching the packages of package-lock.json (once)" >&2
    (cd "$top" && npm ci --silent >&2) || { echo "npm ci failed: is npm installed and the registry in reach?" >&2; exit 1; }
    modules=$top/node_modules
fi
for python in python3 /usr/bin/python3; do
    "$python" -c 'import fontTools, brotli' 2>/dev/null && exec "$python" "$here/build.py" "$modules" "$out"
done
echo "Missing: python3 with fontTools and brotli (Debian: python3-fonttools python3-brotli)" >&2
exit 1
