"""Preparing videos: probe, audio and speech of each source."""
