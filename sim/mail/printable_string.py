"""PrintableString and TeletexString, the characters of X.400, beside ASCII (RFC 2156 sections 3.3.3, 3.3.4 and 3.4)."""

from __future__ import annotations

import re
from typing import Final

_PRINTABLE: Final = re.compile(r"[A-Za-z0-9 '()+,./:=?-]*")

# RFC 2156 section 3.4: the characters of addresses that have a letter; all others go by their decimal code.
_LETTERS: Final = {"@": "a", "%": "p", "!": "b", '"': "q", "_": "u", "(": "l", ")": "r"}
_MEANT: Final = {letter: character for character, letter in _LETTERS.items()}

_UNPRINTABLE: Final = re.compile(r"[^A-Za-z0-9 '+,./:=?-]")
_ENCODED: Final = re.compile(r"\(([apbqulrAPBQULR]|0[0-9]{2}|1[01][0-9]|12[0-7])\)")
_BRACKET: Final = re.compile(r"[()]")

# teletex-string = *( ps-char / "&" / t61-encoded ), t61-encoded = "{" 1*( 3DIGIT ) "}".
_TELETEX: Final = re.compile(r"(?:[A-Za-z0-9 '()+,./:=?&-]|\{(?:[01][0-9]{2}|2[0-4][0-9]|25[0-5])+\})*")
_OCTETS: Final = re.compile(r"\{([0-9]+)\}")


class ORAddressError(ValueError):
    """A text that is no O/R address, or holds what X.400's strings cannot, with the reason."""


def is_printable(text: str) -> bool:
    """Whether all characters are PrintableString's (X.208): letters, digits, space and `'()+,-./:=?`."""
    return _PRINTABLE.fullmatch(text) is not None


def ascii_to_printable(text: str) -> str:
    """ASCII in PrintableString, as the domain-defined attribute RFC-822 has it: `a_b@c` is `a(u)b(a)c`.

    Raises:
        ORAddressError: a character is beyond ASCII.
    """
    if not text.isascii():
        raise ORAddressError(f"{text!r} has a character beyond US-ASCII: PrintableString has no way to write it")
    return _UNPRINTABLE.sub(lambda found: f"({_LETTERS.get(found[0]) or f'{ord(found[0]):03}'})", text)


def printable_to_ascii(text: str) -> str:
    """The ASCII that `ascii_to_printable` wrote; a text with a bracket that is of no code stays as it is.

    Codes have letters in any case, or three digits from 000 to 127 (decimal).
    """
    return _ENCODED.sub(_meaning, text) if not _BRACKET.search(_ENCODED.sub("", text)) else text


def _meaning(found: re.Match[str]) -> str:
    return _MEANT.get(found[1].lower()) or chr(int(found[1]))


def teletex_and_or_printable(text: str) -> str:
    """A value as RFC 2156 section 3.3.4 writes it: what is printable, `*` and what is teletex, one or both.

    Where the teletex string says no more than the printable one it is left out (section 4.1.1): `*Rose` is `Rose`.

    Raises:
        ORAddressError: it is written otherwise.
    """
    printable, star, teletex = text.partition("*")
    if not is_printable(printable) or not _TELETEX.fullmatch(teletex):
        raise ORAddressError(
            f"{text!r} is not printable characters, then perhaps * and teletex ones with {{ddd}} for an octet"
        )
    if not star:
        return text
    return teletex if is_printable(teletex) and printable in ("", teletex) else text


def teletex_octets(value: str) -> bytes:
    """The TeletexString in a value that `teletex_and_or_printable` gave: octets of T.61; none without a `*`."""

    def octets(found: re.Match[str]) -> str:
        digits = found[1]
        return "".join(chr(int(digits[at : at + 3])) for at in range(0, len(digits), 3))

    return _OCTETS.sub(octets, value.partition("*")[2]).encode("latin-1")


def with_teletex(printable: str, octets: bytes) -> str:
    """The value of a PrintableString (perhaps empty) and a TeletexString (octets of T.61)."""
    written = "".join(
        character if character == "&" or is_printable(character) else f"{{{ord(character):03}}}"
        for character in octets.decode("latin-1")
    )
    return teletex_and_or_printable(f"{printable}*{written}")
