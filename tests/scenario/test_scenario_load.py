"""What the loader makes of scenario files that are right."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from dataclasses import replace

import pytest

from sim.protocol.smtp.extensions import EXTENSIONS as EXTENSION_TABLE
from sim.protocol.smtp.extensions import offerable
from sim.scenario.distribution import Constant, Empirical, Exponential, Lognormal, Uniform
from sim.scenario.errors import ScenarioError
from sim.scenario.load import load, loads
from sim.scenario.names import dns_label, unique
from sim.scenario.products import PRODUCTS
from sim.scenario.products.delays import Delays
from sim.scenario.products.exim import Exim, RetryRule
from sim.scenario.products.haraka import Haraka
from sim.scenario.products.opensmtpd import OpenSmtpd
from sim.scenario.products.postfix import Postfix
from sim.scenario.products.qmail import Qmail
from sim.scenario.products.sendmail import Sendmail
from sim.scenario.quantity import DAY
from sim.scenario.show import show
from sim.scenario.spec import (
    Architecture,
    ClockWindow,
    Expectation,
    Host,
    Interval,
    Node,
    Operand,
    Outages,
    Tls,
    Weather,
    Window,
)
from sim.scenario.spec.sources import ConstantArrivals, Forged, MessageAt, Messages, MessagesAt, PoissonArrivals, Trace
from sim.scenario.syntax.extensions import KEYWORDS, NEEDS

NET = "network: {nodes: [a, b], links: [{between: [a, b]}]}\n"
DEFAULT_SIZE = Lognormal(2000.0, 20000.0)


def plain(name: str) -> Host:
    """A host of which nothing is said: Postfix, with its extensions."""
    return Host(
        name=name,
        extensions=(
            "PIPELINING", "SIZE", "VRFY", "ETRN", "ENHANCEDSTATUSCODES", "8BITMIME", "DSN", "SMTPUTF8", "CHUNKING"
        ),
        uses=("PIPELINING", "SIZE", "ENHANCEDSTATUSCODES", "8BITMIME", "DSN", "SMTPUTF8"),
    )  # fmt: skip


def test_a_network_alone_is_a_scenario_with_every_default():
    """What a file does not say has a default."""
    scenario = loads(NET)
    link = scenario.network.links[0]
    assert (scenario.title, scenario.seed, scenario.replications) == ("", 1, 1)
    assert (scenario.duration, scenario.drain, scenario.dialogues, scenario.expect) == (86400.0, 5 * 86400.0, False, ())
    assert (link.name, link.rate.there, link.delay.there, link.loss.there.share, link.mtu) == (
        "a-b",
        10e6,
        Constant(0.01),
        0.0,
        1500,
    )
    assert link.weather == Weather()
    assert scenario.architectures["end-to-end"].hosts == {"a": plain("a"), "b": plain("b")}
    assert scenario.notes == ("no workload: nobody writes a message",)


def test_without_architectures_there_are_the_two_plain_ones():
    """End to end and store and forward are compared when a file names none."""
    found = [(a.name, a.transfer, a.routing) for a in loads(NET).architectures.values()]
    assert found == [
        ("end-to-end", "end-to-end", "shortest-delay"),
        ("store-and-forward", "store-and-forward", "shortest-delay"),
    ]


def test_without_domains_each_host_is_a_domain_of_ten_users():
    """A host's name becomes a DNS label under .example."""
    scenario = loads("network: {nodes: [MIT, 'Orléans (La Source)', mit, 7, '日本']}")
    assert [(d.name, d.mx) for d in scenario.domains.values()] == [
        ("mit.example", ((10, "MIT"),)),
        ("orleans-la-source.example", ((10, "Orléans (La Source)"),)),
        ("mit-2.example", ((10, "mit"),)),
        ("7.example", ((10, "7"),)),
        ("host.example", ((10, "日本"),)),
    ]
    assert scenario.domains["mit.example"].users == tuple(f"u{n}" for n in range(1, 11))


def test_top_settings_are_read():
    """Title, seed, replications and times come with their units."""
    scenario = loads(NET + "title: Two hosts\nseed: 1972\nreplications: 20\nduration: 7 d\ndrain: 0\ndialogues: true\n")
    assert (scenario.title, scenario.seed, scenario.replications) == ("Two hosts", 1972, 20)
    assert (scenario.duration, scenario.drain, scenario.dialogues) == (7 * 86400.0, 0.0, True)


