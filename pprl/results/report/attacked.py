"""What `pprl audit` found, taken into a report's figures."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

from pprl.errors import UsageError
from pprl.results.report.figures import AttackFigures, AuditFigures, Figures


def with_audit(figures: Figures, path: Path) -> Figures:
    """The figures with the findings of an audit; whose files it did not see is noted.

    Args:
        figures: of a linkage.
        path: the JSON file that `pprl audit` wrote.

    Raises:
        UsageError: it cannot be read, or is an audit of another agreement or of institutions that
            were not linked.
    """
    try:
        tree = json.loads(path.read_text(encoding="utf-8"))
        audit = AuditFigures(
            light=str(tree["light"]),
            headline=str(tree["headline"]),
            findings=tuple(
                AttackFigures(
                    **{
                        field.name: str(finding[field.name])
                        for field in dataclasses.fields(AttackFigures)
                    }
                )
                for finding in tree["findings"]
            ),
            notes=tuple(dict.fromkeys(map(str, tree["notes"]))),
        )
        title, sources = tree["title"], set(tree["sources"])
    except OSError as error:
        raise UsageError(f"{path}: cannot be read ({error.strerror}).") from None
    except (ValueError, TypeError, KeyError, RecursionError):
        raise UsageError(f"{path}: holds no figures of pprl audit. Give its JSON file.") from None
    linked = {file.institution for file in figures.files}
    if title != figures.agreement.title or not sources <= linked:
        raise UsageError(
            f"{path}: is an audit of other files: {title}, of {', '.join(sorted(sources))}."
        )
    if missing := sorted(linked - sources):
        note = f"The files of {', '.join(missing)} were not audited."
        audit = dataclasses.replace(audit, notes=(*audit.notes, note))
    return dataclasses.replace(figures, audit=audit)
