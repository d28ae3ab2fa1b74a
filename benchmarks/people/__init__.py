"""How well the people of a dataset are found, and what that costs."""
