"""What a message's sender asks for, as a scenario file says it."""

from __future__ import annotations

import json

import jsonschema
import pytest
from ruamel.yaml import YAML

from sim.scenario.errors import ScenarioError
from sim.scenario.load import loads
from sim.scenario.schema import schema
from sim.scenario.show import show
from sim.scenario.spec.sources import Asks, MessagesAt
from sim.workload.submissions import parameters_of

TEXT = """
network: {{nodes: [a, b], links: [{{between: [a, b]}}]}}
workload:
  messages_at:
    - {{at: 0 s, from: u1@a.example, to: u1@b.example, asks: {}}}
"""

ASKS = {
    "{notify: never}": Asks(notify=("never",)),
    "{notify: delay}": Asks(notify=("delay",)),
    "{notify: [success, failure], return: headers, envelope_id: QQ 1+2}": Asks(
        notify=("success", "failure"), returns="headers", envelope_id="QQ 1+2"
    ),
    "{return: full}": Asks(returns="full"),
    "{deliver_within: 2 h, late: notify}": Asks(deliver_within=7200.0, late="notify"),
    "{deliver_within: 90 s}": Asks(deliver_within=90.0),
    "{hold_for: 10 min, priority: -3}": Asks(hold_for=600.0, priority=-3),
    "{}": None,
    "{late: notify}": None,
}


@pytest.mark.parametrize(("text", "asks"), ASKS.items(), ids=ASKS)
def test_what_is_asked_for(text: str, asks: Asks | None):
    """It is read, accepted by the schema, and shown so that it loads back."""
    whole = TEXT.format(text)
    read = loads(whole)
    [source] = read.workload
    assert isinstance(source, MessagesAt)
    assert source.messages[0].asks == asks
    assert loads(show(read)) == read
    jsonschema.validate(json.loads(json.dumps(YAML(typ="safe").load(whole))), schema())


MISTAKES = {
    "{notify: sucess}": "unknown report (sucess): allowed are success, failure, delay; did you mean success?",
    "{notify: []}": "not reports (a list): allowed are never, or some of success, failure, delay, each once",
    "{notify: [delay, delay]}": "not reports (a list): allowed are never, or some of success, failure, delay, each once",
    "{priority: 10}": "too big (10): allowed is a whole number of at least -9 and at most 9",
    "{return: all}": "unknown return (all): allowed are full, headers",
    "{hold_for: 10 ms}": "hold_for is no time that can be asked for (10 ms): allowed is 1 s to 999999999 s",
    "{deliver_within: 60 w, hold_for: 2000 w}": "hold_for is no time that can be asked for (2000 w): allowed is 1 s to 999999999 s",
    "{envelope_id: QÉ}": "not an envelope_id (QÉ): allowed are up to 33 characters of US-ASCII",
}


@pytest.mark.parametrize(("text", "said"), MISTAKES.items(), ids=MISTAKES)
def test_what_cannot_be_asked_for(text: str, said: str):
    """The value, where it is, and what is allowed."""
    with pytest.raises(ScenarioError) as caught:
        loads(TEXT.format(text), file="x.yaml")
    place, _, message = str(caught.value).partition(": ")
    assert (place.startswith("x.yaml:5:"), message) == (True, said)


def test_the_parameters():
    """MAIL's and RCPT's, as the RFCs write them."""
    everything = Asks(
        notify=("success", "delay"),
        returns="headers",
        envelope_id="QQ 1+2",
        deliver_within=90.0,
        late="notify",
        hold_for=600.0,
        priority=-3,
    )
    mail = (("RET", "HDRS"), ("ENVID", "QQ+201+2B2"), ("BY", "90;N"), ("HOLDFOR", "600"), ("MT-PRIORITY", "-3"))
    assert parameters_of(everything) == (mail, (("NOTIFY", "SUCCESS,DELAY"),))
    assert parameters_of(Asks(returns="full", deliver_within=1.0)) == ((("RET", "FULL"), ("BY", "1;R")), ())
