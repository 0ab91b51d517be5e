"""Phone numbers (phonenumbers, the Python port of Google's libphonenumber)."""

from core.entities.characters import is_chinese, narrow
from core.entities.types import Mention

# countries in which Chinese text is usual keep their own numbers
CHINESE_REGIONS = ("CN", "HK", "MO", "SG", "TW")
MAX_TRIES = 1_000  # numbers of a text that are not valid


def phones(text: str, region: str) -> list[Mention]:
    """Valid numbers in E.164. region: ISO 3166 code of the country of numbers without a country code; China's in
    Chinese text."""
    from phonenumbers import Leniency, PhoneNumberFormat, PhoneNumberMatcher, format_number

    readable = narrow(text)
    if sum(map(str.isdigit, readable)) < 7:
        return []
    local = "CN" if region not in CHINESE_REGIONS and is_chinese(text) else region
    matches = PhoneNumberMatcher(readable, local, leniency=Leniency.STRICT_GROUPING, max_tries=MAX_TRIES)
    return [Mention(format_number(match.number, PhoneNumberFormat.E164), match.raw_string) for match in matches]
