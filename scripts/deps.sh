#!/usr/bin/env bash
# Installs the missing packages that Gradus needs to build and run; prints nothing when none is missing.
#
#   scripts/deps.sh           compiler, libraries, gnuplot, graphviz
#   scripts/deps.sh check     also clang++, clang-tidy, clang-format and clang's OpenMP (make check, make tsan)
#   scripts/deps.sh docs      also Doxygen (make docs)
#   scripts/deps.sh --list    only prints the missing packages
set -u

prefixes=(/usr/include /usr/local/include /opt/homebrew/include)
command_there() { command -v "$1" > /dev/null 2>&1; }
header_there() {
  local prefix
  for prefix in "${prefixes[@]}"; do [ -e "$prefix/$1" ] && return 0; done
  return 1
}
file_there() { compgen -G "$1" > /dev/null; }

# need <Debian package> <Homebrew package, - if the system has it> <test for its presence>
missing_apt=() missing_brew=()
need() {
  local apt=$1 brew=$2
  shift 2
  "$@" && return
  missing_apt+=("$apt")
  [ "$brew" = - ] || missing_brew+=("$brew")
}
openblas_there() {
  file_there '/usr/lib/*/openblas-openmp/libopenblas.so*' || file_there '/opt/homebrew/opt/openblas/lib/libopenblas*' ||
    file_there '/usr/local/opt/openblas/lib/libopenblas*' || file_there '/usr/lib*/libopenblas*.so*'
}
need g++ - command_there g++
need cmake cmake command_there cmake
need make make command_there make
need libopenblas-openmp-dev openblas openblas_there
need doctest-dev doctest header_there doctest/doctest.h
need libcli11-dev cli11 header_there CLI/CLI.hpp
need nlohmann-json3-dev nlohmann-json header_there nlohmann/json.hpp
need libstb-dev stb header_there stb/stb_image_write.h
need libgif-dev giflib header_there gif_lib.h
need zlib1g-dev - header_there zlib.h
need libssl-dev openssl header_there openssl/evp.h
need libarchive-dev libarchive header_there archive.h
if [ "$(uname -s)" = Linux ]; then  # the grader's sandbox
  need bubblewrap - command_there bwrap
  need libseccomp-dev - header_there seccomp.h
fi
need gnuplot-nox gnuplot command_there gnuplot
need graphviz graphviz command_there dot
mode=install
for word in "$@"; do
  case $word in
    check)
      need clang llvm command_there clang++
      need clang-format clang-format command_there clang-format
      need clang-tidy llvm command_there clang-tidy
      need libomp-dev libomp file_there '/usr/lib/llvm-*/lib/libomp.so'
      ;;
    docs) need doxygen doxygen command_there doxygen ;;
    --list) mode=list ;;
    *) echo "deps.sh: unknown word '$word' (check, docs, --list)" >&2 && exit 2 ;;
  esac
done
[ ${#missing_apt[@]} -eq 0 ] && exit 0

if [ "$mode" = list ]; then
  printf '%s\n' "${missing_apt[@]}"
elif command_there apt-get; then
  root=()
  if [ "$(id -u)" -ne 0 ]; then
    command_there sudo || { echo "Packages are missing and sudo is not available. As root: apt-get install ${missing_apt[*]}" >&2 && exit 1; }
    root=(sudo)
  fi
  echo "installing: ${missing_apt[*]}"
  apt() { "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dpkg::Use-Pty=0 "$@" < /dev/null; }
  log=$(mktemp) || exit 1
  trap 'rm -f "$log"' EXIT
  # The package lists of a new machine may be missing or old: fetch them only when the first attempt fails.
  if ! apt install -y --no-install-recommends "${missing_apt[@]}" > "$log" 2>&1; then
    if ! { apt update && apt install -y --no-install-recommends "${missing_apt[@]}"; } > "$log" 2>&1; then
      tail -n 20 "$log" >&2
      echo "Could not install all of: ${missing_apt[*]}" >&2
      exit 1
    fi
  fi
elif [ "$(uname -s)" = Darwin ] && command_there brew; then
  echo "brew install libomp ${missing_brew[*]}"
  brew install libomp "${missing_brew[@]}"
else
  echo "Install with your system's package manager (names as in Debian):" >&2
  echo "  ${missing_apt[*]}" >&2
  exit 1
fi
