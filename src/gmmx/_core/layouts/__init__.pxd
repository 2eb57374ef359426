"""The formulas of each memory layout, on blocks of samples."""
