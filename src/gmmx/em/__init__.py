"""Expectation-maximization: the loop, its steps, stopping, acceleration, repair, restarts."""