def test_nodes_may_be_a_mapping_with_places():
    """Nodes with lat and lon, without, and with a number for a name."""
    nodes = loads("network: {nodes: {a: {lat: 48.8, lon: 2}, b: , 3: {}}}").network.nodes
    assert nodes == {"a": Node(lat=48.8, lon=2.0), "b": Node(), "3": Node()}


def test_numbered_nodes_are_found_by_number():
    """A link may name its ends by number."""
    assert loads("network: {nodes: {1: {}, 2: {}}, links: [{between: [1, 2]}]}").network.links[0].between == ("1", "2")


def test_a_link_says_all_its_settings():
    """Every setting of a link in one place."""
    link = loads("""
network:
  nodes: [a, b]
  links:
    - between: [a, b]
      rate: 9600 bit/s
      delay: 20ms
      loss: 0.1 %
      mtu: 576 B
      outages: {mtbf: 30 h, mttr: 45 min}
      down: [{from: 0 s, to: 2 d}]
      windows: [daily 23:00-01:30, hourly 00-05, every 6 h for 20 min]
""").network.links[0]
    assert (link.rate.there, link.delay.there, link.loss.there.share, link.mtu) == (9600.0, Constant(0.02), 0.001, 576)
    assert link.weather == Weather(
        outages=Outages.exponential(mtbf=108000.0, mttr=2700.0),
        down=(Interval(start=0.0, end=172800.0),),
        windows=(
            ClockWindow(period=86400.0, start=82800.0, end=91800.0),
            ClockWindow(period=3600.0, start=0.0, end=300.0),
            Window(period=21600.0, start=0.0, end=1200.0),
        ),
    )


def test_one_window_needs_no_list():
    """A single window may stand alone."""
    net = "network: {nodes: [a, b], link_defaults: {windows: daily 02:00-03:00}, links: [{between: [a, b]}]}"
    assert loads(net).network.links[0].weather.windows == (ClockWindow(period=86400.0, start=7200.0, end=10800.0),)


def test_link_defaults_are_weaker_than_a_link():
    """A link overrides the defaults, and `none` takes outages away."""
    links = loads("""
network:
  nodes: [a, b, c]
  link_defaults: {rate: 50 kbit/s, delay: 3 ms, outages: {mtbf: 1 d, mttr: 1 h}}
  links: [{between: [a, b]}, {between: [b, c], rate: 1 Gbit/s, delay: 1 ms, outages: none}]
""").network.links
    assert [(link.rate.there, link.delay.there, link.weather.outages) for link in links] == [
        (50e3, Constant(0.003), Outages.exponential(mtbf=86400.0, mttr=3600.0)),
        (1e9, Constant(0.001), None),
    ]


def test_the_delay_comes_from_coordinates_where_both_ends_have_some():
    """Paris to New York is 5837 km along a great circle: 29.2 ms at 2/3 of the speed of light."""
    scenario = loads("""
network:
  nodes: {paris: {lat: 48.8566, lon: 2.3522}, ny: {lat: 40.7128, lon: -74.006}, x: {}}
  links: [{between: [paris, ny]}, {between: [ny, x]}]
""")
    assert [link.delay.there.mean() for link in scenario.network.links] == [
        pytest.approx(5837.24e3 / 199861639, rel=1e-4),
        0.01,
    ]
    assert scenario.notes[0] == "nodes without coordinates (x): 1 of their links get a delay of 10 ms"


def test_parallel_links_have_names_of_their_own():
    """Two lines between the same nodes are two links."""
    net = "network: {nodes: [a, b], links: [{between: [a, b]}, {between: [a, b]}, {between: [b, a]}]}"
    assert [link.name for link in loads(net).network.links] == ["a-b", "a-b-2", "b-a"]


DELAYS = {
    "{constant: 20 ms}": Constant(0.02),
    "{constant: {value: 20 ms}}": Constant(0.02),
    "{uniform: {low: 0, high: 20 ms}}": Uniform(0.0, 0.02),
    "{exponential: 20 ms}": Exponential(0.02),
    "{exponential: {mean: 20 ms}}": Exponential(0.02),
    "{lognormal: {median: 20 ms, p95: 60 ms}}": Lognormal(0.02, 0.06),
    "{empirical: [10 ms, 20 ms]}": Empirical((0.01, 0.02)),
    "{empirical: {values: [10 ms, 20 ms], weights: [1, 3]}}": Empirical((0.01, 0.02), (1.0, 3.0)),
}


@pytest.mark.parametrize(("text", "expected"), DELAYS.items(), ids=DELAYS)
def test_a_delay_may_be_any_distribution(text, expected):
    """Each kind of distribution is read with its units."""
    net = f"network: {{nodes: [a, b], links: [{{between: [a, b], delay: {text}}}]}}"
    assert loads(net).network.links[0].delay.there == expected


