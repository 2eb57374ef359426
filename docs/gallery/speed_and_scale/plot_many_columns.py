"""
A mixture for each column of a table
====================================

Tabular generators and anomaly detectors fit a mixture to each column of a table.
``fit_columns`` fits many columns at a time, in threads, and returns the same bits as a fit of
each column.
"""

import time

import matplotlib.pyplot as plt
import numpy as np

from gmmx import BayesianGaussianMixture, fit_columns
from gmmx.plotting.style import COLORS, tidy

# %%
# 20 columns of one to four clusters, with missing values.

rng = np.random.default_rng(0)
n_rows, n_columns = 1000, 20
n_clusters = rng.integers(1, 5, n_columns)
table = np.column_stack(
    [8.0 * rng.integers(k, size=n_rows) + rng.normal(size=n_rows) for k in n_clusters]
)
table[rng.random(table.shape) < 0.05] = np.nan

# %%
# A Bayesian mixture of six components empties those that a column does not need. Fits of single
# columns take NaN out first. The time depends on the machine and on its load: other examples may
# run on the other cores while this page is made.

template = BayesianGaussianMixture(
    n_components=6,
    weight_concentration_prior=1e-3,
    max_iter=1000,
    algorithm="squarem",
    random_state=0,
)
begin = time.perf_counter()
models = fit_columns(table, template)
print(f"fit_columns: {time.perf_counter() - begin:.2f} s for {n_columns} columns")

column = table[:, :1]
alone = BayesianGaussianMixture(**template.get_params()).fit(column[~np.isnan(column[:, 0])])
print("the same bits as a fit of the first column:", np.array_equal(alone.means_, models[0].means_))

found = np.array([np.sum(model.weights_ > 0.01) for model in models])
print(f"columns with the right number of clusters: {np.sum(found == n_clusters)} of {n_columns}")

# %%
# Four of the columns with their densities, one for each number of clusters.

fig, axes = plt.subplots(2, 2, figsize=(8, 5), layout="constrained")
for k, ax in enumerate(axes.flat, start=1):
    index = int(np.argmax(n_clusters == k))
    values = table[~np.isnan(table[:, index]), index]
    grid = np.linspace(values.min() - 1, values.max() + 1, 400)
    ax.hist(values, bins=60, density=True, color="0.85")
    ax.plot(grid, np.exp(models[index].score_samples(grid[:, np.newaxis])), color=COLORS[0])
    ax.set(title=f"column {index}, components in use: {found[index]}", ylabel="density")
    tidy(ax)
plt.show()
