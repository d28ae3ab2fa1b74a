"""Which licences and kinds of consent a source must have been given with."""

from dataclasses import dataclass

from schemas.settings import setting

_SEPARATOR = ";"  # licences may hold commas


@dataclass(frozen=True, slots=True, kw_only=True)
class RightsConfig:
    """What a source must have been given with; where a list is empty, every source passes."""

    licences: str = setting(
        "", "values, separated by ;", "licences of sources that are used; empty: any, or none given"
    )
    consent: str = setting("", "values, separated by ;", "consent of sources that are used; empty: any, or none given")

    @property
    def allowed(self) -> dict[str, tuple[str, ...]]:
        """Full name of each setting that restricts sources -> the allowed values, as they are given with sources."""
        given = {"rights.licences": self.licences, "rights.consent": self.consent}
        values = {name: tuple(filter(None, map(str.strip, text.split(_SEPARATOR)))) for name, text in given.items()}
        return {name: allowed for name, allowed in values.items() if allowed}
