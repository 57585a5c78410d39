#!/usr/bin/env bash
# Tests what editors use: compile_commands.json, .vscode and .devcontainer. tests/test_exercises.sh tests the problem matcher.
#
#   tests/test_editors.sh        the preset `default` is configured
#
# The steps of .devcontainer/Containerfile run in a bare Debian in a folder, which needs root and debootstrap.
set -u
cd "$(dirname "$0")/.." || exit 1
. tests/expect.sh

# --- compile_commands.json: every exercise file, with flags that compile it
entries() { grep -cF "\"file\": \"$PWD/$1\"" compile_commands.json; }
expect "compile_commands.json is a link to the commands of preset default" cmp compile_commands.json build/default/compile_commands.json
for file in exercises/[0-9]*/*.cpp; do expect "$file is in compile_commands.json once" [ "$(entries "$file")" -eq 1 ]; done
file=exercises/04_divergences/gaussian_kl.cpp
command=$(grep -B 1 -F "\"file\": \"$PWD/$file\"" compile_commands.json | sed -n 's/\\//g; s/^ *"command": "\(.*\) -o .*/\1/p')
expect "the command of an exercise file compiles it without a warning" eval "said=\$($command -fsyntax-only '$file' 2>&1) && [ -z \"\$said\" ]"
# a small tree in which only the link is made: another preset links if there is no other, `default` always, a file is kept
link() { cmake -S . -B "build/$1" -DGRADUS_PROGRAMS=OFF > /dev/null && [ "$(readlink compile_commands.json)" = "$2" ]; }
links() {
  mkdir "$scratch/tree" && cp -r CMakeLists.txt cmake include src "$scratch/tree" && cd "$scratch/tree" || return
  link double build/double/compile_commands.json && link default build/default/compile_commands.json &&
    link double build/default/compile_commands.json && rm compile_commands.json && echo '[]' > compile_commands.json &&
    link default "" && [ "$(cat compile_commands.json)" = '[]' ]
}
expect "the link leads to preset default if it is configured; a file in its place is kept" eval '(links)'

# --- the tasks of Visual Studio Code
tasks=$(sed -n 's/.*"command": "make \(.*\)".*/\1/p' .vscode/tasks.json)
expect "three tasks" [ "$(wc -w <<< "$tasks")" -eq 3 ]
for task in $tasks; do expect "make $task" make -n "$task"; done

# --- the container: a bare Debian, then each step; README's commands find their packages, and clangd finds no error
steps=.devcontainer/Containerfile
expect "the container's description leads to its steps" grep -q '"dockerfile": "Containerfile", "context": ".."' .devcontainer/devcontainer.json
expect "this script runs all of the container's steps" [ "$(grep -cvE '^(#|FROM debian:[a-z]+$|COPY scripts/[a-z.]+ /tmp/|RUN [^\\]+$)' "$steps")" -eq 0 ]
as() { inside su "$1" -c "$2"; }  # as <user> <command>
if ! can_make_debian; then
  skip $((3 + $(step RUN | wc -l))) "the container's steps need root, debootstrap and mount namespaces"
else
  make_debian
  while read -r from to; do cp "$from" "$debian$to"; done < <(step COPY)
  while read -r run; do expect "$run" as root "$run"; done < <(step RUN)
  mkdir "$debian/gradus"
  cp -r CMakeLists.txt CMakePresets.json Makefile cmake exercises include lectures scripts src tests "$debian/gradus"
  chmod -R a+rwX "$debian/gradus"
  missing=$(as student 'cd /gradus && bash scripts/deps.sh test --list && echo none') 2>&1
  expect "README's commands miss: $missing" [ "$missing" = none ]
  expect "the build is configured and clangd finds no error in an exercise file" as student \
    'cd /gradus && cmake --preset default && clangd --check=exercises/04_divergences/gaussian_kl.cpp'
fi
report