def test_layers_of_host_settings_from_weak_to_strong():
    """hosts.defaults < architecture's hosts.defaults < hosts.NAME < architecture's hosts.NAME."""
    scenario = loads("""
network: {nodes: [a, b, c, d]}
hosts:
  defaults: {sessions: 1, service_time: 1 ms}
  b: {sessions: 3}
  c: {sessions: 3}
architectures:
  plain: {transfer: end-to-end}
  other: {transfer: end-to-end, hosts: {defaults: {sessions: 2}, c: {sessions: 4}}}
""")
    sessions = {name: [host.sessions for host in a.hosts.values()] for name, a in scenario.architectures.items()}
    assert sessions == {"plain": [1, 3, 3, 1], "other": [2, 3, 4, 2]}
    assert {host.service_time for a in scenario.architectures.values() for host in a.hosts.values()} == {0.001}


def test_parameters_of_an_mta_add_up_over_the_layers():
    """A stronger layer sets some parameters and keeps the others of the weaker ones."""
    host = (
        loads(
            NET
            + "hosts: {defaults: {mta: {postfix: {hopcount_limit: 7, queue_run_delay: 1 min}}}, a: {mta: {postfix: {hopcount_limit: 9}}}}\n"
            + "architectures: {x: {transfer: end-to-end, hosts: {a: {mta: postfix}}}}"
        )
        .architectures["x"]
        .hosts["a"]
    )
    assert host.mta == replace(Postfix(), hopcount_limit=9, queue_run_delay=60.0)


def test_a_stronger_layer_that_names_another_mta_starts_anew():
    """The parameters of the weaker one's do not count; a list of delays is another MTA, too."""
    hosts = (
        loads(
            NET
            + "hosts: {defaults: {mta: {exim: {queue_run: 1 h}}}, a: {mta: {qmail: {concurrencyremote: 3}}}, b: {mta: exim}}\n"
            + "architectures: {x: {transfer: end-to-end, hosts: {a: {mta: {lifetime: 1 d}}}}, y: {transfer: end-to-end}}"
        )
    ).architectures
    assert [hosts["x"].hosts[name].mta for name in "ab"] == [Delays(lifetime=DAY), Exim(queue_run=3600.0)]
    assert [hosts["y"].hosts[name].mta for name in "ab"] == [Qmail(concurrencyremote=3), Exim(queue_run=3600.0)]


PARAMETERS = {
    "exim: {retry: 'F,1h30m,15m;G,1d,1h,1.5 ; H,1w,2h,2;'}": Exim(
        retry=(RetryRule("F", 5400, 900), RetryRule("G", DAY, 3600, 1.5), RetryRule("H", 7 * DAY, 7200, 2.0))
    ),
    "exim: {delay_after_cutoff: false}": Exim(delay_after_cutoff=False),
    "haraka: {temp_fail_intervals: '1m, 5m*2,1h*3'}": Haraka(
        temp_fail_intervals=(60.0, 300.0, 300.0, 3600.0, 3600.0, 3600.0)
    ),
    "haraka: {temp_fail_intervals: [1 min, 1 d]}": Haraka(temp_fail_intervals=(60.0, DAY)),
    "qmail: {queuelifetime: 1 d, concurrencyremote: 20}": Qmail(queuelifetime=DAY),
    "opensmtpd: {expire: 1 d}": OpenSmtpd(expire=DAY),
    "sendmail: {MinQueueAge: 0, MaxQueueAge: 1 h, queuereturn: 1 d}": Sendmail(MaxQueueAge=3600.0, queuereturn=DAY),
    "delays: [5 min, 15 min, 1 h]": Delays(delays=(300.0, 900.0, 3600.0)),
    "delays: '5m,1h*2', hopcount_limit: 3": Delays(delays=(300.0, 3600.0, 3600.0), hopcount_limit=3),
}


@pytest.mark.parametrize(("text", "expected"), PARAMETERS.items(), ids=PARAMETERS)
def test_products_have_parameters_of_their_own(text, expected):
    """Each under its own name, and each comes back from what is shown."""
    scenario = loads(NET + f"hosts: {{defaults: {{mta: {{{text}}}}}}}")
    assert scenario.architectures["end-to-end"].hosts["a"].mta == expected
    assert loads(show(scenario)) == scenario


@pytest.mark.parametrize("name", PRODUCTS)
def test_every_product_is_known_by_its_name(name):
    """With its defaults, which fit together."""
    assert loads(NET + f"hosts: {{a: {{mta: {name}}}}}").architectures["end-to-end"].hosts["a"].mta == PRODUCTS[name]()


