"""A second set of measurements, made as the first: what each cell was, beside what is simulated.

    python tests/truth/again.py [SESSIONS]

A link emulator joins two TUN devices in two network namespaces: a packet leaves its serialiser 8 x length / rate after
the one before, and arrives half a round trip later; loss is drawn behind the serialiser. The programs are Debian 12's
Postfix 3.7.11, smtp-source, smtp-sink and Exim 4.96, and smtplib of Python 3.11, on Linux 6.18. Times come from the
emulator's log of packets. Where losses come in bursts, 15 sessions follow each other on the same link.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from cells import HEAD, STATISTICS, among, case, interval, line, lossless

from sim.scenario.spec import Loss, Tcp
from sim.study.session_times import Case, run

__all__ = ["LOSSLESS", "LOSSY", "Lossless", "Lossy", "clean", "lossy"]


class Lossless(NamedTuple):
    """A cell without loss: RTT in ms, rate in kbit/s, bytes, sessions, median in ms, segments the client repeated."""

    kind: str
    congestion: str
    rtt: float
    rate: float
    size: int
    n: int
    median: float
    repeats: float


class Lossy(NamedTuple):
    """A cell with loss in %, its bursts (-, packets, or seconds); in ms the mean and its 95% error, then quantiles.

    The median and the 95th percentile stand with the ends of their 95% intervals.
    """

    kind: str
    congestion: str
    rtt: float
    rate: float
    size: int
    loss: float
    burst: str
    n: int
    mean: float
    error: float
    median: float
    median_low: float
    median_high: float
    p95: float
    p95_low: float
    p95_high: float


def _lossless(text: str) -> Lossless:
    kind, congestion, rtt, rate, size, n, median, repeats = text.split()
    return Lossless(kind, congestion, float(rtt), float(rate), int(size), int(n), float(median), float(repeats))


def _lossy(text: str) -> Lossy:
    kind, congestion, rtt, rate, size, loss, burst, n, *rest = text.split()
    return Lossy(kind, congestion, float(rtt), float(rate), int(size), float(loss), burst, int(n), *map(float, rest))


def _case(cell: Lossless | Lossy, loss: Loss) -> Case:
    return case(
        cell.kind,
        cell.size,
        rtt=cell.rtt / 1e3,
        rate=cell.rate * 1e3,
        loss=loss,
        tcp=Tcp(congestion="reno" if cell.congestion == "reno" else "cubic"),
        queue=1e6,
    )


def clean(cell: Lossless, n: int = 6) -> tuple[float, float]:
    """The simulated median in ms, and the mean number of packets that were sent again."""
    found = run(_case(cell, Loss()), n)
    return float(np.median(found.durations)) * 1e3, float(np.mean([one.retransmissions for one in found.runs]))


def lossy(cell: Lossy, n: int) -> dict[str, tuple[float, float, bool]]:
    """Of the mean, the median and the 95th percentile what was measured, what is simulated, and whether that holds."""
    packets = 0.0 if cell.burst == "-" or cell.burst.endswith("s") else float(cell.burst)
    seconds = float(cell.burst[:-1]) if cell.burst.endswith("s") else 0.0
    asked = _case(cell, Loss(share=cell.loss / 100, burst=packets, burst_time=seconds))
    if packets:
        return _scattered(cell, [1e3 * one.duration for one in run(asked, max(n, 40 * cell.n)).runs])
    ours = run(asked, n).durations * 1e3
    mean, median, p95 = float(ours.mean()), float(np.median(ours)), float(np.quantile(ours, 0.95))
    error = math.hypot(cell.error, 1.96 * float(ours.std(ddof=1)) / math.sqrt(ours.size))
    # Where half of the sessions meet no loss, draws decide on which side the median falls: of ours, too.
    low, high = interval(ours.tolist(), 0.5)
    return {
        "mean": (cell.mean, mean, abs(mean - cell.mean) <= max(0.1 * cell.mean, error)),
        "median": (
            cell.median,
            median,
            abs(median - cell.median) <= 0.1 * cell.median or (low <= cell.median_high and cell.median_low <= high),
        ),
        "95%": (cell.p95, p95, abs(p95 - cell.p95) <= 0.2 * cell.p95 or cell.p95_low <= p95 <= cell.p95_high),
    }


def _scattered(cell: Lossy, ours: list[float]) -> dict[str, tuple[float, float, bool]]:
    """The same where rare sessions are so long that no mean settles: against as many sessions again and again."""
    batches = [ours[k : k + cell.n] for k in range(0, len(ours) - cell.n + 1, cell.n)]
    measured = {"mean": cell.mean, "median": cell.median, "95%": cell.p95}
    return {
        what: (theirs, *among(theirs, [STATISTICS[what](batch) for batch in batches]))
        for what, theirs in measured.items()
    }


LOSSLESS = [
    _lossless(text)
    for text in """
