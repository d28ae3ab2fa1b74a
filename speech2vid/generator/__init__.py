"""The talking-face networks, their export and their file."""
