"""What the loader says about files that it refuses."""

from __future__ import annotations

import io
import pickle
from dataclasses import fields
from pathlib import Path

import pytest

from sim.scenario.errors import Problem, ScenarioError
from sim.scenario.load import load, loads
from sim.scenario.products.delays import Delays
from sim.scenario.products.exim import Exim
from sim.scenario.products.postfix import Postfix
from sim.scenario.syntax.extensions import KEYWORDS
from sim.scenario.syntax.form import HostSettings

NET = "network: {nodes: [a, b], links: [{between: [a, b]}]}\n"


def messages(text, folder=".", **options):
    """What is wrong with a text, a line each."""
    with pytest.raises(ScenarioError) as caught:
        loads(text, folder, file="x.yaml", **options)
    return str(caught.value).split("\n")


MTAS = "allowed are exchange, exim, haraka, jsms, mmdf, nullmailer, opensmtpd, postfix, qmail, rfc5321, rscs, sendmail, stalwart, x400, zonemta"
WORD = "allowed is text of 1 to 255 octets without control characters; put other values in quotes"


def allowed(words):
    """How an error lists the program's own words: all of them."""
    return f"allowed are {', '.join(words)}"


EXTENSIONS = allowed(KEYWORDS)
HOST_KEYS = ", ".join(HostSettings.allowed())
POSTFIX = allowed(field.name for field in fields(Postfix))
EXIM = allowed(field.name for field in fields(Exim))
DELAYS = allowed(field.name for field in fields(Delays))

