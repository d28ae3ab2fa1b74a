"""The chassis of both trainers: run folder, checkpoint, progress, curves, record, card, publishing."""
