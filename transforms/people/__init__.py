"""Find the people of a dataset across its sources, by their faces, and the split of each clip."""
