#!/usr/bin/env bash
# Runs every program of lecture 4 in its smallest form: it must run, report, and write its pictures,
# the page and the figures that other programs read. Also runs the pictures of the exercises.
#
#   tests/test_lectures.sh <runner> <folder of the exercises' programs>
set -u
runner=$1 pictures=$2
scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT
"$runner" --preset tiny --seed 1 --out "$scratch/out" | tee "$scratch/text"
code=${PIPESTATUS[0]}
passed=0 failed=0
if [[ $(grep -E '^[0-9]+ of [0-9]+ programs ran' "$scratch/text") =~ ^([0-9]+)\ of\ ([0-9]+) ]]; then
  passed=${BASH_REMATCH[1]} failed=$((BASH_REMATCH[2] - BASH_REMATCH[1]))
fi
if [ "$code" -ne 0 ] && [ $failed -eq 0 ]; then failed=1; fi
if [ -s "$scratch/out/index.html" ] && ! grep -qE 'class="bad">Missing (picture|sound)' "$scratch"/out/*.html; then
  passed=$((passed + 1))
else
  failed=$((failed + 1)) && echo "lectures: the page or its pictures are missing"
fi
if "$runner" --from "$pictures" --preset tiny --out "$scratch/pictures" > "$scratch/said" && ls "$scratch"/pictures/*/*.png > "$scratch/said"; then
  passed=$((passed + 1))
else
  failed=$((failed + 1)) && echo "lectures: the pictures of the exercises:" && cat "$scratch/said"
fi
missing=()
for figure in kmeans_purity kmeans_nmi perplexity_bigram perplexity_network best_components em_gap_nats cave_correlation \
  w1_1d bimodal_both ring_modes ring_high_quality collapse_modes dcgan_fid dcgan_modes dcgan_seconds cgan_accuracy \
  p2p_fid_l1 p2p_fid_gan p2p_l1_ratio; do
  grep -qE "\"$figure\" *: *-?[0-9]" "$scratch/out/summary.json" || missing+=("$figure")
done
if [ ${#missing[@]} -eq 0 ]; then
  passed=$((passed + 1))
else
  failed=$((failed + 1)) && echo "lectures: summary.json lacks ${missing[*]}"
fi
# Every figure must have a quantity: lectures/runner/quantities.cpp. A formula that KaTeX refuses would be shown as TeX.
mapfile -t missing < <(grep -hoE '<th scope="row">[^<]*</th><td>[^<]*</td><td></td>' "$scratch/out/figures.html" | sed 's/<\/th>.*//; s/.*>//')
if [ ${#missing[@]} -eq 0 ]; then
  passed=$((passed + 1))
else
  failed=$((failed + 1)) && echo "lectures: no unit and direction of ${missing[*]}"
fi
if ! command -v node > /dev/null || ! grep -qF 'Some formulas are shown as TeX' "$scratch"/out/*.html; then
  passed=$((passed + 1))
else
  failed=$((failed + 1)) && echo "lectures: formulas that cannot be converted: $(grep -lF 'Some formulas are shown as TeX' "$scratch"/out/*.html)"
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
if [ $names -gt 0 ] && [ ${#missing[@]} -eq 0 ]; then
  passed=$((passed + 1))
else
  failed=$((failed + 1)) && echo "lectures: the lessons name $names figures and pictures; missing: ${missing[*]}"
fi
echo "lectures: $passed passed, $failed failed"
exit $((failed > 0))
