"""Links to the API from the names of public classes and functions in the text of all pages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from docutils import nodes
from sphinx.addnodes import desc_signature
from sphinx.util.nodes import make_refnode

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.domains.python import ObjectEntry
    from sphinx.environment import BuildEnvironment

KINDS = {"class", "exception", "function"}
NOT_LINKED = (nodes.reference, nodes.title, desc_signature)


def documented_objects(env: BuildEnvironment) -> dict[str, ObjectEntry]:
    """Return the classes and functions with a page, by their name with and without the module."""
    objects = {
        name: entry
        for name, entry in env.domains.python_domain.objects.items()
        if entry.objtype in KINDS
    }
    return objects | {name.rpartition(".")[2]: entry for name, entry in objects.items()}


def is_linked(node: nodes.Node) -> bool:
    """Return whether a node lies in a link or in a title."""
    parent = node.parent
    while parent is not None and not isinstance(parent, NOT_LINKED):
        parent = parent.parent
    return parent is not None


def link_names(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Turn the names on a page into links, except on the page of the object itself."""
    objects = documented_objects(app.env)
    for literal in list(doctree.findall(nodes.literal)):
        entry = objects.get(literal.astext())
        if entry is None or entry.docname == docname or is_linked(literal):
            continue
        link = make_refnode(app.builder, docname, entry.docname, entry.node_id, literal.deepcopy())
        literal.parent.replace(literal, link)


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the event."""
    app.connect("doctree-resolved", link_names)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
