"""scikit-learn's contract for estimators, without scikit-learn."""
