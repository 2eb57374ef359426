"""List the versions of the published site: ``python docs/versions.py FOLDER ADDRESS``.

FOLDER holds one folder for each version: ``dev``, and numbers such as ``1.2.3``. The script writes
``switcher.json``, which the menu of versions on every page reads, and ``index.html``, which leads
to the newest release, or to ``dev`` before the first one.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

DEVELOPMENT = "dev"
REDIRECT = """<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<title>gmmx</title>
<meta http-equiv="refresh" content="0; url={version}/">
<a href="{version}/">gmmx {version}</a>
</html>
"""


def published_versions(folder: Path) -> list[str]:
    """Return the versions in a folder: the development version, then releases, newest first."""
    names = [path.parent.name for path in folder.glob("*/index.html")]
    releases = [name for name in names if re.fullmatch(r"\d+(\.\d+)*", name)]
    releases.sort(key=lambda name: tuple(map(int, name.split("."))), reverse=True)
    return [DEVELOPMENT] * (DEVELOPMENT in names) + releases


def switcher(versions: list[str], address: str) -> list[dict[str, object]]:
    """Return the entries of the menu; the newest release is the preferred version."""
    newest = _newest(versions)
    return [
        {
            "name": f"{version} (stable)" if version == newest != DEVELOPMENT else version,
            "version": version,
            "url": f"{address}/{version}/",
            "preferred": version == newest,
        }
        for version in versions
    ]


def _newest(versions: list[str]) -> str:
    """Return the newest release, or the development version if there is no release."""
    return next((version for version in versions if version != DEVELOPMENT), DEVELOPMENT)


def main(folder: str, address: str) -> None:
    """Write both files."""
    root = Path(folder)
    versions = published_versions(root)
    if not versions:
        raise SystemExit(f"{folder} holds no version of the site")
    text = json.dumps(switcher(versions, address.rstrip("/")), indent=1)
    (root / "switcher.json").write_text(text + "\n", encoding="utf-8")
    redirect = REDIRECT.format(version=_newest(versions))
    (root / "index.html").write_text(redirect, encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
