"""Write demo/portfolios from demo/market, byte for byte the same on every run.

    python3 demo/make_portfolios.py

Plain Python 3.11, no other package. Every choice comes from a checksum of a name, never from a random number.
The asserts at the end read the files back and hold them to the rules that README.md states.
"""
import calendar
import csv
import gzip
import io
from bisect import bisect_left
from collections import defaultdict
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, Decimal as D
from pathlib import Path
from zlib import crc32

HERE = Path(__file__).resolve().parent
HEADER = ("date,type,symbol,quantity,price,amount,fee,tax,currency,"
          "counter_amount,counter_currency,ratio,account,external_id,note").split(",")
LAST_DAY = "2022-12-28"
SPREAD = D("0.002")  # what a conversion costs against the reference rate

# Made-up dividends, the same for every holder: symbol -> (yearly yield, months of payment).
DIVIDENDS = {
    "JNJ": ("0.026", (3, 6, 9, 12)), "PEP": ("0.027", (1, 4, 7, 10)), "CVX": ("0.038", (3, 6, 9, 12)),
    "PG": ("0.025", (5, 11)), "MRK": ("0.028", (4, 10)),
    "HD": ("0.02", (6,)), "JPM": ("0.025", (8,)), "MSFT": ("0.011", (9,)),
}
# Made-up bonds: symbol -> (yearly coupon, months of payment). They trade on coupon dates only, so nothing is accrued.
COUPONS = {"FEDLAKE30": ("1.25", (9,)), "NBWATER27": ("3.5", (3, 9)), "PLAINS26": ("2.25", (2, 8))}

PLANS = [
    dict(tenant="alpine", owner="investor1", advisor="advisor", name="Growth and income", base="USD",
         account="Brokerage", code="GI", interest_months=(3, 6, 9, 12), start=2013, initial=60000, first_buys=8, deposit=4500, deposit_months=(1, 4, 7, 10),
         buy_months=range(1, 13), extra_buys=45, sell_months=(2, 5, 8, 11), sell_also=(3, 6, 10), withdraw=4000, withdraw_from=2016, fee=120, lot=2,
         symbols="JNJ MSFT AAPL PEP JPM CVX UNH HD PG WMT LLY BAC RRC MRK BBY AMD QUAL MTUM".split(),
         text="Sixteen US stocks and two factor funds, ten years of regular saving"),
    dict(tenant="alpine", owner="investor2", advisor="advisor", name="Euro retirement", base="EUR",
         account="Retirement", code="ER", interest_months=(6, 12), start=2014, initial=40000, first_buys=3, deposit=3000, deposit_months=(2, 8),
         buy_months=(2, 5, 8, 11), extra_buys=0, sell_months=(6,), sell_also=(), withdraw=0, withdraw_from=9999, fee=90, lot=1,
         symbols="JPM MSFT AAPL BBY QUAL USMV LLY".split(),
         text="US stocks and funds for a saver in the euro area, with negative interest on cash"),
    dict(tenant="alpine", owner="investor1", advisor="", name="Sterling savings", base="GBP",
         account="General", code="SS", interest_months=(12,), start=2015, initial=25000, first_buys=3, deposit=2000, deposit_months=(3, 9),
         buy_months=(3, 9, 12), extra_buys=0, sell_months=(7,), sell_also=(), withdraw=1500, withdraw_from=2017, fee=60, lot=1,
         symbols="JNJ USMV VLUE UNH BAC".split(), text="A self-directed account without an adviser"),
    dict(tenant="alpine", owner="investor2", advisor="advisor", name="Private wealth", base="EUR",
         account="Custody", code="PW", text="Crypto and bonds at prices entered by hand"),
    dict(tenant="borealis", owner="investor1", advisor="advisor", name="Tokyo income", base="JPY",
         account="Income", code="TI", interest_months=(12,), start=2016, initial=6000000, first_buys=4, deposit=400000, deposit_months=(4,),
         buy_months=(4, 10), extra_buys=0, sell_months=(9,), sell_also=(), withdraw=200000, withdraw_from=2017, fee=6000, lot=1,
         symbols="CVX PG MRK SIZE HD".split(), text="Dividend payers for an investor in Japan; yen have no minor unit"),
    dict(tenant="borealis", owner="investor2", advisor="advisor", name="Bharat overseas", base="INR",
         account="Overseas", code="BO", interest_months=(12,), start=2009, initial=1500000, first_buys=3, deposit=150000, deposit_months=(1,),
         buy_months=(1, 7), extra_buys=0, sell_months=(), sell_also=(10,), withdraw=60000, withdraw_from=2018, fee=1500, lot=D("0.0001"),
         symbols="AAPL MSFT JPM AMD RRC UNH".split(), text="Fractional US shares for an investor in India, from 2009 on"),
    dict(tenant="borealis", owner="investor1", advisor="advisor", name="Northern balance", base="EUR",
         account="Balance", code="NB", interest_months=(6, 12), start=2016, initial=30000, first_buys=4, deposit=2400, deposit_months=(1, 4, 7, 10),
         buy_months=(1, 4, 7, 10), extra_buys=0, sell_months=(12,), sell_also=(), withdraw=1000, withdraw_from=2018, fee=75, lot=1,
         symbols="QUAL MTUM SIZE USMV VLUE WMT".split(), text="Five factor funds and one stock"),
]


