#!/usr/bin/env bash
# The demonstration of `make train-demo`: from raw recordings to a portrait that talks and a video that is dubbed. BIN is
# the environment's bin folder, OUTPUT the folder to write to, TRAIN and DEV folders of videos (empty: the shared
# recordings), STEPS fewer steps of the painter than the recipe's. Called again it resumes.
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
motion="$work/motion/motion.onnx"
painter="$run/painter/painter.onnx"
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
  "$BIN/talkshard" build --sources "$work/sources.csv" --set speakers.min_voiced_share=0.1 --set clips.image_px=256 \
    --output "$dataset"
fi

"$BIN/python" -m demo.talking_pair "$dataset" >"$work/pair"
mapfile -t -d '' pair <"$work/pair"

# Of the shared recordings, four people choose the best network and five others are reported on; of other recordings, all
# people of DEV do both.
tuning="" reported=""
if [ -z "${DEV:-}" ]; then
  tuning="speaker IN ('talk_m2', 'rt_w2', 'pol_w3', 'news_m1')"
  reported="NOT $tuning"
fi

if [ -f "$motion" ]; then
  echo "trained before: $motion"
else
  "$BIN/talkshard" train --dataset "$dataset" --recipe motion --output "$work/motion" --threads 1 \
    ${tuning:+--validate_where "$tuning"}
fi

# On one thread the same command gives the same bits. What paints learns only from clips whose licence is stated.
licensed="licence <> '' AND licence NOT ILIKE '%none stated%'"
if [ -f "$painter" ]; then
  echo "trained before: $painter"
else
  "$BIN/talkshard" train --dataset "$dataset" --recipe tiny --output "$run/painter" --threads 1 --where "$licensed" \
    ${tuning:+--validate_where "$tuning"} ${STEPS:+--set "loop.steps=$STEPS"}
fi

networks=(--motion "$motion" --checkpoint "$painter")
if [ -f "$run/evaluation/evaluation.json" ]; then
  echo "evaluated before: $run/evaluation"
else
  "$BIN/talkshard" evaluate --dataset "$dataset" "${networks[@]}" ${reported:+--where "$reported"} \
    --output "$run/evaluation"
fi

echo "the face of ${pair[0]} says ${pair[1]}"
"$BIN/talkshard" generate --identity "${pair[0]}" --audio "${pair[1]}" "${networks[@]}" --output "$run/talking.mp4"
"$BIN/talkshard" dub --video "${pair[0]}" --audio "${pair[1]}" --motion "$motion" --painter "$painter" --fit trim \
  --output "$run/dubbed.mp4"

echo
echo "report:   $run/evaluation/report.html"
echo "numbers:  $run/evaluation/evaluation.json"
echo "portrait: $run/talking.mp4"
echo "dubbed:   $run/dubbed.mp4"
echo "networks: $motion $painter"
