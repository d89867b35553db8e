#!/bin/sh
# roman.sh NUMBER: prints it as a Roman numeral, 1 to 3999.
echo "not written yet" >&2
exit 1
