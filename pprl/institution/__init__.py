"""What an institution does with its own students, before anything leaves it.

Only this package sees names and holds the linkage key. The hub never imports it.
"""

from pprl.institution.disclosures import DisclosureLog
from pprl.institution.encode import encode
from pprl.institution.encoded import Encoded
from pprl.institution.linkage_key import LinkageKey
from pprl.institution.state import State
from pprl.institution.students import read_students

__all__ = ["DisclosureLog", "Encoded", "LinkageKey", "State", "encode", "read_students"]