def test_mail_is_tried_once_where_postfix_has_no_time():
    """A lifetime of 0 is one, although every backoff is above it."""
    [host, _] = (
        loads(NET + "hosts: {defaults: {mta: {postfix: {maximal_queue_lifetime: 0}}}}")
        .architectures["end-to-end"]
        .hosts.values()
    )
    assert host.mta == Postfix(maximal_queue_lifetime=0.0)


def extensions(hosts: str):
    """What a offers and uses."""
    host = loads(NET + f"hosts: {hosts}").architectures["end-to-end"].hosts["a"]
    return " ".join(host.extensions), " ".join(host.uses)


EXTENSIONS = {
    "{}": (
        "PIPELINING SIZE VRFY ETRN ENHANCEDSTATUSCODES 8BITMIME DSN SMTPUTF8 CHUNKING",
        "PIPELINING SIZE ENHANCEDSTATUSCODES 8BITMIME DSN SMTPUTF8",
    ),
    "{a: {mta: qmail}}": ("PIPELINING 8BITMIME", ""),
    "{a: {mta: opensmtpd, extensions: {PIPELINING: yes, HELP: no, DSN: offered, SIZE: used}}}": (
        "8BITMIME ENHANCEDSTATUSCODES DSN PIPELINING",
        "8BITMIME ENHANCEDSTATUSCODES PIPELINING SIZE",
    ),
    "{a: {mta: haraka, accounts: {x: y}, extensions: {STARTTLS: true, 8BITMIME: false}}}": (
        "PIPELINING SMTPUTF8 SIZE STARTTLS AUTH",
        "PIPELINING SMTPUTF8 STARTTLS",
    ),
    "{defaults: {mta: haraka, login: {name: x, password: y}}, a: {accounts: {x: y}}}": (
        "PIPELINING 8BITMIME SMTPUTF8 SIZE AUTH",
        "PIPELINING 8BITMIME SMTPUTF8 AUTH",
    ),
    "{defaults: {mta: haraka, login: {name: x, password: y}}}": (
        "PIPELINING 8BITMIME SMTPUTF8 SIZE",
        "PIPELINING 8BITMIME SMTPUTF8 AUTH",
    ),
    "{defaults: {mta: haraka, login: {name: x, password: y}}, a: {login: none}}": (
        "PIPELINING 8BITMIME SMTPUTF8 SIZE",
        "PIPELINING 8BITMIME SMTPUTF8",
    ),
    "{a: {accounts: {x: y}, extensions: [SIZE]}}": ("SIZE", "SIZE"),
    "{a: {accounts: {x: y}, extensions: {AUTH: no}, mta: qmail}}": ("PIPELINING 8BITMIME", ""),
    "{defaults: {extensions: [SIZE, DSN]}, a: {extensions: {SIZE: no, PIPELINING: offered}}}": ("DSN PIPELINING", "DSN"),
    "{defaults: {mta: qmail, extensions: {DSN: yes}}, a: {extensions: {SIZE: used}}}": (
        "PIPELINING 8BITMIME DSN",
        "DSN SIZE",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), EXTENSIONS.items(), ids=EXTENSIONS)
def test_extensions_are_the_products_and_can_be_set_one_by_one(text, expected):
    """In the order of the product's own EHLO reply; what the file adds stands behind it."""
    assert extensions(text) == expected


@pytest.mark.parametrize("name", [*PRODUCTS, "{delays: [1 h]}"])
def test_every_products_extensions_come_back_from_what_is_shown(name):
    """Whatever it offers and uses, and the file says: the same again, and a server can offer it."""
    scenario = loads(
        NET
        + f"hosts: {{a: {{mta: {name}, accounts: {{x: y}}, extensions: {{ATRN: offered, STARTTLS: yes}}}}, b: {{mta: exim}}}}"
    )
    offers = scenario.architectures["end-to-end"].hosts["a"].extensions
    assert offerable(offers, False) == offers
    assert loads(show(scenario)) == scenario


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{}", "rset"),
        ("{a: {mta: exim}}", "mail"),
        ("{a: {mta: qmail}}", "never"),
        ("{defaults: {mta: nullmailer}, a: {mta: opensmtpd}}", "mail"),
        ("{defaults: {reuse: pipeline}, a: {mta: nullmailer}}", "pipeline"),
        ("{a: {mta: {delays: [1 h]}}}", "rset"),
    ],
)
def test_sessions_are_reused_as_the_product_does_or_as_the_file_says(text, expected):
    """The product's way goes for hosts of which the file says nothing; and it comes back from what is shown."""
    scenario = loads(NET + f"hosts: {text}")
    host = scenario.architectures["end-to-end"].hosts["a"]
    assert host.reuse == expected
    assert loads(show(scenario)) == scenario


