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

milliseconds() { local from=${EPOCHREALTIME/./}; "$@" >/dev/null 2>&1 || { echo "This failed: $*" >&2; exit 1; }; echo $(((${EPOCHREALTIME/./} - from))); }
median() { sort -n "$1" | awk '{ v[NR] = $1 } END { printf "%.1f", (v[int((NR + 1) / 2)] + v[int(NR / 2) + 1]) / 2000 }'; }
for run in $(seq $((runs + 3))); do
  for what in empty version ls; do
    case $what in
      empty) took=$(milliseconds "$work/empty/nothing");;
      *) took=$(milliseconds "$work/ampx/ampx" "$what");;
    esac
    # The first ones fill the page cache.
    [ "$run" -le 3 ] || echo "$took" >> "$work/$what.us"
  done
done
empty=$(median "$work/empty.us")
printf 'empty program  %7s ms  (median of %s)\n' "$empty" "$runs"
status=0
for what in version ls; do
  took=$(median "$work/$what.us")
  more=$(awk "BEGIN { printf \"%.1f\", $took - $empty }")
  printf 'ampx %-9s %7s ms  %6s ms more (limit %s)\n' "$what" "$took" "$more" "$limit"
  awk "BEGIN { exit !($more > $limit) }" && status=1
done
exit $status
