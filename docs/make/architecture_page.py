"""The page `docs/architecture.md`: the stages of linkage and who may import whom, from the source.

`python -m docs.make.architecture_page` writes the page and its diagram.
"""

from __future__ import annotations

import importlib
import inspect
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from docs.make.architecture_diagram import FACTS, Folders, diagram

ROOT = Path(__file__).parent.parent.parent
DOCS = ROOT / "docs"
IMAGE = "images/architecture.svg"


_HEAD = """# Architecture

For whoever changes pprl. The trust boundary is the folder layout: what sees names and what sees
encodings are two folders that never import each other, not even indirectly. This page is made from
the source (`python -m docs.make.architecture_page`), and a test keeps it true.
"""
_STAGES_HEAD = """## The stages of linkage

What comes in and goes out is as the functions are annotated; `Texts`, `Words`, `Integers` and
`Floats` are NumPy arrays of `object`, `uint64`, `int64` and `float64`.
"""
_FOLDERS_HEAD = f"""## Folders and layers

![Folders of pprl by layer, with their imports]({IMAGE})

An arrow leads from what imports to what is imported; one that follows from others is left out of
the picture, not of the table. Imports run downwards.
"""
_TAIL = """## Why it is so

Decisions that a reader might otherwise undo are recorded, one page each, in
[decisions](decisions/README.md). A change to the trust boundary, to what a submission may reveal,
or to who may know what, brings a record with it. House rules, and how to add a pass, a level or a
layout, stand in [CONTRIBUTING.md](../CONTRIBUTING.md).
"""


class Stage(NamedTuple):
    """One stage of linkage.

    Attributes:
        name: what happens.
        function: `module:name` below `pprl`.
        sees: who holds what goes in.
    """

    name: str
    function: str
    sees: str


_INSTITUTION, _TRAVELS, _HUB = "the institution", "whoever has the file", "the hub"
_ENCODINGS = "the hub: encodings"
_BACK = "the hub, and each institution its own"
STAGES = (
    Stage("Agree", "agreement.agreement:Agreement.load", "everybody"),
    Stage("Read", "institution.students:read_students", _INSTITUTION),
    Stage("Normalise", "institution.normalise:normalise", _INSTITUTION),
    Stage("Collapse rows to students", "institution.collapse:collapse", _INSTITUTION),
    Stage("Remember who is who", "institution.identities:identify", _INSTITUTION),
    Stage("Cut into tokens", "institution.tokens:token_table", _INSTITUTION),
    Stage("Derive blocks", "institution.blocks:Blocking.values", _INSTITUTION),
    Stage("Cap, ledger and quota", "institution.emission:emit", _INSTITUTION),
    Stage("Fill filters", "institution.filling:Filling.filters", _INSTITUTION),
    Stage("Count what the cap withheld", "institution.published:pass_profile", _INSTITUTION),
    Stage("Sign and seal", "exchange.submission:Submission.write", _INSTITUTION),
    Stage("Unseal and verify", "exchange.submission:Submission.open", f"{_TRAVELS}: sealed"),
    Stage("Admit", "hub.admission:admit", _ENCODINGS),
    Stage("Blind, where kept", "hub.custody.blinding:blind_submission", _ENCODINGS),
    Stage("Find candidates", "hub.candidates:shared_tokens", _ENCODINGS),
    Stage("Compare", "hub.comparison:compare_pass", _ENCODINGS),
    Stage("Learn a pass", "hub.model:fit", f"{_HUB}: counts of patterns"),
    Stage("Score a pass", "hub.scoring:judge_pass", f"{_HUB}: patterns"),
    Stage("Combine passes", "hub.combination:combine", f"{_HUB}: log-odds"),
    Stage("Assign one to one", "hub.assignment:one_to_one", f"{_HUB}: probabilities"),
    Stage("Gather persons", "hub.clusters:clusters", f"{_HUB}: probabilities"),
    Stage("Estimate quality", "hub.quality:estimate", f"{_HUB}: probabilities"),
    Stage("Draw study IDs", "hub.study_ids:new_study_ids", f"{_HUB}: nothing"),
    Stage("Write results", "results.folder:write_linkage", _BACK),
    Stage("Attach to local ids", "institution.attachment:attach", _INSTITUTION),
)
"""The way of a record, in order."""

