"""List the inputs, hash their contents, and merge names of the same content."""