CASES = {
    "unknown key": (
        NET + "replicatons: 3\n",
        [
            (
                "x.yaml:2:1: unknown key (replicatons): allowed are title, seed, replications, duration, drain, start, dialogues, "
                "acts, limits, expect, network, hosts, domains, workload, architectures; did you mean replications?"
            )
        ],
    ),
    "wrong unit": (
        NET + "duration: 3 hours\n",
        [
            "x.yaml:2:11: unknown unit of a duration (3 hours): allowed are s, ms, min, h, d, w, y, as in 30 s; did you mean h?"
        ],
    ),
    "no unit": (
        NET + "drain: 3\n",
        ["x.yaml:2:8: a duration needs a unit (3): allowed are s, ms, min, h, d, w, y, as in 30 s"],
    ),
    "no duration": (NET + "duration: 0\n", ["x.yaml:2:11: a duration must be above zero (0): allowed is e.g. 30 s"]),
    "unknown host in a link": (
        "network:\n  nodes: [MIT, UTAH]\n  links:\n    - between: [MIT, UTHA]\n",
        ["x.yaml:4:22: unknown host (UTHA): allowed are MIT, UTAH; did you mean UTAH?"],
    ),
    "negative rate": (
        "network:\n  nodes: [a, b]\n  links: [{between: [a, b], rate: -1 Mbit/s}]\n",
        ["x.yaml:3:35: a rate cannot be negative (-1 Mbit/s): allowed is 0 or more"],
    ),
    "replications 0": (
        NET + "replications: 0\n",
        ["x.yaml:2:15: too small (0): allowed is a whole number of at least 1"],
    ),
    "text for a number": (
        NET + "replications: '3'\n",
        ["x.yaml:2:15: not a whole number (3): allowed is a whole number of at least 1"],
    ),
    "yes for a number": (
        NET + "seed: true\n",
        [
            "x.yaml:2:7: not a whole number (true): allowed is a whole number of at least 0 and at most 18446744073709551615"
        ],
    ),
    "number for yes": (
        NET + "dialogues: 1\n",
        ["x.yaml:2:12: neither true nor false (1): allowed are true, false, yes, no"],
    ),
    "graph missing": (
        "network: {graph: nowhere.graphml}\n",
        ["x.yaml:1:18: no such file (nowhere.graphml): allowed is a regular file, found from FOLDER"],
    ),
    "no network": (
        "seed: 1\n",
        ["x.yaml:1:1: a network needs one source of nodes (none given): allowed is one of graph, nodes, generate"],
    ),
    "no nodes": ("network: {nodes: {}}\n", ["x.yaml:1:18: no nodes (an empty list): allowed is at least one"]),
    "node called defaults": (
        "network: {nodes: [defaults]}\n",
        ["x.yaml:1:18: not a name for a node (defaults): it is the key of the hosts' common settings"],
    ),
    "node twice": (
        "network: {nodes: [a, a]}\n",
        ["x.yaml:1:22: this node is there twice (a): allowed is each name once"],
    ),
    "half a place": (
        "network: {nodes: {a: {lat: 3}}}\n",
        ["x.yaml:1:22: half a place (lat alone): allowed are lat and lon together, or none of them"],
    ),
    "half a place whose other half is refused": (
        "network: {nodes: {a: {lat: {x: 1}, lon: 3}, b: {}}}\ndomains: {d.example: {mx: [44, a]}}\n",
        [
            "x.yaml:1:28: not a number in range (a mapping): allowed is -90 to 90",
            "x.yaml:2:28: unknown host (44): allowed are a, b",
        ],
    ),
    "place out of range": (
        "network: {nodes: {a: {lat: 100, lon: 0}}}\n",
        ["x.yaml:1:28: not a number in range (100): allowed is -90 to 90"],
    ),
    "self loop": (
        "network: {nodes: [a], links: [{between: [a, a]}]}\n",
        ["x.yaml:1:41: a link from a node to itself (a): allowed are two different nodes"],
    ),
    "not two ends": (
        "network: {nodes: [a], links: [{between: a}]}\n",
        ["x.yaml:1:41: not two nodes (a): allowed is a list of two names, as in [a, b]"],
    ),
    "no ends": ("network: {nodes: [a], links: [{}]}\n", ["x.yaml:1:31: between is missing: needed is between"]),
    "links not a list": ("network: {nodes: [a], links: 3}\n", ["x.yaml:1:30: not a list (3): allowed is a list"]),
    "no coordinates": (
        "network: {nodes: [a, b], links: [{between: [a, b], delay: from-coordinates}]}\n",
        [
            "x.yaml:1:59: no coordinates to take the delay from (a - b): allowed is a duration, or lat and lon at both nodes"
        ],
    ),
    "loses all": (
        "network: {nodes: [a], link_defaults: {loss: 100 %}}\n",
        ["x.yaml:1:45: a link that loses everything (100 %): allowed is less; for a dead link use down"],
    ),
    "improbable": (
        "network: {nodes: [a], link_defaults: {loss: 1.5}}\n",
        ["x.yaml:1:45: a probability cannot be above 1 (1.5): allowed is 0 to 1, or 0 % to 100 %"],
    ),
    "small packets": (
        "network: {nodes: [a], link_defaults: {mtu: 20 B}}\n",
        ["x.yaml:1:44: not a size of packets (20 B): allowed is 68 B to 65535 B"],
    ),
    "half a byte": (
        NET + "hosts: {a: {size_limit: 0.5 B}}\n",
        ["x.yaml:2:25: not a whole number of bytes (0.5 B): allowed is a size such as 2 kB"],
    ),
    "not a delay": (
        "network: {nodes: [a], link_defaults: {delay: from-coordinate}}\n",
        [
            (
                "x.yaml:1:46: not a delay (from-coordinate): allowed is from-coordinates, a duration such as 20 ms, "
                "or a distribution of durations; did you mean from-coordinates?"
            )
        ],
    ),
    "half an outage": (
        "network: {nodes: [a], link_defaults: {outages: {mtbf: 3 h}}}\n",
        ["x.yaml:1:48: mttr is missing: needed are mtbf, mttr (or up, down: distributions of durations)"],
    ),
    "backward outage": (
        NET + "hosts: {a: {down: [{from: 2 d, to: 1 d}]}}\n",
        ["x.yaml:2:20: an outage that ends before it begins (2 d, 1 d): allowed is from < to"],
    ),
    "not a window": (
        "network: {nodes: [a], link_defaults: {windows: [monthly 3, daily 24:00-25:00, daily 01:99-02:00, hourly 5-5, every 1 h for 2 h]}}\n",
        [
            "x.yaml:1:49: not a window (monthly 3): allowed are daily 02:00-03:00, weekdays 18:00-08:00, weekends, mon 09:00-17:00 Europe/Paris, hourly 00-05 (minutes), hourly for 5 min, every 6 h for 20 min",
            "x.yaml:1:60: not a stretch of a day (daily 24:00-25:00): allowed are daily 02:00-03:00, weekdays 18:00-08:00, weekends, mon 09:00-17:00 Europe/Paris, hourly 00-05 (minutes), hourly for 5 min, every 6 h for 20 min",
            "x.yaml:1:79: not a time of day (daily 01:99-02:00): allowed is 00:00 to 24:00",
            "x.yaml:1:98: not a stretch of an hour (hourly 5-5): allowed are daily 02:00-03:00, weekdays 18:00-08:00, weekends, mon 09:00-17:00 Europe/Paris, hourly 00-05 (minutes), hourly for 5 min, every 6 h for 20 min",
            "x.yaml:1:110: the window does not fit into its period (every 1 h for 2 h): allowed are daily 02:00-03:00, weekdays 18:00-08:00, weekends, mon 09:00-17:00 Europe/Paris, hourly 00-05 (minutes), hourly for 5 min, every 6 h for 20 min",
        ],
    ),
    "two generators": (
        "network: {generate: {ring: {nodes: 3}, star: {nodes: 3}}}\n",
        [
            (
                "x.yaml:1:21: exactly one kind of network is needed (ring and star given): allowed are waxman, erdos_renyi, "
                "barabasi_albert, random_regular, grid, tree, ring, star, line, complete"
            )
        ],
    ),
    "bad generators": (
        "network: {generate: {barabasi_albert: {nodes: 2, links: 2}, random_regular: {nodes: 3, degree: 3}, tree: {branching: 9, height: 9}}}\n",
        [
            "x.yaml:1:39: too many links for each node (2): allowed are fewer than the 2 nodes",
            "x.yaml:1:77: no graph has these nodes and this degree (3, 3): allowed is a degree below nodes, and nodes x degree even",
            "x.yaml:1:106: too many nodes (above 10000): allowed is a smaller branching (9) or height (9)",
        ],
    ),
    "routes and mailboxes": (
        NET
        + """hosts: {a: {routes: {b.example: c, "a b": b, B.example: b}}, b: {routes: 3}, defaults: {routes: {"*": [a]}}}
domains:
  a.example: {mx: a, mailboxes: [b, c]}
  b.example: {mx: none, mailboxes: a}
  c.example: {cname: a.example, mailboxes: b}
  d.example: {mx: b, mailboxes: []}
""",
        [
            "x.yaml:2:33: unknown host (c): allowed are a, b",
            'x.yaml:2:36: not a domain name (a b): allowed are domains, and "*" for all others',
            "x.yaml:2:46: this domain is there twice (b.example): upper and lower case are the same",
            'x.yaml:2:74: not routes (3): allowed is e.g. {a.example: HOST, "*": HOST}',
            "x.yaml:2:103: not a name (a list): allowed is text; put other values in quotes",
            "x.yaml:4:33: unknown host (c): allowed are a, b",
            "x.yaml:5:36: mailboxes in a domain that takes no mail (mx: none): leave them out",
            "x.yaml:6:22: an alias with mailboxes of its own (c.example): allowed is cname or mailboxes",
            "x.yaml:7:33: an empty list: allowed is a name, or a list of names",
        ],
    ),
    "unknown host": (NET + "hosts: {c: {}}\n", ["x.yaml:2:9: unknown host (c): allowed are defaults, a, b"]),
    "host is no mapping": (
        NET + "hosts: {a: 3}\n",
        [f"x.yaml:2:12: not a mapping (3): allowed is a mapping with {HOST_KEYS}"],
    ),
    "hosts are no mapping": (
        NET + "hosts: [a]\n",
        ["x.yaml:2:8: not a mapping (a list): allowed is a mapping of names"],
    ),
    "unknown MTA": (
        NET + "hosts: {a: {mta: exin}}\n",
        [f"x.yaml:2:18: unknown MTA (exin): {MTAS}; did you mean exim?"],
    ),
    "unknown MTA with parameters": (
        NET + "hosts: {a: {mta: {Q-Mail: {}}}}\n",
        [f"x.yaml:2:19: unknown MTA (Q-Mail): {MTAS}; did you mean qmail?"],
    ),
    "two MTAs": (
        NET + "hosts: {a: {mta: {postfix: , exim: }}}\n",
        [f"x.yaml:2:18: exactly one MTA is needed (postfix and exim given): {MTAS}"],
    ),
    "lists": (
        NET + "domains: {a.example: {mx: [a], users: [ann], lists: {e: [], f: 3}}}\n",
        [
            "x.yaml:2:57: not members (a list): allowed is a list of at least one address",
            "x.yaml:2:64: not members (3): allowed is a list of at least one address",
        ],
    ),
    "members of lists": (
        NET + "domains: {a.example: {mx: [a], users: [ann], lists: {ann: [ann@a.example], x: [nobody@a.example], "
        "y: [z@a.example], z: [y@a.example]}}}\n",
        [
            "x.yaml:2:54: a user and a list of one name (ann): rename one",
            "x.yaml:2:80: unknown user of a.example (nobody): allowed are ann, x, y, z",
        ],
    ),
    "no lists": (
        NET + "domains: {a.example: {mx: [a], lists: 3}}\n",
        ["x.yaml:2:39: not mailing lists (3): allowed is e.g. {staff: [ann@a.example]}"],
    ),
    "no MTA": (
        NET + "hosts: {a: {mta: {}}}\n",
        [f"x.yaml:2:18: exactly one MTA is needed (none given): {MTAS}"],
    ),
    "unknown parameters": (
        NET
        + "hosts: {a: {mta: {postfix: {hopcount_limt: 3, hopcount_limit: 0, queue_run_delay: 0 s, smtp_helo_timeout: 3}}}}\n",
        [
            f"x.yaml:2:29: unknown parameter of Postfix (hopcount_limt): {POSTFIX}; did you mean hopcount_limit?",
            "x.yaml:2:63: too small (0): allowed is a whole number of at least 1 and at most 1000",
            "x.yaml:2:83: a duration must be above zero (0 s): allowed is e.g. 30 s",
            "x.yaml:2:107: a duration needs a unit (3): allowed are s, ms, min, h, d, w, y, as in 30 s",
        ],
    ),
    "parameters are no mapping": (
        NET + "hosts: {a: {mta: {postfix: 3}}}\n",
        ["x.yaml:2:28: not a mapping (3): allowed is a mapping of Postfix's parameters to values"],
    ),
    "parameters of another product": (
        NET
        + "hosts: {a: {mta: {exim: {queue_run_delay: 1 h, delay_after_cutoff: 1, max_rcpt: 0, hosts_max_tries: 3}}}}\n",
        [
            f"x.yaml:2:26: unknown parameter of Exim (queue_run_delay): {EXIM}; did you mean queue_run_max?",
            "x.yaml:2:68: neither true nor false (1): allowed are true, false, yes, no",
            "x.yaml:2:81: too small (0): allowed is a whole number of at least 1",
            f"x.yaml:2:84: unknown parameter of Exim (hosts_max_tries): {EXIM}; did you mean hosts_max_try?",
        ],
    ),
    "retry rules": (
        NET
        + "hosts: {a: {mta: {exim: {retry: 'F,2h'}}}, b: {mta: {exim: {retry: 'F,2h,1h; F,1h,1m'}}}}\n"
        + "architectures: {x: {transfer: end-to-end, hosts: {a: {mta: {exim: {retry: 3}}}, b: {mta: {exim: {retry: 'G,2h,1x,2'}}}}}}\n"
        + "domains: {a: {users: 0}}\n",
        [
            "x.yaml:2:33: not an Exim retry rule (F,2h): allowed is e.g. F,2h,15m; G,16h,1h,1.5; F,4d,6h; factors are at least 1",
            "x.yaml:2:68: cutoffs that do not grow (F,2h,1h; F,1h,1m): allowed are parts in order of their cutoffs",
            "x.yaml:3:75: not an Exim retry rule (3): allowed is e.g. F,2h,15m; G,16h,1h,1.5; F,4d,6h; factors are at least 1",
            "x.yaml:3:105: not an Exim retry rule (G,2h,1x,2): allowed is e.g. F,2h,15m; G,16h,1h,1.5; F,4d,6h; factors are at least 1",
            "x.yaml:4:22: too small (0): allowed is a whole number of at least 1 and at most 1000000",
        ],
    ),
    "factors and letters of retry rules": (
        NET + "hosts: {a: {mta: {exim: {retry: 'G,2h,1h,x'}}}, b: {mta: {exim: {retry: 'X,2h,1h;'}}}}\n",
        [
            "x.yaml:2:33: not an Exim retry rule (G,2h,1h,x): allowed is e.g. F,2h,15m; G,16h,1h,1.5; F,4d,6h; factors are at least 1",
            "x.yaml:2:73: not an Exim retry rule (X,2h,1h;): allowed is e.g. F,2h,15m; G,16h,1h,1.5; F,4d,6h; factors are at least 1",
        ],
    ),
    "forged mail": (
        NET
        + "workload: {poisson: {rate: 1 /h, forged: {share: 2}}, constant: {every: 1 h, forged: {domain: a.example}}}\n",
        [
            "x.yaml:2:50: a probability cannot be above 1 (2): allowed is 0 to 1, or 0 % to 100 %",
            "x.yaml:2:86: share is missing: needed is share",
        ],
    ),
    "forged addresses of nobody": (
        NET
        + "domains: {a.example: {mx: a}, b.example: {mx: none}}\n"
        + "workload: {poisson: {rate: 1 /h, forged: {share: 1, domain: c.example}}, "
        + "constant: {every: 1 h, forged: {share: 1 %, domain: b.example}}}\n",
        [
            "x.yaml:3:61: unknown domain (c.example): allowed are a.example, b.example; did you mean b.example?",
            "x.yaml:3:126: a domain without users (b.example): allowed is one whose users' addresses can be borne",
        ],
    ),
    "reports": (
        """\
network: {nodes: [a, b, c], links: [{between: [a, b]}]}
hosts:
  a: {mta: {postfix: {notify_classes: "resource, bounced", bounce_size_limit: small, queuewarn: 4 h}}}
  b: {mta: {exim: {delay_warning: [8 h, 4 h], ignore_bounce_errors_after: soon}}}
  c: {mta: {qmail: {doublebounceto: root at home}}}
""",
        [
            (
                "x.yaml:3:39: unknown class (bounced): allowed are bounce, 2bounce, data, delay, policy, protocol, resource, "
                "software; did you mean bounce?"
            ),
            "x.yaml:3:79: not a whole number (small): allowed is a whole number of at least 0",
            f"x.yaml:3:86: unknown parameter of Postfix (queuewarn): {POSTFIX}",
            "x.yaml:4:35: ages that do not grow (8 h, 4 h): allowed is e.g. [4 h, 1 d], each above the one before",
            "x.yaml:4:75: not a duration (soon): allowed are s, ms, min, h, d, w, y, as in 30 s",
            "x.yaml:5:37: not a mailbox (root at home): allowed are postmaster, USER@DOMAIN of the host, and nothing",
        ],
    ),
    "lists of delays": (
        NET
        + "hosts: {a: {mta: {delays: [0 s, 1 min, 3], lifetime: 3, delay: 1 h}}, b: {mta: {haraka: {temp_fail_intervals: '1m*0'}}}}\n",
        [
            "x.yaml:2:28: a duration must be above zero (0 s): allowed is e.g. 30 s",
            "x.yaml:2:40: a duration needs a unit (3): allowed are s, ms, min, h, d, w, y, as in 30 s",
            "x.yaml:2:54: a duration needs a unit (3): allowed are s, ms, min, h, d, w, y, as in 30 s",
            f"x.yaml:2:57: unknown parameter of a list of delays (delay): {DELAYS}; did you mean delays?",
            "x.yaml:2:111: not a list of times (1m*0): allowed is e.g. 1m,5m*2,1h*3, in s, m, h and d",
        ],
    ),
    "no delays": (
        NET + "hosts: {a: {mta: {delays: []}}, b: {mta: {stalwart: {schedule: 3}}}}\n",
        [
            "x.yaml:2:27: not a list of times (a list): allowed is e.g. [5 min, 15 min, 1 h], or 5m,15m,1h*3",
            "x.yaml:2:64: not a list of times (3): allowed is e.g. [5 min, 15 min, 1 h], or 5m,15m,1h*3",
        ],
    ),
    "backoffs above lifetimes": (
        NET
        + "hosts:\n"
        + "  defaults: {mta: {postfix: {minimal_backoff_time: 2 h}}}\n"
        + "  a: {mta: {delays: [2 d], lifetime: 1 d}}\n"
        + "  b: {mta: {postfix: {maximal_queue_lifetime: 1 h}}}\n"
        + "architectures: {x: {transfer: end-to-end, hosts: {a: {mta: {exim: {retry: 'F,1h,2h'}}}}}, y: {transfer: end-to-end}}\n",
        [
            "x.yaml:3:52: minimal_backoff_time is above maximal_backoff_time (2 h, 4000 s): allowed is at most that",
            "x.yaml:4:21: delays is above lifetime (2 d, 1 d): allowed is at most that",
            "x.yaml:5:47: minimal_backoff_time is above maximal_queue_lifetime (2 h, 1 h): allowed is at most that",
            "x.yaml:6:75: the first interval is above the last cutoff (2 h, 1 h): allowed is at most that",
        ],
    ),
    "a backoff above a lifetime, on a host that asks a host that is not there": (
        NET + "hosts: {a: {mta: {delays: [2 d], lifetime: 1 d}, collects: {from: c}, spool: soft}}\n",
        [
            "x.yaml:2:27: delays is above lifetime (2 d, 1 d): allowed is at most that",
            "x.yaml:2:67: unknown host (c): allowed are a, b",
            "x.yaml:2:78: unknown spool (soft): allowed are durable, volatile",
        ],
    ),
    "a backoff beside a refused lifetime": (
        NET + "hosts: {a: {mta: {postfix: {minimal_backoff_time: 9 d, maximal_queue_lifetime: 10}}}}\n",
        ["x.yaml:2:80: a duration needs a unit (10): allowed are s, ms, min, h, d, w, y, as in 30 s"],
    ),
    "extensions one by one": (
        NET
        + "hosts: {a: {extensions: {CHUNKNG: yes, DSN: maybe, SIZE: true}}, b: {extensions: [{SIZE: use}, {DSN: yes, SIZE: no}]}}\n",
        [
            f"x.yaml:2:26: unknown extension (CHUNKNG): {EXTENSIONS}; did you mean CHUNKING?",
            "x.yaml:2:45: unknown word (maybe): allowed are yes, no, offered, used",
            "x.yaml:2:90: unknown word (use): allowed are yes, no, offered, used; did you mean used?",
            "x.yaml:2:96: exactly one extension is needed (DSN and SIZE given): " + EXTENSIONS,
        ],
    ),
    "extensions that lack another": (
        NET
        + "hosts: {defaults: {extensions: {BINARYMIME: yes}}, a: {mta: exim, extensions: {CHUNKING: offered}}, b: {extensions: [ATRN]}}\n",
        [
            "x.yaml:2:79: BINARYMIME used without CHUNKING: allowed are both or neither",
            "x.yaml:2:117: ATRN offered without AUTH: allowed are both or neither",
            "x.yaml:2:117: ATRN used without AUTH: allowed are both or neither",
        ],
    ),
    "logins": (
        NET
        + "hosts: {a: {accounts: {ann: '', bob: true, '': x}, login: ann}, b: {accounts: [ann], login: {name: ann}}}\n",
        [
            f"x.yaml:2:29: not a name or password (): {WORD}",
            f"x.yaml:2:38: not a name or password (true): {WORD}",
            f"x.yaml:2:44: not a name or password (): {WORD}",
            "x.yaml:2:59: not a mapping (ann): allowed is a mapping with name, password",
            "x.yaml:2:79: not accounts (a list): allowed is e.g. {ann: secret}",
            "x.yaml:2:93: password is missing: needed are name, password",
        ],
    ),
    "policies": (
        NET + "hosts: {a: {vrfy: hide, expn: no, source_routes: honor, percent_hack: maybe}}\n",
        [
            "x.yaml:2:19: unknown policy (hide): allowed are answer, evade, refuse",
            "x.yaml:2:31: unknown policy (no): allowed are answer, evade, refuse",
            "x.yaml:2:50: unknown treatment of source routes (honor): allowed are honour, strip, reject; did you mean honour?",
            "x.yaml:2:71: neither true nor false (maybe): allowed are true, false, yes, no",
        ],
    ),
    "a word that has another name now": (
        NET + "hosts: {a: {reuse: ride}, b: {reuse: pipelined}}\n",
        [
            (
                "x.yaml:2:20: unknown way to go on with a session (ride): allowed are rset, mail, pipeline, never; "
                "it is called pipeline now"
            ),
            (
                "x.yaml:2:38: unknown way to go on with a session (pipelined): allowed are rset, mail, pipeline, never; "
                "did you mean pipeline?"
            ),
        ],
    ),
    "forwards and moved users": (
        NET
        + "domains: {a.example: {mx: [a], users: [ann], lists: {all: [f]}, forwards: {ann: all@a.example, all: ann@a.example, "
        "f: g@a.example, g: f@a.example}, moved: {f: ann@a.example, x: y@a.example, m: m@a.example}}}\n",
        [
            "x.yaml:2:60: not an address (f): allowed is USER@DOMAIN; address 'f' has no domain: write local-part@domain",
            "x.yaml:2:76: a user and a forward of one name (ann): rename one",
            "x.yaml:2:96: a list and a forward of one name (all): rename one",
            "x.yaml:2:157: a forward and a moved user of one name (f): rename one",
            "x.yaml:2:178: unknown user of a.example (y): allowed are ann, all, f, g, x, m",
            "x.yaml:2:194: a user who has moved to where he was (m): allowed is another address",
        ],
    ),
    "no forwards": (
        NET + "domains: {a.example: {mx: [a], forwards: [ann], moved: {'a b': x@y.example, ann: [x]}}}\n",
        [
            "x.yaml:2:42: not addresses by name (a list): allowed is e.g. {ann: ann@b.example}",
            (
                "x.yaml:2:57: not a local-part (a b): allowed are letters, digits, !#$%&'*+-/=?^_`{|}~ and dots inside, "
                "and anything else between double quotes, as in '\"john doe\"'; at most 64 octets"
            ),
            "x.yaml:2:82: not a name (a list): allowed is text; put other values in quotes",
        ],
    ),
    "unknown extension": (
        NET + "hosts: {a: {extensions: [SIZE, PIPELINE]}, b: {extensions: SIZE}}\n",
        [
            f"x.yaml:2:32: unknown extension (PIPELINE): {EXTENSIONS}; did you mean PIPELINING?",
            "x.yaml:2:60: not extensions (SIZE): allowed is a list of EHLO keywords, or a mapping of them to yes, no, offered or used",
        ],
    ),
    "unknown spool": (
        NET + "hosts: {a: {crashes: {mtbf: 1 d, mttr: 1 h, spool: durabel}}}\n",
        ["x.yaml:2:52: unknown spool (durabel): allowed are durable, volatile; did you mean durable?"],
    ),
    "unknown spool of a host": (
        NET + "hosts: {a: {spool: durabel}}\n",
        ["x.yaml:2:20: unknown spool (durabel): allowed are durable, volatile; did you mean durable?"],
    ),
    "what an operator gets wrong, all at once": (
        NET
        + "hosts: {a: {mta: {nullmailer: {backoff: 1 h, pausetime: 8 d, queuelifetime: 7 d}}}}\n"
        + "domains:\n"
        + "  a.example: {mx: {10: a, 20: c}, users: [ann], lists: {all: [staff@b.example]}}\n"
        + "  b.example: {mx: b, users: [bob], lists: {staff: [bob@b.example, all@a.example]}}\n",
        [
            (
                "x.yaml:2:32: unknown parameter of nullmailer (backoff): allowed are pausetime, maxpause, queuelifetime, "
                "sendtimeout"
            ),
            "x.yaml:2:57: pausetime is above queuelifetime (8 d, 1 w): allowed is at most that",
            "x.yaml:4:31: unknown host (c): allowed are a, b",
        ],
    ),
    "two spools": (
        NET + "hosts: {a: {spool: durable, crashes: {mtbf: 1 d, mttr: 1 h, spool: volatile}}}\n",
        ["x.yaml:2:20: two words on one spool (durable, and volatile with crashes): say one"],
    ),
    "no domains": (NET + "domains: {}\n", ["x.yaml:2:10: no domains (an empty mapping): allowed is at least one"]),
    "not a domain": (
        NET + "domains: {a_b: {mx: a}, a: {}, A: {}}\n",
        [
            "x.yaml:2:11: not a domain name (a_b): allowed are letters, digits, inner hyphens, and dots between",
            "x.yaml:2:32: this domain is there twice (A): upper and lower case are the same",
        ],
    ),
    "no implicit MX": (
        NET + "domains: {c.example: {}}\n",
        [
            "x.yaml:2:11: no mx, and no host bears the domain's name (c.example): allowed is e.g. mx: {10: HOST}, or a: HOST"
        ],
    ),
    "bad MX": (
        NET + "domains: {x: {mx: {10: c, ten: a, 30: [b, d]}}, y: {mx: []}, z: {mx: [a, e]}}\n",
        [
            "x.yaml:2:24: unknown host (c): allowed are a, b",
            "x.yaml:2:27: not a preference (ten): allowed is a whole number from 0 to 65535, as in {10: HOST}",
            "x.yaml:2:43: unknown host (d): allowed are a, b",
            "x.yaml:2:57: no MX host (nothing listed): allowed is e.g. {10: HOST}, or none for a domain that takes no mail; without mx it is the host of a, or the domain's own",
            "x.yaml:2:74: unknown host (e): allowed are a, b",
        ],
    ),
    "unknown MX": (
        NET + "domains: {x: {mx: {10: c, 30: [b, d]}}, y: {mx: e}}\n",
        [
            "x.yaml:2:24: unknown host (c): allowed are a, b",
            "x.yaml:2:35: unknown host (d): allowed are a, b",
            "x.yaml:2:49: unknown host (e): allowed are a, b",
        ],
    ),
    "bad users": (
        NET
        + "domains: {a: {users: 0}, b: {users: []}, c: {mx: a, users: [x, x, 'a b', true]}, d: {mx: a, users: bob}}\n",
        [
            "x.yaml:2:22: too small (0): allowed is a whole number of at least 1 and at most 1000000",
            "x.yaml:2:37: a domain without users (an empty list): allowed is at least one",
            "x.yaml:2:64: this user is there twice (x): allowed is each name once",
            (
                "x.yaml:2:67: not a local-part (a b): allowed are letters, digits, !#$%&'*+-/=?^_`{|}~ and dots inside, "
                "and anything else between double quotes, as in '\"john doe\"'; at most 64 octets"
            ),
            "x.yaml:2:74: not a name (true): allowed is text; put other values in quotes",
            "x.yaml:2:100: not users (bob): allowed is how many there are, or a list of names",
        ],
    ),
    "no address": (
        NET
        + "domains: {mit.example: {mx: a, users: [alice]}}\nworkload:\n  messages_at: [{at: 0 s, from: alise@mit.example, to: [x@mitt.example, bob]}]\n",
        [
            (
                "x.yaml:4:73: not an address (bob): allowed is USER@DOMAIN, with or without a name, comments or a route; "
                "address 'bob' has no domain: write local-part@domain"
            ),
        ],
    ),
    "size and text": (
        NET + "workload: {messages_at: [{at: 0 s, from: u1@a.example, to: u1@b.example, text: Hi, size: 1 kB}]}\n",
        ["x.yaml:2:26: either size or text is needed (both given): allowed is one of them"],
    ),
    "not a text": (
        NET + "workload: {messages_at: [{at: 0 s, from: u1@a.example, to: u1@b.example, text: 3}]}\n",
        ["x.yaml:2:80: not a text (3): allowed is text of any characters"],
    ),
    "no recipients": (
        NET + "workload: {messages_at: [{at: 0 s, from: u1@a.example, to: []}]}\n",
        ["x.yaml:2:60: an empty list: allowed is an address, or a list of addresses"],
    ),
    "median above p95": (
        NET + "workload:\n  poisson: {rate: 3 /h, size: {lognormal: {median: 2 kB, p95: 1 kB}}}\n",
        ["x.yaml:3:43: the median is above the 95th percentile (2 kB, 1 kB): allowed is median <= p95"],
    ),
    "bad distributions": (
        NET
        + """workload:
  - poisson: {rate: 3 /h, size: {pareto: 3}}
  - poisson: {rate: 3 /h, size: {uniform: {low: 2 kB, hihg: 1 kB}}}
  - poisson: {rate: 3 /h, size: {uniform: {low: 2 kB, high: 1 kB}}}
  - poisson: {rate: 3 /h, size: {exponential: 0}}
  - poisson: {rate: 3 /h, size: {lognormal: 3}}
  - poisson: {rate: 3 /h, size: {empirical: {values: [1 kB, 2], weights: [-1]}}}
  - poisson: {rate: 3 /h, size: {empirical: {values: [1 kB], weights: [1, 2]}}}
  - poisson: {rate: 3 /h, size: {empirical: []}}
  - poisson: {rate: 3 /h, size: {constant: 1 kB, uniform: {low: 1 B, high: 2 B}}}
""",
        [
            "x.yaml:3:34: unknown distribution (pareto): allowed are constant, uniform, exponential, lognormal, weibull, empirical",
            "x.yaml:4:43: high is missing: needed are low, high",
            "x.yaml:4:55: unknown key (hihg): allowed are low, high; did you mean high?",
            "x.yaml:5:43: low is above high (2 kB, 1 kB): allowed is low <= high",
            "x.yaml:6:47: a size must be above zero (0): allowed is e.g. 2 kB",
            "x.yaml:7:45: not a mapping (3): allowed is a mapping with median, p95",
            "x.yaml:8:61: a size needs a unit (2): allowed are B, kB, MB, GB, KiB, MiB, as in 2 kB",
            "x.yaml:8:75: not a number in range (-1): allowed is 0 to 1e+12",
            "x.yaml:9:45: the weights do not fit (2 for 1 values): allowed is one for each, not all zero",
            "x.yaml:10:45: not a list of values (a list): allowed is a list with at least one",
            "x.yaml:11:33: exactly one distribution is needed (constant and uniform given): allowed are constant, uniform, exponential, lognormal, weibull, empirical",
        ],
    ),
    "rate or every": (
        NET + "workload:\n  - constant: {}\n  - constant: {rate: 3 /h, every: 3 h}\n  - {}\n",
        [
            "x.yaml:3:15: either rate or every is needed (none of them given): allowed is e.g. rate: 6 /h, or every: 10 min",
            "x.yaml:4:15: either rate or every is needed (both given): allowed is e.g. rate: 6 /h, or every: 10 min",
        ],
    ),
    "empty source": (
        NET + "workload: [{}]\n",
        ["x.yaml:2:12: a source that says nothing: allowed are poisson, constant, messages_at, trace, messages"],
    ),
    "no files": (
        NET + "workload:\n  trace: {file: t.gz}\n  messages: mail\n",
        [
            "x.yaml:3:17: no such file (t.gz): allowed is a regular file, found from FOLDER",
            "x.yaml:4:13: no such messages (mail): allowed is a folder of .eml files or an mbox, found from FOLDER",
        ],
    ),
    "no architectures": (
        NET + "architectures: {}\n",
        ["x.yaml:2:16: no architectures (an empty mapping): allowed is at least one"],
    ),
    "bad architecture": (
        NET + "architectures: {x: {routing: statik}, y: {transfer: end-to-end, hosts: {c: {}}}}\n",
        [
            "x.yaml:2:20: transfer is missing: needed is transfer",
            "x.yaml:2:30: unknown routing (statik): allowed are shortest-delay, static; did you mean static?",
            "x.yaml:2:73: unknown host (c): allowed are defaults, a, b",
        ],
    ),
    "bad expectations": (
        NET + "expect:\n  - end-to-end.delivered\n  - 3 > 4\n  - fast < 3\n  - end-to-emd.delivered > 3\n",
        [
            "x.yaml:3:5: not an expectation (end-to-end.delivered): allowed is ARCHITECTURE.METRIC, one of < <= == >= >, and another of these or a number",
            "x.yaml:4:5: an expectation without a metric (3 > 4): allowed is ARCHITECTURE.METRIC, one of < <= == >= >, and another of these or a number",
            "x.yaml:5:5: neither a metric nor a number (fast in fast < 3): allowed is ARCHITECTURE.METRIC, one of < <= == >= >, and another of these or a number",
            "x.yaml:6:5: unknown architecture (end-to-emd): allowed are end-to-end, store-and-forward; did you mean end-to-end?",
        ],
    ),
    "not a scenario": (
        "[1, 2]\n",
        [
            "x.yaml:1:1: not a mapping (a list): allowed is a mapping with title, seed, replications, duration, drain, start, dialogues, acts, limits, expect, network, hosts, domains, workload, architectures"
        ],
    ),
    "unreadable title": (
        NET + "title: [x]\n",
        ["x.yaml:2:8: not a name (a list): allowed is text; put other values in quotes"],
    ),
    "key twice": (
        "seed: 1\nseed: 2\n" + NET,
        ["x.yaml:2:1: this key is there twice (seed, first on line 1): allowed is each key once"],
    ),
    "not a key": (NET + "1.5: x\n", ["x.yaml:2:1: not a key (1.5): allowed is text, or a whole number"]),
    "not YAML": (
        NET + "seed: [1\n",
        ["x.yaml:3:1: not YAML: expected ',' or ']', but got '<stream end>', while parsing a flow sequence"],
    ),
    "not a character": (NET + "title: \x01\n", ["x.yaml:2:8: not YAML: this character is not allowed (#x0001)"]),
    "unknown tag": (NET + "seed: !foo 3\n", ["x.yaml:2:7: unknown tag (!foo): allowed are plain values without a tag"]),
    "not the number it says": (
        NET + "title: !!int abc\n",
        ["x.yaml:2:8: not a number that can be read (abc): put text in quotes"],
    ),
    "recursive": (
        NET + "expect: &x [*x]\n",
        ["x.yaml:2:9: an anchor that contains itself: allowed are aliases of finished values"],
    ),
    "bad merge": (
        NET + "hosts: {<<: 3}\n",
        ["x.yaml:2:13: << needs a mapping (3): allowed is an alias of one, or a list of them"],
    ),
    "deep": ("[" * 1200 + "]" * 1200, ["x.yaml:1:1: not readable: it is nested too deeply"]),
}


