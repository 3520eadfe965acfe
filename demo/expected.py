"""Write demo/expected.json: what a correct server answers for the portfolios on 2022-12-28.

    python3 demo/expected.py

An oracle of its own: it shares no code with the project or with make_portfolios.py. The method stands in README.md.
"""
import csv
import gzip
import json
from bisect import bisect_right
from collections import defaultdict
from datetime import date, timedelta
from decimal import ROUND_HALF_EVEN, Decimal, getcontext
from fractions import Fraction
from pathlib import Path

getcontext().prec = 50
HERE = Path(__file__).resolve().parent
AS_OF = "2022-12-28"


def table(path):
    opener = gzip.open if path.endswith(".gz") else open
    with opener(HERE / path, "rt", encoding="utf-8", newline="") as f:
        return list(csv.DictReader(f))


class Series:
    """Dated values, looked up on a day or backward within a maximum age."""

    def __init__(self):
        self.days, self.values = [], []

    def add(self, day, value):
        assert not self.days or day > self.days[-1]
        self.days.append(day)
        self.values.append(Fraction(value))

    def at(self, day, oldest=None):
        i = bisect_right(self.days, day) - 1
        if i < 0 or (oldest and self.days[i] < oldest):
            raise LookupError(day)
        return self.values[i]


INSTRUMENTS = {r["symbol"]: r for r in table("market/instruments.csv")}
MINOR_UNIT = {r["code"]: int(r["minor_unit"]) for r in table("market/currencies.csv")}
SESSIONS = [r["date"] for r in table("market/sessions.csv.gz") if r["mic"] == "XNYS" and r["date"] <= AS_OF]
PRICES, RATES = defaultdict(Series), defaultdict(Series)
for r in table("market/prices.csv.gz"):
    PRICES[r["symbol"]].add(r["date"], r["close"])
for r in table("market/manual_prices.csv"):
    PRICES[r["symbol"]].add(r["date"], r["price"])
for r in table("market/fx.csv.gz"):
    RATES[r["quote"]].add(r["date"], r["rate"])


def per_euro(currency, day):
    if currency == "EUR":
        return Fraction(1)
    return RATES[currency].at(day, (date.fromisoformat(day) - timedelta(7)).isoformat())


def fx(amount, from_, to, day):
    return amount if from_ == to else amount / per_euro(from_, day) * per_euro(to, day)


def price(symbol, day):
    i = INSTRUMENTS[symbol]
    if i["price_source"] == "MANUAL":
        return PRICES[symbol].at(day)  # stands until replaced
    return PRICES[symbol].at(day, SESSIONS[max(0, bisect_right(SESSIONS, day) - 6)])


def decimal(x, places):
    return (Decimal(x.numerator) / Decimal(x.denominator)).quantize(Decimal(1).scaleb(-places), ROUND_HALF_EVEN)


def show(x, places=4):
    return format(decimal(x, places), "f")


class Account:
    def __init__(self, base):
        self.base = base
        self.cash, self.lots = defaultdict(Fraction), defaultdict(list)  # lot: [quantity, local cost, base cost]
        self.total = defaultdict(Fraction)
        self.flows = []  # date, amount in base; positive into the portfolio

    def posted(self, row):
        multiplier = Fraction(INSTRUMENTS[row["symbol"]]["price_multiplier"])
        gross = Fraction(row["quantity"]) * Fraction(row["price"]) * multiplier
        return Fraction(decimal(gross, MINOR_UNIT[row["currency"]]))

    def apply(self, row):
        day, kind, symbol, currency = row["date"], row["type"], row["symbol"], row["currency"]
        amount, fee, tax = (Fraction(row[k] or 0) for k in ("amount", "fee", "tax"))
        in_base = lambda x, c=currency: fx(x, c, self.base, day)
        if kind == "BUY":
            cost = self.posted(row) + fee + tax
            self.cash[currency] -= cost
            self.lots[symbol].append([Fraction(row["quantity"]), cost, in_base(cost)])
        elif kind == "SELL":
            proceeds = self.posted(row) - fee - tax
            self.cash[currency] += proceeds
            self.total["realised"] += in_base(proceeds)
            left = Fraction(row["quantity"])
            while left:
                lot = self.lots[symbol][0]
                part = min(left, lot[0]) / lot[0]
                self.total["realised"] -= lot[2] * part
                left -= lot[0] * part
                self.lots[symbol][0] = [x * (1 - part) for x in lot]
                if part == 1:
                    self.lots[symbol].pop(0)
        elif kind == "SPLIT":
            new, old = map(Fraction, row["ratio"].split(":"))
            for lot in self.lots[symbol]:
                lot[0] = lot[0] * new / old
        elif kind == "DIVIDEND":
            self.cash[currency] += amount - tax
            self.total["dividends"] += in_base(amount)
            self.total["taxes"] += in_base(tax)
        elif kind == "INTEREST":
            self.cash[currency] += amount
            self.total["interest"] += in_base(amount)
        elif kind in ("FEE", "TAX"):
            self.cash[currency] -= amount
            self.total["fees" if kind == "FEE" else "taxes"] += in_base(amount)
        elif kind in ("DEPOSIT", "WITHDRAWAL"):
            signed = amount if kind == "DEPOSIT" else -amount
            self.cash[currency] += signed
            self.flows.append((day, in_base(signed)))
        elif kind == "FX_CONVERSION":
            self.cash[currency] -= amount + fee
            self.cash[row["counter_currency"]] += Fraction(row["counter_amount"])
            self.total["fees"] += in_base(fee)
        else:
            raise ValueError(kind)

    def market_value(self, symbol, day):
        i = INSTRUMENTS[symbol]
        quantity = sum(lot[0] for lot in self.lots[symbol])
        if not quantity:
            return Fraction(0)
        return fx(quantity * price(symbol, day) * Fraction(i["price_multiplier"]), i["currency"], self.base, day)

    def value(self, day):
        securities = sum((self.market_value(s, day) for s in self.lots), Fraction(0))
        return securities + sum((fx(x, c, self.base, day) for c, x in self.cash.items()), Fraction(0))


