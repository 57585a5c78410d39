#!/usr/bin/env bash
# Tests the lecture's book in headless Chromium: the lessons, with the results of two programs.
#
#   tests/test_browser.sh <folder of the lecture programs>
set -u
programs=$(realpath "$1")
scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT
"$programs/lecture4" --out "$scratch/book" --preset tiny --only 02,06 > "$scratch/log" 2>&1 || { cat "$scratch/log" && exit 1; }
command -v python3 > /dev/null || { echo "SKIPPED: python3 is missing (make deps-browser)" && echo "0 passed, 0 failed, 1 skipped" && exit; }
python=python3
python3 -c 'import selenium' 2> /dev/null || [ ! -x /usr/bin/python3 ] || python=/usr/bin/python3  # Debian's has python3-selenium
"$python" "$(dirname "$0")/browser/test_book.py" "$scratch/book"
