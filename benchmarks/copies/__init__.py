"""Whether copies are found, and nothing else is: re-encodes of recordings against the recordings of others."""
