"""How this copy of gmmx was built and what it runs on."""

from __future__ import annotations

from gmmx import _build


def build_config() -> dict[str, object]:
    """Return how this copy of gmmx was built and what it picked.

    Returns
    -------
    dict
        ``version``; ``compiler`` of the kernels; ``openmp``, whether they use threads;
        ``kernel_levels``, the instruction sets that they were compiled for; ``instruction_set``,
        the one in use; ``numpy`` and ``scipy``, the installed versions.

    Examples
    --------
    >>> import gmmx
    >>> gmmx.build_config()["version"] == gmmx.__version__
    True
    """
    from importlib.metadata import version  # noqa: PLC0415 - takes a moment

    from gmmx._core import LEVEL  # noqa: PLC0415 - imports NumPy

    return {
        "version": _build.VERSION,
        "compiler": _build.COMPILER,
        "openmp": _build.OPENMP,
        "kernel_levels": _build.KERNEL_LEVELS,
        "instruction_set": LEVEL,
        "numpy": version("numpy"),
        "scipy": version("scipy"),
    }
