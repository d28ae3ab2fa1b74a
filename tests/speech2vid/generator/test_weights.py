"""The generator that comes along."""

from speech2vid.generator.file import DEFAULT_PATH, GeneratorFile


def test_its_card_names_the_file_that_lies_beside_it():
    network = GeneratorFile(DEFAULT_PATH)
    assert network.sha256 in DEFAULT_PATH.with_suffix(".md").read_text()


def test_it_is_small_enough_to_come_along():
    assert DEFAULT_PATH.stat().st_size < 5_000_000
