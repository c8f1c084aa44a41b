"""Mailboxes that RFC 5321's grammar forbids and that servers at large read all the same.

Of what a client may have meant nothing is guessed: everything here has one reading. Postfix and Exim agree on it, but
for domains with an underscore or a final dot, which Postfix alone takes.
"""

from __future__ import annotations

import re

from sim.mail.address import DOMAIN_LIMIT, Address, AddressError, is_domain

_COMMENT = r"\([^()\\]*\)"
_ATOM = r"(?:[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]|\\[ -~])+"
_QUOTED = r'"(?:[ !#-\[\]-~]|\\[ -~])*"'
_WORD = rf"(?:{_ATOM}|{_QUOTED})(?:{_COMMENT})*"

# RFC 5322 section 4.4: words joined by dots, quoted or not; RFC 821 section 4.1.2: a backslash before any character,
# outside of quotes too; and dots anywhere.
_MAILBOX = re.compile(rf"(?!@)((?:{_WORD})?(?:\.(?:{_WORD})?)*)@(.*)")
_MARKED = re.compile(rf'{_COMMENT}|"((?:[^"\\]|\\.)*)"|\\(.)')
_QUOTED_PAIR = re.compile(r"\\(.)")


def parse_liberal_address(text: str) -> Address:
    r"""Read a mailbox such as `a..b@c.d`, `.a@c.d`, `"a".b@c.d`, `a\@b@c.d`, `a(comment)@c.d`, `a@c_d.e` or `a@c.d.`.

    A comment counts for nothing, and so does the dot behind a domain. The local part may have any length.

    Raises:
        AddressError: the text is not one.
    """
    match = _MAILBOX.fullmatch(text)
    if match is None:
        raise AddressError(f"address {text!r} is not words joined by dots, an @ and a domain: write local-part@domain")
    domain = match[2].removesuffix(".")
    if len(domain) > DOMAIN_LIMIT or not is_domain(domain.replace("_", "x")):
        raise AddressError(
            f"domain {domain[:DOMAIN_LIMIT]!r} of {text!r} is neither labels joined by dots nor a literal"
        )
    return Address(_MARKED.sub(_meaning, match[1]), domain)


def _meaning(marked: re.Match[str]) -> str:
    """What a comment, a quoted string or a quoted pair stands for."""
    quoted, character = marked.groups()
    return _QUOTED_PAIR.sub(r"\1", quoted) if quoted is not None else character or ""
