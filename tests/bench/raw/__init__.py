"""The least that a client can do with each backend: what the engines are measured against."""
