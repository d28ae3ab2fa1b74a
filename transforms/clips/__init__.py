"""Cut speaking turns into clips, and encode their parts."""
