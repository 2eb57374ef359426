"""
Convergence with and without SQUAREM
====================================

EM is slow where components overlap. SQUAREM extrapolates its steps: it reaches the same
likelihood in fewer passes over the samples, and the likelihood never decreases.
"""

import matplotlib.pyplot as plt
import numpy as np

from gmmx import GaussianMixture
from gmmx.plotting.style import COLORS, tidy

# %%
# Two overlapping clusters, 1,000 samples each. A callback records the mean log-likelihood of
# every pass over the samples.

rng = np.random.default_rng(0)
X = np.concatenate([rng.normal(0, 1, (1000, 2)), rng.normal(2, 1.5, (1000, 2))])

bounds = {"em": [], "squarem": []}
for algorithm, history in bounds.items():
    model = GaussianMixture(
        3,
        algorithm=algorithm,
        tol=1e-9,
        max_iter=5000,
        random_state=0,
        callback=lambda _, bound, history=history: history.append(bound),
    ).fit(X)
    print(f"{algorithm:8} {model.n_iter_:5} passes, {model.lower_bound_:.7f} nats per sample")

# %%
# Both curves start at the same point. The picture shows the distance to the largest likelihood
# found, on a logarithmic axis, so that a straight line is linear convergence: EM gains the same
# factor in each pass, SQUAREM changes the slope.

best = max(max(history) for history in bounds.values())
fig, ax = plt.subplots(layout="constrained")
for (algorithm, history), color, style in zip(bounds.items(), COLORS, ("--", "-"), strict=False):
    ax.plot(best - np.array(history) + 1e-10, style, color=color, label=algorithm)
ax.set(
    xscale="log",
    yscale="log",
    xlabel="pass over the samples",
    ylabel="nats per sample below the best",
    title="SQUAREM needs fewer passes",
)
ax.legend(title="algorithm")
tidy(ax)
plt.show()
