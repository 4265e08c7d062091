"""Colonnade keeps live Postgres and MongoDB databases the way custom resources say they should be."""

__version__ = "0.1.0"
