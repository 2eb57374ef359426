"""Functions that Python calls: they check arguments, allocate memory and choose threads."""
