"""The works that the appendix cites, as a list for readers and as BibTeX."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Reference:
    """A work.

    Attributes:
        key: its BibTeX key.
        kind: "article", "book", "inproceedings", "techreport" or "misc".
        authors: in full, as BibTeX takes them.
        short: as they are cited in the text.
        year: of publication.
        title: its title.
        place: what it appeared in, as BibTeX fields: `journal`, `booktitle`, `publisher`,
            `institution`, `volume`, `number`, `pages`, `doi`.
    """

    key: str
    kind: str
    authors: tuple[str, ...]
    short: str
    year: int
    title: str
    place: dict[str, str] = field(default_factory=dict)

    @property
    def cited(self) -> str:
        """As it is cited in the text."""
        return f"{self.short} {self.year}"

    def __str__(self) -> str:
        """As it stands in the list."""
        place = self.place
        kinds = ("journal", "booktitle", "publisher", "institution")
        within = next((place[kind] for kind in kinds if kind in place), "")
        volume = place.get("volume", "")
        number = f"({place['number']})" if "number" in place else ""
        pages = f": {place['pages']}" if "pages" in place else ""
        doi = f" doi:{place['doi']}" if "doi" in place else ""
        told = f"{within} {volume}{number}".strip()
        names = "; ".join(self.authors).replace("{", "").replace("}", "")
        told = f"{told}{pages}".replace("--", "–")
        return f"{names} ({self.year}). {self.title}. {told}.{doi}"

    def bibtex(self) -> str:
        """As a BibTeX entry."""
        lines = {
            "author": " and ".join(self.authors),
            "title": f"{{{self.title}}}",
            "year": str(self.year),
            **self.place,
        }
        body = ",\n".join(f"  {name} = {{{text}}}" for name, text in lines.items())
        return f"@{self.kind}{{{self.key},\n{body}\n}}\n"


FELLEGI = Reference(
    "fellegi1969",
    "article",
    ("Fellegi, Ivan P.", "Sunter, Alan B."),
    "Fellegi and Sunter",
    1969,
    "A theory for record linkage",
    {
        "journal": "Journal of the American Statistical Association",
        "volume": "64",
        "number": "328",
        "pages": "1183--1210",
    },
)
WINKLER = Reference(
    "winkler1988",
    "inproceedings",
    ("Winkler, William E.",),
    "Winkler",
    1988,
    "Using the EM algorithm for weight computation in the Fellegi-Sunter model of record linkage",
    {
        "booktitle": "Proceedings of the Section on Survey Research Methods, American Statistical "
        "Association",
        "pages": "667--671",
    },
)
SCHNELL = Reference(
    "schnell2009",
    "article",
    ("Schnell, Rainer", "Bachteler, Tobias", "Reiher, Jörg"),
    "Schnell, Bachteler and Reiher",
    2009,
    "Privacy-preserving record linkage using Bloom filters",
    {
        "journal": "BMC Medical Informatics and Decision Making",
        "volume": "9",
        "pages": "41",
        "doi": "10.1186/1472-6947-9-41",
    },
)
SCHNELL_2011 = Reference(
    "schnell2011",
    "techreport",
    ("Schnell, Rainer", "Bachteler, Tobias", "Reiher, Jörg"),
    "Schnell, Bachteler and Reiher",
    2011,
    "A novel error-tolerant anonymous linking code",
    {
        "institution": "German Record Linkage Center",
        "number": "WP-GRLC-2011-02",
        "doi": "10.2139/ssrn.3549247",
    },
)
CANONNE = Reference(
    "canonne2020",
    "inproceedings",
    ("Canonne, Clément L.", "Kamath, Gautam", "Steinke, Thomas"),
    "Canonne, Kamath and Steinke",
    2020,
    "The discrete Gaussian for differential privacy",
    {"booktitle": "Advances in Neural Information Processing Systems", "volume": "33"},
)
CHANDRA_SEKAR = Reference(
    "chandrasekar1949",
    "article",
    ("Chandra Sekar, C.", "Deming, W. Edwards"),
    "Chandra Sekar and Deming",
    1949,
    "On a method of estimating birth and death rates and the extent of registration",
    {
        "journal": "Journal of the American Statistical Association",
        "volume": "44",
        "number": "245",
        "pages": "101--115",
    },
)
BISHOP = Reference(
    "bishop1975",
    "book",
    ("Bishop, Yvonne M. M.", "Fienberg, Stephen E.", "Holland, Paul W."),
    "Bishop, Fienberg and Holland",
    1975,
    "Discrete Multivariate Analysis: Theory and Practice",
    {"publisher": "MIT Press"},
)
BANSAL = Reference(
    "bansal2004",
    "article",
    ("Bansal, Nikhil", "Blum, Avrim", "Chawla, Shuchi"),
    "Bansal, Blum and Chawla",
    2004,
    "Correlation clustering",
    {
        "journal": "Machine Learning",
        "volume": "56",
        "pages": "89--113",
        "doi": "10.1023/B:MACH.0000033116.57574.95",
    },
)
DWORK = Reference(
    "dwork2014",
    "article",
    ("Dwork, Cynthia", "Roth, Aaron"),
    "Dwork and Roth",
    2014,
    "The algorithmic foundations of differential privacy",
    {
        "journal": "Foundations and Trends in Theoretical Computer Science",
        "volume": "9",
        "number": "3--4",
        "pages": "211--407",
        "doi": "10.1561/0400000042",
    },
)
BENCHIMOL = Reference(
    "benchimol2015",
    "article",
    (
        "Benchimol, Eric I.",
        "Smeeth, Liam",
        "Guttmann, Astrid",
        "Harron, Katie",
        "Moher, David",
        "Petersen, Irene",
        "Sørensen, Henrik T.",
        "von Elm, Erik",
        "Langan, Sinéad M.",
        "{RECORD Working Committee}",
    ),
    "Benchimol et al.",
    2015,
    "The REporting of studies Conducted using Observational Routinely-collected health Data "
    "(RECORD) Statement",
    {
        "journal": "PLoS Medicine",
        "volume": "12",
        "number": "10",
        "pages": "e1001885",
        "doi": "10.1371/journal.pmed.1001885",
    },
)
GILBERT = Reference(
    "gilbert2018",
    "article",
    (
        "Gilbert, Ruth",
        "Lafferty, Rosemary",
        "Hagger-Johnson, Gareth",
        "Harron, Katie",
        "Zhang, Li-Chun",
        "Smith, Peter",
        "Dibben, Chris",
        "Goldstein, Harvey",
    ),
    "Gilbert et al.",
    2018,
    "GUILD: GUidance for Information about Linking Data sets",
    {
        "journal": "Journal of Public Health",
        "volume": "40",
        "number": "1",
        "pages": "191--198",
        "doi": "10.1093/pubmed/fdx037",
    },
)
REFERENCES = (
    BANSAL,
    BENCHIMOL,
    BISHOP,
    CANONNE,
    CHANDRA_SEKAR,
    DWORK,
    FELLEGI,
    GILBERT,
    SCHNELL,
    SCHNELL_2011,
    WINKLER,
)
"""All of them, by author."""
