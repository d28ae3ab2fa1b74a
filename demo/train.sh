#!/usr/bin/env bash
# The demonstration of `make train-demo`: from raw recordings to a face that talks. BIN is the environment's bin folder,
# OUTPUT the folder to write to, TRAIN and DEV folders of videos (empty: the shared recordings), STEPS fewer training
# steps than the recipe's. Called again it resumes.
set -euo pipefail

folder_of() { # the name of a variable, its value, the folder to use when it is empty
  if [ -d "${2:-$3}" ]; then
    echo "${2:-$3}"
  else
    echo "make train-demo: there is no folder ${2:-$3}: give $1=FOLDER, videos of people who talk" >&2
    return 2
  fi
}

train=$(folder_of TRAIN "${TRAIN:-}" ../shared/data/train)
dev=$(folder_of DEV "${DEV:-}" ../shared/data/dev)
work="$OUTPUT/talking-face"
dataset="$work/dataset"
run="$work/tiny${STEPS:+-$STEPS}"
generator="$run/generator/generator.onnx"
mkdir -p "$run"

"$BIN/python" -m demo.train_sources --train "$train" --dev "$dev" --output "$work/sources.csv.new"
if [ -f "$work/sources.csv" ] && ! cmp -s "$work/sources.csv" "$work/sources.csv.new"; then
  echo "make train-demo: $work was made from other recordings: remove it, or give OUTPUT=FOLDER" >&2
  exit 2
fi
mv "$work/sources.csv.new" "$work/sources.csv"

if [ -f "$dataset/dataset.json" ]; then
  echo "built before: $dataset"
else
  # Pauses are kept: a mouth has to learn to be closed.
  "$BIN/talkshard" build --sources "$work/sources.csv" --set speakers.min_voiced_share=0.1 --output "$dataset"
fi

"$BIN/python" -m demo.talking_pair "$dataset" >"$work/pair"
mapfile -t -d '' pair <"$work/pair"

# At most forty clips of each person, by a hash of their keys, so that one person's many clips do not outweigh the others.
forty_of_each="key IN (SELECT key FROM clips WHERE split = 'train'
  QUALIFY row_number() OVER (PARTITION BY coalesce(nullif(speaker, ''), source_uri) ORDER BY md5(key)) <= 40)"
if [ -f "$generator" ]; then
  echo "trained before: $generator"
else
  "$BIN/talkshard" train --dataset "$dataset" --recipe tiny --output "$run/generator" --where "$forty_of_each" \
    ${STEPS:+--steps "$STEPS"}
fi

if [ -f "$run/evaluation/evaluation.json" ]; then
  echo "evaluated before: $run/evaluation"
else
  "$BIN/talkshard" evaluate --dataset "$dataset" --checkpoint "$generator" --output "$run/evaluation"
fi

echo "the face of ${pair[0]} says ${pair[1]}"
"$BIN/talkshard" generate --identity "${pair[0]}" --audio "${pair[1]}" --checkpoint "$generator" \
  --output "$run/talking.mp4"

echo
echo "report:   $run/evaluation/report.html"
echo "numbers:  $run/evaluation/evaluation.json"
echo "video:    $run/talking.mp4"
echo "network:  $generator"