def read(name):
    path = HERE / "market" / name
    opener = gzip.open if name.endswith(".gz") else open
    with opener(path, "rt", encoding="utf-8", newline="") as f:
        return list(csv.DictReader(f))


INSTRUMENT = {r["symbol"]: r for r in read("instruments.csv")}
MINOR = {r["code"]: int(r["minor_unit"]) for r in read("currencies.csv")}
SESSIONS = defaultdict(list)
for r in read("sessions.csv.gz"):
    SESSIONS[r["mic"]].append(r["date"])
PRICE = {}
for r in read("prices.csv.gz"):
    PRICE[r["symbol"], r["date"]] = D(r["close"])
for r in read("manual_prices.csv"):
    PRICE[r["symbol"], r["date"]] = D(r["price"])
SPLITS = [(r["ex_date"], r["symbol"], D(r["numerator"]), D(r["denominator"])) for r in read("splits.csv")]
RATE = {(r["quote"], r["date"]): D(r["rate"]) for r in read("fx.csv.gz")}
IS_SESSION = {m: set(days) for m, days in SESSIONS.items()}
# Days on which both the exchange and the reference rates are open.
BANK_DAYS = [d for d in SESSIONS["XNYS"] if ("USD", d) in RATE]


def pick(n, *key):
    return crc32("|".join(map(str, key)).encode()) % n


def plain(x):
    s = format(x, "f")
    return s.rstrip("0").rstrip(".") if "." in s else s


def money(x, currency, rounding=ROUND_HALF_EVEN):
    return x.quantize(D(1).scaleb(-MINOR[currency]), rounding)


def rate(sold, bought, date):
    per_euro = lambda c: D(1) if c == "EUR" else RATE[c, date]
    return per_euro(bought) / per_euro(sold)


def nth(days, year, month, n):
    """The n-th of `days` in a month, from 1; negative from its end."""
    a, b = (bisect_left(days, f"{year}-{m:02}") for m in (month, month + 1))
    return days[a:b][n - 1 if n > 0 else n]


def month_end(symbol, year, month):
    date = min(f"{year}-{month:02}-{calendar.monthrange(year, month)[1]}", LAST_DAY)
    days = SESSIONS[INSTRUMENT[symbol]["mic"]]
    return days[bisect_left(days, date + "~") - 1] if days else date


