"""
The prior of the weights
========================

scikit-learn's example *Concentration Prior Type Analysis*: the same three clusters, two kinds
of priors for the weights, three concentrations each. A small concentration leaves few
components in use, a large one many.
"""

import matplotlib.pyplot as plt
import numpy as np

from gmmx import BayesianGaussianMixture
from gmmx.plotting import MixtureDisplay

# %%
# Three clusters of 200, 500 and 200 samples, one above the other.

rng = np.random.default_rng(2)
X = np.concatenate(
    [
        rng.multivariate_normal(mean, covariance, size)
        for mean, covariance, size in (
            ([0.0, -0.70], np.diag([0.7, 0.1]), 200),
            ([0.0, 0.0], np.diag([0.5, 0.1]), 500),
            ([0.0, 0.70], np.diag([0.5, 0.1]), 200),
        )
    ]
)

# %%
# The finite prior gets six components, the Dirichlet process ten. The example of scikit-learn
# stops after 1,500 iterations; with SQUAREM all six models converge earlier.

concentrations = {
    "dirichlet_distribution": (6, [0.001, 1.0, 1000.0]),
    "dirichlet_process": (10, [1.0, 1000.0, 100_000.0]),
}
fig, axes = plt.subplots(2, 4, figsize=(13, 6.5), layout="constrained", width_ratios=[1, 1, 1, 0.8])
for row, (kind, (n_components, values)) in zip(axes, concentrations.items(), strict=True):
    weights = {}
    for ax, concentration in zip(row, values, strict=False):
        model = BayesianGaussianMixture(
            weight_concentration_prior_type=kind,
            weight_concentration_prior=concentration,
            n_components=n_components,
            reg_covar=0,
            init_params="random",
            mean_precision_prior=0.8,
            algorithm="squarem",
            max_iter=1500,
            random_state=2,
        ).fit(X)
        MixtureDisplay.from_estimator(model, X, ax=ax)
        ax.set_title(f"{kind}\nconcentration {concentration:g}", fontsize=10)
        weights[f"{concentration:g}"] = np.sort(model.weights_)[::-1]
        in_use = model.n_active_components_
        print(f"{kind}, {concentration:6g}: {in_use} components, {model.n_iter_} iterations")
    for (name, values_), marker in zip(weights.items(), "os^", strict=True):
        row[-1].plot(values_, marker=marker, label=name)
    row[-1].set(xlabel="component, by weight", ylabel="weight")
    row[-1].legend(title="concentration", fontsize=8)
plt.show()
