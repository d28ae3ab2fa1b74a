"""Reading a dataset for training: clips, samples, ranks. What a trainer outside this project would import."""
