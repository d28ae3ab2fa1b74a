"""Training a generator: recipes, pretraining, losses, the loop, and `train_generator`, which runs all of it."""
