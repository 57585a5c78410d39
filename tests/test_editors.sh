#!/usr/bin/env bash
# Tests what editors use: compile_commands.json, .vscode and .devcontainer. tests/test_exercises.sh tests the problem matcher.
#
#   tests/test_editors.sh        the preset `default` is configured
#
# The steps of .devcontainer/Containerfile run in a bare Debian in a folder, which needs root and debootstrap.
set -u
cd "$(dirname "$0")/.." || exit 1
scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT
passed=0 failed=0 skipped=0
expect() {  # expect <what> <command...>
  if "${@:2}" > "$scratch/said" 2>&1; then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
    echo "editors: $1"
    tail -n 12 "$scratch/said" | sed 's/^/    | /'
  fi
}

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
steps=.devcontainer/Containerfile root=$scratch/debian
step() { sed -n "s/^$1 //p" "$steps"; }
expect "the container's description leads to its steps" grep -q '"dockerfile": "Containerfile", "context": ".."' .devcontainer/devcontainer.json
expect "this script runs all of the container's steps" [ "$(grep -cvE '^(#|FROM debian:[a-z]+$|COPY scripts/[a-z.]+ /tmp/|RUN [^\\]+$)' "$steps")" -eq 0 ]
inside() {  # inside <user> <command>: in the bare Debian; its mounts end with the command
  # shellcheck disable=SC2016
  unshare --mount bash -c 'mount --make-rprivate / && mount --rbind /proc "$1/proc" && mount --rbind /dev "$1/dev" &&
    exec chroot "$1" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive su "$2" -c "$3"' - "$root" "$@"
}
if [ "$(id -u)" -ne 0 ] || ! command -v debootstrap > /dev/null || ! unshare --mount true 2> /dev/null; then
  skipped=$((3 + $(step RUN | wc -l)))
  echo "editors: SKIPPED: the container's steps need root, debootstrap and mount namespaces"
else
  expect "a bare Debian" unshare --mount debootstrap --variant=minbase "$(step FROM | sed 's/debian://')" "$root"
  cp /etc/resolv.conf "$root/etc/"
  while read -r from to; do cp "$from" "$root$to"; done < <(step COPY)
  while read -r run; do expect "$run" inside root "$run"; done < <(step RUN)
  mkdir "$root/gradus"
  cp -r CMakeLists.txt CMakePresets.json Makefile cmake exercises include lectures scripts src tests "$root/gradus"
  chmod -R a+rwX "$root/gradus"
  missing=$(inside student 'cd /gradus && bash scripts/deps.sh test --list && echo none') 2>&1
  expect "README's commands miss: $missing" [ "$missing" = none ]
  expect "the build is configured and clangd finds no error in an exercise file" inside student \
    'cd /gradus && cmake --preset default && clangd --check=exercises/04_divergences/gaussian_kl.cpp'
fi
echo "$passed passed, $failed failed$([ $skipped -eq 0 ] || echo ", $skipped skipped")"
exit $((failed > 0))
