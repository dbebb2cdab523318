"""Encoding with Spark: what runs at an institution, and sees its students' names."""

from pprl.spark.institution.encode import EncodedTables, encode

__all__ = ["EncodedTables", "encode"]
