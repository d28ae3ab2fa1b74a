"""The bundled generator."""

from speech2vid.generator.file import DEFAULT_PATH, GeneratorFile


def test_the_card_has_the_sha256_of_the_file():
    network = GeneratorFile(DEFAULT_PATH)
    assert network.sha256 in DEFAULT_PATH.with_suffix(".md").read_text()


def test_the_file_is_small_enough_to_be_bundled():
    assert DEFAULT_PATH.stat().st_size < 5_000_000
