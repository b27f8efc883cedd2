"""CEL, the Common Expression Language (github.com/cel-expr/cel-spec), with the libraries of Kubernetes.

The way of an expression: `tokens` -> `parser` (a tree, `syntax`) -> `compiler` (checked against the types of
the variables, and made into Python closures) -> `engine` (evaluated within a budget). `rule` is the face for
rules about a resource (x-kubernetes-validations); `schema_types` says what their `self` is.

There is no library for this because none was right: those on PyPI know no Kubernetes function, and let no
others be asked of a type declared by a schema; they have no cost limit, or count bytes for characters; and
they take 80 to 180 ms to import, or 50 MB on disk.
"""
