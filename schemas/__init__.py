"""Records that travel, tables that are stored, the clock, the errors. No Beam, no models."""
