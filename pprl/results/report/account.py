"""The account of a linkage: its figures, taken from the linkage and made fit to leave the hub."""

from __future__ import annotations

import datetime
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from pprl._version import __version__
from pprl.agreement import Agreement
from pprl.agreement.enforcement import signature_fault
from pprl.agreement.legal import EXCEPTIONS
from pprl.agreement.page import FIELD_WORDS, block_in_words
from pprl.agreement.reading import profile_of
from pprl.agreement.signatures import latest
from pprl.exchange.budget import completeness_noise
from pprl.exchange.manifest import Manifest
from pprl.hub import Linkage
from pprl.results.report import curve, learned
from pprl.results.report.figures import (
    AgreementFigures,
    Band,
    Figures,
    FileFigures,
    PartyFigures,
    PassFigures,
    PersonFigures,
    QualityFigures,
)
from pprl.results.report.overlap import Overlap, ToldOverlap, told
from pprl.results.report.rounding import DECIMALS, Rounding, down, nearest, up

EDGES = (0.0, 0.01, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1.0)
"""Between which probabilities candidates are counted."""


def account(
    linkage: Linkage, groups: pd.DataFrame | None = None, today: datetime.date | None = None
) -> Figures:
    """The figures of a linkage.

    Args:
        linkage: as linked; one that does not hold what it was estimated from tells less.
        groups: `source, record, group`, for quality by report group.
        today: the day of linking; the machine's own if not given.

    Raises:
        UsageError: a column is missing from `groups`, or the linkage does not hold what it was
            estimated from.
    """
    agreement, candidates = linkage.agreement, linkage.candidates
    rounding = Rounding(agreement.output.smallest_cell)
    overlap = Overlap.of(linkage.study_ids, list(linkage.records))
    shown = told(overlap, rounding.smallest)
    low, high = linkage.decision.doubtful
    doubtful = candidates["probability"].between(low, high)
    by_group = pd.DataFrame() if groups is None else linkage.quality_by(groups)
    records = [_stated(number, rounding) for number in linkage.records.values()]
    return Figures(
        software=f"pprl {__version__}",
        made_on=(today or datetime.date.today()).isoformat(),
        agreement=agreed(agreement),
        institutions=len(linkage.records),
        files=tuple(_files(linkage, shown, rounding)),
        records=None if None in records else sum(linkage.records.values()),
        candidates=rounding.count(len(candidates)),
        links=rounding.count(shown.links),
        threshold=nearest(linkage.threshold),
        objective=linkage.decision.objective,
        doubtful=(nearest(low), nearest(high)),
        doubtful_pairs=rounding.count(int(doubtful.sum())),
        unseen=rounding.count(linkage.quality.unseen_matches),
        quality=_whole(linkage, shown, rounding),
        by_sources=tuple(_by_sources(linkage, overlap, shown, rounding)),
        by_group=tuple(
            _quality((str(row["group"]),), row, rounding.count(row["pairs"]), rounding)
            for row in by_group.to_dict("records")
        ),
        passes=tuple(_passes(linkage, rounding)),
        bands=tuple(_bands(linkage, rounding)),
        thresholds=curve.thresholds(linkage, rounding),
        rounded_to=shown.base,
        persons=tuple(PersonFigures(k, n) for k, n in enumerate(shown.at, start=2)),
        levels=tuple(learned.levels(linkage, rounding)),
    )


def agreed(agreement: Agreement) -> AgreementFigures:
    """What the partners agreed, and who has signed this text."""
    return AgreementFigures(
        title=agreement.title,
        convener=agreement.convener,
        purpose=agreement.purpose,
        scope=agreement.scope,
        ground=_ground(agreement),
        legal_basis=agreement.legal_basis,
        effective=_day(agreement.effective),
        expires=_day(agreement.expires),
        trial=agreement.trial,
        digest=agreement.digest,
        linkage_digest=agreement.linkage_digest,
        epsilon=agreement.records.epsilon,
        smallest_cell=agreement.output.smallest_cell,
        parties=tuple(
            PartyFigures(party.id, party.name or party.id, party.role, _signed(agreement, party.id))
            for party in sorted(agreement.parties, key=lambda party: party.id)
        ),
        profile=profile_of(agreement.linkage),
        fields=tuple(FIELD_WORDS[name] for name in agreement.linkage.compared),
        apart=tuple(FIELD_WORDS[name] for name in agreement.linkage.apart),
        passes=tuple((item.name, block_in_words(item)) for item in agreement.linkage.passes),
    )


def _ground(agreement: Agreement) -> str:
    """The exception that it rests on, and where it stands; "" if none is named."""
    ground = EXCEPTIONS.get(agreement.exception)
    if ground is None or agreement.exception == "other":
        return "" if ground is None else ground.name
    return f"{ground.name} ({ground.citation})"


def _day(date: datetime.date | None) -> str:
    """A date as an ISO text, "" for none."""
    return date.isoformat() if date else ""


