"""Stores: S3 as moto makes it."""
