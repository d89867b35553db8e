#!/bin/sh
# A script that stands in for a coding agent. It gets what an agent gets: a prompt on stdin, a checkout around it.
# Its first idea of Roman numerals is the one that everybody has, letters from large to small. What it doesn't know, IV for one,
# it can only learn from what CI said, which Ampx puts into the next run's prompt.
prompt=$(cat)
pause=${AMPX_DEMO_PAUSE:-1}

echo "Reading README.md and roman.sh."
sleep "$pause"

# "FAIL roman 4: expected IV, actual IIII": a numeral of two letters is a sign of its own; the longer ones follow from those.
learned=$(printf '%s\n' "$prompt" |
  sed -n 's/.*roman \([0-9][0-9]*\): expected \([IVXLCDM][IVXLCDM]\), actual .*/\1:\2/p')
if [ -n "$learned" ]; then
  echo "CI says that these have signs of their own:" $learned
else
  echo "Letters from large to small should do."
fi
signs=$(printf '%s\n' 1000:M 500:D 100:C 50:L 10:X 5:V 1:I $learned | sort -u -t : -k 1,1nr | tr '\n' ' ')
signs=${signs% }
sleep "$pause"

cat > roman.sh <<END
#!/bin/sh
# roman.sh NUMBER: prints it as a Roman numeral, 1 to 3999.
left=\$1
for sign in $signs; do
  value=\${sign%%:*}
  while [ "\$left" -ge "\$value" ]; do
    printf %s "\${sign#*:}"
    left=\$((left - value))
  done
done
echo
END
echo "Wrote roman.sh."
