"""How a dataset is stored, and how it is read: Parquet tables, the clip index, the parts of a clip."""
