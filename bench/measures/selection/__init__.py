"""Measures of the search for the number of components and the covariance structure."""
