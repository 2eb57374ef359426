"""Starting values of a fit."""
