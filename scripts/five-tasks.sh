#!/usr/bin/env bash
# Five tasks in one repository, by Ampx and, in turn with them, by a script of the same steps with the same agent and CI command; prints the time to green of each,
# and the ratio of the means. The agent takes 3 s a run and gets it right only from what CI says; CI takes 2 s. Exit 1 if Ampx takes more than 1.2 times as long.
set -euo pipefail
. "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/env.sh"
ampx=${AMPX_PROGRAM:-$root/scripts/ampx}
here=$(mktemp -d -t ampx-five-XXXXXX)
export XDG_CONFIG_HOME=$here/config
finish() {
  "$ampx" down --data "$here/data" --stop-agents >/dev/null 2>&1 || true
  rm -rf "$here"
}
trap finish EXIT
export GIT_AUTHOR_NAME=Somebody GIT_AUTHOR_EMAIL=somebody@example.org GIT_COMMITTER_NAME=Somebody GIT_COMMITTER_EMAIL=somebody@example.org

cat >"$here/agent" <<'AGENT'
#!/bin/sh
prompt=$(cat)
number=$(printf '%s' "$prompt" | sed -n 's/.*Write answer \([0-9]\).*/\1/p' | head -1)
sleep 3
case $prompt in *FAIL*) echo 42 >"answer-$number" ;; *) echo 41 >"answer-$number" ;; esac
AGENT
cat >"$here/test.sh" <<'TEST'
sleep 2
for file in answer-*; do
  [ "$(cat "$file")" = 42 ] || { echo "FAIL $file: expected 42, actual $(cat "$file")"; exit 1; }
done
TEST
chmod +x "$here/agent"
git init -q -b main "$here/work"
cp "$here/test.sh" "$here/work/"
git -C "$here/work" add -A
git -C "$here/work" commit -q -m First
for side in ampx script; do git clone -q --bare "$here/work" "$here/$side.git"; done

# What somebody without Ampx would do in a shell.
by_script() {
  local number=$1 tree=$here/tree branch=answer-$1 said='' told
  if [ -d "$tree" ]; then git -C "$tree" fetch -q origin; else git clone -q "$here/script.git" "$tree"; fi
  git -C "$tree" switch -q -c "$branch" origin/main
  told="Write answer $number"
  for _ in 1 2 3; do
    (cd "$tree" && printf '%s\n%s\n' "$told" "$said" | "$here/agent")
    git -C "$tree" add -A
    git -C "$tree" commit -q -m "$told"
    git -C "$tree" push -q origin "$branch"
    rm -rf "$here/ci"
    git clone -q -b "$branch" "$here/script.git" "$here/ci"
    if said=$(cd "$here/ci" && sh test.sh); then return 0; fi
  done
  return 1
}

by_ampx() { "$ampx" start "$here/ampx.git" "Write answer $1" --agent thinker --ci "sh test.sh" --wait >/dev/null 2>&1; }

milliseconds() {
  local since=$(($(date +%s%N) / 1000000))
  "$@" || { echo "'$*' didn't come to green" >&2; exit 1; }
  echo $(($(date +%s%N) / 1000000 - since))
}

export Ampx__Agents__thinker__Kind=command Ampx__Agents__thinker__Command="$here/agent"
"$ampx" up --detach --port 0 --data "$here/data" >/dev/null
AMPX_SERVER=$(sed -n 's/.*"url": *"\([^"]*\)".*/\1/p' "$here/data/service.json")
export AMPX_SERVER
AMPX_TOKEN=$(cat "$here/data/token")
export AMPX_TOKEN

printf '%-6s %8s %8s\n' task Ampx script
ours=0 theirs=0
for number in 1 2 3 4 5; do
  script=$(milliseconds by_script "$number")
  task=$(milliseconds by_ampx "$number")
  printf '%-6s %7dms %7dms\n' "$number" "$task" "$script"
  ours=$((ours + task)) theirs=$((theirs + script))
done
ratio=$(awk "BEGIN { printf \"%.3f\", $ours / $theirs }")
printf '%-6s %7dms %7dms   ratio %s, at most 1.2\n' mean $((ours / 5)) $((theirs / 5)) "$ratio"
awk "BEGIN { exit !($ratio <= 1.2) }"
