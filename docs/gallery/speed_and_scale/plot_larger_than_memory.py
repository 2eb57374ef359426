"""
Files that need not fit in memory
=================================

``fit`` takes the paths of ``.npy`` files and reads them block by block. The result has the same
bits as a fit to one array of all rows, and the memory of a fit stays below a bound. More about
this: :doc:`/larger_than_memory`.
"""

import tempfile
import tracemalloc
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from gmmx import GaussianMixture
from gmmx.plotting.style import COLORS, tidy

# %%
# Eight files of 16 MiB in a temporary folder, each of 131,072 rows with 16 features.

MB = 2**20
rng = np.random.default_rng(0)
centers = np.repeat([[0.0], [6.0], [12.0]], 16, axis=1)
folder = tempfile.TemporaryDirectory()
files = []
for part in range(8):
    rows = centers[rng.integers(3, size=2**17)] + rng.normal(size=(2**17, 16))
    files.append(Path(folder.name) / f"part{part}.npy")
    np.save(files[-1], rows)

# %%
# ``tracemalloc`` sees the allocations of NumPy, and so the largest amount that a fit holds at a
# time. The pages of a mapped file are not counted: they belong to the system, which takes them
# back when it needs them.

model = GaussianMixture(
    3,
    covariance_type="diag",
    weights_init=np.full(3, 1 / 3),
    means_init=centers,
    precisions_init=np.ones((3, 16)),
)
sizes, peaks = [], []
for n_files in (1, 2, 4, 6, 8):
    tracemalloc.start()
    model.fit(files[:n_files])
    peaks.append(tracemalloc.get_traced_memory()[1] / MB)
    tracemalloc.stop()
    sizes.append(16 * n_files)
    print(f"{sizes[-1]:4} MiB of files, largest allocation {peaks[-1]:5.1f} MiB")

fig, ax = plt.subplots(layout="constrained")
ax.plot(sizes, sizes, "--", color=COLORS[1], label="all rows in one array")
ax.plot(sizes, peaks, "o-", color=COLORS[0], label="fit to the files")
ax.set(xlabel="size of the files, MiB", ylabel="memory, MiB", xlim=(0, None), ylim=(0, None))
ax.legend()
tidy(ax)
plt.show()

# %%
# Predictions of files come block by block, too.

counts = sum(np.bincount(labels, minlength=3) for labels in model.iter_predict(files))
print("rows of each component:", counts)

# %%
# The fit to one array has the same bits.

in_blocks = model.means_
in_memory = model.fit(np.concatenate([np.load(file) for file in files])).means_
print("the same bits:", np.array_equal(in_blocks, in_memory))
folder.cleanup()
