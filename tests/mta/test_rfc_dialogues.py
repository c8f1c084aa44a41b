"""Dialogues as the RFCs print them, replayed.

Every transcript goes through a server machine and a client machine, which are given the RFC's reply codes: each line
must be a legal command there, be what our client would have written, and take the reply that is printed. Where a host
with the users of the example would give those replies by itself, it is asked, too.
"""

from __future__ import annotations

import re

import pytest

from sim.mta.queue.mx import is_home
from sim.mta.server.reception import Reception
from sim.mta.server.recipients import Directory
from sim.protocol.smtp import (
    BadCommand,
    Chunk,
    Client,
    ConnectionClosed,
    Data,
    Ehlo,
    LastChunk,
    Lhlo,
    Reply,
    Server,
    State,
    replies,
)
from sim.scenario.spec import Domain, Host

TEXT = """
C: DATA
S: 354
C: Blah blah blah...
C: ....etc. etc. etc.
C: .
S: 250
"""
BYE = """
C: QUIT
S: 221
"""

# The texts leave out all of a reply but its code. Lines that the client writes without waiting stand together. A dot at
# a line's head is doubled, as it is on the wire.
TRANSCRIPTS = {
    "RFC 5321 D.1, a typical transaction": """
C: EHLO bar.com
S: 250
C: MAIL FROM:<Smith@bar.com>
S: 250
C: RCPT TO:<Jones@foo.com>
S: 250
C: RCPT TO:<Green@foo.com>
S: 550
C: RCPT TO:<Brown@foo.com>
S: 250
""" + TEXT + BYE,
    "RFC 5321 D.2, an aborted transaction": """
C: EHLO bar.com
S: 250
C: MAIL FROM:<Smith@bar.com>
S: 250
C: RCPT TO:<Jones@foo.com>
S: 250
C: RCPT TO:<Green@foo.com>
S: 550
C: RSET
S: 250
""" + BYE,
    "RFC 5321 D.3, relayed mail, to the relay": """
C: EHLO bar.com
S: 250
C: MAIL FROM:<JQP@bar.com>
S: 250
C: RCPT TO:<Jones@XYZ.COM>
S: 250
C: DATA
S: 354
C: Date: Thu, 21 May 1998 05:33:29 -0700
C: From: John Q. Public <JQP@bar.com>
C: Subject: The Next Meeting of the Board
C: To: Jones@xyz.com
C:
C: Bill:
C: The next meeting of the board of directors will be
C: on Tuesday.
C:                         John.
C: .
S: 250
""" + BYE,
    "RFC 2821 D.3, with the source route": """
C: EHLO bar.com
S: 250
C: MAIL FROM:<JQP@bar.com>
S: 250
C: RCPT TO:<@foo.com:Jones@XYZ.COM>
S: 250
""" + TEXT + BYE,
    "RFC 5321 D.4, verifying and sending": """
C: EHLO bar.com
S: 250
C: VRFY Crispin
S: 250
C: MAIL FROM:<EAK@bar.com>
S: 250
C: RCPT TO:<Admin.MRC@foo.com>
S: 250
""" + TEXT + BYE,
    "RFC 821 F.1, a typical transaction": """
C: HELO USC-ISIF.ARPA
S: 250
C: MAIL FROM:<Smith@USC-ISIF.ARPA>
S: 250
C: RCPT TO:<Jones@BBN-UNIX.ARPA>
S: 250
C: RCPT TO:<Green@BBN-UNIX.ARPA>
S: 550
C: RCPT TO:<Brown@BBN-UNIX.ARPA>
S: 250
""" + TEXT + BYE,
    "RFC 821 F.2, an aborted transaction": """
C: HELO ISI-VAXA.ARPA
S: 250
C: MAIL FROM:<Smith@ISI-VAXA.ARPA>
S: 250
C: RCPT TO:<Jones@MIT-Multics.ARPA>
S: 250
C: RCPT TO:<Green@MIT-Multics.ARPA>
S: 550
C: RSET
S: 250
""" + BYE,
    "RFC 821 F.3, relayed mail, to the relay": """
C: HELO MIT-AI.ARPA
S: 250
C: MAIL FROM:<JQP@MIT-AI.ARPA>
S: 250
C: RCPT TO:<@USC-ISIE.ARPA:Jones@BBN-VAX.ARPA>
S: 250
""" + TEXT + BYE,
    "RFC 821 F.3, relayed mail, to its destination": """
C: HELO USC-ISIE.ARPA
S: 250
C: MAIL FROM:<@USC-ISIE.ARPA:JQP@MIT-AI.ARPA>
S: 250
C: RCPT TO:<Jones@BBN-VAX.ARPA>
S: 250
C: DATA
S: 354
C: Received: from MIT-AI.ARPA by USC-ISIE.ARPA ;
C:    2 Nov 81 22:40:10 UT
C: Date: 2 Nov 81 22:33:44
C: From: John Q. Public <JQP@MIT-AI.ARPA>
C: Subject:  The Next Meeting of the Board
C: To: Jones@BBN-Vax.ARPA
C:
C: Bill:
C: .
S: 250
""" + BYE,
    "RFC 821 F.4, verifying and sending": """
C: HELO MIT-MC.ARPA
S: 250
C: VRFY Crispin
S: 250
C: SEND FROM:<EAK@MIT-MC.ARPA>
S: 250
C: RCPT TO:<Admin.MRC@SU-SCORE.ARPA>
S: 250
""" + TEXT + BYE,
    "RFC 821 F.5, sending, then mailing": """
C: HELO MIT-MC.ARPA
S: 250
C: VRFY Crispin
S: 250
C: SEND FROM:<EAK@MIT-MC.ARPA>
S: 250
C: RCPT TO:<Admin.MRC@SU-SCORE.ARPA>
S: 450
C: RSET
S: 250
C: MAIL FROM:<EAK@MIT-MC.ARPA>
S: 250
C: RCPT TO:<Admin.MRC@SU-SCORE.ARPA>
S: 250
""" + TEXT + BYE,
    "RFC 821 F.6, more efficiently": """
C: HELO MIT-MC.ARPA
S: 250
C: VRFY Crispin
S: 250
C: SOML FROM:<EAK@MIT-MC.ARPA>
S: 250
C: RCPT TO:<Admin.MRC@SU-SCORE.ARPA>
S: 250
""" + TEXT + BYE,
    "RFC 821 F.7, expanding a list": """
C: HELO SU-SCORE.ARPA
S: 250
C: EXPN Example-People
S: 250
""" + BYE,
    "RFC 821 F.7, mailing to all by a relay": """
C: HELO SU-SCORE.ARPA
S: 250
C: MAIL FROM:<Account.Person@SU-SCORE.ARPA>
S: 250
C: RCPT TO:<@USC-ISIE.ARPA:ABC@MIT-MC.ARPA>
S: 250
C: RCPT TO:<@USC-ISIE.ARPA:XYZ@MIT-AI.ARPA>
S: 250
C: RCPT TO:<@USC-ISIE.ARPA,@USC-ISIF.ARPA:Q-Smith@ISI-VAXA.ARPA>
S: 250
C: RCPT TO:<@USC-ISIE.ARPA:fred@BBN-UNIX.ARPA>
S: 250
""" + TEXT + BYE,
    "RFC 821 F.8, forwarding": """
C: HELO LBL-UNIX.ARPA
S: 250
C: MAIL FROM:<mo@LBL-UNIX.ARPA>
S: 250
C: RCPT TO:<fred@USC-ISIF.ARPA>
S: 251
""" + TEXT + BYE,
    "RFC 821 F.9, forwarding declined by the sender": """
C: HELO LBL-UNIX.ARPA
S: 250
C: MAIL FROM:<mo@LBL-UNIX.ARPA>
S: 250
C: RCPT TO:<fred@USC-ISIF.ARPA>
S: 251
C: RSET
S: 250
""" + BYE,
    "RFC 821 F.10, too many recipients": """
C: HELO USC-ISIF.ARPA
S: 250
C: MAIL FROM:<Postel@USC-ISIF.ARPA>
S: 250
C: RCPT TO:<fabry@BERKELEY.ARPA>
S: 250
C: RCPT TO:<eric@BERKELEY.ARPA>
S: 552
""" + TEXT + """
C: MAIL FROM:<Postel@USC-ISIF.ARPA>
S: 250
C: RCPT TO:<eric@BERKELEY.ARPA>
S: 250
""" + TEXT + BYE,
    "RFC 2920 4, pipelined": """
C: EHLO dbc.mtview.ca.us
S: 250
C: MAIL FROM:<mrose@dbc.mtview.ca.us>
C: RCPT TO:<ned@innosoft.com>
C: RCPT TO:<dan@innosoft.com>
C: RCPT TO:<kvc@innosoft.com>
C: DATA
S: 250 250 250 250 354
C: Blah
C: .
C: QUIT
S: 250 221
""",
    # The RFC answers DATA with 554 there; RFC 5321 section 3.3 has 503 as well.
    "RFC 2920 4, with no recipient left": """
C: EHLO dbc.mtview.ca.us
S: 250
C: MAIL FROM:<mrose@dbc.mtview.ca.us>
C: RCPT TO:<nsb@thumper.bellcore.com>
C: RCPT TO:<galvin@tis.com>
C: DATA
S: 250 550 550 503
""" + BYE,
    "RFC 3030 4.1, simple chunking": """
C: EHLO ymir.claremont.edu
S: 250
C: MAIL FROM:<Sam@Random.com>
S: 250
C: RCPT TO:<Susan@Random.com>
S: 250
C: BDAT 86 LAST
C: To: Susan@random.com
C: From: Sam@random.com
C: Subject: This is a bodyless test message
S: 250
""" + BYE,
    "RFC 3030 4.2, BINARYMIME, pipelined": """
C: EHLO ymir.claremont.edu
S: 250
C: MAIL FROM:<ned@ymir.claremont.edu> BODY=BINARYMIME
C: RCPT TO:<gvaudre@cnri.reston.va.us>
C: RCPT TO:<jstewart@cnri.reston.va.us>
S: 250 250 250
C: BDAT 7
C: .\x00\x01\xff.
C: BDAT 4
C: 32
C: BDAT 0 LAST
S: 250 250 250
""" + BYE,
    "RFC 1870 8, sizes": """
C: EHLO ymir.claremont.edu
S: 250
C: MAIL FROM:<ned@thor.innosoft.com> SIZE=500000
S: 250
C: RCPT TO:<ned@innosoft.com>
S: 250
C: RCPT TO:<ned@ymir.claremont.edu>
S: 552
C: RCPT TO:<ned@hmcvax.claremont.edu>
S: 452
""" + TEXT + BYE,
    "RFC 1870 6.1, a message that is too big": """
C: EHLO ymir.claremont.edu
S: 250
C: MAIL FROM:<ned@thor.innosoft.com> SIZE=1000001
S: 552
C: MAIL FROM:<ned@thor.innosoft.com> SIZE=1000000
S: 250
""" + BYE,
    "RFC 2033 4.2, LMTP": """
C: LHLO foo.edu
S: 250
C: MAIL FROM:<chris@bar.com>
S: 250
C: RCPT TO:<pat@foo.edu>
S: 250
C: RCPT TO:<jones@foo.edu>
S: 550
C: RCPT TO:<green@foo.edu>
S: 250
C: DATA
S: 354
C: Blah blah blah...
C: .
S: 250 452
""" + BYE,
    "RFC 1985, ETRN": """
C: EHLO ymir.claremont.edu
S: 250
C: ETRN uu.net
S: 458
C: ETRN sigurd.innosoft.com
S: 250
C: ETRN mysoft.com
S: 253
C: ETRN foo.bar
S: 459
C: ETRN innosoft.com
S: 251
C: ETRN @claremont.edu
S: 252
C: QUIT
S: 250
""",
    "RFC 3461 10.1, a message for six": """
C: EHLO Example.ORG
S: 250
C: MAIL FROM:<Alice@Example.ORG> RET=HDRS ENVID=QQ314159
S: 250
C: RCPT TO:<Bob@Example.COM> NOTIFY=SUCCESS ORCPT=rfc822;Bob@Example.COM
S: 250
C: RCPT TO:<Carol@Ivory.EDU> NOTIFY=FAILURE ORCPT=rfc822;Carol@Ivory.EDU
S: 250
C: RCPT TO:<Dana@Ivory.EDU> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;Dana@Ivory.EDU
S: 250
C: RCPT TO:<Eric@Bombs.AF.MIL> NOTIFY=FAILURE ORCPT=rfc822;Eric@Bombs.AF.MIL
S: 250
C: RCPT TO:<Fred@Bombs.AF.MIL> NOTIFY=NEVER
S: 250
C: RCPT TO:<George@Tax-ME.GOV> NOTIFY=FAILURE ORCPT=rfc822;George@Tax-ME.GOV
S: 250
""" + TEXT + BYE,
}  # fmt: skip

