#!/usr/bin/env bash
# Runs every program of lecture 4 in its smallest form: it must run, report, and write its pictures,
# the page and the figures that other programs read. Also runs the pictures of the exercises.
#
#   tests/test_lectures.sh <runner> <folder of the exercises' programs>
set -u
runner=$1 pictures=$2
. "$(dirname "$0")/expect.sh"
"$runner" --preset tiny --seed 1 --out "$scratch/out" | tee "$scratch/text"
code=${PIPESTATUS[0]}
if [[ $(grep -E '^[0-9]+ of [0-9]+ programs ran' "$scratch/text") =~ ^([0-9]+)\ of\ ([0-9]+) ]]; then
  passed=${BASH_REMATCH[1]} failed=$((BASH_REMATCH[2] - BASH_REMATCH[1]))
fi
if [ "$code" -ne 0 ] && [ $failed -eq 0 ]; then failed=1; fi
expect "the page is missing" [ -s "$scratch/out/index.html" ]
expect "pictures of the page are missing" not grep -E 'class="bad">Missing (picture|sound)' "$scratch"/out/*.html
expect "the pictures of the exercises" "$runner" --from "$pictures" --preset tiny --out "$scratch/pictures"
expect "the exercises have pictures" ls "$scratch"/pictures/*/*.png
missing=()
for figure in kmeans_purity kmeans_nmi perplexity_bigram perplexity_network best_components em_gap_nats cave_correlation \
  w1_1d bimodal_both ring_modes ring_high_quality collapse_modes dcgan_fid dcgan_modes dcgan_seconds cgan_accuracy \
  p2p_fid_l1 p2p_fid_gan p2p_l1_ratio; do
  grep -qE "\"$figure\" *: *-?[0-9]" "$scratch/out/summary.json" || missing+=("$figure")
done
equal "summary.json lacks figures" "${missing[*]}" ""
# Every figure must have a quantity: lectures/runner/quantities.cpp. A formula that KaTeX refuses would be shown as TeX.
mapfile -t missing < <(grep -hoE '<th scope="row">[^<]*</th><td>[^<]*</td><td></td>' "$scratch/out/figures.html" | sed 's/<\/th>.*//; s/.*>//')
equal "figures without unit and direction" "${missing[*]}" ""
if command -v node > /dev/null; then
  equal "pages with formulas that cannot be converted" "$(grep -lF 'Some formulas are shown as TeX' "$scratch"/out/*.html)" ""
fi
# What the lessons name: figures, [`name`](../figures.md#11_vae), and pictures, `11_vae/name.png`. Without gnuplot or Graphviz, a
# picture is only its numbers. 18_resynthesis refuses attributes after so short a training, and has no figures of their changes.
lessons=$(dirname "$0")/../lectures/lecture4 names=0 missing=()
while read -r program figure; do
  if [[ $program == 18_resynthesis && $figure =~ ^(smile|mouth)_ ]]; then continue; fi
  names=$((names + 1))
  sed -n "/^  \"$program\": {/,/^  }/p" "$scratch/out/summary.json" | grep -qF "      \"$figure\": " || missing+=("figure $program/$figure")
done < <(grep -ohE '\[`[^`]+`\]\(\.\./figures\.md#[0-9a-z_]+\)' "$lessons"/*/README.md | sed -E 's/.*`(.*)`.*#(.*)\)/\2 \1/' | sort -u)
while read -r picture; do
  names=$((names + 1))
  ls "$scratch/out/${picture%.*}".{png,gif,svg,html,csv,dot} 2> /dev/null | grep -q . || missing+=("picture $picture")
done < <(grep -ohE '`[0-9]{2}_[a-z0-9_]+/[a-zA-Z0-9_.]+\.(png|gif|svg|html)`' "$lessons"/*/README.md | tr -d '`' | sort -u)
expect "the lessons name figures and pictures" [ $names -gt 0 ]
equal "the programs do not make what the lessons name" "${missing[*]}" ""
report
