"""What the machines of all protocols give beside what their peers say."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final, Literal


@dataclass(frozen=True, slots=True)
class ConnectionClosed:
    """The peer closed the connection, or the session is over."""


class NeedData(Enum):
    """Why there is no event yet."""

    NEED_DATA = "more octets are needed"


NEED_DATA: Final = NeedData.NEED_DATA

NeedDataType = Literal[NeedData.NEED_DATA]
