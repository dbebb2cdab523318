"""Other libraries' forms of filters, in and out."""

from pprl.interop.bitarrays import from_bitarrays, to_bitarrays

__all__ = ["from_bitarrays", "to_bitarrays"]
