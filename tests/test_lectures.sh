#!/usr/bin/env bash
# Every program of lecture 4 in its smallest form: it must run, report, and leave its pictures and the page.
#
#   tests/test_lectures.sh <runner>
set -u
runner=$1
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
"$runner" --preset tiny --seed 1 --out "$scratch/out" | tee "$scratch/text"
code=${PIPESTATUS[0]}
passed=0 failed=0
if [[ $(grep -E '^[0-9]+ of [0-9]+ programs ran' "$scratch/text") =~ ^([0-9]+)\ of\ ([0-9]+) ]]; then
  passed=${BASH_REMATCH[1]} failed=$((BASH_REMATCH[2] - BASH_REMATCH[1]))
fi
if [ "$code" -ne 0 ] && [ $failed -eq 0 ]; then failed=1; fi
if [ -s "$scratch/out/index.html" ] && ! grep -q "Missing picture" "$scratch/out/index.html"; then
  passed=$((passed + 1))
else
  failed=$((failed + 1)) && echo "lectures: no page, or one without its pictures"
fi
echo "lectures: $passed passed, $failed failed"
exit $((failed > 0))
