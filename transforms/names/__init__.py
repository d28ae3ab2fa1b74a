"""The names of the inputs, as the launcher has listed them: in parts in staging, so that the graph holds none."""
