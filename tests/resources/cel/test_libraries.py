"""The libraries of Kubernetes and of cel-go that rules are written with."""

from __future__ import annotations

import pytest

from mastractl.resources.cel.engine import Environment, compile_expression
from mastractl.resources.cel.fault import CelError

NOTHING = Environment({})

TRUE = """
[1, 2, 3].isSorted() && ![2, 1].isSorted() && [].isSorted() && ['a', 'b'].isSorted()
[1, 2, 3].sum() == 6 && [1.5, 2.0].sum() == 3.5 && [1u].sum() == 1u
[duration('1m'), duration('30s')].sum() == duration('90s')
[3, 1, 2].min() == 1 && [3, 1, 2].max() == 3 && ['b', 'a'].max() == 'b'
['a', 'b', 'b'].indexOf('b') == 1 && ['a', 'b', 'b'].lastIndexOf('b') == 2 && ['a'].indexOf('z') == -1
[1, 2, 3].includes(2)
[1, 2, 3, 4].slice(1, 3) == [2, 3] && [1, 2, 1].distinct() == [1, 2] && [[1], [2, 3]].flatten() == [1, 2, 3]
[3, 1, 2].sort() == [1, 2, 3] && [1, 2].reverse() == [2, 1] && lists.range(3) == [0, 1, 2]
[{'n': 2}, {'n': 1}].sortBy(e, e.n) == [{'n': 1}, {'n': 2}]
[1, 2].first().value() == 1 && [1, 2].last().value() == 2 && ![].first().hasValue()
'你好'.charAt(1) == '好' && '你好'.charAt(2) == ''
'你好你'.indexOf('你') == 0 && '你好你'.lastIndexOf('你') == 2 && 'abab'.indexOf('a', 1) == 2
'abab'.lastIndexOf('ab', 1) == 0 && ''.indexOf('') == 0
['a', 'b'].join() == 'ab' && ['a', 'b'].join(', ') == 'a, b'
'ÄbC'.lowerAscii() == 'Äbc' && 'äbC'.upperAscii() == 'äBC'
'aaa'.replace('a', 'b') == 'bbb' && 'aaa'.replace('a', 'b', 2) == 'bba' && 'ab'.replace('', '-') == '-a-b-'
'a,b,c'.split(',') == ['a', 'b', 'c'] && 'a,b,c'.split(',', 2) == ['a', 'b,c']
'你好'.split('') == ['你', '好'] && 'abc'.split('', 2) == ['a', 'bc'] && 'a'.split(',', 0) == []
'你好世界'.substring(2) == '世界' && '你好世界'.substring(1, 3) == '好世'
' \\t你\\n'.trim() == '你' && '你好'.reverse() == '好你'
strings.quote('a "b"\\n') == '"a \\\\"b\\\\"\\\\n"'
'abc 123 def 45'.find('[0-9]+') == '123' && 'abc'.find('[0-9]+') == ''
'abc 123 def 45'.findAll('[0-9]+') == ['123', '45'] && '1 2 3'.findAll('[0-9]', 2) == ['1', '2']
'aXbXc'.find('a.*?X') == 'aX' && 'aXbXc'.find('a.*X') == 'aXbX'
'%s is %d, %.2f, %x, %b, %%'.format(['a', 5, 1.005, 255, 5]) == 'a is 5, 1.00, ff, 101, %'
'%s'.format([[1, 'a', {'k': true}]]) == '[1, a, {k: true}]'
url('https://user:pw@example.com:80/a%20b?k=1&k=2#f').getScheme() == 'https'
url('https://example.com:80/').getHost() == 'example.com:80'
url('https://[::1]:80/').getHostname() == '::1' && url('https://[::1]:80/').getPort() == '80'
url('https://example.com/with space').getEscapedPath() == '/with%20space'
url('/path?a=1&a=2&b=x+y').getQuery() == {'a': ['1', '2'], 'b': ['x y']}
isURL('/path') && isURL('http://a') && !isURL('../a') && !isURL('https://a:b:c/') && !isURL('')
url('http://a') == url('http://a')
ip('127.0.0.1').isLoopback() && ip('::1').family() == 6 && isIP('10.0.0.1') && !isIP('10.0.0.01')
ip('fe80::1').isLinkLocalUnicast() && ip('224.0.0.1').isLinkLocalMulticast() && ip('0.0.0.0').isUnspecified()
ip('192.168.0.1').isGlobalUnicast() && ip.isCanonical('::1') && !ip.isCanonical('0:0::1')
cidr('10.0.0.0/8').containsIP('10.1.2.3') && !cidr('10.0.0.0/8').containsIP(ip('11.0.0.1'))
cidr('10.0.0.0/8').containsCIDR('10.1.0.0/16') && cidr('10.1.2.3/8').masked() == cidr('10.0.0.0/8')
cidr('10.0.0.0/8').prefixLength() == 8 && string(cidr('10.0.0.0/8').ip()) == '10.0.0.0' && !isCIDR('10.0.0.0')
quantity('1Gi').isGreaterThan(quantity('1G')) && quantity('200M').compareTo(quantity('0.2G')) == 0
quantity('1500m') == quantity('1.5') && quantity('1e3').asInteger() == 1000
quantity('50k').add(quantity('20k')) == quantity('70k') && quantity('50k').sub(20000) == quantity('30k')
quantity('100m').isLessThan(quantity('1')) && !quantity('100m').isInteger() && quantity('50k').isInteger()
quantity('2.5').asApproximateFloat() == 2.5 && quantity('-1').sign() == -1 && sign(quantity('0')) == 0
isQuantity('1.3Gi') && !isQuantity('1,3G') && !isQuantity('200K') && !isQuantity('Mi') && !isQuantity('')
semver('1.2.3').isLessThan(semver('1.10.0')) && semver('1.0.0-rc.1').isLessThan(semver('1.0.0'))
semver('1.2.3').major() == 1 && semver('v1.2', true) == semver('1.2.0')
!isSemver('1.2') && isSemver('1.2', true) && !isSemver('01.2.3') && !isSemver('1.2.3-01')
semver('1.0.0-alpha.2').compareTo(semver('1.0.0-alpha.10')) == -1 && semver('1.0.0+a') == semver('1.0.0+b')
!format.dns1123Label().validate('my-name').hasValue() && format.dns1123Label().validate('My_Name').hasValue()
format.named('uuid').hasValue() && !format.named('nonsense').hasValue()
!format.uri().validate('https://a/b').hasValue() && format.date().validate('2024-13-01').hasValue()
!format.dns1123LabelPrefix().validate('my-').hasValue() && format.dns1123Label().validate('my-').hasValue()
sets.contains([1, 2], [2]) && sets.equivalent([1, 2], [2, 1, 1]) && !sets.intersects([1], [2])
math.greatest(1, 5, 3) == 5 && math.least([2.5, 1.5]) == 1.5 && math.abs(-3) == 3 && math.sign(-2.5) == -1.0
math.ceil(1.2) == 2.0 && math.floor(-1.2) == -2.0 && math.round(2.5) == 3.0 && math.trunc(-1.7) == -1.0
math.bitAnd(6, 3) == 2 && math.bitOr(6, 3) == 7 && math.bitXor(6, 3) == 5 && math.bitShiftLeft(1, 4) == 16
math.isNaN(0.0 / 0.0) && math.isInf(1.0 / 0.0) && math.sqrt(4) == 2.0
base64.encode(b'hello') == 'aGVsbG8=' && base64.decode('aGVsbG8=') == b'hello'
type(quantity('1')) == kubernetes.Quantity && type(ip('::1')) == net.IP && type(url('/a')) == kubernetes.URL
"""


