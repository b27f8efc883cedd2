"""mastractl: the control plane for AI agents that needs no cluster."""

__version__ = "0.1.0"
