"""The training of the motion network."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from schemas.stored.clip_index import find_clips
from schemas.stored.record import dataset_sha256
from speech2vid.motion.mouth_space import MouthSpace
from speech2vid.motion_training.batches import MotionBatch, MotionSampler, padded_columns, usual_shapes
from speech2vid.motion_training.export import export_motion
from speech2vid.motion_training.fit_space import fit_space
from speech2vid.motion_training.network import MotionNetwork
from speech2vid.motion_training.people import MotionClip, fold_of, read_motion_clips
from speech2vid.motion_training.recipe import MotionSettings
from speech2vid.reader.ranks import Ranks
from speech2vid.training.card import TrainingData, training_data
from speech2vid.training.held_out import held_out
from speech2vid.training.options import TrainingOptions
from speech2vid.training.task import TrainingTask, Validation
from transforms.media.models import model_sha256
from transforms.speakers.speech_encoder import MODEL

_MIN_DEVIATION = 1e-6
_MIN_SCORED_FRAMES = 25


class MotionTask(TrainingTask[MotionBatch]):
    """Network, clips in memory, losses."""

    network_name = "motion.onnx"
    network: MotionNetwork

    def __init__(self, settings: MotionSettings, options: TrainingOptions, ranks: Ranks) -> None:
        """Read the clips and fit the mouth space. UsageError: there are no clips, or an option is wrong."""
        self._settings, self._options, self._ranks = settings, options, ranks
        parts = held_out(options.dataset, options.where, options.validate_where)
        self._data = training_data(
            find_clips(options.dataset, "train", parts.train_where), dataset_sha256(options.dataset)
        )
        self._clips = read_motion_clips(options.dataset, "train", parts.train_where)
        self._validated = read_motion_clips(options.dataset, parts.split, parts.where)
        self.space = fit_space(self._clips, settings.network.components)
        members = settings.network.members
        self._sampler = MotionSampler(self._clips, self.space, settings.sampling, members)
        torch.manual_seed(options.seed)
        self.network = MotionNetwork(settings.network, *_projection(self._clips, settings.network.inputs))
        self.network.scale.copy_(torch.from_numpy(np.sqrt(self.space.within))[:, None])
        self.network.to(ranks.device)
        gap = self.space.gap_weights
        self._gap = torch.from_numpy(gap.astype(np.float32)).to(ranks.device)[:, None]
        self._gap_deviation = float(np.sqrt((gap**2 * self.space.within).sum()))

    @property
    def data(self) -> TrainingData:
        """The clips that are learnt from."""
        return self._data

    def batches(self, first: int) -> Iterator[MotionBatch]:
        """Batches of this rank."""
        while True:
            random = np.random.default_rng([self._options.seed, self._ranks.rank, first])
            yield self._sampler.batch(random, self._ranks.device)
            first += 1

    def losses(self, trained: nn.Module, batch: MotionBatch) -> dict[str, Tensor]:
        """Losses of all members, each of which learns from the people outside its own fold."""
        weights, scale = self._settings.losses, self.network.scale
        shapes_MBPK, closed_MBK = trained(batch.audio)
        error_MBPK = shapes_MBPK - batch.shapes
        # Strong components count more than weak ones, but less than by their variance.
        relative_MBPK = error_MBPK / scale * (scale / scale.max()).sqrt()
        opening_MBK, real_opening_BK = (
            (moved * self._gap).sum(-2) / self._gap_deviation for moved in (shapes_MBPK, batch.shapes)
        )
        closure_MBK = F.binary_cross_entropy_with_logits(
            closed_MBK, batch.closed.expand_as(closed_MBK), reduction="none"
        )
        real_MBK = self._learns_from(batch)[:, :, None] * batch.is_real
        both_MBK = real_MBK[..., 1:] * real_MBK[..., :-1]
        return {
            "shape": weights.shape * _mean(relative_MBPK.square().mean(2), real_MBK),
            "velocity": weights.velocity * _mean(relative_MBPK.diff(dim=3).square().mean(2), both_MBK),
            "opening": weights.opening * _mean((opening_MBK - real_opening_BK).square(), real_MBK),
            "correlation": weights.correlation
            * _mean(1 - correlation(opening_MBK, real_opening_BK, real_MBK), real_MBK.amax(2)),
            "closure": weights.closure * _mean(closure_MBK, real_MBK),
        }

    def validate(self, averaged: nn.Module, steps: int) -> Validation:
        """Correlation of the mouth's opening, a mean over people, and how wide its motion is.

        People of the training count too, by the member that did not learn from them: few held-out people tell little.
        """
        assert isinstance(averaged, MotionNetwork)
        validated = [members.mean(0) for members in self._found(averaged, self._validated)]
        own = self._by_others(self._found(averaged, self._clips))
        correlation, width = opening_scores(self._clips + self._validated, own + validated, self.space)
        measures = {
            "opening r": correlation,
            "opening r of the validation's people": opening_scores(self._validated, validated, self.space)[0],
            "opening deviation without gain": width,
        }
        return Validation(score=correlation, measures=measures)

    def export(self, averaged: nn.Module, path: Path) -> None:
        """Write network and space; the motion's width is set by the people held out from each member."""
        assert isinstance(averaged, MotionNetwork)
        self._held_out_correlation, width = self._held_out_scores(averaged)
        self._gain = self._settings.network.gain / width
        averaged.scale.mul_(self._gain)
        export_motion(averaged, self.space, path, self._options.recipe)

    def about(self, size_bytes: int) -> str:
        """What goes in and what comes out."""
        network = self._settings.network
        num_people = len({clip.speaker for clip in self._clips})
        return (
            f"From audio to the motion of a face's mesh: the mean of {network.members} networks of width "
            f"{network.width}, each trained without a part of the people; {network.components} components of lips, "
            f"chin and cheeks, multiplied by {self._gain:.2f}, which makes the motion of held-out people "
            f"{network.gain:g} times as wide as their real motion; {size_bytes / 1e6:.1f} MB. "
            f"Correlation of the mouth's opening with the real one, before rendering, of the people held out from each "
            f"network: {self._held_out_correlation:.3f}, a mean over {num_people} people."
        )

    def identity(self) -> dict[str, object]:
        """The speech encoder."""
        return {"speech_encoder": model_sha256(MODEL)}

    def _learns_from(self, batch: MotionBatch) -> Tensor:
        """1 where a member learns from a clip, float32 (M, B)."""
        members = torch.arange(self._settings.network.members, device=batch.folds.device)
        return (members[:, None] != batch.folds).float()

    @torch.no_grad()
    def _members(self, averaged: MotionNetwork, clip: MotionClip) -> np.ndarray:
        """Shapes (M, T, P) of one clip by each member."""
        audio = torch.from_numpy(padded_columns(clip).astype(np.float32)).to(self._ranks.device)
        return averaged.eval()(audio[None])[0][:, 0].transpose(1, 2).cpu().numpy()

    def _found(self, averaged: MotionNetwork, clips: list[MotionClip]) -> list[np.ndarray]:
        return [self._members(averaged, clip) for clip in clips]

    def _by_others(self, found: list[np.ndarray]) -> list[np.ndarray]:
        """Shapes (T, P) of each training clip, of (M, T, P), by the member that did not learn from its person."""
        num_folds = self._settings.network.members
        return [members[fold_of(clip.speaker, num_folds)] for clip, members in zip(self._clips, found, strict=True)]

    def _held_out_scores(self, averaged: MotionNetwork) -> tuple[float, float]:
        """Correlation and width of the motion of the people held out from a member.

        The width is that of one member, times how much narrower the mean of all is.
        """
        own = self._by_others(self._found(averaged, self._clips))
        correlation, width = opening_scores(self._clips, own, self.space)
        whole = self._found(averaged, self._validated)
        narrower = [members.mean(0).std() / members.std((1, 2)).mean() for members in whole]
        return correlation, max(width * float(np.mean(narrower)), _MIN_DEVIATION)


