"""How objects are shown: tables, JSON, YAML, names, JSONPath, custom columns."""