OFFERED = {
    "RFC 2920": ("PIPELINING",),
    "RFC 3030 4.1": ("CHUNKING",),
    "RFC 3030 4.2": ("PIPELINING", "BINARYMIME", "CHUNKING"),
    "RFC 1870": ("SIZE",),
    "RFC 2033": ("PIPELINING", "SIZE"),
    "RFC 1985": ("ETRN",),
    "RFC 3461": ("DSN",),
}
"""What the server of an example offers; nothing where the RFC says nothing of it."""

SIZE_LIMIT = 1_000_000

HOSTS = {
    "RFC 5321 D.1": ("foo.com", {"foo.com": ("Jones", "Brown")}, ()),
    "RFC 5321 D.2": ("foo.com", {"foo.com": ("Jones", "Brown")}, ()),
    "RFC 5321 D.3": ("foo.com", {"foo.com": ()}, ("xyz.com",)),
    "RFC 2821 D.3": ("foo.com", {"foo.com": ()}, ("xyz.com",)),
    "RFC 5321 D.4": ("foo.com", {"foo.com": ("Crispin", "Admin.MRC")}, ()),
    "RFC 821 F.1,": ("bbn-unix.arpa", {"bbn-unix.arpa": ("Jones", "Brown")}, ()),
    "RFC 821 F.2,": ("mit-multics.arpa", {"mit-multics.arpa": ("Jones",)}, ()),
    "RFC 821 F.3, relayed mail, to the relay": ("usc-isie.arpa", {"usc-isie.arpa": ()}, ("bbn-vax.arpa",)),
    "RFC 821 F.3, relayed mail, to its destination": ("bbn-vax.arpa", {"bbn-vax.arpa": ("Jones",)}, ()),
    "RFC 821 F.7, expanding a list": ("mit-ai.arpa", {"mit-ai.arpa": ("XYZ",)}, ()),
    "RFC 821 F.7, mailing": ("usc-isie.arpa", {}, ("mit-mc.arpa", "mit-ai.arpa", "isi-vaxa.arpa", "bbn-unix.arpa")),
    "RFC 2920 4, pipelined": ("innosoft.com", {"innosoft.com": ("ned", "dan", "kvc")}, ()),
    "RFC 2920 4, with": ("innosoft.com", {"innosoft.com": ("ned", "dan", "kvc")}, ()),
    "RFC 1870 6.1": ("innosoft.com", {}, ()),
    "RFC 3461": ("example.org", {}, ("example.com", "ivory.edu", "bombs.af.mil", "tax-me.gov")),
}
"""The hosts that give the printed replies by themselves: name, the users of its domains, domains that it relays to."""

