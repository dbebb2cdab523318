"""Where the items of reporting guidance are answered: RECORD item by item, GUILD step by step."""

from __future__ import annotations

from pprl.page import Table, columns

AUTHORS = "for the authors to say"

RECORD = (
    ("1.1", "type of data and names of the databases", "Data sources; completed by the authors"),
    ("1.2", "region and period", "Data sources (scope); completed by the authors"),
    ("1.3", "that databases were linked, in the title or abstract", AUTHORS),
    ("6.1", "how the population was selected", "Data sources (who was sent); by the authors"),
    ("6.2", "validation of codes used to select it", AUTHORS),
    ("6.3", "a flow diagram of the linkage, with numbers linked at each stage", "Results (flow)"),
    ("7.1", "codes and algorithms that classify variables", AUTHORS),
    ("12.1", "what access the investigators had to the population", "Data sources; Privacy"),
    ("12.2", "how data were cleaned", "Preparation and encoding"),
    (
        "12.3",
        "whether linkage was at the level of persons, its methods, and how its quality was "
        "evaluated",
        "Comparison and classification; Quality; report: Passes, Parameters learned, Expected "
        "precision and recall",
    ),
    ("13.1", "selection by data quality, availability and linkage", "Results (flow); Data sources"),
    (
        "19.1",
        "what follows from data not made for the question: misclassification, missing data",
        "Limitations (linkage error); by the authors",
    ),
    ("22.1", "access to protocol, raw data and code", "Software and digests"),
)
"""Items of the RECORD statement, what they ask for in our words, and where it is answered."""

GUILD = (
    (
        "Step 1, data provision",
        "population in each data set (item 1a)",
        "Data sources; report: Files received; completed by the institutions",
    ),
    (
        "",
        "how data were generated, extracted, processed and checked",
        "Preparation and encoding; pprl inspect and pprl data-map at each institution",
    ),
    (
        "",
        "identifiers, and how complete they are",
        "Data sources; report: Fields and completeness",
    ),
    (
        "Step 2, data linkage",
        "how it was done: blocking, comparison, classification, decision",
        "Comparison and classification; report: Passes, Match probabilities, Parameters learned",
    ),
    (
        "",
        "errors of linkage, overall and by group",
        "Quality (by group only if groups were given); report: Expected precision and recall, "
        "What another decision would change",
    ),
    (
        "",
        "results of linkage, with small numbers protected",
        "Results; report: Files received, Persons by number of institutions",
    ),
    (
        "Step 3, analysis of linked data",
        "how linkage error was taken into account",
        "Limitations, for what the links may do to rates; by the authors",
    ),
    (
        "Step 4, reporting",
        "what was shared by providers, linkers and analysts",
        "this appendix, the linkage report and its figures as JSON",
    ),
)
"""The four steps of the GUILD guidance, what each asks for in our words, and where it stands."""


def record_table() -> Table:
    """The items of RECORD."""
    header = columns("Item", "Asks for", "Where it is answered", texts=3)
    return Table("RECORD statement, item by item", header, RECORD)


def guild_table() -> Table:
    """The steps of GUILD."""
    header = columns("Step", "Asks for", "Where it is answered", texts=3)
    return Table("GUILD guidance, step by step", header, GUILD)
