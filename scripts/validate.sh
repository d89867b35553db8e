#!/usr/bin/env bash
# The product against docs/requirements.md: a line for each requirement with ok or FAIL and what showed it; exit 1 if any fails.
#   scripts/validate.sh [--list] [ID…]     --list: says what would be looked at; ids as in the tables' first column: S3, X1, 'GET /tasks', ampx_tasks
# A requirement is ok if all that is named for it passed and nothing of that was skipped. All of it takes about as long as the suite.
set -euo pipefail
. "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/env.sh"
cd "$root"
list="" ids=()
for argument; do
  case $argument in
    --list) list=1 ;;
    -h | --help) sed -n '2,4s/^# //p' "$0"; exit 0 ;;
    *) ids+=("$argument") ;;
  esac
done

# id, requirement, evidence: the tables' rows without their heads, parted by tabs.
rows=$(awk -F ' *[|] *' '/^[|]/ && $(NF-1) !~ /^(shown by|---)$/ { id = $2; gsub("`", "", id); print id "\t" (NF > 4 ? $3 : "as documented") "\t" $(NF-1) }' docs/requirements.md)
if [ ${#ids[@]} -gt 0 ]; then
  wanted=$(printf '%s\n' "${ids[@]}")
  rows=$(awk -F '\t' 'NR == FNR { wanted[$1]; next } $1 in wanted' <(printf '%s\n' "$wanted") <(printf '%s\n' "$rows"))
  [ -n "$rows" ] || { echo "docs/requirements.md has no ${ids[*]}" >&2; exit 2; }
fi
evidence=$(cut -f 3 <<<"$rows" | grep -o '`[^`]*`' | tr -d '`' | sort -u)
if [ -n "$list" ]; then
  printf '%s\n' "$evidence"
  exit 0
fi

results=$(mktemp -d)
trap 'rm -rf "$results"' EXIT
# Whole classes: a class that is named somewhere runs once, whatever of it is named elsewhere.
mapfile -t classes < <(grep -v '^scripts/' <<<"$evidence" | sed 's/^\([^.]*\.[^.]*\).*/Ampx.Tests.\1/' | sort -u)
if [ ${#classes[@]} -gt 0 ]; then
  selected=()
  for class in "${classes[@]}"; do selected+=(-class "$class"); done
  scripts/test.sh "${selected[@]}" -result-ctrf "$results/tests.json" >"$results/tests.log" 2>&1 || true
  [ -s "$results/tests.json" ] || { cat "$results/tests.log"; exit 1; }
  jq -r '.results.tests[] | "\(.status)\t\(.name)"' "$results/tests.json" | sed 's/\tAmpx\.Tests\./\t/; s/(.*//' >"$results/tests"
fi
while read -r script; do
  if "$script" >"$results/${script##*/}" 2>&1; then echo "passed $script"; else echo "failed $script"; fi
done < <(grep '^scripts/' <<<"$evidence" || true) >"$results/scripts"

# How one piece of evidence did: "ok", and in words.
look() {
  if [[ $1 == scripts/* ]]; then
    local last; last=$(tail -1 "$results/${1##*/}")
    grep -q "^passed $1$" "$results/scripts" && echo "ok $1: $last" || echo "FAIL $1: $last"
    return
  fi
  awk -F '\t' -v named="$1" '$2 == named || index($2, named ".") == 1 { all++; if ($1 == "passed") passed++; else if (!bad) bad = $2 }
    END { printf "%s %s: %d of %d", all && all == passed ? "ok" : "FAIL", named, passed, all; if (bad) printf ", not %s", bad; print "" }' "$results/tests"
}

failed=0
while IFS=$'\t' read -r id what named; do
  good=ok words=()
  while read -r one; do
    said=$(look "$one")
    [ "${said%% *}" = ok ] || good=FAIL
    words+=("${said#* }")
  done < <(grep -o '`[^`]*`' <<<"$named" | tr -d '`')
  [ $good = ok ] || failed=$((failed + 1))
  printf '%-4s  %-32s  %s  [%s]\n' $good "$id" "$what" "$(IFS=';'; echo "${words[*]}" | sed 's/;/; /g')"
done <<<"$rows"
total=$(wc -l <<<"$rows")
echo "$((total - failed)) of $total requirements are met"
[ $failed = 0 ]
