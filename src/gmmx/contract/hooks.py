"""Private methods of scikit-learn's mixtures that subclasses override but gmmx never calls."""

from __future__ import annotations

from gmmx.exceptions import warn_user

HOOKS = (
    "_check_parameters",
    "_compute_lower_bound",
    "_e_step",
    "_estimate_log_prob",
    "_estimate_log_prob_resp",
    "_estimate_log_weights",
    "_estimate_weighted_log_prob",
    "_initialize",
    "_initialize_parameters",
    "_m_step",
    "_set_parameters",
)


def warn_about_hooks(subclass: type) -> None:
    """Warn if a subclass of a mixture overrides a method that only scikit-learn calls.

    Parameters
    ----------
    subclass : type
        A class that a user derived from a mixture.
    """
    hooks = [name for name in HOOKS if name in vars(subclass)]
    if hooks:
        warn_user(
            f"{subclass.__name__} defines {', '.join(hooks)}. scikit-learn calls these methods, "
            "gmmx does not, since its steps of EM are compiled. Override public methods, or derive "
            "the class from scikit-learn's mixture."
        )
