"""Search for the number of components and the covariance structure."""