LISTS = {"Example-People": ("ABC@mit-mc.arpa", "XYZ@mit-ai.arpa", "Q-Smith@isi-vaxa.arpa")}


def matching(table: dict, name: str):
    """What a table says of a transcript whose name begins with one of its keys; None where it says nothing."""
    return next((value for key, value in table.items() if name.startswith(key)), None)


def flights(transcript: str) -> list[tuple[bytes, list[int]]]:
    """The octets that the client writes in one go, with the codes that it then hears."""
    found = []
    for flight, heard in re.findall(r"((?:C:.*\n)+)S: (.*)\n", re.sub(r"\n\n+", "\n", transcript)):
        octets = "".join(f"{line[3:]}\r\n" for line in flight.splitlines()).encode("latin-1")
        found.append((octets, [int(code) for code in heard.split()]))
    return found


def test_the_transcripts_are_read_whole():
    """No line of them is lost on the way into the tests."""
    for transcript in TRANSCRIPTS.values():
        lines = [line for line in transcript.splitlines() if line]
        read = flights(transcript)
        assert sum(octets.count(b"\r\n") for octets, _ in read) == sum(line.startswith("C:") for line in lines)
        assert len(read) == sum(line.startswith("S: ") for line in lines)


def reply(server: Server, event: object, code: int) -> Reply:
    """The reply with the RFC's code."""
    if isinstance(event, Ehlo | Lhlo):
        return server.ehlo_reply(event.domain)
    if isinstance(event, BadCommand):
        return event.reply
    return Reply(code, ("as the RFC says",))


