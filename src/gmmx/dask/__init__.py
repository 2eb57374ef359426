"""Gaussian mixtures that are fitted to the partitions of Dask collections.

Needs the extra ``dask``: pip install 'gmmx-native[dask]'.
"""

try:
    from gmmx.dask.estimators import DaskBayesianGaussianMixture, DaskGaussianMixture
except ModuleNotFoundError as error:
    if error.name is not None and error.name.partition(".")[0] in ("dask", "distributed"):
        raise ModuleNotFoundError(
            "gmmx.dask needs Dask: pip install 'gmmx-native[dask]'", name=error.name
        ) from error
    raise

__all__ = ["DaskBayesianGaussianMixture", "DaskGaussianMixture"]
