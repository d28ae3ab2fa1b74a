"""Faults in dataset.json, in run.json, in which objects there are, and in the columns of tables."""

import hashlib
import shutil

import pyarrow as pa

from tests.audit.dataset_copy import DatasetCopy
from tests.audit.planting import TRAIN, Plants

PLANTS = Plants()
plant = PLANTS.plant


def _change_record(name, change, expected):
    PLANTS.add(name, lambda copy: copy.change_json("dataset.json", change), expected)


def _change_run(name, change, expected):
    PLANTS.add(name, lambda copy: copy.change_json("run.json", change), expected)


_change_record("record_is_a_list", lambda record: [record], "dataset.json .*not an object")
_change_record("record_without_shards", lambda record: record.pop("shards") and None, "dataset.json .*shards")
_change_record("record_whose_shards_are_text", lambda record: record.update(shards="all"), "dataset.json .*shards")
_change_record("record_with_a_shard_of_text", lambda record: record["shards"].insert(0, "x"), "dataset.json .*shard")
_change_record("shard_without_hash", lambda record: record["shards"][0].pop("sha256") and None, f"{TRAIN}.*sha256")
_change_record(
    "number_of_clips_as_text", lambda record: record["shards"][0].update(num_clips="3"), f"{TRAIN}.*num_clips"
)
_change_record("part_of_no_table", lambda record: record["manifests"][0].update(table="people"), "people")
_change_record("part_in_another_tables_folder", lambda record: record["manifests"][0].update(table="tracks"), "clips")
_change_record("shard_listed_twice", lambda record: record["shards"].append(record["shards"][0]), f"{TRAIN}.*twice")
_change_record("number_of_rows", lambda record: record["manifests"][0].update(num_rows=99), "table clips has")
_change_record("generation_zero", lambda record: record.update(generation=0), "generation")
_change_record(
    "generation_without_parent", lambda record: record.update(generation=2, run="run.g2.json"), "parent_sha256"
)
_change_record("rewrite_after_its_generation", lambda record: record.update(last_rewrite=5), "last_rewrite")
_change_record("run_of_another_name", lambda record: record.update(run="../run.json"), "run")
_change_record("licences_of_the_record", lambda record: record.update(licences=[]), "licences")
_change_record(
    "table_without_a_part", lambda record: record.update(manifests=record["manifests"][:-1]), "tracks.* no part"
)
_change_record("absolute_shard_path", lambda record: record["shards"][0].update(path="/etc/hostname"), "/etc/hostname")
_change_record("schema_version_as_number", lambda record: record.update(schema_version=3), "schema version")

_change_run("run_is_a_list", lambda run: [run], "run.json .*not an object")
_change_run("run_of_another_version", lambda run: run.update(schema_version="2.1"), "run.json.*schema version 2.1")
_change_run("run_without_recipe", lambda run: run.pop("recipe") and None, "run.json.*recipe")
_change_run("recipe_is_text", lambda run: run.update(recipe="default"), "run.json.*recipe")
_change_run("recipe_section_is_text", lambda run: run["recipe"].update(speakers="default"), "speakers")
_change_run("recipe_lacks_a_setting", lambda run: run["recipe"]["clips"].pop("min_s") and None, "clips.min_s")
_change_run("other_threshold", lambda run: run["recipe"]["faces"].update(min_box_px=40.0), "faces.min_box_px")
_change_run("other_image_size", lambda run: run["recipe"]["clips"].update(image_px=112), "image_px")
_change_run("other_detector", lambda run: run["recipe"]["faces"].update(detector="scrfd"), "detector")
_change_run("verdict_counts", lambda run: run["verdict"].update(num_clips=3), "run.json.*num_clips")
_change_run("verdict_of_a_failed_run", lambda run: run["verdict"].update(ok=False, exit_code=1), "run.json.*verdict")
_change_run("run_without_verdict", lambda run: run.pop("verdict") and None, "run.json.*verdict")
_change_run("funnel", lambda run: run["funnel"][0].update(kept=77), "run.json.*funnel")
_change_run(
    "model_of_other_weights", lambda run: run["models"]["centerface"].update(sha256="0" * 64), "detector_sha256"
)
_change_run("models_are_text", lambda run: run.update(models="all"), "run.json.*models")


@plant("dataset.json .*not JSON")
def record_not_json(copy: DatasetCopy) -> None:
    (copy.folder / "dataset.json").write_bytes(b"\xff{")


@plant("lacks run.json")
def run_missing(copy: DatasetCopy) -> None:
    (copy.folder / "run.json").unlink()


@plant("run.json.*not JSON")
def run_not_json(copy: DatasetCopy) -> None:
    (copy.folder / "run.json").write_bytes(b"{")


@plant(r"\.\./escaped\.tar.*(leaves|outside|no path)")
def shard_path_that_leaves(copy: DatasetCopy) -> None:
    (copy.folder / TRAIN).rename(copy.folder.parent / "escaped.tar")
    copy.change_json("dataset.json", lambda record: record["shards"][0].update(path="../escaped.tar"))
    copy.change_rows("shards", lambda rows: rows[0].update(shard="../escaped.tar"))
    copy.change_rows("clips", lambda rows: [row.update(shard="../escaped.tar") for row in rows[:3]])


