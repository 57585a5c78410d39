#!/usr/bin/env bash
# Tests the lecture's book in headless Chromium: the lessons, with the results of two programs.
#
#   tests/test_browser.sh <folder of the lecture programs>
set -u
programs=$(realpath "$1")
. "$(dirname "$0")/expect.sh"
# in place of the studio: a page with a panel for each of its panels, which shows its address
mkdir "$scratch/studio" && {
  echo '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>The studio</title><link rel="icon" href="data:,"></head><body><h1>Panels</h1><p id="shown"></p>'
  sed -n 's|.*{"id": "\([a-z]*\)", "number".*|<article id="panel-\1"></article>|p' "$(dirname "$0")/../studio/studio.json"
  echo '<script>document.getElementById("shown").textContent = location.hash;</script></body></html>'
} > "$scratch/studio/index.html"
"$programs/lecture4" --out "$scratch/book" --preset tiny --only 02,06 > "$scratch/log" 2>&1 || { cat "$scratch/log" && exit 1; }
command -v python3 > /dev/null || { echo "SKIPPED: python3 is missing (make deps-browser)" && echo "0 passed, 0 failed, 1 skipped" && exit; }
python=python3
python3 -c 'import selenium' 2> /dev/null || [ ! -x /usr/bin/python3 ] || python=/usr/bin/python3  # Debian's has python3-selenium
"$python" "$(dirname "$0")/browser/test_book.py" "$scratch/book"
