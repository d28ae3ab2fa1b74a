"""Judge a video of your own with the sync network: `python examples/judge_clip.py FILE`."""

import sys

from audit.judge_video import judge_video
from schemas.clock import seconds_from_frames

for track in judge_video(sys.argv[1]):
    start_s, end_s = seconds_from_frames(track.start_frame), seconds_from_frames(track.end_frame)
    print(f"{start_s:.1f}-{end_s:.1f} s: a face of {track.face_source_px:.0f} px")
    if track.sync_probability is None or track.audio_lag_frames is None:
        print("  not judged: too little speech, or too little of a face")
        continue
    print(f"  probability that it makes the audio: {track.sync_probability:.2f}")
    print(f"  audio late by {track.audio_lag_frames:.1f} frames, standard error {track.audio_lag_se_frames:.1f}")
    print(f"  speaks in {track.active_share:.0%} of its frames")
