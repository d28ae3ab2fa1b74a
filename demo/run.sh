#!/usr/bin/env bash
# The demonstration of `make demo`: BIN is the environment's bin folder, OUTPUT the folder to write to, INPUT the user's media or empty.
set -euo pipefail
dataset="$OUTPUT/dataset"
[ -z "${INPUT:-}" ] || dataset="$OUTPUT/own"

build() {
  rm -rf "$dataset" # made by an earlier demonstration
  status=0
  "$BIN/talkshard" build --input "$1" --output "$dataset" "${@:2}" || status=$?
}

show() {
  echo
  find "$dataset" -type f | sort
  rm -rf "$OUTPUT/overlay"
  echo
  echo "frames with boxes, landmarks, who speaks and how late the audio is:"
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
  echo "The judge of lips and audio, trained on real faces, does not believe this warped one: no clip."
  echo "Building again with --sync none, which trusts the source and keeps what is voiced with a single face."
  build "$OUTPUT/video" --sync none
fi
[ "$status" -eq 0 ] || exit "$status"
"$BIN/python" -m demo.check "$dataset" "$answers"
show
