"""The vector type, and rows of samples in vectors."""
