"""Report of the build of this copy of gmmx, and of the instruction set in use."""

from __future__ import annotations

from gmmx import _build


def build_config() -> dict[str, object]:
    """Return how this copy of gmmx was built, and the instruction set that it uses.

    Returns
    -------
    dict
        ``version``; ``compiler`` of the kernels; ``openmp``, whether the kernels use threads;
        ``kernel_levels``, the instruction sets with compiled kernels; ``instruction_set``, the
        instruction set in use; ``numpy`` and ``scipy``, the installed versions.

    Examples
    --------
    >>> import gmmx
    >>> gmmx.build_config()["version"] == gmmx.__version__
    True
    """
    from importlib.metadata import version  # noqa: PLC0415 - imports slowly

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
