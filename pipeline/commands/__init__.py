"""The small commands: each reads its words and calls one function."""
