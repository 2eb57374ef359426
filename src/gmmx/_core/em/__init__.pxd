"""The pass of expectation-maximization: its task, plan, memory and blocks."""
