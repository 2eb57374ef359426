"""Information criteria of mixtures of maximum likelihood."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gmmx.base import Mixture

if TYPE_CHECKING:
    from gmmx.arrays import ArrayLike


class InformationCriteria(Mixture):
    """A mixture whose likelihood is weighed against its number of parameters."""

    def aic(self, X: ArrayLike) -> float:
        """Return Akaike's information criterion on X; smaller is better.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Samples.

        Returns
        -------
        float
            -2 log-likelihood + 2 number of parameters.

        References
        ----------
        Akaike (1974), "A new look at the statistical model identification".
        """
        return -2 * self._log_likelihood(X)[0] + 2 * self._n_parameters()

    def bic(self, X: ArrayLike) -> float:
        """Return the Bayesian information criterion on X; smaller is better.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Samples.

        Returns
        -------
        float
            -2 log-likelihood + log(n_samples) number of parameters.

        References
        ----------
        Schwarz (1978), "Estimating the dimension of a model".
        """
        log_likelihood, n_samples = self._log_likelihood(X)
        return -2 * log_likelihood + float(np.log(n_samples)) * self._n_parameters()

    def _n_parameters(self) -> int:
        """Number of free parameters."""
        n_components, n_features = map(int, self.means_.shape)
        return self._structure().n_free_parameters(n_components, n_features)

    def _log_likelihood(self, X: ArrayLike) -> tuple[float, int]:
        """Log-likelihood of the samples, and their number."""
        if type(self).score is not Mixture.score:
            n_samples = np.shape(X)[0]
            return self.score(X) * n_samples, n_samples
        log_prob = self.score_samples(X)
        return float(log_prob.sum(dtype=np.float64)), len(log_prob)
