"""What the neutral hub does: it sees encodings only, and never imports `pprl.institution`."""

from pprl.hub.link import link
from pprl.hub.linkage import Linkage
from pprl.hub.quality import Quality
from pprl.hub.registry import Registry

__all__ = ["Linkage", "Quality", "Registry", "link"]