def _signed(agreement: Agreement, party: str) -> str:
    """The day on which a party signed this text; "" if it has not."""
    signature = latest(agreement.signatures, party, agreement.digest)
    return "" if signature is None or signature_fault(agreement, party) else _day(signature.signed)


def _stated(records: int, rounding: Rounding) -> int | None:
    """A file's number of records, as the institution states it; None below the smallest cell."""
    return records if records >= rounding.smallest else None


def _files(linkage: Linkage, shown: ToldOverlap, rounding: Rounding) -> Iterator[FileFigures]:
    """The files received: this year's in the order of the sources, then earlier ones."""
    found = dict(zip(linkage.records, shown.found, strict=True))
    for place, manifest in enumerate(linkage.manifests):
        earlier = place >= len(linkage.records)
        own = None if earlier else found[manifest.institution]
        yield _file(manifest, own, earlier, rounding)


def _file(manifest: Manifest, found: int | None, earlier: bool, rounding: Rounding) -> FileFigures:
    """One file."""
    records = _stated(manifest.records, rounding)
    noise = completeness_noise(len(manifest.completeness), manifest.epsilon)
    return FileFigures(
        institution=manifest.institution,
        records=records,
        sequence=manifest.sequence,
        software=manifest.software,
        sha256=hashlib.sha256(manifest.to_bytes()).hexdigest(),
        completeness={
            name: nearest(share) for name, share in sorted(manifest.completeness.items())
        },
        noise=None if records is None else nearest(noise / records),
        unplaced=nearest(manifest.unplaced),
        found=found,
        found_share=None if found is None else nearest(found / manifest.records),
        earlier=earlier,
    )


def _quality(
    of: Sequence[str], row: Mapping[Any, Any], links: int | None, rounding: Rounding
) -> QualityFigures:
    """Quality of a part; nothing of it is told if its links are too few."""
    shares = {
        f"{kind}{end}": None if links is None else toward(float(row[f"{kind}{end}"]))
        for kind in ("precision", "recall")
        for end, toward in (("", nearest), ("_low", down), ("_high", up))
    }
    # Of what is told, so that no count can be worked out from this one.
    implied = (links or 0) * (shares["precision"] or 0.0) / (shares["recall"] or 1.0)
    matches = None if links is None else rounding.count(implied)
    return QualityFigures(of=tuple(of), links=links, matches=matches, **shares)


def _whole(linkage: Linkage, shown: ToldOverlap, rounding: Rounding) -> QualityFigures:
    """Quality of all links."""
    quality = linkage.quality
    row = {
        "precision": quality.expected_precision,
        "precision_low": quality.precision_interval[0],
        "precision_high": quality.precision_interval[1],
        "recall": quality.expected_recall,
        "recall_low": quality.recall_interval[0],
        "recall_high": quality.recall_interval[1],
    }
    return _quality(("all",), row, rounding.count(shown.links), rounding)


def _by_sources(
    linkage: Linkage, overlap: Overlap, shown: ToldOverlap, rounding: Rounding
) -> Iterator[QualityFigures]:
    """Quality by pair of institutions, in the order of their ids."""
    table = linkage.quality.by_sources
    names = [(overlap.sources[a], overlap.sources[b]) for a, b in overlap.pairs]
    links = dict(zip(names, shown.both, strict=True))
    for row in table.to_dict("records"):
        of = (row["source_a"], row["source_b"])
        yield _quality(of, row, links[of], rounding)


def _passes(linkage: Linkage, rounding: Rounding) -> Iterator[PassFigures]:
    """What each pass found, in the order of the agreement."""
    judgement = linkage.judgement
    if judgement is None:
        return
    recall = linkage.quality.by_pass["recall"].tolist()
    for number, (item, share) in enumerate(zip(judgement.passes, recall, strict=True)):
        bit = np.uint64(1) << np.uint64(number)
        own = (judgement.found & bit) != 0
        accepted = rounding.count(int((own & judgement.accepted).sum()))
        yield PassFigures(
            name=item.name,
            pairs=rounding.count(int(own.sum())),
            accepted=accepted,
            alone=rounding.count(int(((judgement.found == bit) & judgement.accepted).sum())),
            recall=None if accepted is None else nearest(share),
        )


def _bands(linkage: Linkage, rounding: Rounding) -> Iterator[Band]:
    """Candidates by probability, accepted or not; the threshold is an edge."""
    edges = sorted({*EDGES, nearest(linkage.threshold)})
    probability = linkage.candidates["probability"].to_numpy().round(DECIMALS)
    accepted = linkage.candidates["accepted"].to_numpy()
    taken, left = (
        np.histogram(probability[chosen], edges)[0].tolist() for chosen in (accepted, ~accepted)
    )
    for low, high, yes, no in zip(edges, edges[1:], taken, left, strict=False):
        yield Band(low, high, rounding.count(yes), rounding.count(no))
