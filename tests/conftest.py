"""Settings of the processes that run tests side by side."""

import os

# OpenMP's threads wait without a processor, which the tests of the other process need. Those of
# OpenBLAS cannot: they turn a small product of scikit-learn into a multiple of its time.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
