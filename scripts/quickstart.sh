#!/usr/bin/env bash
# From a fresh clone to a merged task: sets up, builds once, runs the demo. Arguments go to 'ampx demo'.
set -euo pipefail
scripts=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
"$scripts/setup.sh"
exec "$scripts/ampx" demo "$@"