@pytest.mark.parametrize(("text", "expected"), CASES.values(), ids=CASES)
def test_each_mistake_is_reported_at_its_place(text, expected, tmp_path):
    """A wrong file is refused with the place, the value and what is allowed."""
    found = messages(text, tmp_path)
    assert [line.replace(str(tmp_path), "FOLDER") for line in found[: len(expected)]] == expected


ALL_WRONG = """\
titel: everything at once
replications: 0
duration: 3 hours
network:
  graph: nowhere.graphml
  nodes: [MIT, UTAH]
  link_defaults: {rate: -1 Mbit/s}
  links:
    - between: [MIT, UTHA]
domains:
  mit.example: {mx: MIT, users: [alice]}
workload:
  messages_at: [{at: 0 s, from: alice@mit.example, to: bob}]
"""


def test_all_mistakes_of_a_file_are_reported_at_once_in_its_order():
    """Mistakes of form and of reference come out together, sorted by line."""
    found = [line.split(": ", 1) for line in messages(ALL_WRONG)]
    assert [(place, text.partition(":")[0]) for place, text in found] == [
        ("x.yaml:1:1", "unknown key (titel)"),
        ("x.yaml:2:15", "too small (0)"),
        ("x.yaml:3:11", "unknown unit of a duration (3 hours)"),
        ("x.yaml:5:3", "a network needs one source of nodes (graph and nodes given)"),
        ("x.yaml:5:10", "no such file (nowhere.graphml)"),
        ("x.yaml:7:25", "a rate cannot be negative (-1 Mbit/s)"),
        ("x.yaml:9:22", "unknown host (UTHA)"),
        ("x.yaml:13:56", "not an address (bob)"),
    ]