class Book:
    """Rows of one account, with the cash and the holdings after them."""

    def __init__(self, plan):
        self.plan, self.base = plan, plan["base"]
        self.rows, self.agenda = [], []
        self.cash, self.held = defaultdict(D), defaultdict(D)
        for split in SPLITS:
            self.at(split[0], 0, self.split, *split[1:])

    def at(self, date, order, action, *args, **named):
        """Plan an action; `order` ranks the actions of one day."""
        if date <= LAST_DAY:
            self.agenda.append((date, order, len(self.agenda), action, args, named))

    def run(self):
        for date, _, _, action, args, named in sorted(self.agenda, key=lambda a: a[:3]):
            action(date, *args, **named)

    def row(self, date, type, **cells):
        cells.update(date=date, type=type, account=self.plan["account"],
                     external_id=f"{self.plan['code']}-{len(self.rows) + 1:04}")
        self.rows.append({k: plain(v) if k in ("quantity", "price") else str(v) for k, v in cells.items()})

    def value(self, symbol, date):
        return self.held[symbol] * PRICE[symbol, date] * D(INSTRUMENT[symbol]["price_multiplier"])

    def split(self, date, symbol, new, old):
        if self.held[symbol]:
            self.held[symbol] = self.held[symbol] * new / old
            self.row(date, "SPLIT", symbol=symbol, ratio=f"{new}:{old}", note="made-up split")

    def dividend(self, date, symbol, share):
        if self.held[symbol]:
            a_share = (PRICE[symbol, date] * share).quantize(D("0.0001"))
            gross = money(self.held[symbol] * a_share, "USD")
            tax = money(gross * D("0.15"), "USD")
            self.cash["USD"] += gross - tax
            self.row(date, "DIVIDEND", symbol=symbol, amount=gross, tax=tax, currency="USD", note=f"{plain(a_share)} a share")

    def coupon(self, date, symbol, share):
        currency = INSTRUMENT[symbol]["currency"]
        if self.held[symbol]:
            amount = money(self.held[symbol] * share, currency)
            self.cash[currency] += amount
            self.row(date, "INTEREST", symbol=symbol, amount=amount, currency=currency, note="coupon")

    def cash_row(self, date, type, amount, currency, **cells):
        amount = money(D(amount), currency)
        sign = 1 if type in ("DEPOSIT", "INTEREST") else -1
        if amount:
            self.cash[currency] += sign * amount
            assert self.cash[currency] >= 0, (self.plan["code"], date, type)
            self.row(date, type, amount=amount, currency=currency, **cells)

    def interest(self, date, share):
        self.cash_row(date, "INTEREST", self.cash[self.base] * share, self.base)

    def convert(self, date, sold, bought, keep, share=D(1)):
        amount = money((self.cash[sold] - keep) * share, sold, ROUND_DOWN)
        if amount > 0:
            fee = money(amount * D("0.0003"), sold)
            amount -= fee
            got = money(amount * rate(sold, bought, date) * (1 - SPREAD), bought, ROUND_DOWN)
            self.cash[sold] -= amount + fee
            self.cash[bought] += got
            self.row(date, "FX_CONVERSION", amount=amount, currency=sold, fee=fee, counter_amount=got, counter_currency=bought)

    def top_up(self, date, currency, need):
        """Convert as many dollars as it takes to have an amount of another currency."""
        missing = need - self.cash[currency]
        if missing > 0 and self.cash["USD"]:
            share = missing * rate(currency, "USD", date) * D("1.003") / self.cash["USD"]
            self.convert(date, "USD", currency, 0, min(D(1), share))

    def trade(self, date, side, symbol, quantity, fee=None):
        price, currency = PRICE[symbol, date], INSTRUMENT[symbol]["currency"]
        gross = quantity * price * D(INSTRUMENT[symbol]["price_multiplier"])
        if fee is None:
            fee = max(D(1), gross * D("0.0005"))
        fee = money(fee, currency)
        cells = {}
        if self.plan["code"] == "BO":  # one account where every trade is taxed
            cells["tax"] = money(gross * D("0.001"), currency)
        sign = 1 if side == "BUY" else -1
        self.cash[currency] -= sign * money(gross, currency) + fee + cells.get("tax", 0)
        self.held[symbol] += sign * quantity
        assert self.cash[currency] >= 0 and self.held[symbol] >= 0
        self.row(date, side, symbol=symbol, quantity=quantity, price=price, fee=fee, currency=currency, **cells)

    def buy(self, date, share, symbol=None, lot=None):
        """Spend a share of the cash, by default on one of the three smallest holdings."""
        if symbol is None:
            open_now = [s for s in self.plan["symbols"] if (s, date) in PRICE]
            open_now.sort(key=lambda s: self.value(s, date))
            symbol = open_now[pick(3, "buy", self.plan["code"], date)] if self.value(open_now[0], date) else open_now[0]
        lot, price = lot or self.plan["lot"], PRICE[symbol, date]
        quantity = self.cash["USD"] * share / price // lot * lot
        if quantity > 0 and quantity * price * D("1.002") + 2 < self.cash["USD"]:
            self.trade(date, "BUY", symbol, quantity)

    def trim(self, date, share):
        """Sell a part of the largest holding."""
        symbol = max((s for s in self.plan["symbols"] if self.held[s]), key=lambda s: self.value(s, date))
        lot = self.plan["lot"]
        quantity = self.held[symbol] * share // lot * lot
        if quantity > 0:
            self.trade(date, "SELL", symbol, quantity)

    def add_dividends(self):
        for symbol, (yearly, months) in DIVIDENDS.items():
            for year in range(2009, 2023):
                for month in months:
                    date = nth(SESSIONS["XNYS"], year, month, 4 + pick(12, symbol, month))
                    self.at(date, 1, self.dividend, symbol, D(yearly) / len(months))


