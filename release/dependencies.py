"""What the wheel brings with it: licences, a bill of materials, known vulnerabilities."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

LICENCES = Path(__file__).parent / "licences.toml"


def is_allowed(licence: str, allowed: Sequence[str]) -> bool:
    """Whether a licence, or an SPDX expression without parentheses, is made of allowed ones."""
    if licence in allowed:
        return True
    if "; " in licence:
        return all(is_allowed(part, allowed) for part in licence.split("; "))
    if " OR " in licence:
        return any(is_allowed(part, allowed) for part in licence.split(" OR "))
    if " AND " in licence:
        return all(is_allowed(part, allowed) for part in licence.split(" AND "))
    return False


def refused(packages: Sequence[Mapping[str, str]], rules: Mapping[str, Any]) -> list[str]:
    """The packages whose licence is neither allowed nor taken by name.

    Args:
        packages: `Name` and `License` of each.
        rules: `licences.toml`.
    """
    taken = {name: item["licence"] for name, item in rules["taken"].items()}
    return [
        f"{package['Name']} ({package['License']})"
        for package in packages
        if not is_allowed(package["License"], rules["allowed"])
        and taken.get(package["Name"].lower()) != package["License"]
    ]


def licences_refused(python: Path) -> tuple[int, list[str]]:
    """How many packages an environment holds, and those whose licence is refused.

    Args:
        python: the environment's; pip-licenses sees nothing of one whose path has a space.

    Raises:
        RuntimeError: pip-licenses does not see pprl itself there.
    """
    packages = json.loads(
        _tool("piplicenses", f"--python={python}", "--from=mixed", "--format=json").stdout
    )
    if "pprl-edu" not in {package["Name"] for package in packages}:
        raise RuntimeError(f"pip-licenses sees no pprl-edu in the environment of {python}")
    rules = tomllib.loads(LICENCES.read_text(encoding="utf-8"))
    return len(packages), refused(packages, rules)


def write_bill_of_materials(python: Path, pyproject: Path, out: Path, date: str) -> list[str]:
    """Write the CycloneDX bill of an environment, the same bytes each time.

    Returns:
        name and version of each package in it.
    """
    _tool(
        *("cyclonedx_py", "environment", "--output-reproducible", "--mc-type", "library"),
        *("--pyproject", str(pyproject), "--output-format", "JSON", "-o", str(out), str(python)),
        SOURCE_DATE_EPOCH=date,
    )
    bill = json.loads(out.read_text(encoding="utf-8"))
    return [f"{item['name']}=={item['version']}" for item in bill["components"]]


def vulnerabilities(packages: Sequence[str], folder: Path) -> tuple[list[str], list[str]]:
    """Known vulnerabilities of packages, and the packages that the database did not answer for.

    pip-audit calls a package that it cannot look up skipped, and succeeds: where none could be
    looked up there was no database.

    Args:
        packages: `name==version` of each.
        folder: for a file of them.
    """
    listing = folder / "packages.txt"
    listing.write_text("".join(f"{item}\n" for item in packages), encoding="utf-8")
    done = _tool(
        *("pip_audit", "--no-deps", "--disable-pip", "--format", "json", "--timeout", "20"),
        *("--requirement", str(listing)),
        check=False,
    )
    try:
        answers = json.loads(done.stdout)["dependencies"]
    except ValueError:
        return [], list(packages)
    found = [
        f"{item['name']} {item['version']}: {fault['id']}"
        for item in answers
        for fault in item.get("vulns", ())
    ]
    answered = {item["name"].lower() for item in answers if "skip_reason" not in item}
    unanswered = [item for item in packages if item.partition("==")[0].lower() not in answered]
    return found, unanswered


def _tool(
    module: str, *arguments: str, check: bool = True, **environ: str
) -> subprocess.CompletedProcess[str]:
    """Run a tool of this environment."""
    return subprocess.run(
        [sys.executable, "-m", module, *arguments],
        env=os.environ | environ,
        check=check,
        capture_output=True,
        text=True,
    )
