#!/usr/bin/env bash
# Makes other forms of the book that make lecture4 writes.
#
#   scripts/book.sh pdf <folder>            <folder>/book.pdf, with Chromium; without it, says so and succeeds
#   scripts/book.sh site <folder> <site>    copies the pages and every file that they show or link to; fails when one is missing.
#                                           <site>/lecture4 is the book, <site>/studio the studio's page (make studio), where there is
#                                           one, <site>/reference the reference of the library (Doxygen)
set -u
mode=$1 folder=$2
[ -e "$folder/index.html" ] || { echo "$folder/index.html is not there: run make lecture4" >&2 && exit 1; }

if [ "$mode" = pdf ]; then
  for browser in chromium chromium-browser google-chrome "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"; do
    command -v "$browser" > /dev/null 2>&1 || continue
    profile=$(mktemp -d) || exit 1
    trap 'rm -rf "$profile"' EXIT
    options=(--headless --disable-gpu --no-pdf-header-footer "--user-data-dir=$profile" --virtual-time-budget=20000)
    [ "$(id -u)" -ne 0 ] || options+=(--no-sandbox)  # Chromium's sandbox refuses root
    rm -f "$folder/book.pdf"
    "$browser" "${options[@]}" "--print-to-pdf=$folder/book.pdf" "file://$(realpath "$folder")/book.html" > "$profile/log" 2>&1
    [ -s "$folder/book.pdf" ] || { tail -n 5 "$profile/log" >&2 && exit 1; }
    echo "The book: $folder/book.pdf"
    exit 0
  done
  echo "SKIPPED: no PDF, because Chromium is not installed (make deps-browser); $folder/book.html prints from any browser"
  exit 0
fi

# files_of <page>: the files that it shows or links to, relative to the book's folder
files_of() {
  local place=${1%/*} file
  [ "$place" != "$1" ] || place=.
  while read -r file; do
    file=${file//&amp;/&} file=${file//&quot;/\"} file=$place/$file file=${file#./}
    while [[ $file =~ ^(.*/)?[^/.][^/]*/\.\./(.*)$ ]]; do file=${BASH_REMATCH[1]}${BASH_REMATCH[2]}; done
    printf '%s\n' "$file"
  done < <(grep -oE '(href|src)="[^"#:]+["#]' "$folder/$1" | sed 's/^[a-z]*="//; s/.$//')
}
site=$3 missing=0
rm -rf "$site.new" && mkdir -p "$site.new/lecture4" || exit 1
# book.html first: it names every page and picture. Pages of linked files are followed; a program's own page needs no others.
queue=(index.html book.html)
declare -A done=()
for ((i = 0; i < ${#queue[@]}; ++i)); do
  file=${queue[i]}
  [ -z "${done[$file]:-}" ] || continue
  done[$file]=1
  if [ ! -f "$folder/$file" ]; then
    echo "$folder/$file is linked, but not there" >&2
    missing=$((missing + 1))
    continue
  fi
  target=$site.new/lecture4/$file  # ../studio/index.html is beside the book, as in out/
  mkdir -p "$(dirname "$target")" && cp "$folder/$file" "$target" || exit 1
  if [[ $file =~ ^((code|more)/)?[^/]*\.html$ ]]; then
    while IFS= read -r next; do [ -n "${done[$next]:-}" ] || queue+=("$next"); done < <(files_of "$file" | sort -u)
  fi
done
[ $missing -eq 0 ] || exit 1
# A student's copy has no docs/.
if [ ! -e docs/Doxyfile ]; then
  :
elif command -v doxygen > /dev/null; then
  mkdir -p build && doxygen docs/Doxyfile || exit 1
  cp -r build/docs "$site.new/reference" || exit 1
  entry='<li><a href="../reference/index.html">Reference of the library</a></li>'
  sed "s|<ul class=\"others\">|&$entry|" "$folder/index.html" > "$site.new/lecture4/index.html" || exit 1
else
  echo "SKIPPED: no reference, because Doxygen is not installed (make deps-docs)"
fi
cat > "$site.new/index.html" << 'EOF' || exit 1
<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Gradus</title><meta http-equiv="refresh" content="0; url=lecture4/index.html"></head>
<body><p><a href="lecture4/index.html">Lecture 4: deep generative modelling</a></p></body></html>
EOF
rm -rf "$site" && mv "$site.new" "$site" || exit 1
echo "The site: $site/index.html, ${#done[@]} files"
