"""What the hub keeps: blinded entries, a ledger of what came and went, and outcomes apart."""

from pprl.hub.custody.analysis import AnalysisStore
from pprl.hub.custody.keys import CustodyKey
from pprl.hub.custody.ledger import CustodyLedger
from pprl.hub.custody.store import LinkageStore

__all__ = ["AnalysisStore", "CustodyKey", "CustodyLedger", "LinkageStore"]