QUIET = {
    "a refused node": (
        "network: {nodes: {a: {}, b: 3}, links: [{between: [a, b]}]}\nhosts: {b: {}}\ndomains: {x: {mx: b}}\n",
        ["x.yaml:1:29: not a mapping (3)"],
    ),
    "a refused graph": (
        "network: {graph: x.graphml, links: [{between: [a, b]}]}\nhosts: {b: {}}\n",
        ["x.yaml:1:18: no such file (x.graphml)"],
    ),
    "a refused domain": (
        NET + "domains: {a: {}, x: 3}\nworkload: {messages_at: [{at: 0 s, from: u1@x, to: u1@a}]}\n",
        ["x.yaml:2:21: not a mapping (3)"],
    ),
    "refused users": (
        NET + "domains: {a: {users: [bob, 'x y']}}\nworkload: {messages_at: [{at: 0 s, from: joe@a, to: u1@a}]}\n",
        ["x.yaml:2:28: not a local-part (x y)"],
    ),
    "a refused architecture": (
        NET + "architectures: {x: 3, y: {transfer: end-to-end}}\nexpect: [x.delivered > y.delivered]\n",
        ["x.yaml:2:20: not a mapping (3)"],
    ),
    "a refused item before others": (
        "network: {nodes: [a, b], links: [3, {between: [a, c]}]}\n",
        ["x.yaml:1:34: not a mapping (3)", "x.yaml:1:51: unknown host (c)"],
    ),
}


