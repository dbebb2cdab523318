"""clkhash's linkage schemas and encodings, without clkhash: for partners who already use them."""

from pprl.interop.clkhash.encoding import encode, encode_features
from pprl.interop.clkhash.generation import generate_clk_from_csv, generate_clks
from pprl.interop.clkhash.schema import IgnoredSettingWarning, LinkageSchema

__all__ = [
    "IgnoredSettingWarning",
    "LinkageSchema",
    "encode",
    "encode_features",
    "generate_clk_from_csv",
    "generate_clks",
]
