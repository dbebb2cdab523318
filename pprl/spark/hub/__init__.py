"""Linking with Spark: what runs at the hub, and sees encodings only."""

from pprl.spark.hub.gathering import gather
from pprl.spark.hub.link import LinkedTables, link

__all__ = ["LinkedTables", "gather", "link"]
