"""Benchmark of gmmx and other libraries for Gaussian mixtures: ``python -m bench --help``."""
