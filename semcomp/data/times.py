"""What the numbers of a column of times count: seconds, parts of seconds, or digits of a date."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]

PARTS = {"milliseconds": 1e3, "microseconds": 1e6, "nanoseconds": 1e9}
EARLY, LATE = 1e8, 1e10  # seconds: March 1973 and the year 2286
FORMS = {"YYYYMMDD": 1, "YYYYMMDDhhmm": 10**4, "YYYYMMDDhhmmss": 10**6}  # and what a time of day ends below
FIRST, LAST = 1900, 2100  # years


class Clock:
    """Looks at the times of a table batch by batch, and says in the end in what they are written.

    Numbers are dates where all are YYYYMMDD, YYYYMMDDhhmm or YYYYMMDDhhmmss of the years 1900 to 2100. They
    are milli-, micro- or nanoseconds where all are, as such, between 1973 and 2286. Anything else is seconds
    since 1970. NaN and infinity are not looked at; 0 says nothing of parts of seconds.
    """

    def __init__(self) -> None:
        self.low, self.high = np.inf, -np.inf
        self.seen = self.dates = 0

    def see(self, times: Numbers) -> None:
        finite = times[np.isfinite(times)]
        self.seen += len(finite)
        self.dates += int(is_date(finite).sum())
        if (finite := finite[finite != 0]).size:
            self.low, self.high = min(self.low, finite.min()), max(self.high, finite.max())

    @property
    def mixed(self) -> bool:
        """Whether most numbers are dates, but not all."""
        return self.seen / 2 < self.dates < self.seen

    @property
    def unit(self) -> str:
        """What is counted, in words: "seconds", "milliseconds", …, or "dates"."""
        if self.low > self.high:  # no number but 0
            return "seconds"
        if self.dates == self.seen:
            return "dates"
        found = (name for name, n in PARTS.items() if EARLY * n <= self.low and self.high < LATE * n)
        return next(found, "seconds")

    def seconds(self, times: Numbers) -> Numbers:
        """The times in seconds since 1970; what is not finite stays so."""
        if self.unit == "dates":
            out = times.copy()
            at = np.isfinite(times)
            out[at] = _parsed(times[at])[0]
            return out
        return times / PARTS.get(self.unit, 1.0)

    @property
    def remarks(self) -> tuple[str, ...]:
        """A sentence with an example where they are not seconds; else none."""
        if self.unit == "seconds":
            return ()
        moment = np.datetime64(int(self.seconds(np.array([self.low]))[0]), "s")
        said = f"dates ({', '.join(FORMS)})" if self.unit == "dates" else f"{self.unit} since 1970"
        return (f"times are read as {said}: {self.low:.0f} is {str(moment).replace('T', ' ')}",)


def is_date(numbers: Numbers) -> NDArray[np.bool_]:
    """Which are the digits of a date, with or without a time of day, of the years 1900 to 2100."""
    return _parsed(numbers)[1]


def _parsed(numbers: Numbers) -> tuple[Numbers, NDArray[np.bool_]]:
    """Seconds since 1970 by the digits of dates, and for which numbers that is right."""
    seconds, good = np.zeros(len(numbers)), np.zeros(len(numbers), dtype=bool)
    for below in FORMS.values():
        at = (numbers >= FIRST * 10**4 * below) & (numbers < (LAST + 1) * 10**4 * below) & (numbers % 1 == 0)
        if not at.any():
            continue
        day, clock = np.divmod(numbers[at].astype(np.int64), below)
        clock = clock * (10**6 // below)  # hhmmss
        years, months, days = day // 10**4, day // 100 % 100, day % 100
        hours, minutes, rest = clock // 10**4, clock // 100 % 100, clock % 100
        start = ((years - 1970) * 12 + np.clip(months, 1, 12) - 1).astype("datetime64[M]")
        first, after = (month.astype("datetime64[D]").astype(np.int64) for month in (start, start + 1))
        right = (months >= 1) & (months <= 12) & (days >= 1) & (days <= after - first)
        good[at] = right & (hours < 24) & (minutes < 60) & (rest < 60)
        seconds[at] = (first + days - 1) * 86400 + hours * 3600 + minutes * 60 + rest
    return seconds, good
