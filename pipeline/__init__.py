"""The build: its graph, its options and settings, how it is run and what it prints; and the commands."""
