"""The conformance suites, for our own engines and everybody else's."""
