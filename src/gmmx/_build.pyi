VERSION: str
COMPILER: str
OPENMP: bool
KERNEL_LEVELS: tuple[str, ...]
