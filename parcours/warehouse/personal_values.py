"""What e-mails, phone, bank and card numbers and IP addresses look like, as patterns of RE2; and ids that are one.

Not here: hiding them in a text (`parcours/loading/readers/masking.py`).
"""

from __future__ import annotations

from parcours.warehouse.connection import text_literal

BLANK = r"[\s\p{Z}]"

_SIGN = r"(?:@|＠|﹫|%40|%2540|&#64;)"
_IN_LOCAL = r"[^\s\p{Z}@＠﹫\"<>(),:;\[\]{}|\\/=?']"
_LOCAL = rf"{_IN_LOCAL}+(?:'{_IN_LOCAL}+)*"
_DOMAIN = r"[\p{L}\p{N}_](?:[\p{L}\p{M}\p{N}._-]*[\p{L}\p{M}\p{N}])?"
EMAIL = (
    rf"(?:\"[^\":,{{}}\[\]]{{1,64}}\"|{_LOCAL}){_SIGN}(?:{_DOMAIN}|\[[0-9A-Fa-f.:]+\])|"
    # As one writes it for people, only with a whole domain.
    rf"{_LOCAL}{BLANK}?(?:@|[\[({{]{BLANK}?at{BLANK}?[\])}}]){BLANK}?{_DOMAIN}\.\p{{L}}{{2,}}"
)

_GROUPED_CARD = r"[2-6]\d{3}(?:[ -]\d{4}){3}|3[47]\d{2}[ -]\d{6}[ -]\d{5}"
_CARD_DIGITS = r"(?:4\d|5[1-5]|2[2-7]|6\d)\d{14}|3[47]\d{13}"
CARD = f"{_GROUPED_CARD}|{_CARD_DIGITS}"

_GROUP = rf"{BLANK}?[A-Z0-9]{{4}}"
IBAN = rf"[A-Z]{{2}}\d{{2}}(?:{_GROUP}){{0,3}}{BLANK}?\d{{4}}(?:{_GROUP}){{1,6}}(?:{BLANK}?[A-Z0-9]{{1,3}})?"

IP = (
    r"\d{1,3}(?:\.\d{1,3}){3}|(?:[0-9a-f]{1,4}:){7}[0-9a-f]{1,4}|"
    r"(?:[0-9a-f]{1,4}:){1,6}(?::[0-9a-f]{1,4}){1,6}"
)

_BETWEEN = r"[\s\p{Z}().\-‐‑–/·]{0,3}"
PHONE = (
    rf"(?:[+＋]|%2B){BLANK}?\(?\p{{Nd}}(?:{_BETWEEN}\p{{Nd}}){{6,14}}|"
    rf"\b00(?:{BLANK}[1-9](?:{_BETWEEN}\d){{7,12}}|[1-9](?:{_BETWEEN}\d){{8,12}})\b|"
    rf"\(\d{{2,5}}\)[ -]?\d{{2,4}}(?:[ .-]?\d{{2,4}}){{1,3}}\b|"
    rf"\b0[1-9](?:(?:{BLANK}\d\d){{4}}|(?:\.\d\d){{4}}|(?:[-‐‑–]\d\d){{4}}|(?:/\d\d){{4}})\b"
)
"""A phone number, whatever else the field may hold: international, in brackets, or in the pairs of France."""

# Of one kind within a number, so that a date and its time are none.
_SEPARATORS = (BLANK, r"\.", "[-‐‑–]", "/")
LIKELY_PHONE = "|".join(
    [
        *(rf"0[1-9](?:{between}?\d){{7,10}}" for between in _SEPARATORS),
        *(rf"(?:1{between})?[2-9]\d\d{between}\d{{3}}{between}\d{{4}}" for between in _SEPARATORS[:3]),
        *(rf"[1-9]\d{{1,2}}(?:{between}\d\d){{3,4}}" for between in _SEPARATORS[:2]),
        rf"[1-9]\d\d(?:{BLANK}\d{{3}}){{2}}",
    ]
)
"""What is one in a text, and may be a product or an order where ids stand."""

