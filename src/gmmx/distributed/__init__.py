"""Fits to partitions of rows on other machines: the part that all engines share."""
