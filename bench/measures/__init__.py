"""One module for each thing that is measured; each gives a part of the report."""
