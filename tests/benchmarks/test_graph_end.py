"""The made tables of the benchmark are those of a dataset that adds up."""

import pytest

from audit.face_images import face_images
from audit.report import report_facts, report_page, shown_keys
from benchmarks.graph_end.made_tables import Sizes, write_tables
from pipeline.config import Recipe
from pipeline.run_record import finished, run_record
from schemas.stored.manifests import only_row, row_count_problems, stored_manifests
from transforms.manifests.accounting import find_problems, totals


@pytest.mark.parametrize("sizes", [Sizes(sources=300, decisions=5000), Sizes(sources=10, decisions=60_000)])
def test_made_tables_add_up(tmp_path, sizes):
    parts = write_tables(tmp_path, sizes)
    with stored_manifests(str(tmp_path)) as manifests:
        assert find_problems(manifests, sizes.sources) == []
        assert row_count_problems(manifests, sizes.rows) == []
        assert sum(part.num_rows for part in parts) == sum(sizes.rows.values())
        found = totals(manifests)
        assert (found.num_sources, found.num_clips) == (sizes.sources, sizes.decisions // 10)
        keys = set(shown_keys(report_facts({}, manifests))) - {""}
        assert len(keys) >= 48 and set(face_images(str(tmp_path), manifests, keys)) == keys
        for shard, size_bytes in manifests.execute("SELECT shard, size_bytes FROM shards").fetchall():
            assert (tmp_path / shard).stat().st_size == size_bytes


def test_a_made_loss_is_found(tmp_path):
    write_tables(tmp_path, Sizes(sources=300, decisions=5000))
    with stored_manifests(str(tmp_path)) as manifests:
        manifests.execute(
            "CREATE TABLE fewer AS FROM clips OFFSET 1; DROP VIEW clips; ALTER TABLE fewer RENAME TO clips"
        )
        assert only_row(manifests, "SELECT count(*) FROM clips") == (499,)
        assert len(find_problems(manifests, 300)) >= 3


def test_a_page_about_ten_times_as_many_clips_is_no_larger(tmp_path):
    run = finished(run_record(Recipe(), ["talkshard build"], 0))
    sizes = []
    for name, decisions in (("few", 20_000), ("many", 200_000)):
        write_tables(tmp_path / name, Sizes(sources=3000, decisions=decisions))
        with stored_manifests(str(tmp_path / name)) as manifests:
            sizes.append(len(report_page(str(tmp_path / name), run, manifests)))
    assert sizes[1] <= 1.1 * sizes[0] < 1_000_000
