"""The mail transfer agents that a host can play: a file for each, with its parameters under the product's own names.

A product is a frozen dataclass: what a scenario file can set. Beside that every product answers to the names of
`Product`, so that the world need not know which one it is. Times are in s. Where a default is not from the product's
own source or manual, it is that of RFC 5321 section 4.5.3.2. Each file here is a product that a scenario can name, but
for those that they share: `base`, `tables`, `parameters` and `feedback`.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from pkgutil import iter_modules
from types import MappingProxyType

from sim.scenario.products.base import BY_TYPE, Product

__all__ = ["BY_TYPE", "PRODUCTS", "Product"]

for _module in iter_modules(__path__):
    import_module(f"{__name__}.{_module.name}")

PRODUCTS: Mapping[str, type[Product]] = MappingProxyType({kind.name: kind for kind in BY_TYPE.values() if kind.name})
"""The products by the names that a scenario file has for them; a list of delays has none."""
