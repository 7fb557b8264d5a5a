#!/usr/bin/env python3
"""An independent calculation of quote documents, to check the engine against.

usage: quote_reference.py SEED COUNT

Prints COUNT cases, one JSON object a line: {"document": text, "total": "...", "lines": [[charge_type, amount, quantity], ...]}
for documents that must be computed, {"document": text, "refuse": path} for documents with one thing wrong. It shares
nothing with the product: fractions of any size from Python's standard library, read from the rules of the format.
"""
import calendar
import datetime
import json
import math
import random
import re
import sys
from fractions import Fraction as F

DECIMALS = {"JPY": 0, "KRW": 0, "CLP": 0, "KWD": 3, "BHD": 3, "TND": 3}


def half_up(x, places):
    scaled = abs(x) * 10 ** places
    whole = math.floor(scaled + F(1, 2))
    return F(whole if x >= 0 else -whole, 10 ** places)


def half_even(x, places):
    return F(round(x * 10 ** places), 10 ** places)


def plain(x, places, trim=False):
    n = abs(x) * 10 ** places
    assert n.denominator == 1
    s = str(n.numerator).rjust(places + 1, "0")
    s = s[:-places] + "." + s[-places:] if places else s
    if trim and "." in s:
        s = s.rstrip("0").rstrip(".")
    return ("-" if x < 0 else "") + s


class Refused(Exception):
    pass


