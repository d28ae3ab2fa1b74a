"""Judges: sync networks that search for the right audio among the audio of other clips."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from speech2vid.evaluation.clips import EvaluationClip
from speech2vid.evaluation.retrieval import AudioEmbedding, RetrievalScores, candidate_groups, embed_audio, rank_audio
from transforms.media.tubes import TubeFile
from transforms.speakers.sync_network import SyncNetwork, load_sync_network

SECOND_JUDGE_PATH = Path(__file__).parents[1] / "weights" / "log_mel_judge.onnx"
"""The bundled second judge: it has no speech encoder that a generator could share with it."""
TRACK = "face"
"""The one track of the tube file that a judge is given."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Judge:
    """A sync network, and its embeddings of all clips' audio."""

    network: SyncNetwork
    candidates: dict[str, list[AudioEmbedding]]  # by key of the clip, which is among them

    def scores(self, clip: EvaluationClip, tubes: TubeFile) -> RetrievalScores:
        """Rank a clip's own audio for the faces of a tube file."""
        candidates = self.candidates.get(clip.key)
        if candidates is None:
            return RetrievalScores()
        vectors = self.network.embed_face(tubes, TRACK)
        right = next(audio for audio in candidates if audio.key == clip.key)
        return rank_audio(self.network, vectors, int(clip.frames[0]), right, candidates)


def load_second_judge(spec: str) -> SyncNetwork | None:
    """Load the second judge by its setting: default, a FILE.onnx of `talkshard train-sync`, or none."""
    if spec == "none":
        return None
    return load_sync_network(str(SECOND_JUDGE_PATH) if spec == "default" else spec)


def make_judge(network: SyncNetwork | None, clips: Sequence[EvaluationClip], max_candidates: int) -> Judge | None:
    """A judge that has embedded the clips' audio; None without a network."""
    if network is None:
        return None
    audio = [embed_audio(network, clip) for clip in clips]
    found = [embedding for embedding in audio if embedding is not None]
    return Judge(network=network, candidates=candidate_groups(found, max_candidates))
