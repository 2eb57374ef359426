"""Compiled kernels, and the choice of their instruction set."""

import os
from importlib import import_module

from gmmx._build import KERNEL_LEVELS
from gmmx._core.interface import kmeans, passes
from gmmx.other_package import warn_if_overwritten


def choose_level() -> str:
    """Return the highest compiled instruction set that the processor and GMMX_ISA allow."""
    usable = [level for level in passes.supported_levels() if level in KERNEL_LEVELS]
    wanted = os.environ.get("GMMX_ISA")
    if not wanted:
        return usable[-1]
    if wanted not in KERNEL_LEVELS:
        raise ImportError(
            f"the environment variable GMMX_ISA is {wanted!r}, but this build of gmmx has "
            f"kernels for {', '.join(KERNEL_LEVELS)}; set it to one of these or remove it"
        )
    return wanted if wanted in usable else usable[-1]


LEVEL = choose_level()
for border, source in ((passes, "em_pass"), (kmeans, "kmeans_pass")):
    border.install(
        *(
            import_module(f"gmmx._core._{source}_{LEVEL}_{precision}").kernels
            for precision in ("float64", "float32")
        )
    )

warn_if_overwritten()
