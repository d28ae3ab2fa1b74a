"""Make the demonstration: `python -m demo.make_video --output FOLDER` writes talk.mp4, damaged.mp4 and answers.json.

A public-domain portrait speaks with a synthetic voice: no recorded person is needed, and the ground truth is known.
"""

import argparse
import dataclasses
import json
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from demo.answers import Answers, Face
from demo.mouth import mouth_shapes
from demo.portrait import astronaut_rgba, recoloured
from demo.scenes import SIZE_WH, Scene, scenes
from demo.voice import Voice, speak
from schemas.clock import FRAME_RATE

TEXT = (
    "Hello, my name is Bob, and I am not a person. A program moves my mouth while a small machine speaks. "
    "Papa bought apples, pears and a box of bread. Beside me stands somebody who never says a word. "
    "Now you see me nearer. We may wait for the boat to move past the old bridge. "
    "Maybe a film about vampires would be more fun. Bye bye!"
)
LEAD_IN_S = 0.6  # before the first word
LAG_FRAMES = 5  # + = the audio is late
_NOISE_LEVEL = 6.0  # standard deviation of the background noise, of 32768
_DAMAGE_FROM, _DAMAGE_TO = 0.57, 0.59  # share of the frames; few enough that the file is not dropped
_KEY_FRAME_EVERY = 50


def make_video(folder: Path) -> Answers:
    """Write the three files: the same bytes each time, in a new process with the same packages."""
    folder.mkdir(parents=True, exist_ok=True)
    voice = _after_lead_in(speak(TEXT))
    num_frames = int((len(voice.samples) / voice.sample_rate_hz + 1) * FRAME_RATE)
    cut_frame = _cut_frame(voice, num_frames)
    both = scenes(portrait := astronaut_rgba(), recoloured(portrait))
    openings = mouth_shapes(voice.phonemes, num_frames)
    images = (both[frame >= cut_frame].drawn(frame, *openings[frame]) for frame in range(num_frames))
    _encode(folder / "talk.mp4", images, _late_audio(voice, num_frames), voice.sample_rate_hz)
    (folder / "damaged.mp4").write_bytes(_damaged(folder / "talk.mp4"))
    answers = Answers(
        video="talk.mp4",
        damaged_video="damaged.mp4",
        num_frames=num_frames,
        cut_frames=(cut_frame,),
        audio_lag_frames=LAG_FRAMES,
        mouth_openings=tuple(openings[:, 0].round(4).tolist()),
        faces=(*_faces(both[0], 0, cut_frame), *_faces(both[1], cut_frame, num_frames)),
    )
    (folder / "answers.json").write_text(json.dumps(dataclasses.asdict(answers), indent=1) + "\n")
    return answers


def _faces(scene: Scene, start_frame: int, end_frame: int) -> list[Face]:
    return [
        Face(
            name=person.name,
            speaks=person.speaks,
            start_frame=start_frame,
            end_frame=end_frame,
            box_xyxy=tuple(round(value, 1) for value in person.box_xyxy()),
        )
        for person in scene.people
    ]


def _after_lead_in(voice: Voice) -> Voice:
    silence = np.zeros(int(LEAD_IN_S * voice.sample_rate_hz), np.int16)
    phonemes = tuple(
        dataclasses.replace(phoneme, start_s=phoneme.start_s + LEAD_IN_S, end_s=phoneme.end_s + LEAD_IN_S)
        for phoneme in voice.phonemes
    )
    return dataclasses.replace(voice, samples=np.concatenate([silence, voice.samples]), phonemes=phonemes)


def _cut_frame(voice: Voice, num_frames: int) -> int:
    """Find the frame of the cut: in the pause that is nearest to the middle of the video."""
    middle_s = num_frames / FRAME_RATE / 2
    pauses_s = [(p.start_s + p.end_s) / 2 for p in voice.phonemes if p.name == "_:"]
    return round(min(pauses_s, key=lambda pause_s: abs(pause_s - middle_s)) * FRAME_RATE)


def _late_audio(voice: Voice, num_frames: int) -> np.ndarray:
    """Samples int16 (n,) of the whole video: the voice, late by LAG_FRAMES, over a quiet background noise."""
    audio = np.random.default_rng(3).normal(0, _NOISE_LEVEL, num_frames * voice.sample_rate_hz // FRAME_RATE)
    start = LAG_FRAMES * voice.sample_rate_hz // FRAME_RATE
    audio[start : start + len(voice.samples)] += voice.samples
    return np.clip(audio, -32768, 32767).round().astype(np.int16)


def _encode(path: Path, images, samples: np.ndarray, sample_rate_hz: int) -> None:
    """Encode as H.264 and AAC, with one thread and bit-exact headers: the same bytes each time."""
    with av.open(str(path), "w", options={"movflags": "+faststart", "fflags": "+bitexact"}) as container:
        video = container.add_stream("libx264", rate=FRAME_RATE)
        video.width, video.height = SIZE_WH
        video.pix_fmt, video.thread_count = "yuv420p", 1
        video.options = {"crf": "20", "preset": "veryfast", "x264-params": f"threads=1:keyint={_KEY_FRAME_EVERY}"}
        audio = container.add_stream("aac", rate=sample_rate_hz, layout="mono")
        audio.bit_rate = 96_000
        for number, image in enumerate(images):
            frame = av.VideoFrame.from_ndarray(image, format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, FRAME_RATE)
            container.mux(video.encode(frame))
            _encode_audio(container, audio, samples, sample_rate_hz, number)
        container.mux(video.encode())
        container.mux(audio.encode())


def _encode_audio(container, audio, samples: np.ndarray, sample_rate_hz: int, frame_number: int) -> None:
    """Encode the samples of one frame's time, so that both streams are interleaved in the file."""
    start = frame_number * sample_rate_hz // FRAME_RATE
    chunk = samples[start : (frame_number + 1) * sample_rate_hz // FRAME_RATE]
    frame = av.AudioFrame.from_ndarray((chunk[None] / 32768).astype(np.float32), format="fltp", layout="mono")
    frame.sample_rate, frame.pts, frame.time_base = sample_rate_hz, start, Fraction(1, sample_rate_hz)
    container.mux(audio.encode(frame))


def _damaged(path: Path) -> bytes:
    """Content of the file with all bits inverted in the frames between _DAMAGE_FROM and _DAMAGE_TO."""
    content = np.fromfile(path, np.uint8)
    with av.open(str(path)) as container:
        packets = [packet for packet in container.demux(video=0) if packet.size]
        for packet in packets[int(len(packets) * _DAMAGE_FROM) : int(len(packets) * _DAMAGE_TO)]:
            content[packet.pos : packet.pos + packet.size] ^= 0xFF
    return content.tobytes()


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="python -m demo.make_video", description="Make the demonstration.")
    parser.add_argument("--output", type=Path, required=True, help="folder for talk.mp4, damaged.mp4, answers.json")
    folder = parser.parse_args().output
    answers = make_video(folder)
    print(f"{folder}: {answers.num_frames} frames, cut at {answers.cut_frames[0]}, audio late by {LAG_FRAMES} frames")


if __name__ == "__main__":
    main()
