"""The tests behind `mastractl.testing.store_suite`, a subject a module."""
