"""What each kind of failure means, and what to do about it: the report says it, and docs/bad-input.md lists it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class FailureKind:
    """One value of `kind` in the `failures` table."""

    about: str
    cure: str


FAILURE_KINDS = {
    "not_media": FailureKind(
        about="The file is empty, truncated in its header, or holds something else than its name says.",
        cure="Copy it again from where it came from, or take it out of the inputs.",
    ),
    "unreadable": FailureKind(
        about="The file was gone, or could not be read.",
        cure="Check that it is there and may be read; then `talkshard build --retry_failures` does it again.",
    ),
    "changed": FailureKind(
        about="The file was written to while the run was reading it.",
        cure="Wait until it is complete; then `talkshard build --retry_failures` does it again.",
    ),
    "damaged": FailureKind(
        about="More of a window could not be decoded than limits.damaged_share allows, or the file's clock runs back.",
        cure="Copy or remux the file, or build it with a higher --set limits.damaged_share=SHARE.",
    ),
    "limit": FailureKind(
        about="Frame size, duration or memory is beyond what a plausible input needs.",
        cure="If the file is right: `talkshard build --retry_failures` with a higher limit (--set limits.NAME=VALUE).",
    ),
    "missing_stream": FailureKind(
        about="The audio or video stream that was asked for is not in the file.",
        cure="Leave audio.stream and video.stream alone, so that the best stream is chosen, or build such files apart.",
    ),
    "encrypted": FailureKind(
        about="The content is encrypted, so that no decoder can read it.",
        cure="Get a copy without protection, or take the file out of the inputs.",
    ),
    "no_decoder": FailureKind(
        about="FFmpeg cannot decode the codec of the video or of the audio.",
        cure="Convert the file to a common codec, such as H.264 with AAC.",
    ),
    "crash": FailureKind(
        about="The decoder died twice while it read the file.",
        cure="The file is probably damaged or hostile: convert it on another machine, or leave it out.",
    ),
    "timeout": FailureKind(
        about="Work on the file or window took more CPU time than any plausible input needs.",
        cure="Convert the file, or try `talkshard build --retry_failures` with --set limits.window_s=600.",
    ),
    "bug": FailureKind(
        about="Talkshard itself failed on it; the others were built.", cure="Please report it with the message below."
    ),
}
"""Kind -> what it means and its cure."""
