"""Write finished clips into shards, the same bytes for any order of arrival."""