@pytest.mark.parametrize(("text", "expected"), QUIET.values(), ids=QUIET)
def test_a_mistake_is_not_reported_again_where_it_is_the_reason(text, expected):
    """What refers to a refused part is left alone; what refers to other parts is still checked."""
    assert [line.partition(": allowed")[0] for line in messages(text)] == expected


def test_an_alias_is_reported_where_its_anchor_stands():
    """The place to mend is the anchored value; it is reported once."""
    text = "network:\n  nodes: [a, b]\n  links:\n    - {between: [a, b], rate: &slow 9600}\n    - {between: [a, b], rate: *slow}\n"
    assert [line[:30] for line in messages(text)] == ["x.yaml:4:31: a rate needs a un"]


def test_a_merged_mapping_is_reported_where_it_stands():
    """A mistake that `<<` brings in is reported at its source."""
    text = NET + "hosts:\n  a: &base {sessions: 0}\n  b: {<<: *base, esmtp: true}\n"
    assert messages(text) == ["x.yaml:3:23: too small (0): allowed is a whole number of at least 1"]


def test_metrics_are_checked_when_they_are_known():
    """An expectation's metric must be one of those given."""
    text = NET + "expect: [end-to-end.deliverd >= 3]\n"
    assert messages(text, metrics=("delivered", "latency_avg")) == [
        "x.yaml:2:10: unknown metric (deliverd): allowed are delivered, latency_avg; did you mean delivered?"
    ]


