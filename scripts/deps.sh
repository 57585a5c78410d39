#!/usr/bin/env bash
# Installs the missing packages for a purpose; prints nothing when none is missing.
#
#   scripts/deps.sh lecture         compiler, libraries, gnuplot, graphviz, KaTeX: the library and the lectures
#   scripts/deps.sh grade           also the grader's sandbox, archives and digests
#   scripts/deps.sh [test]          also doctest: everything that README's commands need
#   scripts/deps.sh check           also clang++, clang-tidy, clang-format, clang's OpenMP and sanitizers (make check, make tsan, make prove)
#   scripts/deps.sh docs            the lectures' and Doxygen (make docs)
#   scripts/deps.sh browser         the lectures' and Chromium with its driver (make book, the suite browser)
#   scripts/deps.sh studio          the lectures' and emscripten, about 800 MB (make studio)
#   scripts/deps.sh mpi             MPI: training on several processes (make lecture4 RANKS=4)
#   scripts/deps.sh cluster         the grader's and GNU parallel (exercises/cluster)
#   scripts/deps.sh slurm           also a Slurm for the suite cluster; sites have their own
#   scripts/deps.sh aarch64         the tests' and a cross compiler, an emulator and libraries for 64-bit ARM (part of make check), on Debian
#   scripts/deps.sh purpose --list  only prints the missing packages
set -u

purpose=test mode=install
for word in "$@"; do
  case $word in
    lecture | grade | test | check | docs | browser | studio | mpi | cluster | slurm | aarch64) purpose=$word ;;
    --list) mode=list ;;
    *) echo "deps.sh: unknown word '$word' (lecture, grade, test, check, docs, browser, studio, mpi, cluster, slurm, aarch64, --list)" >&2 && exit 2 ;;
  esac
done

root=${GRADUS_DEPS_ROOT:-}  # for tests: the folder whose usr/ is searched, in place of /
command_there() { command -v "$1" > /dev/null 2>&1; }
file_there() { compgen -G "$root$1" > /dev/null; }
header_there() {
  local prefix
  for prefix in /usr/include /usr/local/include /opt/homebrew/include; do file_there "$prefix/$1" && return 0; done
  return 1
}

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
openmp_there() { file_there '/opt/homebrew/opt/libomp/lib/libomp*' || file_there '/usr/local/opt/libomp/lib/libomp*'; }
mpi_there() { file_there '/usr/include/*/mpi/mpi.h' || file_there '/usr/include/*/mpich/mpi.h' || header_there mpi.h; }
need_lecture() {
  need g++ - command_there g++
  need cmake cmake command_there cmake
  need make make command_there make
  need libopenblas-openmp-dev openblas openblas_there
  need libcli11-dev cli11 header_there CLI/CLI.hpp
  need nlohmann-json3-dev nlohmann-json header_there nlohmann/json.hpp
  need libstb-dev stb header_there stb/stb_image_write.h
  need libgif-dev giflib header_there gif_lib.h
  need libsndfile1-dev libsndfile header_there sndfile.h
  need libeigen3-dev eigen header_there eigen3/unsupported/Eigen/FFT
  if [[ $OSTYPE == darwin* ]]; then need libomp-dev libomp openmp_there; else need zlib1g-dev - header_there zlib.h; fi
  need gnuplot-nox gnuplot command_there gnuplot
  need graphviz graphviz command_there dot
  need libmd4c-dev md4c header_there md4c.h
  need nodejs node command_there node
  need libjs-katex - file_there /usr/share/javascript/katex/katex.js
}
need_grade() {
  need_lecture
  need libssl-dev openssl header_there openssl/evp.h
  need libarchive-dev libarchive header_there archive.h
  [[ $OSTYPE == linux* ]] || return
  need bubblewrap - command_there bwrap
  need libseccomp-dev - header_there seccomp.h
}
need_test() {
  need_grade
  need doctest-dev doctest header_there doctest/doctest.h
}
need_check() {
  need_test
  need clang llvm command_there clang++
  need clang-format clang-format command_there clang-format
  need clang-tidy llvm command_there clang-tidy
  need libomp-dev libomp file_there '/usr/lib/llvm-*/lib/libomp.so'
  need libclang-rt-dev - file_there '/usr/lib/llvm-*/lib/clang/*/lib/linux/libclang_rt.tsan*.a'
}
need_docs() {
  need_lecture
  need doxygen doxygen command_there doxygen
}
need_browser() {
  need_lecture
  need chromium - command_there chromium
  need chromium-driver - command_there chromedriver
  need fonts-dejavu-extra - file_there /usr/share/fonts/truetype/dejavu/DejaVuMathTeXGyre.ttf  # formulas: brackets and roots of any height
  need python3-selenium - file_there /usr/lib/python3/dist-packages/selenium
}
need_studio() {
  need_lecture
  need emscripten emscripten command_there em++
}
need_mpi() {
  need libopenmpi-dev open-mpi mpi_there
  need openmpi-bin - command_there mpiexec
}
need_cluster() {
  need_grade
  need parallel parallel command_there parallel
}
need_slurm() {
  need_cluster
  [[ $OSTYPE == linux* ]] || return
  need slurm-wlm - file_there /usr/sbin/slurmctld
  need munge - file_there /usr/sbin/munged
}
need_aarch64() {
  need_test
  need g++-aarch64-linux-gnu - command_there aarch64-linux-gnu-g++
  need qemu-user-static - command_there qemu-aarch64-static
  arm_library() { need "$1:arm64" - file_there "/usr/lib/aarch64-linux-gnu/$2"; }
  arm_library libopenblas-openmp-dev openblas-openmp/libopenblas.so
  arm_library libgif-dev libgif.so
  arm_library libsndfile1-dev libsndfile.so
  arm_library zlib1g-dev libz.so
  arm_library libmd4c-dev libmd4c.so
  arm_library libssl-dev libcrypto.so
  arm_library libarchive-dev libarchive.so
  arm_library libseccomp-dev libseccomp.so
}
"need_$purpose"
[ ${#missing_apt[@]} -eq 0 ] && exit 0

if [ "$mode" = list ]; then
  printf '%s\n' "${missing_apt[@]}"
elif command_there apt-get; then
  as_root=()
  if [ "$(id -u)" -ne 0 ]; then
    command_there sudo || { echo "Packages are missing and sudo is not available. As root: apt-get install ${missing_apt[*]}" >&2 && exit 1; }
    as_root=(sudo)
  fi
  case " ${missing_apt[*]} " in *:arm64*) "${as_root[@]}" dpkg --add-architecture arm64 ;; esac
  case " ${missing_apt[*]} " in *" emscripten "*) echo "emscripten needs about 800 MB of disk, with the clang that it brings" ;; esac
  echo "installing: ${missing_apt[*]}"
  apt() { "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dpkg::Use-Pty=0 "$@" < /dev/null; }
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
elif [[ $OSTYPE == darwin* && ${#missing_brew[@]} -gt 0 ]] && command_there brew; then
  echo "brew install ${missing_brew[*]}"
  brew install "${missing_brew[@]}"
else
  echo "Install with your system's package manager (names as in Debian):" >&2
  echo "  ${missing_apt[*]}" >&2
  exit 1
fi
