"""The products that hosts can play: what each file has to say of its own."""

from __future__ import annotations

import pytest

from sim.scenario.products import BY_TYPE, PRODUCTS
from sim.scenario.products.base import Product
from sim.scenario.products.delays import Delays


def test_a_product_is_found_by_its_name():
    """In the order of the alphabet; a list of delays has no name."""
    assert list(PRODUCTS) == sorted(PRODUCTS)
    assert set(BY_TYPE.values()) == {*PRODUCTS.values(), Delays}


def test_a_product_that_leaves_something_unsaid_is_none():
    """There is nothing to fall back on: it fails as its file is imported."""
    with pytest.raises(TypeError, match=r"^the product Silent does not say its name, title"):
        type("Silent", (Product,), {})
    assert "Silent" not in BY_TYPE


def test_two_products_of_one_name_are_refused():
    """The second would take the first one's place."""
    said = {name: getattr(PRODUCTS["postfix"], name) for name in Product.__annotations__}
    with pytest.raises(TypeError, match=r"^two products are called Postfix$"):
        type("Postfix", (Product,), {**said, "__module__": "elsewhere"})
