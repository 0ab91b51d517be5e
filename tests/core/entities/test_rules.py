"""Entities by rules: what counts, normal forms, and bounded time on hostile texts."""

import pytest

from core.entities.amounts import amounts
from core.entities.dates import dates
from core.entities.extraction import RULES
from core.entities.links import emails, hashtags, urls
from core.entities.phones import phones
from tests.waiting import cpu_limit

LENGTH = 100_000
HOSTILE = (
    "1", "1 ", "a.", "http://", "a@", "+1 ((", "www.", "1-", "http://a/", "#a", "$", "$1,", "1,111", "one-hundred ",
    "hundred ", "一", "十元", "1 May ", "1/1/", "一月", "+86138", "🌙", "１", "13800138000 ",
)  # fmt: skip


def values(mentions):
    return [mention.value for mention in mentions]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Write to Ann.Lee@Example.CO.UK!", ["ann.lee@example.co.uk"]),
        ("邮箱是bob@x.com，谢谢", ["bob@x.com"]),
        ("mailto:a@b.org, then c@d.org.", ["a@b.org", "c@d.org"]),
        ("meet @noon, 3@5, a@b, name@, franz37...@gmail.com", []),
    ],
)
def test_emails(text, expected):
    assert values(emails(text)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("See http://a.com/x). And (https://en.wikipedia.org/wiki/A_(b)).", ["http://a.com/x", "https://en.wikipedia.org/wiki/A_(b)"]),
        ("看www.baidu.com。谢谢", ["www.baidu.com"]),
        ("https://a.com/?q=1&r=2#top, ok", ["https://a.com/?q=1&r=2#top"]),
        ("file.py, readme.md, the end.Then, 3.14, e.g. and a@b.com", []),
        ("javascript:alert(1) //b.com", []),
    ],
)  # fmt: skip
def test_urls(text, expected):
    assert values(urls(text)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("#Sale today #sale2026", ["#sale", "#sale2026"]),
        ("今天#开心#，＃话题", ["#开心", "#话题"]),
        ("#开心#今天", ["#开心"]),
        ("#2 cone, #F, inode #131:, #ff0088, a#b, page/#top, C#, &#39;", []),
    ],
)
def test_hashtags(text, expected):
    assert values(hashtags(text)) == expected


@pytest.mark.parametrize(
    ("text", "region", "expected"),
    [
        ("Call (650) 253-0000.", "US", ["+16502530000"]),
        ("Call 020 7946 0958.", "GB", ["+442079460958"]),
        ("+44 20 7946 0958", "US", ["+442079460958"]),
        ("手机１３８００１３８０００，座机010-62771234", "US", ["+8613800138000", "+861062771234"]),
        ("Order 10231.554021 of 2026-03-12, ISBN 9783161484100, 4111 1111 1111 1111", "US", []),
    ],
)
def test_phones(text, region, expected):
    assert values(phones(text, region)) == expected


@pytest.mark.parametrize(
    ("text", "region", "expected"),
    [
        ("Charged $1,234.50 and €9,99, then 12,50 €", "US", ["USD 1234.50", "EUR 9.99", "EUR 12.50"]),
        ("Fifty dollars, a ten dollar item, a hundred euros, three cents", "CA",
         ["CAD 50", "CAD 10", "EUR 100", "CAD 0.03"]),
        ("US$5, HK$ 6, 7 USD, RMB 8, ¥9", "JP", ["USD 5", "HKD 6", "USD 7", "CNY 8", "JPY 9"]),
        ("$1.5m or 3 million dollars or EUR 20k", "US", ["USD 1500000", "USD 3000000", "EUR 20000"]),
        ("$5-$10, $4.355, 4.355 €, $1.234.567,50, $0.50", "US",
         ["USD 5", "USD 10", "USD 4.355", "EUR 4355", "USD 1234567.50", "USD 0.50"]),
        ("二十块的东西，卡里剩三块一毛七，￥18.5，３亿美元，1.5万元，100多块钱", "US",
         ["CNY 20", "CNY 3.17", "CNY 18.50", "USD 300000000", "CNY 15000", "CNY 100"]),
        ("两块面包，一块去，2026元旦，一元二次方程，五分钟", "US", []),
        ("Five pounds of flour, 300 million people, 14 in June, dollars, 20%, v$", "US", []),
    ],
)  # fmt: skip
def test_amounts(text, region, expected):
    assert values(amounts(text, region)) == expected


@pytest.mark.parametrize(
    ("text", "region", "expected"),
    [
        ("March 12, 2026; 12 March 2026; 3rd of May; Dec 2025; the 14ths of April", "US",
         ["2026-03-12", "2026-03-12", "XXXX-05-03", "2025-12", "XXXX-04-14"]),
        ("August 11,2000", "US", ["2000-08-11"]),
        ("12/3/2026 and 31/12/2026", "US", ["2026-12-03", "2026-12-31"]),
        ("12/3/2026 and 31/12/2026", "GB", ["2026-03-12", "2026-12-31"]),
        ("2026-03-12T10:40, 2026/3/5, 10:30 May 3, Feb 29", "US",
         ["2026-03-12", "2026-03-05", "XXXX-05-03", "XXXX-02-29"]),
        ("２０２６年３月１２日，三月五号，二〇二六年十二月", "US", ["2026-03-12", "XXXX-03-05", "2026-12"]),
        ("Feb 30, 2026-13-01, 10.0.0.1, v1.2.10, may 5 people, march 3 miles, 1月, 3-4-2026-1", "US", []),
        ("昨天，三天，一个月，6号楼", "US", []),
    ],
)  # fmt: skip
def test_dates(text, region, expected):
    assert values(dates(text, region)) == expected


def test_the_original_form_is_kept():
    assert [mention.form for mention in amounts("只要２０元", "US")] == ["２０元"]
    assert [mention.form for mention in emails("Bob@X.com")] == ["Bob@X.com"]


@pytest.mark.parametrize("name", RULES)
def test_hostile_texts_take_bounded_time(name):
    for part in HOSTILE:
        text = (part * LENGTH)[:LENGTH]
        with cpu_limit(10):  # about half a second
            RULES[name](text, "US")
    assert RULES[name]("", "US") == []
