#!/usr/bin/env bash
# The demonstration of `make demo`. BIN: bin folder of the environment; OUTPUT: folder to write to; INPUT: the user's
# media, or empty.
set -euo pipefail
dataset="$OUTPUT/dataset"
[ -z "${INPUT:-}" ] || dataset="$OUTPUT/own"

build() {
  rm -rf "$dataset" # of an earlier demonstration
  status=0
  "$BIN/talkshard" build --input "$1" --output "$dataset" "${@:2}" || status=$?
}

show() {
  echo
  find "$dataset" -type f | sort
  rm -rf "$OUTPUT/overlay"
  echo
  echo "overlays: frames with boxes, landmarks, the speaker and the lag of the audio"
  "$BIN/talkshard" overlay "$dataset" --output "$OUTPUT/overlay"
}

if [ -n "${INPUT:-}" ]; then
  build "$INPUT"
  if [ -d "$dataset/manifests" ]; then show; fi
  exit "$status"
fi

"$BIN/python" -m demo.make_video --output "$OUTPUT/video"
answers="$OUTPUT/video/answers.json"
build "$OUTPUT/video"
if [ "$status" -eq 3 ]; then
  echo
  echo "No clip: the sync network was trained on real faces and does not accept this warped one."
  echo "Building again with --sync none: the only face in view is taken for the speaker whenever there is speech."
  build "$OUTPUT/video" --sync none
fi
[ "$status" -eq 0 ] || exit "$status"
"$BIN/python" -m demo.check "$dataset" "$answers"
show
