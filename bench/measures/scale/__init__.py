"""Measures of data that do not lie in the memory of one process at once."""