class Bill:
    """One document, computed the long way round: everything a Fraction, no caching, no sharing of formulas."""

    def __init__(self, doc):
        self.doc = doc
        self.places = DECIMALS.get(doc["currency"], 2)
        self.round = half_even if doc.get("rounding") == "half_even" else half_up
        period = doc["period"]
        if "days" in period:
            self.days, self.month = period["days"], None
        else:
            start, end = (datetime.date.fromisoformat(period[k]) for k in ("start", "end"))
            self.days, self.month = (end - start).days + 1, end.month
        self.full = doc.get("full_period", True)
        self.months = doc.get("months", 1)
        self.attributes = {k: F(v) for k, v in doc.get("attributes", {}).items()}
        self.usage, self.tou = self.read_usage(doc["usage"])
        self.lines = []             # (component index, charge_type, label, amount, quantity or None)

    def read_usage(self, u):
        if "tou" in u:
            tou = {k: F(v) for k, v in u["tou"].items()}
            return sum(tou.values(), F(0)), tou
        if "registers" in u:
            total = F(0)
            for r in u["registers"]:
                start, end = F(r["start"]), F(r["end"])
                used = end - start
                if used < 0:
                    used += 10 ** r["digits"]
                total += used * F(r.get("multiplier", "1"))
        else:
            total = F(u["quantity"])
        if "gas" in u:
            g = u["gas"]
            total *= F(283, 100) if g.get("imperial") else 1
            total *= F(g.get("correction", "1.02264")) * F(g["calorific_value"])
            total /= F("3.6")
        if "decimals" in u:
            total = half_up(total, u["decimals"])
        return total, {}

    def factor(self, days, divisor):
        f = F(days) / divisor
        return half_up(f, self.doc["factor_decimals"]) if "factor_decimals" in self.doc else f

    def basis(self, c):
        normal = F(c.get("normal_days", "30"))
        partial = c.get("prorate", False) and not self.full
        basis = c.get("basis", "per_bill")
        if basis == "per_bill":
            return self.factor(self.days, normal * self.months) if partial else F(1)
        if basis == "per_month":
            return self.factor(self.days, normal) if partial else F(self.months)
        if basis == "per_day":
            return F(self.days)
        return F(self.days, c.get("year_days", 365))

    def scale(self, c):
        period = c.get("tier_period", "bill")
        if period == "month":
            return F(self.months) if self.full else self.factor(self.days, F(c.get("normal_days", "30")))
        return F(self.days) if period == "day" else F(1)

    def named(self, name):
        return self.usage if name == "usage" else self.attributes[name]

    def quantity(self, c, share):
        text = c.get("quantity", "usage")
        if text.startswith("min("):
            a, b = text[4:-1].split(",")
            q = min(self.named(a), self.named(b.strip()))
        elif text.startswith("ceil("):
            a, n = text[5:-1].split("/")
            q = F(math.ceil(self.named(a) / F(n)))
        elif "/" in text:
            a, n = text.split("/")
            q = self.named(a) / F(n)
        else:
            q = self.named(text)
        q = q * share * F(c.get("qty_percent", "100")) / 100
        return max(F(0), q - F(c.get("included_qty", "0")) * self.scale(c) * share)

    def limits(self, tiers, c, share):
        result, before = [], F(0)
        for t in tiers[:-1]:
            name, _, plus = t["upto"].partition("+")
            if re.match("[a-z]", name):
                limit = self.attributes[name] + F(plus or "0")
            else:
                limit = F(t["upto"])
            limit = max(before, limit * self.scale(c) * share)
            result.append(limit)
            before = limit
        return result

    def exact(self, c, prices, days):
        """Value and quantity of a component that is no percent, with these prices, for so many days of the period."""
        share, calc = F(days, self.days), c["calc"]
        if calc == "flat":
            return F(prices["amount"]) * self.basis(c) * share, None
        if calc == "tou":
            return (sum((F(prices["rates"][k]) * q * share for k, q in self.tou.items()), F(0)),
                    sum(self.tou.values(), F(0)) * share)
        q = self.quantity(c, share)
        if calc == "per_unit":
            return F(prices["rate"]) * q * self.basis(c), q
        tiers = prices["tiers"]
        limits = self.limits(tiers, c, share)
        reached = next((i for i, limit in enumerate(limits) if q <= limit), len(limits))
        if calc == "flat_by_tier":
            return F(tiers[reached]["amount"]) * self.basis(c) * share, q
        if c.get("tier_mode") == "whole":
            return F(tiers[reached]["rate"]) * q, q
        value, below = F(0), F(0)
        for i in range(reached + 1):
            top = q if i == reached else limits[i]
            value += (top - below) * F(tiers[i]["rate"])
            below = top
        return value, q

    def applies(self, c):
        if "season" in c and self.month not in c["season"]:
            return False
        r = c.get("usage_range", {})
        return not (("above" in r and self.usage <= F(r["above"])) or ("upto" in r and self.usage > F(r["upto"])))

    def add(self, index, kind, label, value, quantity, c):
        if "minimum" in c:
            value = max(value, F(c["minimum"]))
        amount = self.round(value, self.places)
        if kind in ("DISCOUNT", "SUBSIDY"):
            above = sum((l[3] for l in self.lines), F(0))
            amount = -min(max(F(0), amount), max(F(0), above))
        if abs(amount) >= 10 ** 12:
            raise Refused("components[%d]" % index if index >= 0 else "minimum_bill")
        self.lines.append((index, kind, label, amount, quantity))

    def of(self, names):
        return sum((l[3] for l in self.lines if l[1] in names or (l[2] is not None and l[2] in names)), F(0))

    def compute(self):
        components = self.doc["components"]
        minimum = self.doc.get("minimum_bill")
        place = max((i for i, c in enumerate(components) if minimum and (c["charge_type"] in minimum["of"] or c.get("label") in minimum["of"])),
                    default=None)
        for i, c in enumerate(components):
            if self.applies(c):
                if c["calc"] == "percent":
                    value = self.of(c["of"]) * F(c["percent"]) / 100
                    if "cap_per_unit" in c:
                        value = min(value, F(c["cap_per_unit"]) * self.usage)
                    self.add(i, c["charge_type"], c.get("label"), value, None, c)
                else:
                    for v in c.get("rate_versions", [dict(c, days=self.days)]):
                        value, q = self.exact(c, v, v["days"])
                        self.add(i, c["charge_type"], c.get("label"), value, q, c)
            if i == place:
                f = F(1)
                if minimum.get("prorate") and not self.full:
                    f = self.factor(self.days, F(minimum.get("normal_days", "30")) * self.months)
                missing = self.round(F(minimum["amount"]) * f, self.places) - self.of(minimum["of"])
                if missing > 0:
                    self.add(-1, "MIN_BILL", None, missing, None, {})
        total = sum((l[3] for l in self.lines), F(0))
        if abs(total) >= 10 ** 12:
            raise Refused("components")
        return {"total": plain(total, self.places),
                "lines": [[l[1], plain(l[3], self.places), None if l[4] is None else plain(half_up(l[4], 6), 6, True)] for l in self.lines]}


# ---- Random documents ----

