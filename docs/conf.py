"""Configuration of Sphinx for the documentation site, which `docs/build.sh` builds."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from gmmx import __version__

DOCS = Path(__file__).resolve().parent
sys.path[:0] = [str(DOCS / "extensions"), str(DOCS.parent)]

project = "gmmx"
author = "The gmmx developers"
copyright = author  # noqa: A001  the name that Sphinx reads
version = release = __version__

# The address of the repository, such as https://github.com/owner/name, and the commit or tag that
# links lead to. Without an address, links to files outside docs/ are plain text.
repository_address = os.environ.get("GMMX_REPOSITORY", "")
repository_commit = os.environ.get("GMMX_COMMIT", "main")
# The address of the published site, whose switcher.json lists its versions.
site_address = os.environ.get("GMMX_SITE", "")
site_version = os.environ.get("GMMX_SITE_VERSION", "dev")

extensions = [
    "benchmark_figures",
    "mathml",
    "name_links",
    "repository_links",
    "myst_parser",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.intersphinx",
    "sphinx_copybutton",
    "sphinx_design",
    "sphinx_gallery.gen_gallery",
]
exclude_patterns = ["build", "gallery", "inventories", "**/GALLERY_HEADER.*"]
templates_path = ["_templates"]
default_role = "literal"
highlight_language = "python"
nitpicky = True

# Markdown
myst_enable_extensions = [
    "amsmath",
    "attrs_block",
    "attrs_inline",
    "colon_fence",
    "deflist",
    "dollarmath",
]
myst_heading_anchors = 3
math_numfig = False

# Python
autodoc_typehints = "none"  # numpydoc shows the types, with shapes
autodoc_mock_imports = ["pyspark"]  # 400 MB, of which the pages need base classes only
autosummary_generate = True
toc_object_entries_show_parents = "hide"
numpydoc_show_class_members = False  # the template of a class lists its members
numpydoc_xref_param_type = True
numpydoc_xref_ignore = "all"  # types are prose: only names that numpydoc knows become links
numpydoc_xref_aliases = {
    "array-like": ":py:data:`array-like <numpy.typing.ArrayLike>`",
    "bool": ":py:class:`python:bool`",
    "generator": ":py:class:`generator <collections.abc.Generator>`",
    "iterable": ":py:class:`iterable <collections.abc.Iterable>`",
    "sequence": ":py:class:`sequence <collections.abc.Sequence>`",
    "BayesianGaussianMixture": "gmmx.BayesianGaussianMixture",
    "BootstrapLRT": "gmmx.uncertainty.bootstrap_lrt.BootstrapLRT",
    "BootstrapResult": "gmmx.uncertainty.bootstrap_result.BootstrapResult",
    "GaussianMixture": "gmmx.GaussianMixture",
    "GaussianMixtureIC": "gmmx.GaussianMixtureIC",
    "MergedComponents": "gmmx.uncertainty.merge_components.MergedComponents",
    "MixtureSummary": "gmmx.MixtureSummary",
    "ParameterUncertainty": "gmmx.uncertainty.bootstrap_result.ParameterUncertainty",
}

# Other projects: lists of the names that pages link to, since the build has no network.
intersphinx_mapping = {
    name: (address, f"inventories/{name}.txt")
    for name, address in {
        "numpy": "https://numpy.org/doc/stable/",
        "python": "https://docs.python.org/3/",
        "sklearn": "https://scikit-learn.org/stable/",
    }.items()
}

# Gallery
sphinx_gallery_conf = {
    "examples_dirs": "gallery",
    "gallery_dirs": "auto_gallery",
    "filename_pattern": r"[\\/]plot_",
    "backreferences_dir": "api/examples",
    "doc_module": ("gmmx",),
    "reference_url": {"gmmx": None},
    "only_warn_on_example_error": False,
    "abort_on_example_error": False,
    "min_reported_time": 0,
    "parallel": True,  # as many examples at a time as Sphinx has jobs
    "junit": "../gallery.xml",  # the list of scripts with their times, beside the site
    "write_computation_times": False,  # a page that loads scripts of other sites
    "show_memory": False,
    "show_signature": False,
    "remove_config_comments": True,
    "download_all_examples": False,
    "image_srcset": ["2x"],
    "nested_sections": True,
}

# HTML
html_theme = "pydata_sphinx_theme"
html_title = "gmmx"
html_static_path = ["_static"]
html_css_files = ["gmmx.css"]
html_logo = "_static/logo.svg"
html_favicon = "_static/favicon.svg"
html_context = {"default_mode": "auto"}  # light or dark, as the browser asks
html_show_sourcelink = False
html_copy_source = False
html_sidebars: dict[str, list[str]] = {  # pages without others in their section
    page: []
    for page in ("index", "benchmarks", "reliability", "model_file", "changelog", "contributing")
}
html_theme_options: dict[str, object] = {
    "logo": {"text": "gmmx", "alt_text": "gmmx"},
    "header_links_before_dropdown": 5,
    "navigation_with_keys": False,
    "show_toc_level": 2,
    "show_prev_next": True,
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
    "navbar_persistent": [],
    "navbar_end": ["search-button", "theme-switcher", "navbar-icon-links"],
    "footer_start": ["copyright"],
    "footer_end": ["sphinx-version"],
}
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True

if repository_address:
    html_theme_options["icon_links"] = [
        {"name": "Source", "url": repository_address, "icon": "fa-brands fa-github"}
    ]
if site_address:
    html_theme_options["switcher"] = {
        "json_url": f"{site_address}/switcher.json",
        "version_match": site_version,
    }
    html_theme_options["check_switcher"] = False  # the build needs no network
    html_theme_options["navbar_start"] = ["navbar-logo", "version-switcher"]
