#!/usr/bin/env bash
# Gradescope runs this once, as root, when the image is made: installs what is missing and builds the grader.
set -eu
cd /autograder/source/gradus
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq make
make doctor