def saver(plan):
    """Deposits, conversion into dollars, regular purchases, some sales: all portfolios but one."""
    book, base = Book(plan), plan["base"]
    book.add_dividends()
    keep = 0 if base == "USD" else D(plan["initial"]) / 50
    extra = plan["extra_buys"]
    for year in range(plan["start"], 2023):
        for month in range(1, 13):
            key = (plan["code"], year, month)
            first = year == plan["start"] and month == 1
            # 2 January of the first year where both markets are open, else some day of the first week
            day = nth(BANK_DAYS, year, month, 1 if first else 1 + pick(4, "deposit", *key))
            deposit = plan["initial"] if first else plan["deposit"] * (20 + year - plan["start"]) // 20
            paid = first or month in plan["deposit_months"]
            if paid:
                book.at(day, 2, book.cash_row, "DEPOSIT", deposit, base)
                if base != "USD":
                    book.at(day, 4, book.convert, base, "USD", keep)
            if first:
                for n in range(plan["first_buys"]):
                    book.at(nth(SESSIONS["XNYS"], year, month, 1 + n), 6, book.buy, D(1) / (plan["first_buys"] + 2 - n))
            elif month in plan["buy_months"]:
                book.at(nth(SESSIONS["XNYS"], year, month, 6 + pick(10, "buy", *key)), 6, book.buy, D(40 + pick(20, "share", *key)) / 100)
            if extra and not first and pick(5, "extra", *key) < 2:
                extra -= 1
                book.at(nth(SESSIONS["XNYS"], year, month, -1 - pick(3, "extra day", *key)), 6, book.buy, D("0.5"))
            trims = month in plan["sell_months"] or (month in plan["sell_also"] and year % 2 == 0)
            if trims and not (year == plan["start"] and month < 7):
                book.at(nth(SESSIONS["XNYS"], year, month, 3 + pick(8, "sell", *key)), 5, book.trim, D(10 + pick(15, "part", *key)) / 100)
            if month in plan["interest_months"]:
                yearly = D("-0.004") if base == "EUR" and 2015 <= year <= 2021 else D("0.004")
                yearly /= len(plan["interest_months"])
                book.at(nth(SESSIONS["XNYS"], year, month, -2), 3, book.interest, yearly)
        if year >= plan["withdraw_from"]:
            day = nth(BANK_DAYS, year, 11, 5 + pick(8, "withdraw", plan["code"], year))
            amount = plan["withdraw"] * (20 + year % 4) // 20
            if base != "USD":
                book.at(day, 4, book.top_up, base, amount + 3 * plan["fee"])
            book.at(day, 7, book.cash_row, "WITHDRAWAL", amount, base)
        book.at(max(d for d in SESSIONS["XNYS"] if d <= f"{year}-12-28"), 8, book.cash_row, "FEE", plan["fee"], base, note=f"account fee {year}")
        if plan["code"] in ("ER", "BO") and year > plan["start"]:
            book.at(nth(BANK_DAYS, year, 5, 10), 9, book.cash_row, "TAX", D(plan["fee"]) * (30 + pick(40, "tax", year)) / 100, base, note=f"tax assessed for {year - 1}")
    book.run()
    return book


