"""The training of a generator that makes pixels from scratch, as the paper's does."""

import hashlib
import itertools
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from schemas.errors import TalkshardError, UsageError
from schemas.stored.record import dataset_sha256
from speech2vid.generator.deblurring import Deblurring
from speech2vid.generator.export import export_deblurring, export_generator
from speech2vid.generator.face_features import load_face_features
from speech2vid.generator.lip_network import NUM_SHAPES, LipNetwork, LipShapes
from speech2vid.generator.networks import Generator
from speech2vid.generator.vgg_m import start_identity_encoder
from speech2vid.generator_training.augment_audio import augment_audio
from speech2vid.generator_training.augment_faces import augment_faces
from speech2vid.generator_training.batches import GeneratorBatch, generator_batch
from speech2vid.generator_training.losses import GeneratorLoss
from speech2vid.generator_training.pretraining import (
    PretrainingSamples,
    gather_pretraining_samples,
    train_audio_encoder,
    train_deblurring,
    train_lip_network,
)
from speech2vid.generator_training.recipes import GeneratorTrainingSettings
from speech2vid.generator_training.validation import ValidationFaces
from speech2vid.generator_training.weights import save_deblurring, save_generator
from speech2vid.reader.array_cache import ArrayCache
from speech2vid.reader.ranks import Ranks
from speech2vid.reader.samples import SampleLoader, SampleSettings, SampleStream
from speech2vid.training.card import TrainingData, training_data
from speech2vid.training.held_out import held_out
from speech2vid.training.options import TrainingOptions
from speech2vid.training.progress import Say
from speech2vid.training.task import TrainingTask, Validation
from transforms.media.models import model_sha256
from transforms.speakers.speech_encoder import MODEL

GENERATOR, WEIGHTS, DEBLURRING = "generator.onnx", "generator.safetensors", "deblurring.onnx"
FEATURES = "features"
"""Folder of cached audio features; it can be removed."""
_LIPS, _DEBLURRING = "lips", "deblurring"


