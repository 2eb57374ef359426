"""Prior and posterior of a mixture's parameters, and the steps of variational inference."""