def private_wealth(plan):
    """Crypto on any day of the week and bonds per 100 of face, at the prices entered by hand."""
    book = Book(plan)
    for symbol, (yearly, months) in COUPONS.items():
        for year in range(2019, 2023):
            for month in months:
                book.at(month_end(symbol, year, month), 1, book.coupon, symbol, D(yearly) / 100 / len(months))
    for year in range(2019, 2023):
        day = nth(BANK_DAYS, year, 1, 6)
        book.at(day, 2, book.cash_row, "DEPOSIT", 190000 if year == 2019 else 30000, "EUR")
        if year < 2022:
            book.at(day, 4, book.convert, "EUR", "USD", D(60000) if year == 2019 else D(25000))
        else:
            book.at(day, 4, book.convert, "USD", "EUR", 0, D("0.4"))
        book.at(nth(BANK_DAYS, year, 11, 9), 7, book.cash_row, "WITHDRAWAL", 4000, "EUR", note="yearly gift")
        for month in (3, 6, 9, 12):
            end = nth(SESSIONS["XETR"], year, month, -1)
            book.at(end, 3, book.interest, D("0.0006") if year == 2022 else D("-0.0012"))
            book.at(end, 8, book.cash_row, "FEE", 85, "EUR", note="custody fee")
        for symbol, months, lot, share in (("BTC", (2, 5, 8, 11), "0.0001", "0.05"), ("ETH", (1, 7, 10), "0.001", "0.03"), ("SOL", (9,), "0.1", "0.02")):
            for month in months:
                if (symbol, month_end(symbol, year, month)) in PRICE:
                    book.at(month_end(symbol, year, month), 6, book.buy, D(share), symbol, D(lot))
    for year, month, side, symbol, quantity in (
        (2019, 3, "BUY", "NBWATER27", "60000"), (2019, 8, "BUY", "PLAINS26", "50000"), (2019, 9, "BUY", "FEDLAKE30", "40000"),
        (2020, 2, "BUY", "PLAINS26", "20000"), (2020, 9, "BUY", "FEDLAKE30", "15000"), (2021, 3, "BUY", "NBWATER27", "10000"),
        (2021, 4, "SELL", "BTC", "0.75"), (2021, 9, "SELL", "FEDLAKE30", "10000"), (2021, 11, "SELL", "ETH", "12.5"),
        (2021, 12, "SELL", "SOL", "80"), (2022, 2, "BUY", "PLAINS26", "40000"), (2022, 3, "BUY", "NBWATER27", "25000"),
        (2022, 8, "SELL", "PLAINS26", "20000"), (2022, 9, "BUY", "FEDLAKE30", "45000"), (2022, 12, "SELL", "BTC", "0.1"),
    ):
        book.at(month_end(symbol, year, month), 5, book.trade, side, symbol, D(quantity))
    book.run()
    return book


def write(name, header, rows):
    text = io.StringIO()
    w = csv.DictWriter(text, header, restval="", lineterminator="\n")
    w.writeheader()
    w.writerows(rows)
    (HERE / "portfolios" / name).write_bytes(text.getvalue().encode())


