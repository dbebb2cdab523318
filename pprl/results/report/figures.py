"""The figures of a linkage report: what all of its forms tell, and nothing else.

None stands for a count, or what was made from one, that is smaller than the agreement lets out.
Shares and probabilities are of 0 to 1, rounded to four decimals; counts are rounded by
`pprl.results.report.rounding`, but for those that the institutions' own files state.
"""

from __future__ import annotations

from dataclasses import dataclass, field

FORMAT = 1


@dataclass(frozen=True)
class PartyFigures:
    """A party to the agreement, and the day on which it signed this text; "" if it has not."""

    id: str
    name: str
    role: str
    signed: str


@dataclass(frozen=True)
class AgreementFigures:
    """What the partners agreed: texts as they stand there, dates as ISO texts, "" for none.

    Attributes:
        ground: the exception that it rests on, in words, and its citation.
        epsilon: privacy-loss budget of the counts in one file.
        profile: whose segments and passes it has; "" for its own.
        fields: what is compared, in words.
        apart: what is read besides, and only tells duplicates of one file apart.
        passes: for each pass, its name and what two records must agree on to be compared.
    """

    title: str
    convener: str
    purpose: str
    scope: str
    ground: str
    legal_basis: str
    effective: str
    expires: str
    trial: bool
    digest: str
    linkage_digest: str
    epsilon: float
    smallest_cell: int
    parties: tuple[PartyFigures, ...]
    profile: str
    fields: tuple[str, ...]
    apart: tuple[str, ...]
    passes: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class FileFigures:
    """A match file, as its manifest describes it.

    Attributes:
        institution: the party's id.
        records: how many it holds, as the institution states.
        sequence: the institution's running number.
        software: what wrote it.
        sha256: of the manifest, which binds every part of the file and is what the party signed.
        completeness: for each field, the share of records that have it, with the institution's
            noise.
        noise: by how much such a share is off, on average, as a share of the records; None where
            these are not told.
        unplaced: the share of records that no pass can find, with noise.
        found: its persons who are linked with another institution's records.
        found_share: their number over that of the records.
        earlier: whether it is an earlier file, linked for those who have left since.
    """

    institution: str
    records: int | None
    sequence: int
    software: str
    sha256: str
    completeness: dict[str, float]
    noise: float | None
    unplaced: float
    found: int | None
    found_share: float | None
    earlier: bool


@dataclass(frozen=True)
class PassFigures:
    """What one pass found.

    Attributes:
        name: the pass.
        pairs: pairs of records that share a block in it.
        accepted: how many of the accepted pairs it found.
        alone: how many of them no other pass found.
        recall: the share of all expected matches that are accepted and that it found.
    """

    name: str
    pairs: int | None
    accepted: int | None
    alone: int | None
    recall: float | None


@dataclass(frozen=True)
class Band:
    """Candidate pairs with a probability from `low` (included) to `high` (included in the last)."""

    low: float
    high: float
    accepted: int | None
    rejected: int | None


@dataclass(frozen=True)
class QualityFigures:
    """Expected precision and recall of a part of the links, with intervals of 95%.

    Attributes:
        of: what part: the names of two institutions, a group, or one name for all.
        links: persons linked between two institutions, or pairs accepted in a group.
        matches: expected matches, those that no pass found included, as links, precision and recall
            imply them.
    """

    of: tuple[str, ...]
    links: int | None
    matches: int | None
    precision: float | None
    precision_low: float | None
    precision_high: float | None
    recall: float | None
    recall_low: float | None
    recall_high: float | None


@dataclass(frozen=True)
class ThresholdFigures:
    """What another threshold would bring.

    Attributes:
        threshold: pairs of at least this probability would be accepted.
        pairs: how many that would be, in tens of smallest cells.
        precision: expected.
        recall: expected.
        match_rate: the share of all records that would have a match, in whole per cents.
    """

    threshold: float
    pairs: int | None
    precision: float | None
    recall: float | None
    match_rate: float | None


@dataclass(frozen=True)
class PersonFigures:
    """How many persons have records at so many institutions."""

    institutions: int
    persons: int | None


@dataclass(frozen=True)
class LevelFigures:
    """What one pass learned of one level of agreement.

    Attributes:
        on: the pass.
        attribute: what is compared; two names judged as one are joined by " and ".
        level: how alike.
        m: the share of the level among matches.
        u: its share among non-matches.
        bits: the logarithm to base 2 of m over u.
    """

    on: str
    attribute: str
    level: str
    m: float | None
    u: float | None
    bits: float | None


@dataclass(frozen=True)
class AttackFigures:
    """A finding of `pprl audit`: the question, its light, figure, threshold and meaning."""

    name: str
    light: str
    figure: str
    threshold: str
    meaning: str


@dataclass(frozen=True)
class AuditFigures:
    """What an attacker could learn, as `pprl audit` found."""

    light: str
    headline: str
    findings: tuple[AttackFigures, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Figures:
    """A whole report.

    Attributes:
        software: what linked.
        made_on: the day of linking, as an ISO text.
        agreement: what was agreed.
        institutions: how many sent files of this year.
        files: this year's, by institution, then earlier ones.
        records: of all this year's files together.
        candidates: pairs that any pass found.
        links: persons linked between two institutions, summed over the pairs of institutions.
        threshold: the probability from which on they were.
        objective: what the threshold was chosen for; "threshold" if it was given.
        doubtful: from which probability to which a closer look pays.
        doubtful_pairs: how many pairs lie there.
        unseen: expected matches that no pass found.
        quality: of all links.
        by_sources: of each pair of institutions.
        by_group: of each report group, where groups were given.
        passes: in the order of the agreement.
        bands: candidates by probability.
        thresholds: other decisions, rising.
        rounded_to: what the counts of persons beyond those of two institutions are multiples of; 0
            if they are not told.
        persons: by number of institutions.
        levels: parameters, pass by pass.
        audit: if there was one.
    """

    software: str
    made_on: str
    agreement: AgreementFigures
    institutions: int
    files: tuple[FileFigures, ...]
    records: int | None
    candidates: int | None
    links: int | None
    threshold: float
    objective: str
    doubtful: tuple[float, float]
    doubtful_pairs: int | None
    unseen: int | None
    quality: QualityFigures
    by_sources: tuple[QualityFigures, ...]
    by_group: tuple[QualityFigures, ...]
    passes: tuple[PassFigures, ...]
    bands: tuple[Band, ...]
    thresholds: tuple[ThresholdFigures, ...]
    rounded_to: int
    persons: tuple[PersonFigures, ...]
    levels: tuple[LevelFigures, ...] = ()
    audit: AuditFigures | None = None
    format: int = field(default=FORMAT)
