"""What a conversion in a definition must say.

No webhook is ever called here, but a definition may have one for the sake of a real cluster, and then it has
to be one that Kubernetes takes (`apis/apiextensions/validation`, apiserver `util/webhook`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mastractl.resources import names
from mastractl.resources.jsontypes import has_type, shown
from mastractl.resources.schema_forms import broken

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mastractl.errors import Cause, FieldPath
    from mastractl.values import JsonObject

_AT = ("spec", "conversion")
_UNDERSTOOD = ("v1", "v1beta1")
"""The versions of ConversionReview that Kubernetes speaks."""


def conversion_causes(conversion: JsonObject | None) -> Iterator[Cause]:
    """What is wrong with spec.conversion of a canonical definition."""
    if not conversion:
        return
    webhook, at = conversion.get("webhook"), (*_AT, "webhook")
    if not conversion.get("strategy"):
        yield broken("a conversion needs a strategy: None or Webhook", (*_AT, "strategy"))
    elif conversion["strategy"] != "Webhook":
        if webhook:
            yield broken(
                "a webhook belongs to strategy: Webhook", at, hint="remove it, or change the strategy"
            )
    elif not isinstance(webhook, dict):
        yield broken("strategy: Webhook needs a webhook: the server to ask", at)
    else:
        yield from _client(webhook.get("clientConfig"), (*at, "clientConfig"))
        yield from _versions(webhook.get("conversionReviewVersions"), (*at, "conversionReviewVersions"))


def _client(client: Any, at: FieldPath) -> Iterator[Cause]:
    given = [word for word in ("url", "service") if isinstance(client, dict) and client.get(word) is not None]
    if len(given) != 1:
        yield broken("exactly one of url and service says where the server is", at)
    elif given == ["url"]:
        yield from _url(client["url"], (*at, "url"))
    elif isinstance(client["service"], dict):
        yield from _service(client["service"], (*at, "service"))


def _url(url: Any, at: FieldPath) -> Iterator[Cause]:
    from urllib.parse import urlsplit  # noqa: PLC0415 - few definitions have a webhook

    if not isinstance(url, str):
        return
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        yield broken(f"{shown(url)} is no URL", at)
        return
    if parts.scheme != "https":
        yield broken(f"{shown(url)} must begin with https://", at)
    elif not host:
        yield broken(f"{shown(url)} names no host", at)
    extra = {"a user": parts.username, "a query": parts.query, "a fragment": parts.fragment}
    for what in (what for what, found in extra.items() if found):
        yield broken(f"there can be no {what[2:]} in the URL of a webhook", at)


def _service(service: JsonObject, at: FieldPath) -> Iterator[Cause]:
    for field in ("namespace", "name"):
        if not service.get(field):
            yield broken(f"a service needs its {field}", (*at, field))
    path, port = service.get("path"), service.get("port")
    if isinstance(path, str) and path:
        yield from _path(path, (*at, "path"))
    if port is not None and has_type(port, "integer") and not 1 <= port <= 65535:
        yield broken("a port is a number from 1 to 65535", (*at, "port"))


def _path(path: str, at: FieldPath) -> Iterator[Cause]:
    if not path.startswith("/"):
        yield broken(f"{shown(path)} must begin with /", at)
        return
    steps = path[1:].removesuffix("/").split("/") if path != "/" else []
    for step in steps:
        if names.subdomain_problem(step):
            yield broken(f"{shown(step)} in the path must be lower case letters, digits, '-' and '.'", at)


def _versions(versions: Any, at: FieldPath) -> Iterator[Cause]:
    if not isinstance(versions, list) or not versions:
        yield broken("the versions of ConversionReview that the server understands are missing", at)
        return
    for index, version in enumerate(versions):
        if version in versions[:index]:
            yield broken(f"{shown(version)} is listed twice", (*at, index))
        elif isinstance(version, str) and (problem := names.dns_label_problem(version)):
            yield broken(problem, (*at, index))
    if not set(map(str, versions)) & set(_UNDERSTOOD):
        yield broken("must include v1, which is what Kubernetes speaks", at)
