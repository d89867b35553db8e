#!/usr/bin/env bash
# From a fresh clone to a merged task: sets up, builds once, runs the demo.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/env.sh"
"$root/scripts/setup.sh"
. "$root/scripts/env.sh"
exec "$root/scripts/ampx" demo "$@"
