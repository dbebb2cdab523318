"""What an institution does with its own students, before anything leaves it.

Only this package sees names and holds the linkage key. The hub never imports it.
"""

from pprl.institution.disclosures import DisclosureLog
from pprl.institution.encode import encode
from pprl.institution.encoded import Encoded
from pprl.institution.inspection import Inspection, inspect
from pprl.institution.linkage_key import LinkageKey
from pprl.institution.other_names import with_other_names
from pprl.institution.state import State
from pprl.institution.students import read_students

__all__ = [
    "DisclosureLog",
    "Encoded",
    "Inspection",
    "LinkageKey",
    "State",
    "encode",
    "inspect",
    "read_students",
    "with_other_names",
]
