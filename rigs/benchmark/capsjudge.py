"""Judges how well a rate keeps to a cap: samples of a counter in, rates of any 2 seconds and the largest burst out."""

from __future__ import annotations

from typing import Iterator, List, NamedTuple, Sequence

from peer.core.budget import MBIT

WINDOW = 2.0  # seconds: over any of these the rate is right within ALLOWED
ALLOWED = 0.05
HEAD = "                 asked     mean  slowest to fastest    burst     late"  # over what is found
BURST = 0.25  # seconds of the cap: at most so much more than it allows, in any stretch of time
_LEAST_FLOW, _MOST_FLOW, _FLOW_SECONDS = 16 * 1024, 64 * 1024, 0.05  # more than what connections say before a piece


class Sample(NamedTuple):
    """A counter's bytes at a moment of the steady clock, which was `late` seconds behind the one that was meant."""

    at: float
    total: int
    late: float = 0.0


class Found(NamedTuple):
    """For one cap: the mean rate, the slowest and the fastest WINDOW in Mbit/s; the largest burst in seconds of it.

    `late`: the longest, in seconds, that this machine kept a program waiting which only wanted to look at its clock.
    """

    cap: float
    mean: float
    least: float
    most: float
    burst: float
    late: float = 0.0

    @property
    def holds(self) -> bool:
        """Whether it is as asked."""
        within = all(abs(rate / self.cap - 1) <= ALLOWED for rate in (self.mean, self.least, self.most))
        return within and self.burst <= BURST

    def __str__(self) -> str:
        rates = f"{self.mean:7.2f}  {self.least:7.2f} to {self.most:7.2f}"
        times = f"{1000 * self.burst:5.0f} ms  {1000 * self.late:5.0f} ms"
        return f"{self.cap:5g}  {rates}  {times}  {'' if self.holds else 'NO'}"


def judge(samples: Sequence[Sample], cap: float, begun: float) -> Found:
    """How well the counter keeps to a cap in Mbit/s: the rates from the moment `begun` on, the burst from the first
    sample on."""
    flowing = [sample for sample in samples if sample.at >= begun]
    rates = list(_rates(flowing))
    late = max(sample.late for sample in samples)
    return Found(cap, _mbit(flowing[0], flowing[-1]), min(rates), max(rates), _burst(samples, cap), late)


def begin(samples: Sequence[Sample], cap: float) -> float:
    """The moment from which on a payload flows, as of several connections that have been made; inf: it doesn't yet."""
    least = samples[0].total + min(_MOST_FLOW, max(_LEAST_FLOW, cap * MBIT * _FLOW_SECONDS))
    return next((sample.at for sample in samples if sample.total >= least), float("inf"))


def _rates(samples: Sequence[Sample]) -> Iterator[float]:
    """The rate of each WINDOW that ends at a sample. At least one, where the samples last so long."""
    low = 0
    for now in samples:
        while low + 1 < len(samples) and now.at - samples[low + 1].at >= WINDOW:
            low += 1
        if now.at - samples[low].at >= WINDOW:
            yield _mbit(samples[low], now)


def _burst(samples: Sequence[Sample], cap: float) -> float:
    """The most that came in any stretch beyond what the cap allows in it, in seconds of the cap."""
    beyond: List[float] = [sample.total / (cap * MBIT) - sample.at for sample in samples]
    most, lowest = 0.0, beyond[0]
    for one in beyond:
        lowest = min(lowest, one)
        most = max(most, one - lowest)
    return most


def _mbit(earlier: Sample, later: Sample) -> float:
    return (later.total - earlier.total) / (later.at - earlier.at) / MBIT
