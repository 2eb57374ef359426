"""Values whose attributes never change."""

from __future__ import annotations

from typing import NoReturn


class Frozen:
    """Base of values: the constructor sets the attributes through `vars`, and nothing changes them.

    Frozen dataclasses do the same, but generate code when they are defined, which takes long beside
    the rest of gmmx's import.
    """

    def __setattr__(self, name: str, value: object) -> NoReturn:
        """Raise AttributeError."""
        raise AttributeError(f"{name} of a {type(self).__name__} cannot be changed: make a new one")