OPTIONS = {
    "value": ("replications=0", "too small (0): allowed is a whole number of at least 1"),
    "below a value": (
        "network.links.0.rate=3",
        "a rate needs a unit (3): allowed are bit/s, kbit/s, Mbit/s, Gbit/s, as in 10 Mbit/s",
    ),
    "key": (
        "sede=3",
        "unknown key (sede): allowed are title, seed, replications, duration, drain, start, dialogues, acts, limits, expect, network, hosts, domains, workload, architectures; did you mean seed?",
    ),
    "no value": ("seed", "not an assignment (seed): allowed is KEY=VALUE, as in network.link_defaults.loss=1 %"),
    "not YAML": ("seed=[", "not YAML: expected the node content, but found '<stream end>', while parsing a flow node"),
    "below plain": ("seed.x=3", "x stands below a plain value (1): allowed is a key of a mapping"),
    "no such item": ("network.links.7.rate=3", "no such item of a list (7): allowed are 0 to 0"),
}


@pytest.mark.parametrize(("option", "expected"), OPTIONS.values(), ids=OPTIONS)
def test_a_mistake_in_an_override_names_the_option(option, expected):
    """Overrides have no line; they are named as they were given."""
    assert messages("seed: 1\n" + NET, overrides=[option]) == [f"--set {option}: {expected}"]


