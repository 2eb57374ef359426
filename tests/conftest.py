"""Settings of the processes that run tests side by side."""

import os

# OpenMP's threads wait without a processor, which the tests of the other process need.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
