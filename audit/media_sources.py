"""The sources that are media: what a listing found besides them is in `sources` too, dropped by the rule `is_media`."""

MEDIA_SOURCES = """(
    SELECT * FROM sources ANTI JOIN (SELECT source_id FROM decisions WHERE rule = 'is_media' AND NOT kept)
    USING (source_id)
)"""
"""The rows of `sources` that the rule did not drop, as SQL."""
