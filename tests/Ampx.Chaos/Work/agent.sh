#!/bin/sh
# The agent of the chaos suite: "agent.sh JOURNAL". Its prompt has a line "chaos: MARK PLAN LINES PAUSE".
# It prints numbered lines, notes in the journal what it has printed, and makes the change that its plan has for this attempt.
journal=$1
prompt=$(cat)
set -- $(printf '%s\n' "$prompt" | sed -n 's/^chaos: //p' | head -1)
mark=$1 plan=$2 lines=$3 pause=$4
attempt=$(printf '%s\n' "$prompt" | sed -n 's/^This is attempt \([0-9]*\) of .*/\1/p' | head -1)
attempt=${attempt:-1}
run=$AMPX_RUN_ID

# Two at work on one task at a time must never be; the kernel gives the lock back however this process ends.
exec 8>>"$journal/$mark.lock"
flock -n 8 || echo "$mark $run" >>"$journal/overlaps"

exec 3>>"$journal/$run.$$.run"
echo "start $mark $attempt $$ $(date +%s.%N) $PWD" >&3

n=0
while [ "$n" -lt "$lines" ]; do
  n=$((n + 1))
  echo "$mark $run out $n $attempt $plan"
  echo "out $n" >&3
  if [ $((n % 10)) = 0 ]; then
    echo "$mark $run err $((n / 10)) $attempt $plan" >&2
    echo "err $((n / 10))" >&3
    sleep "$pause"
  fi
done

word=green
case $plan in
  red) word=red ;;
  red-green) [ "$attempt" != 1 ] || word=red ;;
  fail-green) [ "$attempt" != 1 ] || word=fail ;;
  fail) word=fail ;;
  nothing) word=nothing ;;
esac
case $word in
  red | green)
    # A full disk passes: the agent has patience, as a person would.
    mkdir -p work
    until echo "$mark attempt $attempt $word" >"work/$mark.txt" && [ "$(cat "work/$mark.txt")" = "$mark attempt $attempt $word" ]; do sleep 0.5; done
    ;;
esac
echo "end $word" >&3
[ "$word" != fail ] || { echo "told to fail" >&2; exit 3; }
