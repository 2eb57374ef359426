"""Check gmmx in other people's packages, in the place of scikit-learn's mixtures.

Usage, in the root of a checkout: ``python -m tools.compare.clients --help``. It installs the
packages that the dependency groups `clients` and `clients-older` pin into environments of its own,
runs each scenario of `tools.compare.clients.scenarios` with scikit-learn's classes and with gmmx's,
and prints a Markdown table. It fails if a result differs and the scenario does not say why.
"""