def xirr(flows):
    """The investor's sign: what goes in is negative. Bisection, ACT/365F."""
    start = date.fromisoformat(flows[0][0])
    terms = [(float(x), (date.fromisoformat(d) - start).days / 365) for d, x in flows]
    npv = lambda r: sum(x / (1 + r) ** t for x, t in terms)
    low, high = -0.99, 10.0
    assert npv(low) > 0 > npv(high)
    for _ in range(200):
        mid = (low + high) / 2
        low, high = (mid, high) if npv(mid) > 0 else (low, mid)
    return low


def twr(values, flows, opening):
    """Linked over the days of `values` after `opening`; inflow at the start, outflow at the end of its day."""
    into, out = defaultdict(Fraction), defaultdict(Fraction)
    for day, amount in flows:
        assert day in values or day <= opening, "a flow outside the sessions"
        (into if amount > 0 else out)[day] += abs(amount)
    growth, before = Decimal(1), max((d for d in values if d <= opening), default=None)
    before = values[before] if before else Fraction(0)
    for day in sorted(d for d in values if d > opening):
        capital = before + into[day]
        if capital:
            factor = (values[day] + out[day]) / capital
            growth *= Decimal(factor.numerator) / Decimal(factor.denominator)
        before = values[day]
    return growth - 1


def evaluate(portfolio):
    rows = table("portfolios/" + portfolio["file"])
    account, values, n = Account(portfolio["base_currency"]), {}, 0
    first = rows[0]["date"]
    day = first
    while day <= AS_OF:
        while n < len(rows) and rows[n]["date"] == day:
            account.apply(rows[n])
            n += 1
        values[day] = account.value(day)
        day = (date.fromisoformat(day) + timedelta(1)).isoformat()
    assert n == len(rows)
    on_sessions = {d: values[d] for d in SESSIONS if d in values}

    open_symbols = sorted(s for s in account.lots if account.lots[s])
    positions = []
    for s in open_symbols:
        lots = account.lots[s]
        quantity, local, base = (sum(lot[k] for lot in lots) for k in range(3))
        market = account.market_value(s, AS_OF)
        positions.append({
            "symbol": s, "quantity": format(decimal(quantity, 10).normalize(), "f"), "lots": len(lots),
            "cost_local": show(local), "cost_base": show(base), "market_value_base": show(market),
            "unrealised_base": show(market - base),
        })
    cost = sum(lot[2] for s in open_symbols for lot in account.lots[s])
    market = sum(account.market_value(s, AS_OF) for s in open_symbols)
    cash = sum(fx(x, c, account.base, AS_OF) for c, x in account.cash.items())
    total, t = values[AS_OF], account.total
    net_flows = sum(x for _, x in account.flows)
    assert total == market + cash
    if all(r["currency"] in ("", account.base) for r in rows):  # without foreign currency the identity is exact
        assert t["realised"] + market - cost == total - net_flows - t["dividends"] - t["interest"] + t["fees"] + t["taxes"]

    inception = (date.fromisoformat(first) - timedelta(1)).isoformat()
    returns = []
    for name, opening in [("since inception", inception)] + [("2013 to 2022", "2012-12-31")] * (first[:4] == "2013"):
        r, days = twr(on_sessions, account.flows, opening), (date.fromisoformat(AS_OF) - date.fromisoformat(opening)).days
        returns.append({"range": name, "opening_date": opening, "end_date": AS_OF, "days": days,
                        "twr": float(round(r, 12)), "twr_annualised": round(float(1 + r) ** (365 / days) - 1, 12),
                        "twr_over_calendar_days": float(round(twr(values, account.flows, opening), 12))})
    signs = [(d, -x) for d, x in account.flows] + [(AS_OF, total)]
    return {
        "tenant": portfolio["tenant"], "name": portfolio["name"], "base_currency": account.base, "as_of": AS_OF,
        "transactions": len(rows), "first_date": first, "open_positions": len(open_symbols), "positions": positions,
        "cash": {c: format(decimal(x, MINOR_UNIT[c]), "f") for c, x in sorted(account.cash.items())},
        "cash_base": show(cash), "cost_base": show(cost), "market_value_base": show(market), "total_value_base": show(total),
        "unrealised_base": show(market - cost), "realised_base": show(t["realised"]),
        "dividends_gross_base": show(t["dividends"]), "interest_base": show(t["interest"]),
        "fees_expensed_base": show(t["fees"]), "taxes_expensed_base": show(t["taxes"]),
        "net_external_flows_base": show(net_flows), "gain_base": show(total - net_flows),
        "returns": returns, "xirr": round(xirr(signs), 10),
    }


if __name__ == "__main__":
    result = [evaluate(p) for p in table("portfolios/portfolios.csv")]
    (HERE / "expected.json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    for p in result:
        print({k: v for k, v in p.items() if k != "positions"})
