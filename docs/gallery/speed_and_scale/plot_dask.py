"""
A mixture on a Dask cluster
===========================

``gmmx.dask`` fits mixtures to samples that lie on the workers of a cluster. A pass sends
parameters to the workers and brings back sums; samples stay where they are. Here the cluster
consists of two workers in this process. More about this: :doc:`/dask`.
"""

import dask.array as da
import matplotlib.pyplot as plt
import numpy as np
from dask.distributed import Client, LocalCluster

from gmmx import GaussianMixture
from gmmx.dask import DaskGaussianMixture
from gmmx.plotting import MixtureDisplay

# %%
# 60,000 samples in six chunks. ``persist`` puts the chunks on the workers.

rng = np.random.default_rng(0)
means = np.array([[0.0, 0.0], [6.0, 0.0], [0.0, 6.0]])
X = means[rng.integers(3, size=60_000)] + rng.normal(size=(60_000, 2))

cluster = LocalCluster(n_workers=2, threads_per_worker=1, processes=False, dashboard_address=None)
client = Client(cluster)
chunks = da.from_array(X, chunks=(10_000, 2)).persist()
distributed = DaskGaussianMixture(3, random_state=0).fit(chunks)
print(f"{distributed.n_iter_} iterations, score {distributed.score(chunks):.6f}")

# %%
# Predictions are lazy and keep the chunks. ``to_local`` returns the ordinary estimator.

labels = distributed.predict(chunks)
print("chunks of the labels:", labels.chunks)
counts = np.bincount(labels.compute())
local = distributed.to_local()
client.close()
cluster.close()

# %%
# The result equals that of a fit in memory, up to rounding.

in_memory = GaussianMixture(3, random_state=0).fit(X)
np.testing.assert_allclose(local.means_, in_memory.means_, atol=1e-8)
print("samples of each component:", counts)

MixtureDisplay.from_estimator(local, X)
plt.show()
