#!/usr/bin/env bash
# The whole test suite; arguments go to the test program (try --help).
# Ends with one line: N passed, N failed
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/env.sh"
"$root/scripts/setup.sh" --tests
. "$root/scripts/env.sh"
cd "$root"
dotnet build Ampx.sln -c Release -v q -nologo
log=$(mktemp)
trap 'rm -f "$log"' EXIT
code=0
tests/Ampx.Tests/bin/Release/net10.0/Ampx.Tests --no-progress "$@" 2>&1 | tee "$log" || code=$?
count() { sed -n "s/^ *$1: *\([0-9]*\).*/\1/p" "$log" | tail -1; }
passed=$(count succeeded)
failed=$(count failed)
echo "${passed:-0} passed, ${failed:-0} failed"
[ "${passed:-0}" -gt 0 ] || code=1
exit "$code"
