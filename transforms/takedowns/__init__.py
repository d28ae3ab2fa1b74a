"""Take sources and clips out of a dataset's rows and shards."""
