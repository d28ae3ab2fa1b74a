"""Makes and measures the weights of mouth visibility: covers painted on visible mouths, and a logistic regression."""
