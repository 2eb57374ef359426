"""Models that leave the process: files, and scikit-learn's estimators."""
