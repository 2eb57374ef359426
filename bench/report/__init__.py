"""The report: results, targets, sections, the picture and the summary for the README."""
