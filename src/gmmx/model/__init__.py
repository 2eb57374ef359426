"""The mathematics of mixtures: statistics, covariance structures, parameters."""
