"""The parts of `mastractl.testing.engine_suite`, one promise of the engine contract to a file."""
