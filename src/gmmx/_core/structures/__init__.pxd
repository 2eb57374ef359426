"""The M-steps of covariance structures with constraints between the components."""
