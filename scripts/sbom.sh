#!/usr/bin/env bash
# The software bill of materials of what ships, CycloneDX 1.6 as JSON, from the lock files of its two programs: scripts/sbom.sh [FILE]  (standard output without)
set -euo pipefail
. "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/env.sh"
cd "$root"

version=$(sed -n 's:.*<Version>\(.*\)</Version>.*:\1:p' Directory.Build.props)
# A lock file's contentHash is the SHA-512 of the package in base64; CycloneDX wants hexadecimal.
hex() { base64 -d | od -An -v -tx1 | tr -d ' \n'; }
packages=$(jq -s '[.[].dependencies[] | to_entries[] | select(.value.type != "Project") | {name: .key, version: .value.resolved, hash: .value.contentHash, needs: (.value.dependencies // {} | keys)}]
  | unique_by(.name, .version)' src/Ampx.Cli/packages.lock.json src/Ampx.Supervisor/packages.lock.json)
hashes=$(jq -r '.[] | "\(.name) \(.hash)"' <<<"$packages" | while read -r name hash; do printf '%s %s\n' "$name" "$(printf %s "$hash" | hex)"; done | jq -Rn '[inputs | split(" ") | {(.[0]): .[1]}] | add')

jq -n --arg version "$version" --argjson packages "$packages" --argjson hashes "$hashes" '
  def ref: "pkg:nuget/\(.name)@\(.version)";
  ($packages | map({(.name): ref}) | add) as $refs |
  {
    bomFormat: "CycloneDX", specVersion: "1.6", version: 1,
    metadata: {component: {type: "application", "bom-ref": "ampx", name: "ampx", version: $version, licenses: [{license: {id: "MIT"}}]}},
    components: [$packages[] | {type: "library", "bom-ref": ref, name, version, purl: ref, hashes: [{alg: "SHA-512", content: $hashes[.name]}]}],
    dependencies: ([{ref: "ampx", dependsOn: [$packages[] | ref]}] + [$packages[] | {ref: ref, dependsOn: [.needs[] | $refs[.] | values]}])
  }' >"${1:-/dev/stdout}"