@pytest.mark.parametrize("name", sorted(PRODUCTS))
def test_a_host_made_in_code_goes_on_with_sessions_as_one_from_a_file(name: str):
    """Its product's way, where nothing is said."""
    said = loads(NET + f"hosts: {{a: {{mta: {name}}}}}").architectures["end-to-end"].hosts["a"]
    assert Host(name="a", mta=PRODUCTS[name]()).reuse == said.reuse


def test_every_extension_of_the_protocol_can_be_said():
    """The scenario room may not ask the protocol's, so the two lists are kept alike."""
    assert tuple(EXTENSION_TABLE) == KEYWORDS
    needs = {row.keyword: row.needs for row in EXTENSION_TABLE.values() if row.needs}
    assert needs == NEEDS


def test_forwards_and_moved_users_are_recipients():
    """Mail can be written to them, and lists can have them."""
    scenario = loads(
        NET
        + "domains: {A.example: {mx: a, users: [ann], lists: {all: [bob@A.Example, carl@a.example]}, "
        + "forwards: {bob: ann@A.example}, moved: {carl: ann@b.example, dora: all@a.example}}, b.example: {mx: b, users: [ann]}}\n"
        + "workload: {messages_at: [{at: 0, from: ann@b.example, to: [bob@a.example, carl@a.example]}]}"
    )
    domain = scenario.domains["a.example"]
    assert domain.forwards == {"bob": "ann@a.example"}
    assert domain.moved == {"carl": "ann@b.example", "dora": "all@a.example"}
    assert loads(show(scenario)) == scenario


def test_a_host_says_all_its_settings():
    """Every setting of a host in one place."""
    host = (
        loads(
            NET
            + """
hosts:
  a:
    mta: {postfix: }
    esmtp: false
    extensions: [SIZE, SIZE, {DSN: used}, {ETRN: offered}, {HELP: no}]
    accounts: {ann: secret, 7: "0"}
    login: {name: a, password: b c}
    auth: {clear: no}
    vrfy: evade
    expn: refuse
    routes: {B.example: b, "*": a}
    source_routes: honour
    percent_hack: true
    reuse: pipeline
    sessions: 7
    size_limit: 5 MB
    service_time: 1 ms
    commit_time: 5 ms
    crashes: {mtbf: 30 d, mttr: 2 h, spool: volatile}
    down: [{from: 1 h, to: 2 h}]
"""
        )
        .architectures["end-to-end"]
        .hosts["a"]
    )
    weather = Weather(
        outages=Outages.exponential(mtbf=30 * 86400.0, mttr=7200.0), down=(Interval(start=3600.0, end=7200.0),)
    )
    assert host == Host(
        name="a", esmtp=False, extensions=("SIZE", "ETRN"), uses=("SIZE", "DSN"), accounts={"ann": "secret", "7": "0"},
        login=("a", "b c"), clear_auth=False, vrfy="evade", expn="refuse", routes={"b.example": "b", "*": "a"}, source_routes="honour", percent_hack=True, reuse="pipeline", sessions=7, size_limit=5_000_000, service_time=0.001,
        commit_time=0.005, weather=weather, spool="volatile",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("defaults", "own", "spool"),
    [
        ("", "down: [{from: 1 h, to: 2 h}]", "durable"),
        ("", "spool: volatile, down: [{from: 1 h, to: 2 h}]", "volatile"),
        ("spool: volatile", "crashes: {mtbf: 1 d, mttr: 1 h}", "volatile"),
        ("spool: volatile", "crashes: {mtbf: 1 d, mttr: 1 h, spool: durable}", "durable"),
        ("crashes: {mtbf: 1 d, mttr: 1 h, spool: volatile}", "down: [{from: 1 h, to: 2 h}]", "volatile"),
        ("crashes: {mtbf: 1 d, mttr: 1 h, spool: volatile}", "spool: durable", "durable"),
        ("crashes: {mtbf: 1 d, mttr: 1 h, spool: volatile}", "crashes: none", "durable"),
    ],
)
def test_the_strongest_word_on_a_spool_holds(defaults: str, own: str, spool: str):
    """Said by itself or with the crashes, for whatever takes the host down."""
    hosts = loads(NET + f"hosts: {{defaults: {{{defaults}}}, a: {{{own}}}}}").architectures["end-to-end"].hosts
    assert hosts["a"].spool == spool


