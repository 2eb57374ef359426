"""Reading of tables: a selection of a file's named columns becomes a float64 matrix."""
