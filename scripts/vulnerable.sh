#!/usr/bin/env bash
# Asks the package registry whether a package that Ampx uses, directly or not, has a known vulnerability: exit 1 and a line for each that has.
# Where the registry can't be asked it says so and goes on.
set -euo pipefail
. "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/env.sh"
cd "$root"

if ! answer=$(timeout 120 dotnet list Ampx.sln package --vulnerable --include-transitive --format json 2>/dev/null); then
  echo "Vulnerabilities couldn't be looked up: the registry gave no answer."
  exit 0
fi
found=$(jq -r '[.projects[]?.frameworks[]? | .topLevelPackages[]?, .transitivePackages[]?
  | "\(.id) \(.resolvedVersion): \([.vulnerabilities[]? | "\(.severity) \(.advisoryurl)"] | join(", "))"] | unique | .[]' <<<"$answer")
if [ -n "$found" ]; then
  printf 'Packages with known vulnerabilities:\n%s\n' "$found" >&2
  exit 1
fi
