"""The parameters of Postfix's queue manager in a scenario file."""

from __future__ import annotations

import pytest

from sim.scenario.errors import ScenarioError
from sim.scenario.load import loads
from sim.scenario.products.feedback import Feedback
from sim.scenario.show import show

TEXT = """
network: {{nodes: [a, b], links: [{{between: [a, b]}}]}}
workload: {{poisson: {{rate: 1 /h}}}}
hosts: {{a: {{mta: {{postfix: {{{}}}}}}}}}
"""


def test_parameters_are_read_and_shown():
    """Feedback as Postfix writes it, counts that may be 0, a delay; and the same again from what is shown."""
    said = (
        "default_destination_concurrency_positive_feedback: 1/concurrency, default_destination_rate_delay: 10 s, "
        "default_destination_concurrency_failed_cohort_limit: 0, default_delivery_slot_loan: 0"
    )
    scenario = loads(TEXT.format(said))
    policy = scenario.architectures["end-to-end"].hosts["a"].mta
    assert policy.default_destination_concurrency_positive_feedback == Feedback(1.0, shared=True)
    assert (policy.default_destination_concurrency_failed_cohort_limit, policy.default_delivery_slot_loan) == (0, 0)
    assert policy.default_destination_rate_delay == 10.0
    assert loads(show(scenario)) == scenario


@pytest.mark.parametrize(
    ("said", "mistake"),
    [
        ("default_destination_concurrency_negative_feedback: 2/concurrency", "not feedback (2/concurrency): allowed"),
        ("qmgr_message_active_limit: 0", "0"),
    ],
)
def test_mistakes_are_named(said: str, mistake: str):
    """What is not possible is said with its value."""
    with pytest.raises(ScenarioError) as caught:
        loads(TEXT.format(said))
    assert mistake in str(caught.value)
