"""Covariance structures with a common volume, shape or orientation of the components' matrices.

Covariances are volume_k orientation_k diag(shape_k) orientation_k^T, where shape_k has product 1
and orientation_k is orthogonal (Banfield and Raftery 1993). Three letters name a structure: volume,
shape and orientation are E, equal in all components, or V, variable.
"""
