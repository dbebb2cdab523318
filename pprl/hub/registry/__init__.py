"""Study IDs that stay: the hub's registry of persons."""

from pprl.hub.registry.reasons import Evidence
from pprl.hub.registry.registry import Registry
from pprl.hub.registry.run import Linked

__all__ = ["Evidence", "Linked", "Registry"]
