"""Text to resources, with positions: sources, YAML, diagnostics and the bundled schemas."""