postfix cubic 50 10000 1000 7 254.5 0
postfix cubic 50 100000 200000 7 412.0 0
postfix cubic 200 64 5000 7 1816.4 0
postfix cubic 200 1000 100000 7 1946.5 0
postfix cubic 300 10000 20000 7 1811.0 0
postfix-nopipe cubic 50 10000 1000 7 355.3 0
postfix-nopipe cubic 50 100000 200000 7 512.7 0
postfix-nopipe cubic 200 64 5000 7 2240.5 0
postfix-nopipe cubic 200 1000 100000 7 2348.8 0
postfix-nopipe cubic 300 10000 20000 7 2412.1 0
postfix-sink cubic 300 10000 20000 7 1809.1 0
smtplib-postfix cubic 50 10000 1000 7 356.8 0
smtplib-postfix cubic 50 100000 200000 7 515.8 0
smtplib-postfix cubic 200 64 5000 7 2205.0 0
smtplib-postfix cubic 200 1000 100000 7 2347.3 0
smtplib-postfix cubic 300 10000 20000 7 2413.4 0
smtplib-sink cubic 300 10000 20000 7 2410.4 0
source-postfix cubic 300 10000 20000 7 2411.3 0
source-sink cubic 0 10000 1000 7 2.6 0
source-sink cubic 0 100000 500000 7 42.5 0
source-sink cubic 5 1000 10000 7 127.8 1
source-sink cubic 10 64 1000 7 340.1 0
source-sink cubic 10 64 10000 7 1511.3 2
source-sink cubic 10 1000 2000000 7 16655.5 0
source-sink cubic 10 100000 2000000 7 260.7 0
source-sink cubic 40 64 50000 7 7090.3 1
source-sink cubic 40 256 100000 7 3556.4 0
source-sink cubic 40 10000 500000 14 745.7 0
source-sink cubic 40 100000 500000 7 487.9 0
source-sink cubic 100 1000 2000000 7 17289.9 0
source-sink cubic 100 10000 2000000 7 2590.1 0
source-sink cubic 100 100000 2000000 7 1417.6 0
source-sink cubic 150 1000 100000 7 1946.0 0
source-sink cubic 150 10000 50000 7 1362.8 0
source-sink cubic 300 256 10000 7 2461.3 0
source-sink cubic 300 1000 50000 7 2814.3 0
source-sink cubic 300 1000 2000000 7 18975.1 0
source-sink cubic 300 10000 500000 14 3657.9 0
source-sink cubic 300 10000 2000000 7 4900.6 0
source-sink cubic 300 100000 2000000 7 4218.1 0
source-sink reno 10 1000 2000000 7 16655.6 28
source-sink reno 10 100000 2000000 7 261.2 0
source-sink reno 40 256 100000 7 3555.9 0
source-sink reno 40 10000 500000 7 746.5 0
source-sink reno 100 1000 2000000 7 17290.6 21
source-sink reno 100 10000 2000000 7 2590.0 0
source-sink reno 100 100000 2000000 7 1417.6 0
source-sink reno 300 1000 2000000 7 19536.6 4
source-sink reno 300 10000 500000 7 3657.6 0
source-sink reno 300 10000 2000000 7 4903.3 0
source-sink reno 300 100000 2000000 7 4218.5 0
exim-exim cubic 20 10000 20000 24 138.6 0
exim-postfix cubic 20 10000 20000 24 132.7 0
exim-postfix cubic 20 10000 200000 24 283.1 0
exim-sink cubic 20 10000 1000 24 104.8 0
postfix-exim cubic 20 10000 1000 24 311.3 0
postfix-exim cubic 20 10000 200000 24 486.5 0
smtplib-exim cubic 20 10000 20000 24 177.6 0
source-exim cubic 20 10000 200000 24 324.3 0
""".strip().splitlines()
]

LOSSY = [
    _lossy(text)
    for text in """
