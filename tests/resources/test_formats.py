from __future__ import annotations

import pytest

from mastractl.resources import formats

VALID = {
    "bsonobjectid": ["507f1f77bcf86cd799439011"],
    "byte": ["", "aGVsbG8=", "aGVsbG8h", "YQ=="],
    "cidr": ["10.0.0.0/8", "2001:db8::/32", "192.168.1.1/24"],
    "creditcard": ["4111111111111111", "4111-1111-1111-1111"],
    "date": ["2026-11-21", "2024-02-29", "2000-02-29"],
    "date-time": ["2026-11-21T08:30:00Z", "2026-11-21T08:30:00.123+02:00", "2026-11-21t08:30:00z"],
    "datetime": ["2026-11-21T08:30:00Z"],
    "duration": ["1h30m", "30s", "1.5h", "-2ms", "0", "10 minutes", "2 days", "3w", "1us", "100ns"],
    "email": ["a@example.com", "a.b+c@d", '"odd name"@example.com'],
    "hexcolor": ["#fff", "0a0B0c"],
    "hostname": ["example.com", "a", "A-b.c", "example.com."],
    "ipv4": ["192.0.2.1", "255.255.255.255"],
    "ipv6": ["::1", "2001:db8::1"],
    "isbn": ["0-306-40615-2", "978-0-306-40615-7"],
    "isbn10": ["030640615X".replace("X", "2")],
    "isbn13": ["9780306406157"],
    "k8s-long-name": ["a.b"],
    "k8s-short-name": ["a-b"],
    "mac": ["00:1b:44:11:3a:b7", "00-1B-44-11-3A-B7", "001b.4411.3ab7"],
    "password": ["anything at all"],
    "rgbcolor": ["rgb(0,128,255)", "rgb(1, 2, 3)"],
    "ssn": ["123-45-6789"],
    "uri": ["https://example.com/a?b#c", "urn:isbn:1", "/absolute/path"],
    "uuid": ["9f0d2c1e-4b7a-4c55-8e3d-1a2b3c4d5e6f", "9F0D2C1E4B7A4C558E3D1A2B3C4D5E6F"],
    "uuid3": ["9f0d2c1e-4b7a-3c55-0e3d-1a2b3c4d5e6f"],
    "uuid4": ["9f0d2c1e-4b7a-4c55-8e3d-1a2b3c4d5e6f"],
    "uuid5": ["9f0d2c1e-4b7a-5c55-be3d-1a2b3c4d5e6f"],
}
INVALID = {
    "bsonobjectid": ["507f1f77bcf86cd79943901", "g" * 24],
    "byte": ["a", "a===", "aGVsbG8", "aGVs bG8=", "aGVsbG8=\n"],
    "cidr": ["10.0.0.0", "10.0.0.0/33", "x/8", "10.0.0.0/255.0.0.0"],
    "creditcard": ["4111111111111112", "411"],
    "date": [
        "2026-13-01",
        "2026-02-29",
        "1900-02-29",
        "2026-04-31",
        "26-01-01",
        "2026-1-1",
        "2026-11-21T00:00:00Z",
    ],
    "date-time": [
        "2026-11-21",
        "2026-11-21T08:30:00",
        "2026-11-21T25:00:00Z",
        "2026-02-30T00:00:00Z",
        "now",
        "",
    ],
    "duration": ["", "h", "1", "1 parsec", "one hour", "1h 30"],
    "email": ["a", "a@", "@b", "a b@c", "a@b@c"],
    "hexcolor": ["#ff", "red"],
    "hostname": ["", "-a", "a..b", "a_b", "x" * 64],
    "ipv4": ["::1", "192.0.2", "192.0.2.256", "192.0.2.1/24"],
    "ipv6": ["192.0.2.1", ":::", "fe80::1%eth0"],
    "isbn": ["0-306-40615-3", "x"],
    "isbn10": ["0306406153", "9780306406157"],
    "isbn13": ["9780306406158", "0306406152"],
    "k8s-long-name": ["A.b", ""],
    "k8s-short-name": ["a.b", ""],
    "mac": ["00:1b:44:11:3a", "zz:1b:44:11:3a:b7"],
    "rgbcolor": ["rgb(256,0,0)", "0,0,0"],
    "ssn": ["12-345-6789"],
    "uri": ["example.com", "", "http://exa mple.com", "relative/path"],
    "uuid": ["9f0d2c1e-4b7a-4c55-8e3d-1a2b3c4d5e6", "x"],
    "uuid3": ["9f0d2c1e-4b7a-4c55-8e3d-1a2b3c4d5e6f"],
    "uuid4": ["9f0d2c1e-4b7a-5c55-8e3d-1a2b3c4d5e6f", "9f0d2c1e-4b7a-4c55-0e3d-1a2b3c4d5e6f"],
    "uuid5": ["9f0d2c1e-4b7a-4c55-8e3d-1a2b3c4d5e6f"],
}


def pairs(table):
    return [(name, text) for name, texts in table.items() for text in texts]


@pytest.mark.parametrize(("name", "text"), pairs(VALID))
def test_valid(name, text):
    check = formats.check(name)
    assert check is None or check(text)


@pytest.mark.parametrize(("name", "text"), pairs(INVALID))
def test_invalid(name, text):
    assert not formats.check(name)(text)


@pytest.mark.parametrize("name", ["password", "no-such-format", "", "regex", "binary"])
def test_what_is_not_checked(name):
    assert formats.check(name) is None


@pytest.mark.parametrize(
    ("name", "inside", "outside"),
    [
        ("int32", [-(2**31), 2**31 - 1, 0], [-(2**31) - 1, 2**31]),
        ("int64", [-(2**63), 2**63 - 1], [2**63, -(2**63) - 1]),
        ("float", [3.4e38, -1.5], [3.5e38]),
        ("double", [1.7e308], [10**309]),
    ],
)
def test_number_formats_are_bounds(name, inside, outside):
    check = formats.check(name, "integer" if name.startswith("int") else "number")
    assert all(map(check, inside))
    assert not any(map(check, outside))
    assert formats.is_known(name, "integer" if name.startswith("int") else "number")


@pytest.mark.parametrize(
    ("name", "type_"),
    [
        ("uint32", "integer"),
        ("float", "integer"),
        ("int32", "number"),
        ("int32", "string"),
        ("date", "object"),
    ],
)
def test_a_format_says_nothing_on_a_field_of_another_type(name, type_):
    assert formats.check(name, type_) is None
    assert not formats.is_known(name, type_)


def test_any_text_is_a_password():
    assert formats.check("password") is None
    assert formats.is_known("password", "string")


@pytest.mark.parametrize("name", [*VALID, "int32"])
def test_a_format_says_nothing_about_values_of_other_types(name):
    check = formats.check(name, "integer" if name == "int32" else "string")
    if check is not None:
        assert all(check(value) for value in (None, True, [], {}))
        assert check("no number" if name == "int32" else 12)


@pytest.mark.parametrize(("name", "text"), formats.EXAMPLES.items())
def test_the_examples_in_messages_are_valid(name, text):
    assert formats.check(name)(text)
