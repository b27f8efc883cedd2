"""Benchmarks: `python -m tests.bench` prints the table of figures the design promises to hold."""