def test_crashes_can_be_taken_away():
    """`none` overrides what the defaults say."""
    text = NET + "hosts: {defaults: {crashes: {mtbf: 1 d, mttr: 1 h}}, a: {crashes: none}}"
    hosts = loads(text).architectures["end-to-end"].hosts
    assert [host.weather.outages for host in hosts.values()] == [None, Outages.exponential(mtbf=86400.0, mttr=3600.0)]


MX = {
    "{20: b, 10: a}": ((10, "a"), (20, "b")),
    "{10: [b, a]}": ((10, "b"), (10, "a")),
    "[a, b]": ((10, "a"), (10, "b")),
    "b": ((10, "b"),),
}


@pytest.mark.parametrize(("text", "expected"), MX.items(), ids=MX)
def test_mx_records_in_each_form(text, expected):
    """By preference, as a list, or one host."""
    assert loads(NET + f"domains: {{X.example: {{mx: {text}, users: 2}}}}").domains["x.example"].mx == expected


def test_a_domain_without_mx_is_its_own_host():
    """An implicit MX has no records."""
    domain = loads("network: {nodes: [Mit.example]}\ndomains: {mit.example: {users: [alice, 7]}}").domains[
        "mit.example"
    ]
    assert (domain.mx, domain.users) == ((), ("alice", "7"))


def test_every_kind_of_source(tmp_path):
    """All sources in one workload, in order."""
    (tmp_path / "mail").mkdir()
    (tmp_path / "mail" / "a.eml").write_text("Subject: x\n\n")
    (tmp_path / "box").write_text("From x\nSubject: x\n\n")
    (tmp_path / "t.gz").touch()
    workload = loads(
        NET
        + """
workload:
  - poisson: {rate: 60 /h, pairs: gravity, strangers: 25 %, forged: 50 %}
    constant: {every: 10 s, size: 1 kB}
  - constant: {rate: 2 /min, forged: {share: 100 %, domain: B.example}}
  - messages_at:
      - {at: 0 s, from: u1@a.example, to: [u2@B.EXAMPLE, PostMaster@a.example], size: 1 KiB}
      - {at: 1 s, from: u1@a.example, to: u2@b.example}
      - {at: 2 s, from: u1@a.example, to: u2@b.example, text: "caf\\u00e9"}
  - trace: {file: t.gz, start: 1 d}
  - messages: mail
  - messages: {path: box, rate: 1 /d}
""",
        tmp_path,
    ).workload
    assert workload == (
        PoissonArrivals(rate=1 / 60, size=DEFAULT_SIZE, pairs="gravity", strangers=0.25, forged=Forged(share=0.5)),
        ConstantArrivals(rate=0.1, size=Constant(1000.0)),
        ConstantArrivals(rate=1 / 30, size=DEFAULT_SIZE, forged=Forged(share=1.0, domain="b.example")),
        MessagesAt(
            messages=(
                MessageAt(
                    at=0.0, sender="u1@a.example", recipients=("u2@B.EXAMPLE", "PostMaster@a.example"), size=1024.0
                ),
                MessageAt(at=1.0, sender="u1@a.example", recipients=("u2@b.example",), size=2000.0),
                MessageAt(at=2.0, sender="u1@a.example", recipients=("u2@b.example",), size=7.0, text="café"),
            )
        ),
        Trace(file="t.gz", size=DEFAULT_SIZE, start=86400.0),
        Messages(path="mail"),
        Messages(path="box", rate=1 / 86400),
    )


def test_expectations_are_parsed():
    """A metric against a metric, and numbers on either side."""
    expect = loads(
        NET
        + "architectures: {v1.5: {transfer: end-to-end}}\nexpect: [v1.5.delivered >= 3, 0.5<v1.5.x, v1.5.x == v1.5.y]"
    ).expect
    metric = Operand(architecture="v1.5", metric="x")
    assert expect == (
        Expectation(
            text="v1.5.delivered >= 3",
            left=Operand(architecture="v1.5", metric="delivered"),
            operator=">=",
            right=Operand(number=3.0),
        ),
        Expectation(text="0.5<v1.5.x", left=Operand(number=0.5), operator="<", right=metric),
        Expectation(
            text="v1.5.x == v1.5.y", left=metric, operator="==", right=Operand(architecture="v1.5", metric="y")
        ),
    )


def test_anchors_and_merges_are_followed():
    """Repeated hosts may share a mapping."""
    hosts = (
        loads(NET + "hosts:\n  a: &base {sessions: 3, esmtp: false}\n  b: {<<: *base, sessions: 4}\n")
        .architectures["end-to-end"]
        .hosts
    )
    assert [(host.sessions, host.esmtp) for host in hosts.values()] == [(3, False), (4, False)]


