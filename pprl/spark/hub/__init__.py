"""Linking with Spark: what runs at the hub, and sees encodings only."""
