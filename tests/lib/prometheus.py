# SPDX-License-Identifier: Apache-2.0
"""A strict parser of the Prometheus text format (version 0.0.4)."""

import re
from dataclasses import dataclass, field

import expect

_NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
_HELP = re.compile(rf"# HELP ({_NAME}) (.*)")
_TYPE = re.compile(rf"# TYPE ({_NAME}) (counter|gauge|histogram|summary|untyped)")
_LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"(,|$)')
_VALUE = re.compile(r"[+-]?(\d+(\.\d*)?([eE][+-]?\d+)?|Inf)|NaN")
_ESCAPES = {r"\\": "\\", r"\"": '"', r"\n": "\n"}


@dataclass
class Family:
    """A metric with all its samples."""

    name: str
    help: str
    type: str = ""
    samples: dict = field(default_factory=dict)  # (name, labels as a frozenset of pairs) to value


def _unescape(text):
    return re.sub(r"\\.", lambda match: _ESCAPES[match.group()], text)


def _labels(text, line):
    labels = {}
    at = 0
    while at < len(text):
        match = _LABEL.match(text, at)
        expect.true(match, "labels", line)
        expect.true(match.group(1) not in labels, "a label once", line)
        labels[match.group(1)] = _unescape(match.group(2))
        at = match.end()
    return labels


def _split(line):
    """Name, labels and value of a sample's line, as text; a label may contain a brace."""
    match = re.match(rf'({_NAME})(?:\{{((?:[^"}}]|"(?:[^"\\]|\\.)*")*)\}})? (\S+)', line)
    expect.true(match and match.end() == len(line), "a sample", line)
    return match.group(1), match.group(2) or "", match.group(3)


def _may_have(family, name, labels):
    """Whether a sample with this name belongs to the family."""
    if family.type != "histogram":
        return name == family.name
    suffix = name.removeprefix(family.name)
    return suffix in ("_sum", "_count") or (suffix == "_bucket" and "le" in labels)


def _add_sample(family, line):
    name, text, value = _split(line)
    labels = _labels(text, line)
    expect.true(family is not None and family.type, "HELP and TYPE before the first sample", line)
    expect.true(_may_have(family, name, labels), f"a sample of {family.name}, the last one described", line)
    expect.true(_VALUE.fullmatch(value), "a value", line)
    key = (name, frozenset(labels.items()))
    expect.true(key not in family.samples, "each sample once", line)
    family.samples[key] = float(value)


def _check_histogram(family):
    series = {}
    for (name, labels), value in family.samples.items():
        rest = frozenset((key, text) for key, text in labels if key != "le")
        one = series.setdefault(rest, {"buckets": []})
        if name.endswith("_bucket"):
            one["buckets"].append((float(dict(labels)["le"]), value))
        else:
            one[name.removeprefix(family.name)] = value
    for labels, one in series.items():
        what = f"{family.name} {dict(labels)}"
        bounds = [bound for bound, _ in one["buckets"]]
        counts = [count for _, count in one["buckets"]]
        expect.equal(bounds, sorted(bounds), f"{what}: bounds ascend")
        expect.equal(counts, sorted(counts), f"{what}: buckets are cumulative")
        expect.equal(bounds[-1:], [float("inf")], f"{what}: the last bound")
        expect.equal(one.get("_count"), counts[-1], f"{what}: count and the bucket +Inf")
        expect.true("_sum" in one, f"{what}: a sum")


def _check_family(family):
    if family.type == "counter":
        expect.true(family.name.endswith("_total"), "a counter's name ends in _total", family.name)
        for key, value in family.samples.items():
            expect.true(value >= 0, "a counter is not negative", f"{key} {value}")
    elif family.type == "histogram":
        _check_histogram(family)


class Page:
    """A parsed page; the case fails if the page violates the format."""

    def __init__(self, data):
        self.families = {}
        text = data.decode("utf-8")  # strict
        expect.true(text.endswith("\n"), "a newline at the end", text[-100:])
        family = None
        for line in text[:-1].split("\n"):
            family = self._line(family, line)
        for each in self.families.values():
            _check_family(each)

    def _line(self, family, line):
        if (match := _HELP.fullmatch(line)) is not None:
            expect.true(match.group(1) not in self.families, "a metric's lines stand together", line)
            family = self.families[match.group(1)] = Family(match.group(1), match.group(2))
        elif (match := _TYPE.fullmatch(line)) is not None:
            expect.true(family and family.name == match.group(1) and not family.type, "TYPE after HELP", line)
            family.type = match.group(2)
        else:
            _add_sample(family, line)
        return family

    def value(self, name, /, **labels):
        """The value of a sample, or None."""
        key = (name, frozenset(labels.items()))
        for family in self.families.values():
            if key in family.samples:
                return family.samples[key]
        return None

    def values(self, name, label):
        """Maps each value of the label to the value of the metric's sample with that label."""
        samples = self.families[name].samples if name in self.families else {}
        return {dict(labels)[label]: value for (_, labels), value in samples.items()}
