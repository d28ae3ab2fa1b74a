"""The estimate of a build."""
