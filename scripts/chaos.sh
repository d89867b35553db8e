#!/usr/bin/env bash
# Tasks on a cluster in which everything breaks, and a look at every one of them afterwards:
#   scripts/chaos.sh [--tasks 200] [--silos 3] [--minutes 10] [--seed S] [--short] [--sqlite] [--keep]
# Silos are killed, paused, restarted and cut off the database, PostgreSQL crashes, GitHub fails, webhooks get lost, a disk is full. The seed is printed.
# Exit 0 if every task ended as it should with nothing lost or doubled; else 1, and what differed. --keep leaves the silos' logs.
set -euo pipefail
. "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/env.sh"
cd "$root"
scripts/setup.sh --tests
. scripts/env.sh
if ! output=$(dotnet build tests/Ampx.Chaos -c Release -v q -nologo 2>&1); then
  printf '%s\n' "$output"
  exit 1
fi
exec tests/Ampx.Chaos/bin/Release/net10.0/ampx-chaos "$@"
