"""`talkshard show DATASET KEY --output FILE`: one clip as an image, or its faces with its audio as a video."""

from pathlib import Path

from audit.clip_sheet import clip_sheet
from audit.png import write_png
from audit.shown_clip import ShownClip, provenance, shown_clip
from pipeline.commands.parser import CommandParser
from pipeline.output import normalised_output
from schemas.errors import UsageError

_DESCRIPTION = """Show one clip. FILE.png: its provenance, a strip of faces, waveform, MFCC, mouth opening and the sync
curve of its track. FILE.mp4: its faces with its audio."""
_IMAGE, _VIDEO = ".png", ".mp4"


def main(argv: list[str], program: str) -> int:
    """Write the file and print where the clip came from; returns 0."""
    parser = CommandParser(program, _DESCRIPTION)
    parser.add_argument("dataset", metavar="DATASET", help="folder or URL of a dataset")
    parser.add_argument("key", metavar="KEY", help="key of a clip: column `key` of manifests/clips")
    parser.add_argument("--output", required=True, metavar="FILE", help="FILE.png or FILE.mp4")
    args = parser.parse(argv)
    output = Path(args.output)
    if output.suffix not in (_IMAGE, _VIDEO):
        raise UsageError(f"--output {args.output}: give a name that ends in {_IMAGE} or {_VIDEO}")
    shown = shown_clip(normalised_output(args.dataset), args.key)
    if output.suffix == _IMAGE:
        write_png(output, clip_sheet(shown))
    else:
        _write_video(output, shown)
    print("\n".join([str(output), *(f"  {line}" for line in provenance(shown.row))]))
    return 0


def _write_video(path: Path, shown: ShownClip) -> None:
    from speech2vid.generation.talking_video import TalkingVideo

    clip = shown.clip
    side = clip.image_px + clip.image_px % 2
    about = "; ".join(provenance(shown.row))
    with TalkingVideo(path, (side, side), about, f"Clip {clip.key}") as video:
        video.write_audio(clip.samples)
        for frame in range(clip.num_frames):
            video.write_image(clip.face(frame))
