"""One verb a file; each is told about in `mastractl.cli.main`."""
