"""Samples, wherever they are, and sums over them."""
