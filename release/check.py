"""Everything that must hold of a release, on this machine: `make release-check`.

Builds what is committed, twice, and compares; checks the metadata; installs the wheel in a new
environment of each supported Python that is at hand and runs the demonstration from it; checks the
licences of what it brings, writes a bill of materials and asks for known vulnerabilities. Leaves
the source distribution, the wheel and the bill in `dist/`. With `--tag`, also that what the tag
says is what the files say, and that nothing is left for the maintainers to fill in.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from release.builds import built, committed, differences
from release.dependencies import licences_refused, vulnerabilities, write_bill_of_materials
from release.pythons import Environment, at_hand, demonstrate, supported

ROOT = Path(__file__).parent.parent
PYPROJECT = ROOT / "pyproject.toml"
# Those that users choose from; spark alone is 400 MB, and the rest are for working on pprl.
EXTRAS = "audit,duckdb,excel,fast,report,sql"
BILL = "pprl-edu.cdx.json"
_VERSION = re.compile(r'^__version__ = "([^"]+)"$', re.MULTILINE)
_TO_FILL_IN = "the maintainers fill in"


class Findings:
    """What was found, told as it is found."""

    def __init__(self) -> None:
        """Nothing yet."""
        self.failed = False

    def good(self, what: str) -> None:
        """Something that holds."""
        print(f"ok       {what}", flush=True)

    def notice(self, what: str) -> None:
        """Something that was not checked, or is to be done."""
        print(f"notice   {what}", flush=True)

    def bad(self, what: str) -> None:
        """Something that does not hold."""
        self.failed = True
        print(f"FAILED   {what}", flush=True)

    def holds(self, good: str, bad: list[str]) -> None:
        """Tell what does not hold, or else that all does."""
        for what in bad:
            self.bad(what)
        if not bad:
            self.good(good)


def version_of(root: Path) -> str:
    """The version, from the one place where it stands."""
    match = _VERSION.search((root / "pprl" / "_version.py").read_text(encoding="utf-8"))
    if match is None:
        raise SystemExit("pprl/_version.py holds no version.")
    return match[1]


def undone(root: Path, version: str, tag: str) -> list[str]:
    """What keeps a version from being released under a tag."""
    left = []
    if tag != f"v{version}":
        left.append(f"the tag is {tag}, and pprl/_version.py says {version}")
    changes = (root / "CHANGELOG.md").read_text(encoding="utf-8")
    if f"## [{version}]" not in changes:
        left.append(f"CHANGELOG.md has no heading [{version}]")
    if _TO_FILL_IN in (root / "SECURITY.md").read_text(encoding="utf-8"):
        left.append("SECURITY.md has no address for reports yet")
    return left


def check_builds(findings: Findings, folder: Path, version: str) -> tuple[list[Path], str]:
    """Build twice; returns the files, in `dist/`, and the date of the sources."""
    archive, date, is_changed = committed(ROOT)
    if is_changed:
        findings.notice("the tree holds changes that are not committed: they were not built")
    one, other = (built(archive, date, folder / f"build {n}", n) for n in (0, 1))
    expected = {f"pprl_edu-{version}.tar.gz", f"pprl_edu-{version}-py3-none-any.whl"}
    findings.holds(
        f"source distribution and wheel of {version} are built",
        [] if set(one) == expected else [f"built {', '.join(one)}, not {', '.join(expected)}"],
    )
    findings.holds(
        "two builds are the same bytes", [f"{name} differs" for name in differences(one, other)]
    )
    out = ROOT / "dist"
    out.mkdir(exist_ok=True)
    for name, content in one.items():
        (out / name).write_bytes(content)
    return [out / name for name in one], date


def check_metadata(findings: Findings, files: list[Path]) -> None:
    """Have twine look at what an index would be told."""
    done = subprocess.run(
        [sys.executable, "-m", "twine", "check", "--strict", *map(str, files)],
        capture_output=True,
        text=True,
        check=False,
    )
    findings.holds("metadata", [done.stdout.strip()] if done.returncode else [])


def check_pythons(
    findings: Findings, wheel: Path, version: str, folder: Path, named: list[str]
) -> Environment | None:
    """Install and demonstrate the wheel with each Python; returns the last environment that did."""
    found = at_hand(supported(PYPROJECT), named)
    last = None
    for python in supported(PYPROJECT):
        if python not in found:
            findings.notice(f"Python {python} is not at hand: not tried with it (--python PATH)")
            continue
        try:
            environment = Environment(found[python], folder / f"python-{python}")
            environment.install(str(wheel))
            demonstrate(environment, version)
        except (RuntimeError, subprocess.CalledProcessError) as error:
            findings.bad(f"Python {python}: {error}")
            continue
        last = environment
        findings.good(f"Python {python}: the wheel is installed and its demonstration runs")
    return last


def check_dependencies(
    findings: Findings, environment: Environment, wheel: Path, date: str, folder: Path
) -> None:
    """Licences, bill of materials and vulnerabilities of the wheel with its extras."""
    environment.install(f"{wheel}[{EXTRAS}]")
    number, bad = licences_refused(environment.python)
    findings.holds(
        f"licences of {number} packages, extras {EXTRAS}",
        [f"licence of {item}: see release/licences.toml" for item in bad],
    )
    bill = wheel.with_name(BILL)
    packages = write_bill_of_materials(environment.python, PYPROJECT, bill, date)
    findings.good(f"bill of materials of {len(packages)} packages: dist/{bill.name}")
    others = [item for item in packages if not item.startswith("pprl-edu==")]
    found, unanswered = vulnerabilities(others, folder)
    if len(unanswered) == len(others):
        findings.notice("the database of vulnerabilities cannot be reached: NOT checked")
        return
    if unanswered:
        findings.notice(f"the database of vulnerabilities does not know {', '.join(unanswered)}")
    findings.holds(f"no known vulnerability in {len(others) - len(unanswered)} packages", found)


def main() -> None:
    """Check it all; exits with 1 if something does not hold."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--tag", help="release under this tag: nothing may be left to do")
    parser.add_argument("--python", nargs="*", default=[], help="further interpreters")
    options = parser.parse_args()
    findings = Findings()
    version = version_of(ROOT)
    for what in undone(ROOT, version, options.tag or f"v{version}"):
        (findings.bad if options.tag else findings.notice)(what)
    with tempfile.TemporaryDirectory(prefix="release-") as name:
        folder = Path(name)
        files, date = check_builds(findings, folder, version)
        check_metadata(findings, files)
        wheel = next(file for file in files if file.suffix == ".whl")
        environment = check_pythons(findings, wheel, version, folder, options.python)
        if environment is None:
            findings.bad("the wheel works with no Python that is at hand; its dependencies unseen")
        else:
            check_dependencies(findings, environment, wheel, date, folder)
    raise SystemExit("Not to be released." if findings.failed else 0)


if __name__ == "__main__":
    main()
