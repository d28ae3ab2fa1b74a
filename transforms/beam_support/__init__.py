"""What stages share that needs Beam: the guarded ParDo, counters, storage, the cache of remote files."""
