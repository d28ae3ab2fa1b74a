"""Nouns: the records that travel, the tables that are stored, the clock, the errors. No Beam, no models."""