def test_a_missing_file_is_reported_by_name(tmp_path):
    """A file that is not there is one problem without a line."""
    path = tmp_path / "none.yaml"
    with pytest.raises(ScenarioError) as caught:
        load(path)
    assert (
        str(caught.value)
        == f"{path}: unreadable (No such file or directory): allowed is a scenario file, or - for standard input"
    )


def test_a_folder_is_no_scenario(tmp_path):
    """A folder is refused as unreadable."""
    with pytest.raises(ScenarioError, match="unreadable"):
        load(tmp_path)


def test_a_path_with_a_null_is_refused():
    """A path that no system can open is a problem, not a crash."""
    with pytest.raises(ScenarioError, match="null"):
        load("a\0b")


def test_text_that_is_not_utf8_is_refused_at_its_place(tmp_path):
    """The place of the first bad byte is named."""
    path = tmp_path / "latin.yaml"
    path.write_bytes(b"seed: 1\ntitle: caf\xe9\n")
    with pytest.raises(ScenarioError) as caught:
        load(path)
    assert str(caught.value) == f"{path}:2:11: not UTF-8 (byte 0xe9): allowed is text in UTF-8"


def test_standard_input_is_read_for_a_hyphen(monkeypatch):
    """The path - stands for standard input, and stdin is what problems call it."""
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"seed: x\n" + NET.encode())))
    with pytest.raises(ScenarioError, match=r"^stdin:1:7: not a whole number"):
        load("-")