def test_of_several_merged_mappings_the_first_wins():
    """As YAML's merge key has it."""
    text = "network:\n  nodes: [a, b]\n  link_defaults: {<<: [{mtu: 500 B}, {mtu: 600 B, rate: 1 kbit/s}]}\n  links: [{between: [a, b]}]"
    link = loads(text).network.links[0]
    assert (link.mtu, link.rate.there) == (500, 1000.0)


def test_overrides_replace_and_add():
    """Options reach into mappings, lists and keys with dots, and make what is not there."""
    scenario = loads(
        "seed: 1\nhosts:\n" + NET + "domains: {mit.example: {mx: a, users: 2}}",
        overrides=[
            "seed=7",
            "network.links.0.rate=1 kbit/s",
            "network.link_defaults.loss=1 %",
            "domains.mit.example.users=[alice]",
            "hosts.a.sessions=3",
            "architectures={x: {transfer: end-to-end}}",
        ],
    )
    link = scenario.network.links[0]
    assert (scenario.seed, link.rate.there, link.loss.there.share) == (7, 1000.0, 0.01)
    assert scenario.domains["mit.example"].users == ("alice",)
    assert scenario.architectures["x"].hosts["a"].sessions == 3


def test_an_override_spares_other_uses_of_an_anchor():
    """Only the named place changes."""
    text = NET + "hosts: {a: &h {sessions: 3}, b: *h}"
    hosts = loads(text, overrides=["hosts.a.sessions=4"]).architectures["end-to-end"].hosts
    assert [host.sessions for host in hosts.values()] == [4, 3]


YAML = {
    "0x10": 16,
    "0o17": 15,
    "+1_000": 1000,
}


@pytest.mark.parametrize(("text", "expected"), YAML.items(), ids=YAML)
def test_whole_numbers_in_the_forms_of_yaml(text, expected):
    """Hexadecimal, octal and grouped digits are whole numbers."""
    assert loads(NET + f"seed: {text}").seed == expected


def test_a_file_is_loaded_from_its_folder(tmp_path):
    """Relative names start at the scenario's folder; a byte order mark is ignored."""
    (tmp_path / "trace").touch()
    path = tmp_path / "s.yaml"
    path.write_text("\ufeff" + NET + "workload: {trace: {file: trace}}", encoding="utf-8")
    assert (load(path).folder, load(str(path)).workload[0].file) == (tmp_path, "trace")


def test_standard_input_is_loaded(monkeypatch):
    """The path - reads standard input."""
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(NET.encode())))
    assert list(load("-").network.nodes) == ["a", "b"]


def test_generated_networks_and_their_special_links():
    """A made network names its nodes n1, n2, ...; links add to it and override it."""
    scenario = loads(
        "network: {generate: {line: {nodes: 3}}, links: [{between: [n2, n1], loss: 1 %}, {between: [n2, n1], mtu: 500 B}, {between: [n1, n3]}]}"
    )
    assert [(link.name, link.loss.there.share, link.mtu) for link in scenario.network.links] == [
        ("n1-n2", 0.01, 500),
        ("n2-n3", 0.0, 1500),
        ("n1-n3", 0.0, 1500),
    ]
    assert scenario.notes[0] == "the link n1 - n3 is not in the graph: it is added"


def test_separate_and_lonely_parts_are_said():
    """Mail cannot pass between parts, and that is no error."""
    net = "network: {nodes: [a, b, c, d, e], links: [{between: [a, b]}, {between: [c, d]}]}"
    assert loads(net).notes[:2] == (
        "nodes without a link, which no mail can leave or reach: e",
        "the network is in 2 parts without a link between them (of 2, 2 nodes)",
    )


def test_importing_the_specification_stays_light():
    """The specification needs neither pydantic nor YAML nor networkx; the loader needs networkx for graphs alone."""
    code = (
        "import sys, sim.scenario.spec as s; heavy = {'pydantic', 'ruamel.yaml', 'networkx'}; a = sorted(heavy & set(sys.modules)); "
        "import sim.scenario.load; print(a, 'networkx' in sys.modules)"
    )
    assert (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[] False\n"
    )


def test_unique_names_keep_those_that_are():
    """Numbers are given to the later ones, and never a name that another has."""
    assert unique(["a", "a", "a-2", "b", "a", "a-2"]) == ["a", "a-3", "a-2", "b", "a-4", "a-2-2"]


