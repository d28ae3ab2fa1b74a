"""The trainer: reading datasets, training, generating and evaluating talking faces."""
