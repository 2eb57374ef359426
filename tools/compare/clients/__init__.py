"""Test other packages with the mixtures of gmmx in place of scikit-learn's.

Usage, in the root of a checkout: ``python -m tools.compare.clients --help``. The program creates
environments with the packages pinned in the dependency groups `clients` and `clients-older`. It
runs each scenario of `tools.compare.clients.scenarios` with scikit-learn's classes and with gmmx's,
and prints a Markdown table. It fails if a result differs and the scenario gives no reason.
"""
