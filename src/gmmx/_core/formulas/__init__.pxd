"""Formulas on groups of samples, which the layouts share."""
