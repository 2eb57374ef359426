"""The machine, the processes that measure on it, and the service under load."""
