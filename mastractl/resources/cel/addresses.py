"""IP addresses and networks (Kubernetes' ip and cidr libraries, the network extension of CEL)."""

from __future__ import annotations

import ipaddress
import re
from typing import Any

from mastractl.resources.cel import budget, types
from mastractl.resources.cel.fault import CelError
from mastractl.resources.cel.values import Opaque

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Interface = ipaddress.IPv4Interface | ipaddress.IPv6Interface
_PREFIX = re.compile(r"0|[1-9][0-9]{0,2}", re.ASCII)


class Ip(Opaque):
    """An address."""

    __slots__ = ("address",)
    kind = types.NAMED["net.IP"]

    def __init__(self, address: Address) -> None:
        self.address = address

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Ip) and _plain(self.address) == _plain(other.address)

    def __hash__(self) -> int:
        return hash(_plain(self.address))


class Cidr(Opaque):
    """A network, which remembers the address it was written with."""

    __slots__ = ("interface",)
    kind = types.NAMED["net.CIDR"]

    def __init__(self, interface: Interface) -> None:
        self.interface = interface

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Cidr) and self.interface == other.interface

    def __hash__(self) -> int:
        return hash(self.interface)


def _plain(address: Address) -> Address:
    """An IPv4 address written as an IPv6 one is that IPv4 address."""
    return getattr(address, "ipv4_mapped", None) or address


def _address(text: str) -> Address | None:
    if "%" in text or ("." in text and ":" in text):
        return None
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def _interface(text: str) -> Interface | None:
    host, slash, bits = text.partition("/")
    if not slash or _PREFIX.fullmatch(bits) is None or _address(host) is None:
        return None
    try:
        return ipaddress.ip_interface(text)
    except ValueError:
        return None


def _ip(text: str) -> Ip:
    address = _address(text)
    if address is None:
        message = f"IP Address {text[:60]!r} parse error during conversion from string"
        raise CelError(message)
    return Ip(address)


def _cidr(text: str) -> Cidr:
    interface = _interface(text)
    if interface is None:
        message = f"CIDR {text[:60]!r} network address parse error during conversion from string"
        raise CelError(message)
    return Cidr(interface)


def _is_canonical(text: str) -> bool:
    return str(_ip(text).address) == text


def _global_unicast(ip: Ip) -> bool:
    """As Go's netip: everything but the addresses that mean something else."""
    a = _plain(ip.address)
    broadcast = a.version == 4 and int(a) == 0xFFFFFFFF
    return not (a.is_unspecified or a.is_loopback or a.is_multicast or a.is_link_local or broadcast)


def _link_local_multicast(ip: Ip) -> bool:
    a = _plain(ip.address)
    return a in _MULTICAST_4 if a.version == 4 else int(a) >> 112 & 0xFF0F == 0xFF02


_MULTICAST_4 = ipaddress.ip_network("224.0.0.0/24")


def _contains_ip(cidr: Cidr, ip: Ip) -> bool:
    return cidr.interface.version == ip.address.version and ip.address in cidr.interface.network


def _contains_cidr(cidr: Cidr, other: Cidr) -> bool:
    mine, theirs = cidr.interface.network, other.interface.network
    same = mine.version == theirs.version
    return same and mine.prefixlen <= theirs.prefixlen and theirs.network_address in mine


def _masked(cidr: Cidr) -> Cidr:
    return Cidr(ipaddress.ip_interface(str(cidr.interface.network)))


ROWS: tuple[tuple[Any, ...], ...] = (
    ("ip", "", "string", "net.IP", _ip, budget.scan),
    ("isIP", "", "string", "bool", lambda text: _address(text) is not None, budget.scan),
    ("ip.isCanonical", "", "string", "bool", _is_canonical, budget.twice),
    ("family", "net.IP", "", "int", lambda ip: _plain(ip.address).version),
    ("isUnspecified", "net.IP", "", "bool", lambda ip: _plain(ip.address).is_unspecified),
    ("isLoopback", "net.IP", "", "bool", lambda ip: _plain(ip.address).is_loopback),
    ("isLinkLocalMulticast", "net.IP", "", "bool", _link_local_multicast),
    ("isLinkLocalUnicast", "net.IP", "", "bool", lambda ip: _plain(ip.address).is_link_local),
    ("isGlobalUnicast", "net.IP", "", "bool", _global_unicast),
    ("cidr", "", "string", "net.CIDR", _cidr, budget.scan),
    ("isCIDR", "", "string", "bool", lambda text: _interface(text) is not None, budget.scan),
    ("containsIP", "net.CIDR", "net.IP", "bool", _contains_ip),
    ("containsIP", "net.CIDR", "string", "bool", lambda cidr, text: _contains_ip(cidr, _ip(text))),
    ("containsCIDR", "net.CIDR", "net.CIDR", "bool", _contains_cidr),
    ("containsCIDR", "net.CIDR", "string", "bool", lambda cidr, text: _contains_cidr(cidr, _cidr(text))),
    ("ip", "net.CIDR", "", "net.IP", lambda cidr: Ip(cidr.interface.ip)),
    ("masked", "net.CIDR", "", "net.CIDR", _masked),
    ("prefixLength", "net.CIDR", "", "int", lambda cidr: cidr.interface.network.prefixlen),
    ("string", "", "net.IP", "string", lambda ip: str(ip.address)),
    ("string", "", "net.CIDR", "string", lambda cidr: str(cidr.interface)),
)
