"""The generation of a dataset that a run makes, and what that takes over from the one before."""

from dataclasses import dataclass

from transforms.manifests.parts import ManifestPart


@dataclass(frozen=True, slots=True, kw_only=True)
class Generation:
    """What a run makes of a dataset: the first generation, or the one after that of its parent."""

    number: int = 1
    parent_sha256: str = ""  # of the dataset.json that it follows; "": there is none
    carried: tuple[ManifestPart, ...] = ()  # parts of the parent that it holds as they are
    num_inputs: int = 0  # names of the sources in them
    redone: frozenset[str] = frozenset()  # sources whose rows take the place of those that the parent has
    rewritten: tuple[str, ...] = ()  # paths of the parts of the parent that hold rows of these
    may_have_no_clips: bool = False  # it is a dataset also where every clip was taken out
    last_rewrite: int = 1  # the last generation that left out objects of the one before


FIRST = Generation()
