"""CEL, the Common Expression Language (github.com/cel-expr/cel-spec), with the libraries of Kubernetes.

The way of an expression: `tokens` -> `parser` (a tree, `syntax`) -> `compiler` (checked against the types of
the variables, and made into Python closures) -> `engine` (evaluated within a budget). `rule` is the face for
rules about a resource (x-kubernetes-validations); `schema_types` says what their `self` is.

No library does this, because none could be made right. Those written in Python and Rust know no Kubernetes
function, have no cost limit, count bytes for characters or take milliseconds for a rule, and cost 80 to 180
ms to import. The one around cel-cpp is right where it goes, but takes 50 MB on disk, declares types only by
protobuf, refuses `1 < 1.5`, which Kubernetes takes, and its lists cannot be sets and maps.
"""
