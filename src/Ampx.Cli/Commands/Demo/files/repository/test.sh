#!/bin/sh
# Is roman.sh right? Reads "number numeral" lines, asks roman.sh for each, exits 1 if one is wrong.
cases="1 I
2 II
3 III
4 IV
6 VI
9 IX
15 XV
40 XL
66 LXVI
90 XC
400 CD
900 CM
1666 MDCLXVI
1994 MCMXCIV
2026 MMXXVI
3999 MMMCMXCIX"

printf '%s\n' "$cases" | {
  right=0 wrong=0
  while read -r number numeral; do
    got=$(sh roman.sh "$number" 2>&1)
    if [ "$got" = "$numeral" ]; then
      right=$((right + 1))
    else
      wrong=$((wrong + 1))
      echo "FAIL roman $number: expected $numeral, actual $got"
    fi
  done
  echo "$right right, $wrong wrong"
  [ "$wrong" -eq 0 ]
}
