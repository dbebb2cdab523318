"""Other libraries' forms of filters, pairs and encodings, in and out.

Those of `clkhash` and `anonlink` in packages of these names; neither library is needed.
"""

from pprl.interop.bitarrays import from_bitarrays, to_bitarrays
from pprl.interop.clks import Clks

__all__ = ["Clks", "from_bitarrays", "to_bitarrays"]
