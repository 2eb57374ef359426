"""Agglomeration of clusters: their sums, and the costs of mergers."""
