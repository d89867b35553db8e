#!/usr/bin/env bash
# The whole test suite; arguments go to the test program: scripts/test.sh -namespace 'Ampx.Tests.Tasks*'  (-? lists them)
# Its last line is always: N passed, N failed. Exit 0 only if something ran and nothing failed.
set -euo pipefail
. "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/env.sh"
log=$(mktemp)
published=$(mktemp -d)
postgres=

finish() {
  local code=$? line total passed=0 failed=0
  line=$(sed 's/\x1b\[[0-9;]*m//g' "$log" | grep -E '^ *Ampx\.Tests +Total: [0-9]+' | tail -1) || true
  # With nothing to run the line has its total only.
  number() { local n; n=$(sed -n "s/.*[ ,]$1: *\([0-9]*\).*/\1/p" <<<"$line"); echo "${n:-0}"; }
  if [ -n "$line" ]; then
    total=$(number Total)
    passed=$((total - $(number Failed) - $(number Skipped) - $(number 'Not Run')))
    failed=$(($(number Failed) + $(number Errors)))
  fi
  rm -rf "$log" "$published"
  [ -z "$postgres" ] || "$root/scripts/postgres.sh" stop "$postgres" || true
  if [ "$passed" = 0 ] || [ "$failed" != 0 ]; then [ "$code" != 0 ] || code=1; fi
  echo "$passed passed, $failed failed"
  exit "$code"
}
trap finish EXIT

"$root/scripts/setup.sh" --tests
. "$root/scripts/env.sh"
cd "$root"
echo "Building…"
# What is locked, and nothing else; and nothing with a known vulnerability.
if ! output=$(dotnet restore Ampx.sln --locked-mode -v q 2>&1); then
  printf '%s\n' "$output"
  exit 1
fi
scripts/vulnerable.sh
if ! output=$(dotnet build Ampx.sln -c Release --no-restore -v q -nologo 2>&1); then
  printf '%s\n' "$output"
  exit 1
fi
# What the tests start some hundred times is the program as it is shipped: compiled ahead, it starts with half the work.
if ! output=$(dotnet publish src/Ampx.Cli -c Release -p:PublishReadyToRun=true -o "$published" -v q -nologo 2>&1); then
  printf '%s\n' "$output"
  exit 1
fi
export AMPX_TEST_PROGRAM="$published/ampx"
# What they start lives for seconds: compiling its code a second time, to be quicker, takes a third of the machine and is never paid back.
export DOTNET_TC_CallCountingDelayMs=2000
if ! output=$(dotnet format whitespace Ampx.sln --no-restore --verify-no-changes 2>&1); then
  printf '%s\n' "$output" "Run 'dotnet format whitespace' to mend these." >&2
  exit 1
fi
if [ -z "${AMPX_TEST_POSTGRES:-}" ]; then
  { read -r postgres; read -r AMPX_TEST_POSTGRES; } < <(scripts/postgres.sh start)
  export AMPX_TEST_POSTGRES
fi
[ -t 1 ] || set -- -noColor "$@"
tests/Ampx.Tests/bin/Release/net10.0/Ampx.Tests "$@" 2>&1 | tee "$log"