def as_sent(event: object, chunks: int) -> object:
    """The client's side of a server's event: the last chunk alone, not the message of which so many octets came before."""
    if isinstance(event, BadCommand):
        return Data()
    return LastChunk(event.content[chunks:]) if isinstance(event, LastChunk) else event


@pytest.mark.parametrize("name", TRANSCRIPTS)
def test_both_machines_speak_it(name: str):
    """Line by line what our client writes, each legal at the server, each printed reply a possible one at both ends."""
    lmtp = name.startswith("RFC 2033")
    server = Server(
        "server.example",
        extensions=matching(OFFERED, name) or (),
        size_limit=SIZE_LIMIT,
        esmtp="RFC 821" not in name,
        lmtp=lmtp,
    )
    client = Client(lmtp=lmtp)
    client.receive_data(server.send(replies.S220_READY("server.example")))
    assert client.next_event().code == 220
    for octets, codes in flights(TRANSCRIPTS[name]):
        server.receive_data(octets)
        written, answers, left, chunks = b"", b"", list(codes), 0
        while left:
            event = server.next_event()
            assert not isinstance(event, BadCommand) or event.line == b"DATA"
            written += client.send(as_sent(event, chunks))
            chunks += len(event.content) if isinstance(event, Chunk) else 0
            for _ in range(server.replies_due):
                answers += server.send(reply(server, event, left.pop(0)))
        client.receive_data(answers)
        assert (written, [client.next_event().code for _ in codes]) == (octets, codes)
    assert (client.next_event(), server.next_event()) == (ConnectionClosed(), ConnectionClosed())
    assert client.state is server.state is State.CLOSED


@pytest.mark.parametrize("name", [name for name in TRANSCRIPTS if matching(HOSTS, name)])
def test_a_host_answers_it(name: str):
    """A host with the users of the example gives every printed reply, and keeps the mail that got its 250."""
    host, own, far = matching(HOSTS, name)
    mx = dict.fromkeys(own, ((10, host),)) | {domain: ((10, domain),) for domain in far}
    domains = [
        Domain(name=domain, mx=mx[domain], users=users, lists=LISTS)
        for domain, users in own.items()
        if is_home(mx[domain], host)
    ]
    offered = matching(OFFERED, name) or ()
    spec = Host(name=host, extensions=offered, size_limit=SIZE_LIMIT, esmtp="RFC 821" not in name)
    reception = Reception(spec, Directory(Host(name=host), domains, lambda domain: mx.get(domain.lower())))
    assert reception.greet(busy=False).startswith(b"220 ")
    accepted = []
    for octets, codes in flights(TRANSCRIPTS[name]):
        answer = reception.read(octets)
        accepted += reception.accepted
        assert [int(line[:3]) for line in answer.splitlines() if line[3:4] == b" "] == codes
    assert reception.is_over
    assert len(accepted) == TRANSCRIPTS[name].count("C: .\n")
