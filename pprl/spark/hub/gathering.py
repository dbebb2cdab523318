"""A cluster joins and compares, the driver judges: a linkage with all that belongs to one."""

from __future__ import annotations

import datetime
import os
from collections.abc import Sequence

from pprl.agreement import Agreement
from pprl.agreement.enforcement import enforce
from pprl.exchange import Submission
from pprl.hub.decision import THRESHOLD
from pprl.hub.linkage import Linkage
from pprl.hub.registry import Registry
from pprl.hub.warehouse import link_found
from pprl.spark.executors import told
from pprl.spark.hub.admission import admit
from pprl.spark.hub.candidates import found_pairs, pairs_of_passes
from pprl.spark.session import check_session
from pprl.spark.submission_tables import SubmissionTables


def gather(
    submissions: Sequence[SubmissionTables],
    agreement: Agreement,
    *,
    threshold: float = THRESHOLD,
    registry: Registry | str | os.PathLike[str] | None = None,
    today: datetime.date | None = None,
) -> Linkage:
    """Find the pairs on a cluster, and judge them here: what `pprl.link` gives of the same files.

    The driver holds 40 bytes for each pair of entries that share a block, and what a linkage takes;
    where that is too much, `link` leaves the pairs on the cluster.

    Args:
        submissions: one for each institution, at least two, from `unpack` or `encode`.
        agreement: the agreement under which they were encoded.
        threshold: pairs of at least this probability are accepted, 0 to 1.
        registry: as in `pprl.link`; with one, the entries come to a temporary file of the driver.
        today: the day on which; the machine's own if not given.

    Raises:
        UsageError, AgreementError, KeyFileError, MismatchError, RegistryError, SubmissionError: as
            `pprl.link` does.
    """
    enforce(agreement, [item.manifest.institution for item in submissions], today=today)
    for item in submissions[:1]:
        check_session(item.entries.sparkSession)
    with told():
        admitted = admit(submissions, agreement)
        table = found_pairs(admitted, agreement.linkage).toArrow()
        found = pairs_of_passes(table, len(agreement.linkage.passes))
        whole = [
            Submission(item.manifest, {})
            if registry is None
            else item.submission(agreement.linkage)
            for item in admitted
        ]
    return link_found(found, whole, agreement, threshold, registry)
