"""Sources of samples, and sums over them."""
