"""Find copies: the same performance twice, by what is said and how the lips move."""