class Maker:
    def __init__(self, seed):
        self.r = random.Random(seed)

    def decimal(self, most=100, places=None, least=0.0):
        """A decimal text; few digits mostly, all of them sometimes."""
        places = self.r.choice([0, 0, 1, 2, 2, 2, 3, 4, 6]) if places is None else places
        n = max(self.r.uniform(least, most), least)
        text = "%.*f" % (places, n)
        return text if float(text) > 0 or least == 0 else "%d" % max(1, math.ceil(least))

    def chance(self, p):
        return self.r.random() < p

    def signed(self, c, most=20):
        s = self.decimal(most)
        negative = self.chance(0.07) and c["charge_type"] not in ("DISCOUNT", "SUBSIDY")
        return "-" + s if negative else s

    def tiers(self, c, key):
        n = self.r.choice([1, 2, 3, 3, 4, 6])
        limits = sorted(self.r.sample(range(1, 60), n - 1))
        tiers = [{"upto": "%d" % v if self.chance(0.8) else "%d.%d" % (v, self.r.randint(1, 9)), key: self.signed(c)} for v in limits]
        for t in tiers:
            if self.attributes and self.chance(0.12):
                t["upto"] = self.r.choice(list(self.attributes)) + ("+" + self.decimal(5) if self.chance(0.5) else "")
        if tiers and self.chance(0.05) and not re.match("[a-z]", tiers[0]["upto"]):
            tiers[0]["upto"] = "0"
        return tiers + [{"upto": None, key: self.signed(c)}]

    def price(self, c):
        calc = c["calc"]
        if calc == "flat":
            return {"amount": self.signed(c, 60)}
        if calc == "per_unit":
            return {"rate": self.signed(c)}
        if calc == "tou":
            return {"rates": {k: self.signed(c) for k in self.tou}}
        return {"tiers": self.tiers(c, "rate" if calc == "tiered" else "amount")}

    def quantity(self):
        names = ["usage"] + list(self.attributes)
        a, b = self.r.choice(names), self.r.choice(names)
        return self.r.choice([a, a, "min(%s,%s)" % (a, b), "min(%s, %s)" % (a, b), "ceil(%s/%s)" % (a, self.decimal(20, least=0.5)),
                              "%s/%s" % (a, self.decimal(20, least=0.5))])

    def component(self, i, above):
        r = self.r
        calcs = ["flat", "per_unit", "tiered", "tiered", "flat_by_tier"] + (["tou", "tou"] if self.tou else []) + (["percent"] * 2 if above else [])
        c = {"charge_type": r.choice(["FIXED", "USAGE", "SEWER_USAGE", "FUEL_ADJ", "DISCOUNT", "SUBSIDY", "TAX", "X_%d" % i]), "calc": r.choice(calcs)}
        calc = c["calc"]
        if self.chance(0.3):
            c["label"] = r.choice(["Base", "Größe", "a \"quoted\" \\ label", "L%d" % i])
        if self.chance(0.3):
            c["service"] = r.choice(["water", "gas"])
        if calc == "percent":
            c["percent"] = self.signed(c)
            c["of"] = [r.choice(above) for _ in range(r.randint(1, 3))]
            if self.chance(0.3):
                c["cap_per_unit"] = self.decimal(2)
        elif self.chance(0.2):
            n = r.randint(1, min(4, self.days))
            cuts = sorted(r.sample(range(1, self.days), n - 1)) if n > 1 else []
            days = [b - a for a, b in zip([0] + cuts, cuts + [self.days])]
            c["rate_versions"] = [dict(self.price(c), days=d) for d in days]
        else:
            c.update(self.price(c))
        if calc in ("flat", "per_unit", "flat_by_tier") and self.chance(0.5):
            c["basis"] = r.choice(["per_bill", "per_month", "per_day", "per_year"])
            c["prorate"] = self.chance(0.6)
            if self.chance(0.3):
                c["year_days"] = r.choice([365, 366])
        if calc in ("flat", "per_unit", "flat_by_tier", "tiered") and self.chance(0.3):
            c["normal_days"] = r.choice(["30", "30.416667", "31", "30.5", "28"])
        if calc in ("per_unit", "tiered", "flat_by_tier"):
            if self.chance(0.3):
                c["quantity"] = self.quantity()
            if self.chance(0.25):
                c["qty_percent"] = self.decimal(120)
            if self.chance(0.2):
                c["included_qty"] = self.decimal(8)
            if self.chance(0.5):
                c["tier_period"] = r.choice(["bill", "month", "day"])
        if calc == "tiered" and self.chance(0.3):
            c["tier_mode"] = r.choice(["marginal", "whole"])
        if "rate_versions" not in c and self.chance(0.1):
            c["minimum"] = self.decimal(30)
        if self.chance(0.1) and self.has_dates:
            c["season"] = r.sample(range(1, 13), r.randint(1, 11))
        if self.chance(0.1):
            above_usage, upto = float(self.decimal(20)), float(self.decimal(60)) + 20
            c["usage_range"] = r.choice([{"above": "%.2f" % above_usage}, {"upto": "%.2f" % upto}, {"above": "%.2f" % above_usage, "upto": "%.2f" % (upto + 1)}])
        return c

    def registers(self):
        result = []
        for _ in range(self.r.randint(1, 3)):
            digits = self.r.randint(3, 6)
            full = 10 ** digits
            if self.chance(0.3):
                start, end = self.r.randint(full * 9 // 10 + 1, full - 1), self.r.randint(0, full // 20)
            else:
                start = self.r.randint(0, full * 8 // 10)
                end = start + self.r.randint(0, 50)
            one = {"start": "%d" % start, "end": "%d" % min(end, full - 1)}
            if end < start or self.chance(0.5):
                one["digits"] = digits
            if self.chance(0.3):
                one["multiplier"] = self.decimal(3, least=0.1)
            result.append(one)
        return result

    def document(self):
        r = self.r
        self.has_dates = self.chance(0.6)
        if self.has_dates:
            start = datetime.date(2024, 1, 1) + datetime.timedelta(r.randint(0, 900))
            self.days = r.choice([1, 15, 28, 29, 30, 31, 31, 61, 92, r.randint(1, 400)])
            period = {"start": start.isoformat(), "end": (start + datetime.timedelta(self.days - 1)).isoformat()}
        else:
            self.days = r.choice([30, 30, 31, 15, 90, r.randint(1, 3660)])
            period = {"days": self.days}
        doc = {"format": "smart360-quote/1", "currency": r.choice(["USD", "USD", "EUR", "JPY", "KWD"]), "period": period}
        if self.chance(0.4):
            doc["rounding"] = r.choice(["half_up", "half_even"])
        if self.chance(0.5):
            doc["full_period"] = self.chance(0.4)
        if self.chance(0.4):
            doc["months"] = r.choice([1, 2, 3, 12])
        if self.chance(0.25):
            doc["factor_decimals"] = r.randint(0, 6)
        self.tou = {}
        usage = {}
        kind = r.choice(["quantity", "quantity", "quantity", "registers", "tou"])
        if kind == "quantity":
            usage["quantity"] = r.choice(["0", "12", self.decimal(60), self.decimal(60), self.decimal(5000)])
        elif kind == "registers":
            usage["registers"] = self.registers()
        else:
            self.tou = {k: self.decimal(500) for k in r.sample(["on_peak", "off_peak", "mid", "p3"], r.randint(1, 4))}
            usage["tou"] = self.tou
        if kind != "tou" and self.chance(0.15):
            usage["gas"] = {"calorific_value": self.decimal(42, least=35)}
            if self.chance(0.5):
                usage["gas"]["imperial"] = self.chance(0.5)
            if self.chance(0.5):
                usage["gas"]["correction"] = self.decimal(1.2, least=0.9)
        if kind != "tou" and self.chance(0.2):
            usage["decimals"] = r.randint(0, 6)
        if self.chance(0.7):
            usage["unit"] = r.choice(["CCF", "kWh", "m³"])
        doc["usage"] = usage
        self.attributes = {k: self.decimal(40) for k in ["eru", "winter_average", "connected_load", "min", "ceil"] if self.chance(0.4)}
        if self.attributes or self.chance(0.1):
            doc["attributes"] = self.attributes
        components, names = [], []
        n = r.choice([1, 2, 3, 4, 5, 6, 9])
        least = r.randrange(n) if self.chance(0.3) else None        # the minimum bill stands after this component or a later one
        place = -1
        for i in range(n):
            c = self.component(i, names + (["MIN_BILL"] if least is not None and -1 < place < i else []))
            components.append(c)
            names = names + [c["charge_type"]] + ([c["label"]] if "label" in c else [])
            if least == i:
                place = i
                doc["minimum_bill"] = {"amount": self.decimal(300), "of": list({r.choice(names) for _ in range(2)} | {c["charge_type"]})}
                if self.chance(0.5):
                    doc["minimum_bill"]["prorate"] = self.chance(0.7)
                if self.chance(0.3):
                    doc["minimum_bill"]["normal_days"] = r.choice(["30", "30.416667", "90"])
        if least is not None:
            of = doc["minimum_bill"]["of"]
            last = max(i for i, c in enumerate(components) if c["charge_type"] in of or c.get("label") in of)
            for i, c in enumerate(components):                      # who named MIN_BILL too early names something else
                if i <= last and "of" in c:
                    c["of"] = [x if x != "MIN_BILL" else components[0]["charge_type"] for x in c["of"]]
        doc["components"] = components
        return doc

    # ---- One thing wrong: (path, new document text) ----

    def broken(self):
        doc = self.document()
        r = self.r
        i = r.randrange(len(doc["components"]))
        c = doc["components"][i]
        at = "components[%d]" % i
        choices = []

        def edit(path, change):
            choices.append((path, change))

        def put(target, key, value):
            return lambda: target.__setitem__(key, value)

        def drop(target, key):
            return lambda: target.__delitem__(key)

        for key in ("format", "currency", "period", "usage", "components"):
            edit(key, drop(doc, key))
        edit("currency", put(doc, "currency", r.choice(["usd", "CLF", "UYW", "US", "", "DOLLAR"])))
        edit("rounding", put(doc, "rounding", "down"))
        edit("full_period", put(doc, "full_period", r.choice([1, "true", None])))
        edit("months", put(doc, "months", r.choice([0, 13, "1", 1.0, None])))
        edit("factor_decimals", put(doc, "factor_decimals", r.choice([-1, 7, "2", 2.5])))
        edit("colour", put(doc, "colour", "red"))
        edit("components", put(doc, "components", []))
        edit("components", put(doc, "components", [c] * 201))
        edit("usage.quantity", put(doc, "usage", {"unit": "CCF"}))
        edit("usage.quantity", put(doc, "usage", {"quantity": r.choice(["-1", "1.1234567", "1234567890", "1e3", " 1", "+1", "1.", ".5", "", 5, 5.25, None])}))
        edit("usage.unit", put(doc["usage"], "unit", r.choice(["", "x" * 21, "a\nb", "a\u0085b", 3])))
        edit("usage.litres", put(doc["usage"], "litres", "1"))
        edit("usage.registers[0].end", put(doc, "usage", {"registers": [{"start": "50", "end": "40", "digits": 2}]}))
        edit("usage.registers[0].end", put(doc, "usage", {"registers": [{"start": "95", "end": "4"}]}))
        edit("usage.registers[0].start", put(doc, "usage", {"registers": [{"start": "100", "end": "4", "digits": 2}]}))
        edit("usage.registers[0].multiplier", put(doc, "usage", {"registers": [{"start": "1", "end": "4", "multiplier": "0"}]}))
        edit("usage.registers", put(doc, "usage", {"registers": r.choice([[], [{"start": "1", "end": "1"}] * 51])}))
        edit("usage.gas", put(doc, "usage", {"tou": {"a": "1"}, "gas": {"calorific_value": "39"}}))
        edit("usage.gas.calorific_value", put(doc, "usage", {"quantity": "1", "gas": {}}))
        edit("usage.tou.Peak", put(doc, "usage", {"tou": {"Peak": "1"}}))
        edit("period.end", put(doc, "period", {"start": "2026-04-02", "end": "2026-04-01"}))
        edit("period.end", put(doc, "period", {"start": "2026-04-02", "end": "2026-02-30"}))
        edit("period.start", put(doc, "period", {"start": r.choice(["2026-4-1", "2026-13-01", "01/02/2026", 5, "2026-04-00"]), "end": "2026-04-30"}))
        edit("period.end", put(doc, "period", {"start": "2016-01-01", "end": "2026-04-01"}))
        edit("period.days", put(doc, "period", {"days": r.choice([0, 3661, -1, "30", 30.5])}))
        edit("period.days", put(doc, "period", {"days": 30, "start": "2026-04-01", "end": "2026-04-30"}))
        edit("attributes.Eru", put(doc, "attributes", {"Eru": "1"}))
        edit("attributes.usage", put(doc, "attributes", {"usage": "1"}))
        edit("attributes.eru", put(doc, "attributes", {"eru": r.choice([1, "-1", "x", None])}))
        if "minimum_bill" not in doc:
            edit("minimum_bill.of[0]", put(doc, "minimum_bill", {"amount": "1", "of": ["NOBODY"]}))
            edit("minimum_bill.amount", put(doc, "minimum_bill", {"of": [c["charge_type"]]}))
            edit("minimum_bill.of", put(doc, "minimum_bill", {"amount": "1", "of": []}))
        edit(at + ".charge_type", drop(c, "charge_type"))
        edit(at + ".charge_type", put(c, "charge_type", r.choice(["usage", "", "1X", "A" * 41, "A-B", 7])))
        edit(at + ".calc", put(c, "calc", "cubic"))
        edit(at + ".calc", drop(c, "calc"))
        edit(at + ".ratee", put(c, "ratee", "1"))
        edit(at + ".service", put(c, "service", r.choice(["", "y" * 81, "tab\there", None])))
        edit(at + ".season", put(c, "season", []))
        edit(at + ".usage_range", put(c, "usage_range", {}))
        edit(at + ".usage_range.upto", put(c, "usage_range", {"above": "5", "upto": "5"}))
        if "rate_versions" in c:
            edit(at + ".rate_versions", put(c["rate_versions"][0], "days", c["rate_versions"][0]["days"] + 1))
            edit(at + ".rate_versions[0].days", drop(c["rate_versions"][0], "days"))
            edit(at + ".rate_versions", put(c, "rate_versions", []))
            edit(at + ".minimum", put(c, "minimum", "1"))
        elif c["calc"] == "flat":
            edit(at + ".amount", put(c, "amount", r.choice([4.5, 4, "4,5", None, "1.1234567"])))
            edit(at + ".amount", drop(c, "amount"))
            edit(at + ".rate", put(c, "rate", "1"))
            edit(at + ".quantity", put(c, "quantity", "usage"))
        elif c["calc"] == "per_unit":
            edit(at + ".rate", drop(c, "rate"))
            edit(at + ".quantity", put(c, "quantity", r.choice(["nobody", "min(usage)", "ceil(usage)", "usage/0", "usage/-1", "usage*2", "", "min(usage,  usage)", "sum(usage,usage)"])))
            edit(at + ".tier_mode", put(c, "tier_mode", "whole"))
            edit(at + ".basis", put(c, "basis", "per_hour"))
            edit(at + ".year_days", put(c, "year_days", 360))
            edit(at + ".normal_days", put(c, "normal_days", "0"))
        elif c["calc"] in ("tiered", "flat_by_tier"):
            tiers, n = c["tiers"], len(c["tiers"]) - 1
            edit(at + ".tiers[%d].upto" % n, put(tiers[n], "upto", "1000000"))
            edit(at + ".tiers[0].colour", put(tiers[0], "colour", "1"))
            edit(at + ".tiers", put(c, "tiers", []))
            edit(at + ".tiers[1].upto", put(c, "tiers", [dict(tiers[0], upto="5"), dict(tiers[0], upto=r.choice(["5", "4.999999", "0"])), tiers[n]]))
            edit(at + ".tiers[0].upto", put(c, "tiers", [dict(tiers[0], upto=r.choice(["nobody", "-1", "Eru", 5, "nobody+1", "x+-1"])), tiers[n]]))
            edit(at + ".tiers[0].upto", put(c, "tiers", [dict(tiers[n]), tiers[n]]))
            edit(at + ".percent", put(c, "percent", "1"))
        elif c["calc"] == "tou":
            edit(at + ".rates." + next(iter(c["rates"])), drop(c["rates"], next(iter(c["rates"]))))
            edit(at + ".rates.night", put(c["rates"], "night", "1"))
            edit(at + ".normal_days", put(c, "normal_days", "30"))
        else:
            edit(at + ".of", drop(c, "of"))
            edit(at + ".of[0]", put(c, "of", ["NOBODY"]))
            edit(at + ".of", put(c, "of", []))
            edit(at + ".percent", put(c, "percent", 5))
            edit(at + ".rate_versions", put(c, "rate_versions", []))
        if c["charge_type"] in ("DISCOUNT", "SUBSIDY") and "rate_versions" not in c:
            for key in ("amount", "rate", "percent"):
                if key in c:
                    edit(at + "." + key, put(c, key, "-1"))
        path, change = r.choice(choices)
        change()
        return path, json.dumps(doc, ensure_ascii=self.chance(0.5))


def main():
    seed, count = int(sys.argv[1]), int(sys.argv[2])
    maker = Maker(seed)
    for i in range(count):
        if i % 4 == 3:
            path, text = maker.broken()
            print(json.dumps({"document": text, "refuse": path}))
            continue
        doc = maker.document()
        case = {"document": json.dumps(doc, ensure_ascii=maker.chance(0.5))}
        try:
            case.update(Bill(doc).compute())
        except Refused as e:
            case["refuse"] = str(e)
        print(json.dumps(case))


if __name__ == "__main__":
    main()
