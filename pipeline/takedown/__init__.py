"""Take people, sources and clips out of a dataset, for good."""
