"""Checks of the input that users pass."""
