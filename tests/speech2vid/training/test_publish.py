import pytest

from speech2vid.training.publish import published_last, write_whole


def test_a_file_is_written_and_no_other_is_left(tmp_path):
    write_whole(tmp_path / "a.json", b"old")
    write_whole(tmp_path / "a.json", b"new")
    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]
    assert (tmp_path / "a.json").read_bytes() == b"new"


def test_a_network_has_its_name_only_after_everything_else_was_written(tmp_path):
    network = tmp_path / "network.onnx"
    with published_last(network) as partial:
        partial.write_bytes(b"network")
        assert not network.exists()
    assert network.read_bytes() == b"network" and not partial.exists()


def test_a_network_whose_record_cannot_be_written_is_not_published(tmp_path):
    network = tmp_path / "network.onnx"
    with pytest.raises(OSError, match="disk"), published_last(network) as partial:
        partial.write_bytes(b"network")
        raise OSError("disk full")
    assert not network.exists()
