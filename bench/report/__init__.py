"""The report: results, targets, sections, the picture and the summary of the README."""
