"""Training the talking-face generator."""
