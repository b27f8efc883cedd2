"""Keys, JSON, revisions, one change log: the engines and what they all promise."""