def opening_scores(clips: list[MotionClip], predicted: list[np.ndarray], space: MouthSpace) -> tuple[float, float]:
    """Correlation of the lips' gap with the real one, and its deviation over the real one's: means over people."""
    by_person: dict[str, list[tuple[float, float]]] = {}
    for clip, shapes, real_shapes in zip(clips, predicted, usual_shapes(clips, space), strict=True):
        if clip.num_frames < _MIN_SCORED_FRAMES:
            continue
        real, made = space.gap_of(real_shapes), space.gap_of(shapes)
        moves = min(real.std(), made.std()) > _MIN_DEVIATION
        correlation = float(np.corrcoef(real, made)[0, 1]) if moves else 0.0
        by_person.setdefault(clip.speaker, []).append((correlation, made.std() / max(real.std(), _MIN_DEVIATION)))
    means = np.array([np.mean(found, 0) for found in by_person.values()])
    return (float(means[:, 0].mean()), float(means[:, 1].mean())) if len(means) else (0.0, 1.0)


def _projection(clips: list[MotionClip], num_inputs: int) -> tuple[np.ndarray, np.ndarray]:
    """Mean of the speech features, and the principal components of their deviation, to inputs of deviation 1."""
    columns = np.concatenate([clip.columns[:, ::2].T for clip in clips]).astype(np.float64)
    centre = columns.mean(0)
    spread = columns.std(0) + _MIN_DEVIATION
    _, strength, axes = np.linalg.svd((columns - centre) / spread, full_matrices=False)
    kept = axes[:num_inputs] / (strength[:num_inputs, None] / np.sqrt(len(columns)))
    return centre, kept / spread


def correlation(values_MBK: Tensor, real_BK: Tensor, weights_MBK: Tensor) -> Tensor:
    """Correlation of openings over the frames that count, (M, B); 0 where none does.

    values_MBK, weights_MBK: of each member; real_BK: of the real mouth.
    """
    total = weights_MBK.sum(2, keepdim=True).clamp(min=1)
    moved, real = (
        (values - (values * weights_MBK).sum(2, keepdim=True) / total) * weights_MBK for values in (values_MBK, real_BK)
    )
    return (moved * real).sum(2) / (moved.square().sum(2) * real.square().sum(2)).clamp(min=_MIN_DEVIATION**2).sqrt()


def _mean(values: Tensor, weights: Tensor) -> Tensor:
    return (values * weights).sum() / weights.sum().clamp(min=1)
