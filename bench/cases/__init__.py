"""Samples that are fitted, the problem that a library is given, and the judge of its result."""