postfix cubic 100 10000 20000 1 - 238 649 16 611 611 612 930 746 969
postfix cubic 20 10000 1000 5 - 237 429 93 109 106 135 1354 1140 2945
postfix cubic 100 10000 20000 10 - 237 1546 219 1027 944 1070 4263 3696 5309
postfix-nopipe cubic 100 10000 20000 1 - 232 910 35 812 812 812 1567 1188 1841
postfix-nopipe cubic 20 10000 1000 5 - 236 451 74 159 147 371 1393 1164 2414
postfix-nopipe cubic 100 10000 20000 10 - 238 2144 261 1571 1457 1716 4997 4454 7934
smtplib-postfix cubic 100 10000 20000 1 - 236 898 27 813 812 813 1187 1166 1821
smtplib-postfix cubic 20 10000 1000 5 - 240 632 394 150 147 371 1384 1174 1598
smtplib-postfix cubic 100 10000 20000 10 - 239 2143 267 1508 1292 1625 6332 4569 8289
source-sink cubic 100 10000 1000000 0.1 - 198 1895 61 1763 1763 1764 2763 2239 3651
source-sink reno 100 10000 1000000 0.1 - 197 1893 63 1763 1762 1763 2607 2112 4117
source-sink cubic 300 10000 1000 0.5 - 288 2189 29 2103 2103 2104 2914 2832 2931
source-sink cubic 300 10000 20000 0.5 - 299 2476 25 2410 2410 2410 3212 2793 3228
source-sink cubic 20 10000 200000 1 - 200 407 30 322 321 324 843 663 1346
source-sink reno 20 10000 200000 1 - 197 422 29 324 322 331 766 692 1343
source-sink cubic 50 1000 50000 1 - 198 883 38 776 775 787 1785 1330 1797
source-sink cubic 200 10000 1000000 1 - 198 7308 559 6195 5518 7078 15132 14546 16843
source-sink reno 200 10000 1000000 1 - 198 8841 591 8821 7563 10236 15620 14222 17560
source-sink cubic 10 10000 1000 2 - 287 193 36 73 73 74 1081 502 1096
source-sink cubic 10 10000 20000 2 - 297 221 41 90 90 91 1098 555 1115
source-sink cubic 100 10000 1000 2 - 296 848 39 704 704 704 1704 1334 1714
source-sink cubic 100 10000 20000 2 - 293 993 38 812 811 813 1819 1814 1837
source-sink cubic 100 10000 200000 3 - 198 2093 130 1842 1651 2094 3986 3717 4491
source-sink reno 100 10000 200000 3 - 195 2395 150 2251 2055 2450 4437 4146 5302
source-sink cubic 20 10000 1000 5 - 295 524 88 368 145 369 1567 1382 2817
source-sink cubic 20 10000 20000 5 - 295 500 80 394 202 398 1423 1202 2810
source-sink cubic 20 100000 50000 5 - 192 513 70 411 245 431 1396 1213 2279
source-sink cubic 20 10000 100000 5 - 196 652 113 469 353 507 1501 1300 3076
source-sink reno 20 10000 100000 5 - 193 748 119 506 472 588 1615 1409 3300
source-sink cubic 100 64 5000 5 - 193 2038 137 1843 1792 1855 3362 2850 5086
source-sink cubic 100 256 50000 5 - 195 2900 112 2678 2544 2721 4296 3997 5794
source-sink cubic 200 10000 1000 5 - 294 2050 146 1898 1404 1930 3737 3036 5050
source-sink cubic 200 10000 20000 5 - 294 2203 79 2115 1830 2192 3446 3278 4018
source-sink cubic 200 10000 100000 5 - 197 3281 163 3023 2783 3131 5975 5009 6628
source-sink reno 200 10000 100000 5 - 191 3951 274 3627 3242 3863 6964 6249 8319
source-sink cubic 50 10000 1000 10 - 296 1334 220 864 629 882 3621 2890 6521
source-sink cubic 50 10000 20000 10 - 298 1648 262 927 769 1020 5288 3816 8106
source-sink cubic 100 10000 1000 10 - 288 1835 268 1038 1031 1340 5655 3738 8347
source-sink cubic 100 10000 20000 10 - 295 1946 183 1470 1330 1591 4405 4064 6170
source-sink cubic 300 10000 1000 10 - 295 4021 401 3138 3111 3709 7559 5983 10561
source-sink cubic 300 10000 20000 10 - 295 4466 345 3548 3501 3824 9219 7689 11452
source-sink cubic 20 10000 1000 20 - 296 3425 816 1303 1154 1529 13281 8657 18888
source-sink cubic 20 10000 20000 20 - 298 4734 1029 1916 1631 2206 15912 12870 34087
source-sink cubic 100 10000 1000 20 - 294 3971 725 2340 2045 2645 12336 9410 16639
source-sink cubic 100 10000 20000 20 - 292 6458 1377 3217 2907 3599 20316 14291 30032
source-sink cubic 20 10000 1000 1 0.05s 236 151 9 143 143 143 146 145 149
source-sink cubic 20 10000 200000 1 0.05s 237 348 18 319 319 319 544 326 600
source-sink cubic 20 10000 1000 5 0.05s 234 278 43 143 143 144 1156 660 1169
source-sink cubic 20 10000 200000 5 0.05s 236 584 69 319 319 320 1537 1343 2409
source-sink cubic 100 10000 20000 3 0.1s 227 955 43 810 810 810 1817 1628 1828
source-sink cubic 100 10000 200000 3 0.1s 231 1466 89 1092 1092 1093 2902 2597 3427
source-sink cubic 100 10000 20000 10 0.1s 234 1563 208 1167 1131 1185 3547 2810 4478
source-sink cubic 100 10000 200000 10 0.1s 234 3735 625 2404 2109 2643 10131 8327 14913
source-sink cubic 20 10000 20000 5 0.2s 236 246 39 170 170 170 666 397 1177
source-sink cubic 100 10000 200000 5 0.2s 238 1634 112 1093 1092 1094 3504 3241 4098
source-sink cubic 100 10000 1000 2 0.5s 235 734 19 703 703 704 798 706 1351
source-sink cubic 20 10000 1000 1 3 238 221 60 143 143 144 182 146 1067
source-sink cubic 20 10000 20000 1 3 239 244 75 170 170 170 193 174 626
source-sink cubic 20 10000 200000 1 3 236 694 493 320 319 320 927 515 1683
source-sink cubic 100 10000 1000 1 3 236 757 47 703 703 703 710 706 1355
source-sink cubic 100 10000 20000 1 3 233 902 65 810 810 810 1228 817 1638
source-sink cubic 100 10000 200000 1 3 238 1261 80 1093 1092 1097 1887 1542 2554
source-sink cubic 20 10000 1000 5 3 234 992 533 144 144 144 3807 2177 7510
source-sink cubic 20 10000 20000 5 3 236 831 349 170 170 171 3843 1944 7313
source-sink cubic 20 10000 200000 5 3 237 2305 1089 374 355 434 5357 3991 32139
source-sink cubic 100 10000 1000 5 3 236 1422 469 704 704 704 3309 1720 5912
source-sink cubic 100 10000 20000 5 3 238 2203 899 810 810 811 3883 2395 21128
source-sink cubic 100 10000 200000 5 3 228 5648 4563 1530 1427 1650 8004 6560 37576
""".strip().splitlines()
]


def _rows(n: int) -> Iterator[str]:
    """The rows of the table, n sessions of each lossy cell."""
    for cell in LOSSLESS:
        name = f"{cell.kind}, {cell.congestion}, {cell.rtt:g} ms, {cell.rate:g} kbit/s, {cell.size} B"
        yield lossless(name, cell.median, clean(cell)[0])
    for one in LOSSY:
        bursts = "" if one.burst == "-" else f" in bursts of {one.burst}"
        name = f"{one.kind}, {one.congestion}, {one.rtt:g} ms, {one.rate:g} kbit/s, {one.size} B, {one.loss:g}% loss{bursts}"
        for what, (theirs, ours, holds) in lossy(one, n).items():
            yield line(name, what, theirs, ours, holds=holds)


if __name__ == "__main__":
    print(HEAD)
    for row in _rows(int(sys.argv[1]) if len(sys.argv) > 1 else 2000):
        print(row, flush=True)
