"""Measurements: each prints a table and writes JSON below bench/results, names machine and versions, and never fails a test."""