def test_labels_are_short_enough_for_dns():
    """A label leaves room for a number within 63 octets."""
    assert (dns_label("x" * 80), dns_label("-- Ü --")) == ("x" * 50, "u")


def test_static_routing_waits_for_nothing():
    """A time of convergence says nothing there, and check says so."""
    text = "network: {nodes: [a]}\narchitectures: {x: {transfer: end-to-end, routing: static, convergence: 3 s}}"
    assert "x waits 3 s for nothing: static routing never changes" in loads(text).notes


def test_architecture_settings():
    """Routing may be static."""
    found = loads(
        "network: {nodes: [a]}\narchitectures: {x: {transfer: store-and-forward, routing: static}}"
    ).architectures
    assert found == {
        "x": Architecture(name="x", transfer="store-and-forward", routing="static", hosts={"a": plain("a")})
    }


def test_mail_after_the_writing_time_is_a_mistake():
    """It would never be written; so said at its place."""
    text = (
        "duration: 1 h\nnetwork: {nodes: [a]}\ndomains: {a.example: {mx: [a], users: [ann]}}\n"
        "workload: {messages_at: [{at: 2 h, from: ann@a.example, to: ann@a.example}]}\n"
    )
    with pytest.raises(ScenarioError, match=r":4:31: written when nobody writes any more \(2 h; the duration is 1 h\)"):
        loads(text)


@pytest.mark.parametrize(("text", "flag"), [("yes", True), ("no", False), ("true", True), ("false", False)])
def test_flags_are_what_people_write(text, flag):
    """YAML 1.2 has yes and no as text; here they mean what they say."""
    assert loads(f"network: {{nodes: [a]}}\ndialogues: {text}\n").dialogues == flag


@pytest.mark.parametrize("key", ["service_time", "commit_time", "next_message_time"])
def test_what_things_take_a_host_may_vary(key: str):
    """A duration, a distribution, or a constant one, which is a duration; `show` says it as it is."""
    text = "network: {nodes: [a, b], links: [{between: [a, b]}]}\nhosts: {a: {%s: %s}}\n"
    found = [
        getattr(loads(text % (key, said)).architectures["end-to-end"].hosts["a"], key)
        for said in ("5 ms", "{constant: 5 ms}", "{lognormal: {median: 5 ms, p95: 9 ms}}")
    ]
    assert found == [0.005, 0.005, Lognormal(0.005, 0.009)]
    again = loads(show(loads(text % (key, "{uniform: {low: 1 ms, high: 2 ms}}"))))
    assert getattr(again.architectures["end-to-end"].hosts["a"], key) == Uniform(0.001, 0.002)


def test_what_tls_is_with_a_host():
    """All of it as a file says it, and as `show` says it again; defaults where nothing is said."""
    text = "network: {nodes: [a, b], links: [{between: [a, b]}]}\nhosts: {a: {tls: %s}}\n"
    said = "{certificate: chain, version: TLSv1.2, session_cache: yes, implicit: yes}"
    hosts = [loads(text % how).architectures["end-to-end"].hosts["a"] for how in (said, "{}")]
    assert [host.tls for host in hosts] == [
        Tls(certificate="chain", version="TLSv1.2", session_cache=True, implicit=True),
        Tls(),
    ]
    again = loads(show(loads(text % said)))
    assert again.architectures["end-to-end"].hosts["a"].tls == hosts[0].tls


@pytest.mark.parametrize(
    "text", ["", "\r", "\0\x1b\x7f", "\x85\u2028\ufeff", "😀 مرحبا", "a\r\nb\rc\n", "  x  \n\n", "? a: #b"]
)
def test_a_text_in_any_script_is_read_and_shown(text: str):
    """With its line ends and control characters; JSON's pairs of escapes are one character."""
    head = (
        "network: {nodes: [a, b], links: [{between: [a, b]}]}\nworkload: {messages_at: [{at: 0 s, from: u1@a.example, "
    )
    scenario = loads(f"{head}to: u1@b.example, text: {json.dumps(text)}}}]}}\n")
    assert scenario.workload[0].messages[0].text == text
    assert loads(show(scenario)) == scenario


def test_half_a_character_is_a_mistake():
    """With the way to write a whole one."""
    head = (
        "network: {nodes: [a, b], links: [{between: [a, b]}]}\nworkload: {messages_at: [{at: 0 s, from: u1@a.example, "
    )
    with pytest.raises(ScenarioError, match=r"half of a surrogate pair in a text \(U\+D83D\): allowed are whole"):
        loads(head + 'to: u1@b.example, text: "x\\ud83d"}]}\n')