@plant(r"\.\./part\.parquet.*(leaves|outside|no path)")
def part_path_that_leaves(copy: DatasetCopy) -> None:
    copy.part("clips").rename(copy.folder.parent / "part.parquet")
    copy.change_json("dataset.json", lambda record: record["manifests"][0].update(path="manifests/../../part.parquet"))


@plant(f"{TRAIN}.*link")
def shard_that_is_a_link_out(copy: DatasetCopy) -> None:
    outside = copy.folder.parent / "outside.tar"
    (copy.folder / TRAIN).rename(outside)
    (copy.folder / TRAIN).symlink_to(outside)


@plant(f"{TRAIN} cannot be read")
def shard_that_is_a_folder(copy: DatasetCopy) -> None:
    (copy.folder / TRAIN).unlink()
    (copy.folder / TRAIN).mkdir()


@plant("val-000000.tar cannot be read")
def shard_missing(copy: DatasetCopy) -> None:
    (copy.folder / "shards/val-000000.tar").unlink()


@plant(f"{TRAIN} has sha256")
def one_bit(copy: DatasetCopy) -> None:
    data = bytearray((copy.folder / TRAIN).read_bytes())
    data[700] ^= 1
    (copy.folder / TRAIN).write_bytes(data)


@plant("shards/train-000001.tar.*not list")
def stray_shard(copy: DatasetCopy) -> None:
    shutil.copy(copy.folder / TRAIN, copy.folder / "shards/train-000001.tar")


@plant("manifests/tracks/part-00001.parquet.*not list")
def stray_part(copy: DatasetCopy) -> None:
    shutil.copy(copy.part("tracks"), copy.folder / "manifests/tracks/part-00001.parquet")


@plant("shards/faces/anna.jpg.*not list")
def stray_file(copy: DatasetCopy) -> None:
    (copy.folder / "shards/faces").mkdir()
    (copy.folder / "shards/faces/anna.jpg").write_bytes(b"x")


@plant("another name.*anna|manifests.*anna.*not list")
def stray_table(copy: DatasetCopy) -> None:
    (copy.folder / "manifests/anna").mkdir()
    (copy.folder / "manifests/anna/part-00000.parquet").write_bytes(b"x")


@plant("manifests/tracks.*face_source_px")
def column_missing(copy: DatasetCopy) -> None:
    copy.write_table("tracks", copy.table("tracks").drop_columns(["face_source_px"]))


@plant("manifests/clips.*passport")
def column_too_many(copy: DatasetCopy) -> None:
    table = copy.table("clips")
    copy.write_table("clips", table.append_column("passport", pa.array(["x"] * table.num_rows)))


@plant("manifests/clips.*num_frames")
def column_of_another_type(copy: DatasetCopy) -> None:
    table = copy.table("clips")
    place = table.column_names.index("num_frames")
    copy.write_table("clips", table.set_column(place, "num_frames", table["num_frames"].cast(pa.string())))


@plant("manifests/decisions.*order")
def columns_in_another_order(copy: DatasetCopy) -> None:
    table = copy.table("decisions")
    copy.write_table("decisions", table.select(table.column_names[::-1]))


@plant("manifests/sources.*schema version 2.0")
def table_of_another_version(copy: DatasetCopy) -> None:
    metadata = {"table": "sources", "schema_version": "2.0"}
    copy.write_table("sources", copy.table("sources").replace_schema_metadata(metadata))


@plant("manifests/failures.*not a whole Parquet")
def part_that_is_not_parquet(copy: DatasetCopy) -> None:
    copy.part("failures").write_bytes(b"PAR1 this is text PAR1")
    copy.fix_up("manifests/failures/part-00000.parquet")


@plant("manifests/tracks.*(not a whole Parquet|cannot be read)")
def part_with_damaged_pages(copy: DatasetCopy) -> None:
    data = bytearray(copy.part("tracks").read_bytes())
    data[4:400] = bytes(396)
    copy.part("tracks").write_bytes(data)
    copy.fix_up("manifests/tracks/part-00000.parquet")


@plant("clips.*consent.*null")
def null_in_a_column(copy: DatasetCopy) -> None:
    copy.change_rows("clips", lambda rows: rows[0].update(consent=None))


@plant("tracks.*sharpness.*no number")
def not_a_number(copy: DatasetCopy) -> None:
    copy.change_rows("tracks", lambda rows: rows[0].update(sharpness=float("nan")))


@plant("manifests/clips/part-00000.parquet.*sorted")
def rows_out_of_order(copy: DatasetCopy) -> None:
    copy.change_rows("clips", lambda rows: rows.reverse())


@plant("dataset.json lists other shards")
def shards_table_of_another_hash(copy: DatasetCopy) -> None:
    copy.change_rows("shards", lambda rows: rows[0].update(sha256=hashlib.sha256(b"").hexdigest()))
