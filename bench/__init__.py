"""Speed of gmmx against every rival: ``python -m bench --help``."""
