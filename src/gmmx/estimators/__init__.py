"""The estimators, and the conversion of parameters to fitted attributes and back."""
