"""The memory layouts: one file each, and `all.pxd`, which lists them."""
