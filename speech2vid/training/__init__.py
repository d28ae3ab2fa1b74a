"""What both trainers share: run folder, checkpoint, loop, progress, card."""
