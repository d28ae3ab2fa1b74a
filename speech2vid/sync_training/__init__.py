"""Training the sync network: what it learns from, its loop, its calibration."""
