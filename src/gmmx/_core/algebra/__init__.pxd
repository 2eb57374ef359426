"""Cholesky factors and the gamma function."""