class GeneratorTask(TrainingTask[GeneratorBatch]):
    """Generator, the frozen networks of its losses, and its batches."""

    network_name = GENERATOR
    network: Generator

    def __init__(self, settings: GeneratorTrainingSettings, options: TrainingOptions, ranks: Ranks) -> None:
        """Find the clips and make the untrained networks. UsageError: there are no clips, or an option is wrong."""
        self._settings, self._options, self._ranks = settings, options, ranks
        self._held_out = held_out(options.dataset, options.where, options.validate_where)
        self._loader = _loader(settings, options, ranks, self._held_out.train_where)
        torch.manual_seed(options.seed)
        self.network = Generator(settings.generator)
        self.network.to(ranks.device, memory_format=torch.channels_last)  # type: ignore[call-overload]  # a missing overload
        frozen: dict[str, nn.Module] = {}
        if settings.losses.reads_lips:
            frozen[_LIPS] = LipNetwork(NUM_SHAPES)
        if settings.pretraining.deblurring_width:
            frozen[_DEBLURRING] = Deblurring(settings.pretraining.deblurring_width)
        self.frozen = {name: network.to(ranks.device) for name, network in frozen.items()}
        for network in self.frozen.values():
            network.eval()

    @property
    def data(self) -> TrainingData:
        """The clips that are learnt from."""
        stream = self._loader.stream
        return training_data(stream.clips, dataset_sha256(self._options.dataset), stream.skipped.total())

    def batches(self, first: int) -> Iterator[GeneratorBatch]:
        """Batches of the stream of samples from number `first` on."""
        self._loader.stream.skip_to(first)
        return (self.batch(sample) for sample in self._loader)

    def batch(self, sample: Mapping[str, Any]) -> GeneratorBatch:
        """A batch of SampleStream on the rank's device."""
        return generator_batch(sample, self._settings.generator, self._ranks.device)

    def prepare(self, say: Say) -> None:
        """Pretrain lip network, audio encoder and deblurring, as the recipe has it, on the first batches."""
        pretraining = self._settings.pretraining
        if pretraining.identity_weights:
            start_identity_encoder(self.network.identity, Path(pretraining.identity_weights))
        pretrains_lips = _LIPS in self.frozen or pretraining.audio_steps > 0
        if not (pretrains_lips or _DEBLURRING in self.frozen):
            return
        samples = gather_pretraining_samples(itertools.islice(self.batches(0), pretraining.num_batches))
        if pretrains_lips:
            self._pretrain_lips(samples, say)
        if isinstance(deblurring := self.frozen.get(_DEBLURRING), Deblurring):
            say("training the deblurring network on stills")
            train_deblurring(deblurring, samples, pretraining.deblurring_steps)

    def _pretrain_lips(self, samples: PretrainingSamples, say: Say) -> None:
        settings, pretraining = self._settings, self._settings.pretraining
        shapes = LipShapes.fitted(samples.lips).to(self._ranks.device)
        if isinstance(lips := self.frozen.get(_LIPS), LipNetwork):
            train_lip_network(lips, samples, shapes, pretraining.lip_steps, pretraining.rows, say)
        if pretraining.audio_steps:
            train_audio_encoder(
                self.network.audio,
                settings.generator.features,
                samples,
                shapes,
                pretraining.audio_steps,
                pretraining.rows,
                say,
                settings.sampling.augment_audio,
            )

    def parameter_groups(self) -> list[dict[str, Any]]:
        """The audio encoder, which may be pretrained, has its own share of the learning rate."""
        audio = list(self.network.audio.parameters())
        of_audio = set(audio)
        others = [value for value in self.network.parameters() if value not in of_audio]
        share = self._settings.pretraining.audio_learning_share
        return [{"params": others, "share": 1.0}, {"params": audio, "share": share}]

    def losses(self, trained: nn.Module, batch: GeneratorBatch) -> dict[str, Tensor]:
        """The recipe's losses of a batch, augmented."""
        sampling, audio = self._settings.sampling, batch.audio
        if sampling.augment_audio:
            audio = augment_audio(audio, self._settings.generator.features)
        batch = augment_faces(batch, sampling.colour, sampling.mirror)
        return self._loss(trained(audio, batch.identity), batch.targets, batch.num_targets)

    @cached_property
    def _loss(self) -> GeneratorLoss:
        losses, lips = self._settings.losses, self.frozen.get(_LIPS)
        for network in self.frozen.values():
            network.requires_grad_(False).eval()
        features = load_face_features(losses.content_network).to(self._ranks.device) if losses.content else None
        return GeneratorLoss(losses, features, lips if isinstance(lips, LipNetwork) else None)

    def validate(self, averaged: nn.Module, steps: int) -> Validation:
        """Generate the validation's clips. TalkshardError: faces do not change with the audio."""
        validation = self._validation_faces.validate(averaged, self._ranks.device)
        change, settings = validation.measures["change with audio of 255"], self._settings.validation
        if change < settings.min_change and steps >= settings.min_change_after:
            raise TalkshardError(
                f"step {steps}: faces do not change with the audio (another audio moves the mouth's pixels by "
                f"{change:.3f} of 255, least {settings.min_change:.3f}): channels died, or pixel loss alone; take a "
                "lower loop.learning_rate, or a recipe with losses.difference and losses.lip_shape"
            )
        return validation

    @cached_property
    def _validation_faces(self) -> ValidationFaces:
        return ValidationFaces(self._options.dataset, self._held_out, self._settings)

    def export(self, averaged: nn.Module, path: Path) -> None:
        """Write the generator, its weights, and the deblurring network where there is one."""
        assert isinstance(averaged, Generator)
        save_generator(averaged, path.parent / WEIGHTS)
        if isinstance(deblurring := self.frozen.get(_DEBLURRING), Deblurring):
            save_deblurring(deblurring, path.parent / Path(DEBLURRING).with_suffix(".safetensors"))
            export_deblurring(deblurring, path.parent / DEBLURRING, self._settings.generator.image_px)
        offset = self._loader.stream.settings.target_offset
        export_generator(averaged, path, self._options.recipe, offset)

    def about(self, size_bytes: int) -> str:
        """What goes in and what comes out."""
        generator = self._settings.generator
        return (
            f"From stills of a face and audio to the face that says it: recipe `{self._options.recipe}`, "
            f"{generator.num_identity} stills, conditioned on {generator.audio_features}, {generator.image_px} px, "
            f"{size_bytes / 1e6:.1f} MB."
        )

    def identity(self) -> dict[str, object]:
        """Hashes of the networks that are read."""
        found: dict[str, object] = {}
        if self._settings.generator.audio_features == "speech":
            found["speech_encoder"] = model_sha256(MODEL)
        if weights := self._settings.pretraining.identity_weights:
            if not Path(weights).is_file():
                raise UsageError(f"pretraining.identity_weights: there is no file {weights!r}")
            found["identity_weights"] = hashlib.sha256(Path(weights).read_bytes()).hexdigest()
        return found

    def record(self) -> dict[str, object]:
        """Which clips could not be read."""
        return {"skipped_clips": dict(self._loader.stream.skipped)}


def _loader(
    settings: GeneratorTrainingSettings, options: TrainingOptions, ranks: Ranks, where: str | None
) -> SampleLoader:
    sampling = settings.sampling
    samples = SampleSettings(
        num_identity=settings.generator.num_identity,
        targets_per_clip=sampling.targets_per_clip,
        audio_features=settings.generator.audio_features,
        balance=sampling.balance,
        one_still_share=sampling.one_still_share,
    )
    stream = SampleStream(
        options.dataset,
        "train",
        samples,
        batch_size=sampling.batch_clips,
        seed=options.seed,
        rank=ranks.rank,
        world_size=ranks.num_ranks,
        where=where,
        endless=True,
        cache=ArrayCache(Path(options.output) / FEATURES, sampling.cache_mb << 20),
    )
    return SampleLoader(stream, options.workers, pin_memory=ranks.device.type == "cuda")
