"""Reading tables: files to named columns, a selection of them, and these as a float64 matrix."""
