"""The samples, the problem for a library, and the log-likelihood that checks its result."""
