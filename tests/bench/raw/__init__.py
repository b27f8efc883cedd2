"""The least a client can do, for each engine: what ours is measured against."""
