"""The full scenario: what the simulation takes, every default filled in.

Nothing here knows YAML, units or shorthands: times are seconds, rates bit/s (messages: 1/s), sizes bytes,
loss a probability. The loader (`load`) makes these values out of a scenario file and has checked that every name that
one part uses (a host, a user, an architecture) exists in another. All values are frozen and can be pickled.
"""

from __future__ import annotations

from sim.scenario.products.base import Product
from sim.scenario.products.postfix import Postfix
from sim.scenario.quantity import DAY, HOUR, MINUTE
from sim.scenario.spec.addresses import Address, SendsFrom
from sim.scenario.spec.calendar import ClockWindow, Window
from sim.scenario.spec.collects import Collects
from sim.scenario.spec.devices import IDLE, MAIL_PROGRAMS, Device
from sim.scenario.spec.domain import Domain
from sim.scenario.spec.expectations import Expectation, Operand
from sim.scenario.spec.host import TIMES, Host, Timing
from sim.scenario.spec.loss import Loss
from sim.scenario.spec.mx import NULL_MX, MxChange
from sim.scenario.spec.network import NEGATIVE_TTL, TTL, Group, Link, NameService, Network, Node
from sim.scenario.spec.scenario import Architecture, Scenario
from sim.scenario.spec.tcp import Tcp
from sim.scenario.spec.tls import Certificate, Tls, TlsVersion
from sim.scenario.spec.users import Archive, Away, Reading, User
from sim.scenario.spec.weather import Interval, Outages, Weather

__all__ = [
    "DAY",
    "HOUR",
    "IDLE",
    "MAIL_PROGRAMS",
    "MINUTE",
    "NEGATIVE_TTL",
    "NULL_MX",
    "TIMES",
    "TTL",
    "Address",
    "Architecture",
    "Archive",
    "Away",
    "Certificate",
    "ClockWindow",
    "Collects",
    "Device",
    "Domain",
    "Expectation",
    "Group",
    "Host",
    "Interval",
    "Link",
    "Loss",
    "MxChange",
    "NameService",
    "Network",
    "Node",
    "Operand",
    "Outages",
    "Postfix",
    "Product",
    "Reading",
    "Scenario",
    "SendsFrom",
    "Tcp",
    "Timing",
    "Tls",
    "TlsVersion",
    "User",
    "Weather",
    "Window",
]
