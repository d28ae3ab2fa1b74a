"""Write the tables as Parquet manifests, check them, and publish the dataset."""