PREFIXED_PHONE = "|".join(
    [
        *(rf"0[1-9]\d{{0,4}}/{BLANK}?\d\d(?:{between}?\d){{4,7}}" for between in _SEPARATORS[:3]),
        *(rf"0[1-9]\d{{0,4}}-\d\d(?:{between}?\d){{4,7}}" for between in _SEPARATORS[:2]),
    ]
)
"""A phone number whose dialling code stands apart; no part of a date."""

ANY_NUMBER = rf"[+＋]?\(?\p{{Nd}}(?:{_BETWEEN}\p{{Nd}}){{6,}}"

# Without classes of Unicode and without regard to case: those take thirty times as long.
MAY_BE_PERSONAL = (
    r"[@＠﹫＋?&#;０-９٠-٩]|%40|://|[wW]{3}\.|%3[DFdf]|[aA][tT]\s?[\])}]|"
    r"[0-9](?:[^0-9A-Za-z]*[0-9]){6}|[0-9](?:\.[0-9]{1,3}){3}|:[0-9A-Fa-f]{0,4}:|\"\s*:"
)
"""A pattern that is in each text which holds one of these or the query of a link, and cheap to look for."""

_START, _END = "(?:^|[^0-9A-Za-z])", "(?:$|[^0-9A-Za-z])"
ID_MAY_BE_PERSONAL = (
    r"[@＠﹫=]|%40|://|[aA][tT]\s?[\])}]|(?:[+＋(]|%2B)\s?\(?[0-9]|[0-9]{1,3}(?:\.[0-9]{1,3}){3}|:[0-9A-Fa-f]{0,4}:|"
    rf"{_START}(?:00?[1-9][^A-Za-z]{{7}}|[0-9]{{4}}[ -][0-9]{{4}}|[A-Z]{{2}}[0-9]{{2}}[ 0-9A-Z]{{11}}|"
    rf"[0-9]{{15,16}}{_END})"
)
"""Likewise, of ids."""

# A scheme or a namespace may stand before it.
_ADDRESS = rf"(?:[\w.-]+:)?([^\s@＠﹫:]+){_SIGN}([^\s@＠﹫]+)"
_AS_ONE = r"\1@\2"
_IN_ID = (
    rf"{_SIGN}|[\[({{]{BLANK}?at{BLANK}?[\])}}]|://|[?&;#][\w.-]+=|"
    rf"{_START}(?:{PHONE}|{_GROUPED_CARD}|(?-i:{IBAN})|{IP}){_END}"
)


def is_email(value: str) -> str:
    """SQL that says whether an id is an e-mail address as a whole."""
    return f"regexp_full_match({value}, {text_literal(_ADDRESS)}, 'i')"


def hidden_id(value: str, of_person: bool) -> str:
    """SQL of an id as it is stored: a pseudonym, if it holds an e-mail address or a link, or is a phone, card or bank
    number or an IP address.

    It still is the same wherever that person or thing is named. An address gives the pseudonym of the e-mail.

    Args:
        value: the id.
        of_person: whether ten digits that begin with 0 are a phone; the id of a product may have them.
    """
    pattern = text_literal(rf"{_IN_ID}|^0[1-9]\d{{8}}$" if of_person else _IN_ID)
    address = f"regexp_replace({value}, {text_literal(f'^{_ADDRESS}$')}, {text_literal(_AS_ONE)}, 'i')"
    card = f"regexp_extract({value}, {text_literal(f'{_START}({_CARD_DIGITS}){_END}')}, 1)"
    digit = "cast(digit as integer) * if(place % 2 = 0, 2, 1)"
    is_card = (
        f"coalesce(list_sum([({digit}) // 10 + ({digit}) % 10 "
        f"for digit, place in string_split(reverse(nullif({card}, '')), '')]) % 10 = 0, false)"
    )
    return (
        f"case when regexp_matches({value}, {pattern}, 'i') then pseudonym({address}) "
        f"when {is_card} then pseudonym({value}) else {value} end"
    )
