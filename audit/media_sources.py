"""The sources that are media: what a listing found besides them is in `sources` too, dropped by the rule `is_media`."""

import pyarrow as pa
from pyarrow import compute

RULE = "is_media"


def media_sources(sources: pa.Table, decisions: pa.Table) -> pa.Table:
    """The rows of `sources` that the rule `is_media` did not drop."""
    dropped = compute.and_(compute.equal(decisions["rule"], RULE), compute.invert(decisions["kept"]))
    other = decisions.filter(dropped)["source_id"]
    return sources.filter(compute.invert(compute.is_in(sources["source_id"], other.combine_chunks())))