def test_an_error_can_be_pickled():
    """Errors travel between processes."""
    error = ScenarioError([Problem("x", 2, 1, "b"), Problem("x", 1, 1, "a")])
    assert str(pickle.loads(pickle.dumps(error))) == "x:1:1: a\nx:2:1: b"  # noqa: S301


def test_a_graph_outside_the_file_system_is_refused(tmp_path):
    """A graph name that no file can have is a problem at its place."""
    text = f"network: {{graph: {'x' * 5000}.gml}}\n"
    assert messages(text, Path(tmp_path))[0].startswith("x.yaml:1:18: xxxx")


@pytest.mark.parametrize(
    "words", ["hosts: {a: {mta: {postfix: {zzz: 1}}}}", "hosts: {a: {zzz: 1}}", "expect: [zzz < 1]"]
)
def test_the_programs_own_words_are_all_told(words):
    """A list of what the program allows is never cut: one of its words is the cure."""
    assert not [line for line in messages(NET + words, metrics=[f"metric{n}" for n in range(50)]) if "in all" in line]


def test_the_nearest_name_is_looked_for_as_long_as_it_is_printed():
    """Names of a scenario are cut in a message; of many mistakes the first hundred have the nearest name."""
    links = ", ".join(f"{{between: [node1, nod{number}]}}" for number in range(120))
    text = f"network: {{nodes: [{', '.join(f'node{number}' for number in range(300))}], links: [{links}]}}"
    with pytest.raises(ScenarioError) as caught:
        loads(text)
    found = [problem.message for problem in caught.value.problems]
    assert [message.partition(", ... (300 in all)")[2][:14] for message in found] == ["; did you mean"] * 100 + [
        ""
    ] * 20