CHANGES: Mapping[str, Sequence[str]] = {
    "a student system's headers": ("pprl/institution/layouts", "docs/layouts.md"),
    "how names or dates are brought to one form": (
        "pprl/institution/normalise.py",
        "pprl/institution/dates.py",
    ),
    "what a field is cut into": ("pprl/institution/tokens.py", "pprl/agreement/linkage.py"),
    "a pass or a profile": ("pprl/agreement/profiles", "pprl/agreement/blocking.py"),
    "a comparison level": (
        "pprl/agreement/levels.py",
        "pprl/agreement/linkage.py",
        "pprl/agreement/blocking.py",
        "pprl/institution/tokens.py",
        "pprl/hub/agreeing.py",
        "pprl/hub/priors.py",
    ),
    "what one submission may reveal": (
        "pprl/institution/emission.py",
        "pprl/institution/filling.py",
        "docs/security.md",
    ),
    "the speed of encoding": ("pprl/institution/lanes.py", "pprl/institution/compiled_filling.py"),
    "what a file looks like": (
        "pprl/exchange/container.py",
        "pprl/exchange/manifest.py",
        "docs/format.md",
    ),
    "which files are believed": ("pprl/exchange/origin.py", "pprl/hub/admission.py"),
    "how a pair is judged": ("pprl/hub/model.py", "pprl/hub/combination.py"),
    "when a pair is a link": ("pprl/hub/decision.py", "pprl/hub/assignment.py"),
    "how records become persons": ("pprl/hub/clusters.py", "pprl/hub/tangles.py"),
    "study IDs over the years": ("pprl/hub/registry", "docs/study-ids.md"),
    "what the hub keeps, and how": ("pprl/hub/custody", "docs/custody.md"),
    "what the agreement allows": ("pprl/agreement/rules.py", "pprl/agreement/enforcement.py"),
    "an attack of the audit": ("pprl/audit", "benchmarks/what_a_hub_learns.py"),
    "a command or an option": ("pprl/cli",),
    "what a command calls its errors": ("pprl/errors.py", "pprl/cli/messages.py"),
    "the synthetic students": ("pprl/synthetic/people.py", "pprl/synthetic/dirt.py"),
    "what makes a release": ("release/check.py", "docs/versioning.md"),
}
"""What is to change -> where; tests have the same place below `tests/`."""


def architecture_page(folders: Folders | None = None) -> str:
    """The page, as Markdown."""
    folders = folders or Folders.of(ROOT)
    return "\n".join(
        [
            _HEAD,
            *_stages(),
            *_folders(folders),
            *_contracts(_project()["tool"]["importlinter"]["contracts"]),
            *_changes(),
            _TAIL,
        ]
    )


def _stages() -> Iterator[str]:
    """The way of a record."""
    yield _STAGES_HEAD
    yield "| stage | function | in | out | who holds what comes in |"
    yield "|---|---|---|---|---|"
    for stage in STAGES:
        module, _, name = stage.function.partition(":")
        path = f"../pprl/{module.replace('.', '/')}.py"
        takes, gives = _signature(_found(stage.function))
        yield f"| {stage.name} | [`{module}.{name}`]({path}) | {takes} | {gives} | {stage.sees} |"
    yield ""


def _found(function: str) -> Any:
    """The function that a stage names."""
    module, _, name = function.partition(":")
    found: Any = importlib.import_module(f"pprl.{module}")
    for part in name.split("."):
        found = getattr(found, part)
    return found


def _signature(function: Any) -> tuple[str, str]:
    """What a function takes and gives, options left out."""
    signature = inspect.signature(function)
    takes = [
        f"`{name}`: `{parameter.annotation}`"
        for name, parameter in signature.parameters.items()
        if parameter.default is inspect.Parameter.empty and name not in ("self", "cls")
    ]
    gives = f"`{signature.return_annotation}`" if signature.return_annotation != "None" else "files"
    return ", ".join(takes).replace("|", "or"), gives.replace("|", "or")


def _folders(folders: Folders) -> Iterator[str]:
    """The folders, their size and what they import."""
    yield _FOLDERS_HEAD
    yield "| folder | | imports |"
    yield "|---|---|---|"
    for name in folders.names:
        imports = ", ".join(f"`{other}`" for other in folders.imported_by(name)) or "nothing"
        about = inspect.getdoc(importlib.import_module(f"pprl.{name}")) or ""
        yield f"| [`{name}`](../pprl/{name}) | {about.partition(chr(10))[0]} | {imports} |"
    yield ""


def _contracts(contracts: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """What import-linter enforces."""
    yield "## Import contracts"
    yield ""
    yield "Checked by `make check`; they stand in `pyproject.toml`."
    yield ""
    for contract in contracts:
        kept = contract.get("layers") or [
            f"{', '.join(contract.get('source_modules', contract.get('protected_modules', ())))}"
            f" {'never imports' if contract['type'] == 'forbidden' else 'only by'} "
            f"{', '.join(contract.get('forbidden_modules', contract.get('allowed_importers', ())))}"
        ]
        yield f"- **{contract['name']}** ({contract['type']})"
        yield from (f"    {place}. `{line}`" for place, line in enumerate(kept, 1))
    yield ""
    yield "`|` stands between folders that must not import each other, `:` between such as may, and"
    yield "parentheses around what may be absent."
    yield ""


def _changes() -> Iterator[str]:
    """Where what is changed."""
    yield "## Where do I change ...?"
    yield ""
    yield "| | |"
    yield "|---|---|"
    for what, places in CHANGES.items():
        yield f"| {what} | {', '.join(_link(place) for place in places)} |"
    yield ""


def _link(place: str) -> str:
    """A link to a file or folder of the repository, from the page."""
    is_page = place.startswith("docs/")
    return f"[`{place}`]({place.removeprefix('docs/') if is_page else f'../{place}'})"


def _project() -> Mapping[str, Any]:
    """`pyproject.toml`."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


if __name__ == "__main__":
    found = Folders.of(ROOT)
    (DOCS / "architecture.md").write_text(architecture_page(found), encoding="utf-8", newline="\n")
    picture = diagram(found)
    assert FACTS.search(picture)
    (DOCS / IMAGE).write_text(picture, encoding="utf-8", newline="\n")
