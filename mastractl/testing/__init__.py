"""The conformance suites, for our own engines and everybody else's."""

import pytest

# Their assertions are to explain themselves, as those in a test file do.
pytest.register_assert_rewrite("mastractl.testing.engine_tests", "mastractl.testing.store_tests")
