#!/usr/bin/env bash
# Gradescope runs this once, as root, when the image is made: installs what is missing and builds the grader.
set -eu
cd /autograder/source/gradus
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq make
bash scripts/deps.sh grade
# The machine that grades may be another one than this: no instructions of this processor alone.
cmake --preset double -DGRADUS_NATIVE=OFF > /dev/null
make doctor
