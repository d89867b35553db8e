#!/usr/bin/env bash
# How much longer than an empty .NET program do 'ampx version' and 'ampx ls' of the published CLI take? Side by side, turn about, medians.
# startup.sh [RUNS] [LIMIT_MS]: exit 1 if one takes more than LIMIT_MS (150) above. Publishing needs the ReadyToRun compiler, which NuGet brings.
set -euo pipefail
. "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/env.sh"
runs=${1:-30}
limit=${2:-150}
work=$(mktemp -d)
service=
cleanup() {
  if [ -n "$service" ]; then kill -TERM "$service" 2>/dev/null && wait "$service" 2>/dev/null || true; fi
  rm -rf "$work"
}
trap cleanup EXIT

rid=$(dotnet --info | sed -n 's/^ *RID: *//p' | head -1)
case $rid in *-x64) rid=linux-x64;; *-arm64) rid=linux-arm64;; esac
echo "Publishing for $rid…" >&2
publish() { dotnet publish "$1" -c Release -r "$rid" --self-contained false -o "$2" -v q -nologo >&2; }
publish "$root/src/Ampx.Cli" "$work/ampx"
mkdir "$work/nothing"
cat > "$work/nothing/nothing.csproj" <<P
<Project Sdk="Microsoft.NET.Sdk">
  <PropertyGroup><OutputType>Exe</OutputType><TargetFramework>net10.0</TargetFramework><InvariantGlobalization>true</InvariantGlobalization><PublishReadyToRun>true</PublishReadyToRun></PropertyGroup>
</Project>
P
echo 'return;' > "$work/nothing/Program.cs"
publish "$work/nothing" "$work/empty"

export HOME="$work/home" XDG_CONFIG_HOME="$work/home/.config" XDG_DATA_HOME="$work/home/.local/share"
mkdir -p "$HOME"
unset AMPX_SERVER AMPX_TOKEN
"$work/ampx/ampx" up --port 0 >"$work/up.log" 2>&1 &
service=$!
for _ in $(seq 300); do grep -q 'runs at' "$work/up.log" && break; sleep 0.1; done
grep -q 'runs at' "$work/up.log" || { cat "$work/up.log" >&2; exit 1; }
"$work/ampx/ampx" version >&2

# Prints "wall cpu" in milliseconds.
TIMEFORMAT='%3R %3U %3S'
took() { { time "$@" >/dev/null 2>&1; } 2>&1 | awk '{ print $1 * 1000, ($2 + $3) * 1000 }'; }
median() { awk -v n="$2" '{ print $n }' "$1" | sort -n | awk '{ v[NR] = $1 } END { printf "%.0f", (v[int((NR + 1) / 2)] + v[int(NR / 2) + 1]) / 2 }'; }
"$work/empty/nothing"
for run in $(seq $((runs + 3))); do
  for what in empty version ls; do
    case $what in
      empty) line=$(took "$work/empty/nothing");;
      *) line=$(took "$work/ampx/ampx" "$what");;
    esac
    # The first ones fill the page cache.
    [ "$run" -le 3 ] || echo "$line" >> "$work/$what.ms"
  done
done
echo "medians of $runs, load $(cut -d' ' -f1 /proc/loadavg) on $(nproc) processors; where others are at work, CPU time tells more"
empty=$(median "$work/empty.ms" 1)
empty_cpu=$(median "$work/empty.ms" 2)
printf '%-14s %5s ms  (CPU %s ms)\n' 'empty program' "$empty" "$empty_cpu"
status=0
for what in version ls; do
  wall=$(median "$work/$what.ms" 1)
  cpu=$(median "$work/$what.ms" 2)
  printf '%-14s %5s ms  (CPU %s ms): %s ms more (CPU %s ms more), limit %s\n' "ampx $what" "$wall" "$cpu" $((wall - empty)) $((cpu - empty_cpu)) "$limit"
  [ $((wall - empty)) -le "$limit" ] || status=1
done
exit $status
