"""All records of the shipped packages: one that holds an array is compared and hashed by identity."""

import dataclasses
import importlib
import inspect
import pkgutil
import typing

import numpy as np
import pyarrow as pa
import pytest
import torch

import audit
import pipeline
import schemas
import speech2vid
import transforms

PACKAGES = (audit, pipeline, schemas, speech2vid, transforms)
ARRAYS = (np.ndarray, torch.Tensor, pa.Table)


def records_in(package) -> dict[str, type]:
    """Dotted name -> every dataclass that a module of the package defines."""
    found = {}
    for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        if not module.name.endswith("__main__"):
            for name, value in vars(importlib.import_module(module.name)).items():
                if inspect.isclass(value) and value.__module__ == module.name and dataclasses.is_dataclass(value):
                    found[f"{module.name}.{name}"] = value
    return found


def holds_array(annotation: object) -> bool:
    """Whether a type is an array, or a union, tuple, list or dict of arrays."""
    origin = typing.get_origin(annotation)
    if origin is None:
        return inspect.isclass(annotation) and issubclass(annotation, ARRAYS)
    return holds_array(origin) or any(holds_array(part) for part in typing.get_args(annotation))


def compares_arrays(record: type) -> bool:
    """Whether comparing two of these records compares arrays, which have no single truth value."""
    types = typing.get_type_hints(record)
    compared = [field for field in dataclasses.fields(record) if field.compare and holds_array(types[field.name])]
    return bool(compared) and record.__eq__ is not object.__eq__


RECORDS = {name: record for package in PACKAGES for name, record in records_in(package).items()}


@pytest.mark.parametrize("name", sorted(RECORDS))
def test_a_record_with_an_array_is_compared_by_identity(name):
    assert not compares_arrays(RECORDS[name]), f"{name} needs @dataclass(eq=False)"


def test_arrays_are_found_in_every_kind_of_annotation():
    for annotation in (np.ndarray, np.ndarray | None, tuple[np.ndarray, ...], dict[int, torch.Tensor], pa.Table):
        assert holds_array(annotation), annotation
    for annotation in (int, str | None, tuple[float, ...], dict[str, list[int]], typing.Any):
        assert not holds_array(annotation), annotation


def test_a_record_that_compares_arrays_is_found():
    by_value = dataclasses.make_dataclass("ByValue", [("values", np.ndarray)])
    by_identity = dataclasses.make_dataclass("ByIdentity", [("values", np.ndarray)], eq=False)
    assert compares_arrays(by_value) and not compares_arrays(by_identity)
