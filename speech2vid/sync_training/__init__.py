"""Training the sync network: towers, losses, loop, cross-validation, calibration, and `train_sync_network`."""