@pytest.mark.parametrize("expression", TRUE.strip().splitlines())
def test_it_is_true(expression):
    assert compile_expression(expression, NOTHING).evaluate([])[0] is True


FAILING = [
    ("[].max()", "max called on empty list"),
    ("[1].slice(0, 5)", "cannot slice(0, 5), list is length 1"),
    ("lists.range(10000000)", "actual cost limit exceeded: the rule takes too many steps"),
    ("'abc'.charAt(4)", "index out of range: 4"),
    ("'abc'.substring(2, 1)", "invalid substring range. start: 2, end: 1"),
    (
        "'%d'.format(['a'])",
        "error during formatting: decimal clause can only be used on integers, was given string",
    ),
    ("'%d %d'.format([1])", "index 1 out of range"),
    ("url('../a')", "'../a' is no URL: it must be absolute, or a path that begins with /"),
    ("ip('nonsense')", "IP Address 'nonsense' parse error during conversion from string"),
    ("cidr('10.0.0.0/33')", "CIDR '10.0.0.0/33' network address parse error during conversion from string"),
    ("quantity('100m').asInteger()", "cannot convert value to integer"),
    ("quantity('1e999').asInteger()", "cannot convert value to integer"),
    ("semver('1.2')", "'1.2' is no semantic version, such as 1.2.3-rc.1"),
    ("base64.decode('?')", "the text is no base64"),
    ("math.bitShiftLeft(1, -1)", "math.bitShift() negative offset: -1"),
]


@pytest.mark.parametrize(("expression", "message"), FAILING)
def test_it_fails(expression, message):
    program = compile_expression(expression, NOTHING)
    with pytest.raises(CelError) as failure:
        program.evaluate([])
    assert failure.value.message == message


def test_long_texts_are_charged():
    with pytest.raises(CelError, match="cost limit"):
        compile_expression("'%.100f'.format([1e300]).split('').map(x, x + x).size() > 0", NOTHING).evaluate(
            [], 50
        )
