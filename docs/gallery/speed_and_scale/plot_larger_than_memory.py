"""
A file that need not fit in memory
==================================

``fit`` takes the path of a ``.npy`` file and reads it block by block. The result has the same
bits as a fit to the array, and the memory of a fit hardly grows with the file.
"""

import tempfile
import tracemalloc
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from gmmx import GaussianMixture
from gmmx.plotting.style import COLORS, tidy

# %%
# Four files, of 50,000 to 400,000 rows of four features, in a temporary folder. ``tracemalloc``
# sees the allocations of NumPy, and so the largest amount that a fit holds at a time.

MB = 2**20
rng = np.random.default_rng(0)
centers = np.array([[0.0, 0.0, 0.0, 0.0], [6.0, 0.0, 3.0, 0.0], [0.0, 6.0, 0.0, 3.0]])
folder = tempfile.TemporaryDirectory()


def write(n_rows):
    """Write rows of three clusters to a file and return its path."""
    path = Path(folder.name) / f"{n_rows}.npy"
    np.save(path, centers[rng.integers(3, size=n_rows)] + rng.normal(size=(n_rows, 4)))
    return path


def peak_of(fit):
    """Return the largest amount of memory that is allocated at a time, in bytes."""
    tracemalloc.start()
    fit()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


model = GaussianMixture(
    3, weights_init=np.full(3, 1 / 3), means_init=centers, precisions_init=[np.eye(4)] * 3
)
sizes, peaks = [], {"array in memory": [], "path of a file": []}
for n_rows in (50_000, 100_000, 200_000, 400_000):
    path = write(n_rows)
    sizes.append(path.stat().st_size)
    peaks["path of a file"].append(peak_of(lambda path=path: model.fit(path)))
    from_file = model.means_
    peaks["array in memory"].append(peak_of(lambda path=path: model.fit(np.load(path))))
    print(f"{n_rows:7,} rows: the same bits: {np.array_equal(model.means_, from_file)}")

# %%
# The file in blocks needs a constant amount, the array as much as the file is long. The pages
# of a mapped file belong to the system, which takes them back when it needs them;
# ``tracemalloc`` does not count them.

fig, ax = plt.subplots(layout="constrained")
for (name, values), color, marker in zip(peaks.items(), COLORS, "os", strict=False):
    ax.plot(np.array(sizes) / MB, np.array(values) / MB, marker=marker, color=color, label=name)
ax.set(xlabel="size of the file, MiB", ylabel="largest allocation, MiB", ylim=(0, None))
ax.legend(title="samples given as")
tidy(ax)
plt.show()

# %%
# Predictions of such files come block by block, too.

counts = sum(np.bincount(labels, minlength=3) for labels in model.iter_predict(path))
print("rows of each component:", counts)
folder.cleanup()