def check(name):
    """Hold one file to the rules, from its text alone. Returns its rows and open holdings."""
    with open(HERE / "portfolios" / name, encoding="utf-8", newline="") as f:
        reader = csv.DictReader(f)
        rows = list(reader)
    assert reader.fieldnames == HEADER
    assert len({r["external_id"] for r in rows}) == len(rows)
    assert [r["date"] for r in rows] == sorted(r["date"] for r in rows) and rows[-1]["date"] <= LAST_DAY
    cash, held = defaultdict(D), defaultdict(D)
    splits = {(ex, s): f"{a}:{b}" for ex, s, a, b in SPLITS}
    due = sorted(splits)  # (ex-date, symbol)
    for r in rows:
        where, kind, symbol, currency = (name, r["external_id"]), r["type"], r["symbol"], r["currency"]
        amount, quantity, fee, tax = (D(r[k] or 0) for k in ("amount", "quantity", "fee", "tax"))
        # no split of a holding is passed over
        while due and due[0][0] < r["date"] or due and due[0] == (r["date"], symbol) and kind == "SPLIT":
            ex, s = due.pop(0)
            assert not held[s] or (ex, s) == (r["date"], symbol), (where, ex, s)
        if kind == "SPLIT":
            assert held[symbol] and r["ratio"] == splits[r["date"], symbol], where
            new, old = r["ratio"].split(":")
            held[symbol] = held[symbol] * D(new) / D(old)
        elif kind in ("BUY", "SELL"):
            mic = INSTRUMENT[symbol]["mic"]
            assert mic == "24X7" or r["date"] in IS_SESSION[mic], where
            assert D(r["price"]) == PRICE[symbol, r["date"]] and quantity > 0 and not r["amount"], where
            assert currency == INSTRUMENT[symbol]["currency"], where
            sign = 1 if kind == "BUY" else -1
            gross = quantity * D(r["price"]) * D(INSTRUMENT[symbol]["price_multiplier"])
            cash[currency] -= sign * money(gross, currency) + fee + tax
            held[symbol] += sign * quantity
            assert held[symbol] >= 0, where
        elif kind == "DIVIDEND":
            assert held[symbol] and amount > 0, where
            cash[currency] += amount - tax
        elif kind == "FX_CONVERSION":
            assert amount > 0 and D(r["counter_amount"]) > 0, where
            cash[currency] -= amount + fee
            cash[r["counter_currency"]] += D(r["counter_amount"])
        else:
            assert amount > 0 or kind == "INTEREST" and amount, where
            cash[currency] += amount if kind in ("DEPOSIT", "INTEREST") else -amount
        for c, x in cash.items():
            assert x >= 0, (where, c, x)
        for k in ("amount", "fee", "tax"):
            assert not r[k] or -D(r[k]).as_tuple().exponent == MINOR[currency], where
    assert not any(held[s] for _, s in due)
    return rows, {s: q for s, q in held.items() if q}


def main():
    (HERE / "portfolios").mkdir(exist_ok=True)
    index = []
    for plan in PLANS:
        book = private_wealth(plan) if plan["code"] == "PW" else saver(plan)
        name = f"{plan['tenant']}-{plan['name'].lower().replace(' ', '-')}.csv"
        write(name, HEADER, book.rows)
        at = f"@{plan['tenant']}.example"
        index.append(dict(tenant=plan["tenant"], owner_email=plan["owner"] + at, name=plan["name"],
                          advisor_email=plan["advisor"] and plan["advisor"] + at, base_currency=plan["base"],
                          account=plan["account"], file=name, description=plan["text"]))
        rows, held = check(name)
        print(f"{name}: {len(rows)} rows, {len(held)} holdings", {t: sum(r["type"] == t for r in rows) for t in sorted({r["type"] for r in rows})}, dict(book.cash))
        if plan["code"] == "GI":
            assert set(held) == set(plan["symbols"]) and len(held) == 18
            assert {r["symbol"] for r in rows} - {""} == set(held)
            assert (rows[0]["date"], rows[-1]["date"]) == ("2013-01-02", LAST_DAY)
            assert len(rows) == 522
    write("portfolios.csv", "tenant,owner_email,advisor_email,name,base_currency,account,file,description".split(","), index)


if __name__ == "__main__":
    main()
