#!/bin/sh
# Downloads the public data sets that the lecture programs can use, and verifies every file.
#
#   datasets/fetch.sh [mnist] [FOLDER]        FOLDER: GRADUS_DATASETS, or the folder of this script
#
# An interrupted download resumes. A file gets its name only when its checksum is correct.
set -eu

usage() {
  sed -n '2,6s/^# \{0,1\}//p' "$0"
}

set_name=mnist
case "${1:-}" in
  -h | --help)
    usage
    exit 0
    ;;
  mnist) shift ;;
esac
if [ $# -gt 1 ]; then
  usage >&2
  exit 2
fi
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
root=${1:-${GRADUS_DATASETS:-$here}}

command -v curl >/dev/null 2>&1 || {
  echo "fetch.sh: needs curl" >&2
  exit 1
}

# sha256 of a file, with the command that this system has
sha256() {
  if command -v sha256sum >/dev/null 2>&1; then
    sha256sum -- "$1" | cut -d ' ' -f 1
  elif command -v shasum >/dev/null 2>&1; then
    shasum -a 256 -- "$1" | cut -d ' ' -f 1
  else
    echo "fetch.sh: needs sha256sum or shasum" >&2
    exit 1
  fi
}

# fetch URL FILE SHA256
fetch() {
  url=$1 file=$2 wanted=$3 part=$2.part
  if [ -f "$file" ]; then
    if [ "$(sha256 "$file")" = "$wanted" ]; then
      echo "$file: already present"
      return
    fi
    echo "$file: differs from $url; move it away to download the right one" >&2
    return 1
  fi
  if ! { [ -f "$part" ] && [ "$(sha256 "$part")" = "$wanted" ]; }; then
    echo "$file: from $url"
    curl --fail --location --retry 3 --continue-at - --output "$part" "$url"
  fi
  got=$(sha256 "$part")
  if [ "$got" != "$wanted" ]; then
    rm -f -- "$part"
    echo "$file: sha256 $got, expected $wanted; the download is discarded" >&2
    return 1
  fi
  mv -- "$part" "$file"
}

mirror=${GRADUS_MNIST_MIRROR:-https://ossci-datasets.s3.amazonaws.com/mnist}
folder=$root/$set_name
mkdir -p "$folder"
fetch "$mirror/train-images-idx3-ubyte.gz" "$folder/train-images-idx3-ubyte.gz" \
  440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609
fetch "$mirror/train-labels-idx1-ubyte.gz" "$folder/train-labels-idx1-ubyte.gz" \
  3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c
fetch "$mirror/t10k-images-idx3-ubyte.gz" "$folder/t10k-images-idx3-ubyte.gz" \
  8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6
fetch "$mirror/t10k-labels-idx1-ubyte.gz" "$folder/t10k-labels-idx1-ubyte.gz" \
  f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6
echo "MNIST is complete in $folder"
