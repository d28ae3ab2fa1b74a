"""The recipe in a run's record, and what clips and the run's own counts owe to it."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from schemas.clock import SAMPLES_PER_FRAME
from schemas.decisions import Rule
from schemas.stored.manifests import Manifests
from transforms.manifests.accounting import funnel_counts, totals
from transforms.manifests.checks import Check
from transforms.media.config import DYNAMIC_RANGES
from transforms.media.model_licences import SYNC_NETWORK, licence_of
from transforms.sources.config import RightsConfig
from transforms.speakers import rules as speakers
from transforms.speakers.config import UNCALIBRATED_CONFIDENCE

_NUMBERS = (
    *("clips.min_s", "clips.max_s", "clips.image_px", "clips.max_bridged_share", "clips.min_mouth_visibility"),
    *("faces.min_track_s", "faces.min_box_px", "faces.max_faces", "speakers.min_voiced_share"),
    *("speakers.max_lip_correlation", "speakers.unsure_probability", "speakers.min_probability"),
    *("speakers.max_abs_lag_frames", "speakers.max_drift_frames", "speakers.min_active_s"),
    *("speakers.min_shift_frames", "speech.min_speech_s"),
)
_TEXTS = ("people.network", "faces.detector", "speakers.network", "transcripts.recogniser", "video.dynamic_range")
_RIGHTS = frozenset(("rights.licences", "rights.consent"))
_MODELS = ("detector_sha256", "mesh_sha256", "sync_network_sha256")


class Settings:
    """The settings of a stored recipe that decisions and clips follow from."""

    def __init__(self, run: dict) -> None:
        """`run` is the content of run.json."""
        self._values = {
            f"{section}.{name}": value
            for section, values in run["recipe"].items()
            if isinstance(values, dict)
            for name, value in values.items()
        }

    def problems(self) -> Iterator[str]:
        """Settings that the recipe lacks, or whose value cannot be one."""
        for name in (*_NUMBERS, *_TEXTS):
            value = self._values.get(name)
            is_right = isinstance(value, str if name in _TEXTS else int | float) and not isinstance(value, bool)
            if not is_right or (name == "video.dynamic_range" and value not in DYNAMIC_RANGES):
                yield f"the recipe in run.json gives no {name}, but {value!r}"

    def __getitem__(self, name: str) -> Any:
        """The value of a setting."""
        return self._values[name]

    def threshold(self, name: str) -> Any:
        """The threshold that a rule takes from a setting; None: not known from the recipe alone."""
        if name == "speakers.min_confidence":
            found = self._values.get(name)
            return UNCALIBRATED_CONFIDENCE if found is None else found
        if name in _RIGHTS:
            return self._rights.get(name)
        if name == "video.dynamic_range":
            return DYNAMIC_RANGES[self[name]]
        return float(self[name]) if self[name] or name != "faces.max_faces" else None

    def asked(self, rules: Sequence[Rule[Any]]) -> list[Rule[Any]]:
        """Those rules that are asked of a track, with or without a sync network; all rules of other subjects."""
        is_judged = self["speakers.network"] != "none"
        left_out = speakers.SOLO_RULES if is_judged else (*speakers.SYNC_RULES, *speakers.CONFIDENCE_RULES)
        unasked = _RIGHTS - self._rights.keys()
        return [rule for rule in rules if rule not in left_out and rule.setting not in unasked]

    @property
    def _rights(self) -> dict[str, tuple[str, ...]]:
        """What sources must have been given with, by setting; a setting that restricts nothing is not in it."""
        values = {name.split(".")[1]: str(self._values.get(name) or "") for name in _RIGHTS}
        return RightsConfig(**values).allowed


def recipe_checks(settings: Settings) -> Iterator[Check]:
    """Checks of clips by the recipe that made them."""
    yield Check(
        f"SELECT key, image_px FROM clips WHERE image_px <> {settings['clips.image_px']:d}",
        f"clip {{0}}: its image_px is {{1}}, but {settings['clips.image_px']} by the recipe",
    )
    low, high = float(settings["clips.min_s"]), float(settings["clips.max_s"])
    yield Check(
        f"SELECT key, num_frames FROM clips WHERE num_frames / 25 NOT BETWEEN {low - 1e-6} AND {high + 1e-6}",
        f"clip {{0}} has num_frames {{1}}, but clips of {low:g} to {high:g} s are asked for by the recipe",
    )
    least = f"greatest({float(settings['speakers.min_shift_frames'])}, 2 * audio_lag_se_frames)"
    yield Check(
        "SELECT key, audio_shift_samples, audio_lag_frames FROM clips WHERE NOT CASE "
        "WHEN audio_lag_frames IS NULL THEN audio_shift_samples = 0 "
        f"WHEN abs(audio_lag_frames) < {least} - 1e-4 THEN audio_shift_samples = 0 "
        f"WHEN abs(audio_lag_frames) > {least} + 1e-4 "
        f"THEN abs(audio_shift_samples - audio_lag_frames * {SAMPLES_PER_FRAME}) <= 1 ELSE true END",
        "clip {0}: its audio_shift_samples {1} do not follow from its lag of {2} frames",
    )
    detector = settings["faces.detector"].partition(":")[0].replace("'", "''")
    yield Check(
        f"SELECT key, detector FROM clips WHERE split_part(detector, ':', 1) <> '{detector}'",
        f"clip {{0}}: its detector is {{1!r}}, not {settings['faces.detector']!r} of the recipe",
    )
    yield from _text_checks(settings)


def _text_checks(settings: Settings) -> Iterator[Check]:
    """Each clip has a text where a recogniser was named, and a confidence where the text is its own."""
    is_there = "IS NULL" if settings["transcripts.recogniser"] == "none" else "IS NOT NULL"
    yield Check(
        f"SELECT key, text FROM clips WHERE NOT text {is_there}",
        f"clip {{0}}: its text is {{1!r}}, but the recogniser is {settings['transcripts.recogniser']} by the recipe",
    )
    yield Check(
        "SELECT key, text_confidence, text FROM clips WHERE (text_confidence IS NOT NULL AND (text IS NULL OR NOT "
        "text_confidence BETWEEN 0 AND 1)) OR (text_confidence IS NULL AND text <> '')",
        "clip {0}: its text_confidence {1} cannot be that of the text {2!r}",
    )


def model_checks(run: dict) -> Iterator[Check]:
    """Each network of a clip is one that the run used."""
    hashes = {one["sha256"] for one in run["models"].values() if isinstance(one, dict) and _is_text(one.get("sha256"))}
    known = ", ".join("'" + one.replace("'", "''") + "'" for one in sorted({"", *hashes}))
    for column in _MODELS:
        yield Check(
            f"SELECT key, {column} FROM clips WHERE {column} NOT IN ({known})",
            "clip {0}: " + column + " {1} is of no model in run.json",
        )


def licence_problems(run: dict) -> Iterator[str]:
    """Models whose licence in the run's record is another than that of their weights."""
    speakers = run["recipe"].get("speakers")
    is_default = isinstance(speakers, dict) and speakers.get("network") == "default"
    for name, facts in sorted(run["models"].items()):
        if not isinstance(facts, dict) or not (_is_text(facts.get("sha256")) and _is_text(facts.get("licence"))):
            yield f"run.json: its model {name!r} has no sha256 and licence, but {facts!r}"
            continue
        licence = licence_of(name, facts["sha256"], is_default and name.startswith(SYNC_NETWORK))
        if facts["licence"] != licence:
            yield f"run.json: its model {name!r} has the licence {facts['licence']!r}, not {licence!r}"


def count_problems(run: dict, manifests: Manifests) -> Iterator[str]:
    """Counts and funnel of the run's record, made again from the tables."""
    verdict = run["verdict"]
    if verdict.get("ok") is not True or verdict.get("exit_code") != 0 or verdict.get("problems") != []:
        yield "run.json: its verdict is not that of a run that made a dataset"
    for name, found in asdict(totals(manifests)).items():
        if name in verdict and verdict[name] != found:
            yield f"run.json: its verdict gives {name} {verdict[name]!r}, but the tables hold {found}"
    if run["funnel"] != funnel_counts(manifests):
        yield "run.json: its funnel is not that of the decisions"


def _is_text(value: object) -> bool:
    return isinstance(value, str)
