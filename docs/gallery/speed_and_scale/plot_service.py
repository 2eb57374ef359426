"""
A model in a service, asked row by row
======================================

A service loads a model once and answers requests of single rows. This script saves a model,
loads it in another process, asks it 5,000 times for one row, and shows how long the answers
take. More about this: :doc:`/embedding`.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from gmmx import GaussianMixture
from gmmx.plotting.style import COLORS, tidy

# %%
# A mixture of 8 components in 10 features is fitted and saved. The file holds data only:
# loading it runs no code, and gives the same model to the last bit.

rng = np.random.default_rng(0)
centers = rng.normal(scale=4.0, size=(8, 10))
X = centers[rng.integers(8, size=5000)] + rng.normal(size=(5000, 10))
model = GaussianMixture(8, random_state=0).fit(X)
folder = tempfile.TemporaryDirectory()
path = Path(folder.name) / "model.gmmx"
model.save(path)
np.save(path.with_name("rows.npy"), X)
print(f"{path.name}: {path.stat().st_size / 1000:.1f} kB")

# %%
# The program of the service, without its network. One thread for each worker is the right
# choice there, and the results do not depend on it.

SERVICE = """
import sys, time
import numpy as np
import gmmx

folder = sys.argv[1]
model = gmmx.load(f"{folder}/model.gmmx").set_params(n_threads=1)
rows = np.load(f"{folder}/rows.npy")
times, scores = np.empty(len(rows)), np.empty(len(rows))
for i in range(len(rows)):
    begin = time.perf_counter()
    scores[i] = model.score_samples(rows[i : i + 1])[0]
    times[i] = time.perf_counter() - begin
np.savez(f"{folder}/answers.npz", times=times, scores=scores)
"""
subprocess.run([sys.executable, "-c", SERVICE, folder.name], check=True)
answers = np.load(path.with_name("answers.npz"))
microseconds = 1e6 * answers["times"]
folder.cleanup()

# %%
# The answers of the other process have the bits of one call for all rows in this one.

print("the same bits:", np.array_equal(answers["scores"], model.score_samples(X)))
for percent in (50, 99, 99.9):
    print(f"{percent:4} % of the answers within {np.percentile(microseconds, percent):6.1f} µs")

# %%
# Nearly all answers take a few microseconds. The rare slow ones are interruptions by the
# system. The times depend on the machine and on its load: other examples may run on the other
# cores while this page is made.

fig, ax = plt.subplots(layout="constrained")
bins = np.geomspace(microseconds.min(), microseconds.max(), 80)
ax.hist(microseconds, bins, color=COLORS[0])
for percent, style in ((50, "-"), (99, "--"), (99.9, ":")):
    ax.axvline(
        np.percentile(microseconds, percent),
        color=COLORS[5],
        linestyle=style,
        label=f"{percent} %",
    )
ax.set(
    xscale="log",
    yscale="log",
    xlabel="time of an answer, microseconds",
    ylabel="number of answers",
    title="Log density of one row, 8 components in 10 features",
)
ax.legend(title="percentiles")
tidy(ax)
plt.show()
