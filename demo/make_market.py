"""Write demo/market from files derived from public packages (see README.md).

    python3 demo/make_market.py SOURCE_DIRECTORY

Plain Python 3.11, no other package. The same input gives the same bytes.
"""
import calendar
import csv
import gzip
import io
import sys
from bisect import bisect_left
from decimal import Decimal
from pathlib import Path

OUT = Path(__file__).resolve().parent / "market"
LAST_DAY = "2022-12-28"

# code, name of the market, country, currency, time zone
EXCHANGES = [
    ("24X7", "Always open (a marker of this demo, not an ISO 10383 code)", "", "USD", "UTC"),
    ("XASX", "Australian Securities Exchange", "AU", "AUD", "Australia/Sydney"),
    ("XBOM", "BSE Mumbai", "IN", "INR", "Asia/Kolkata"),
    ("XETR", "Xetra Frankfurt", "DE", "EUR", "Europe/Berlin"),
    ("XHKG", "Hong Kong Exchanges", "HK", "HKD", "Asia/Hong_Kong"),
    ("XLON", "London Stock Exchange", "GB", "GBP", "Europe/London"),
    ("XNYS", "New York Stock Exchange", "US", "USD", "America/New_York"),
    ("XPAR", "Euronext Paris", "FR", "EUR", "Europe/Paris"),
    ("XSWX", "SIX Swiss Exchange", "CH", "CHF", "Europe/Zurich"),
    ("XTKS", "Tokyo Stock Exchange", "JP", "JPY", "Asia/Tokyo"),
    ("XTSE", "Toronto Stock Exchange", "CA", "CAD", "America/Toronto"),
]

SECTORS = [
    ("BROAD", "Broad market"),
    ("CONSUMER", "Retail and consumer goods"),
    ("CORPBOND", "Corporate bonds"),
    ("DIGITAL", "Digital assets"),
    ("ENERGY", "Energy"),
    ("FINANCE", "Banks and finance"),
    ("GOVBOND", "Government bonds"),
    ("HEALTH", "Health care"),
    ("STAPLES", "Food and household staples"),
    ("TECH", "Technology"),
]

# symbol, name, type, market, currency, ISIN, sector, price multiplier, price source.
# All US listings follow the XNYS sessions, whatever their listing venue.
INSTRUMENTS = [
    ("AAPL", "Apple", "STOCK", "XNYS", "USD", "US0378331005", "TECH", "1", "EXCHANGE"),
    ("AMD", "Advanced Micro Devices", "STOCK", "XNYS", "USD", "US0079031078", "TECH", "1", "EXCHANGE"),
    ("BAC", "Bank of America", "STOCK", "XNYS", "USD", "US0605051046", "FINANCE", "1", "EXCHANGE"),
    ("BBY", "Best Buy", "STOCK", "XNYS", "USD", "US0865161014", "CONSUMER", "1", "EXCHANGE"),
    ("CVX", "Chevron", "STOCK", "XNYS", "USD", "US1667641005", "ENERGY", "1", "EXCHANGE"),
    ("HD", "Home Depot", "STOCK", "XNYS", "USD", "US4370761029", "CONSUMER", "1", "EXCHANGE"),
    ("JNJ", "Johnson & Johnson", "STOCK", "XNYS", "USD", "US4781601046", "HEALTH", "1", "EXCHANGE"),
    ("JPM", "JPMorgan Chase", "STOCK", "XNYS", "USD", "US46625H1005", "FINANCE", "1", "EXCHANGE"),
    ("LLY", "Eli Lilly", "STOCK", "XNYS", "USD", "US5324571083", "HEALTH", "1", "EXCHANGE"),
    ("MRK", "Merck & Co.", "STOCK", "XNYS", "USD", "US58933Y1055", "HEALTH", "1", "EXCHANGE"),
    ("MSFT", "Microsoft", "STOCK", "XNYS", "USD", "US5949181045", "TECH", "1", "EXCHANGE"),
    ("PEP", "PepsiCo", "STOCK", "XNYS", "USD", "US7134481081", "STAPLES", "1", "EXCHANGE"),
    ("PG", "Procter & Gamble", "STOCK", "XNYS", "USD", "US7427181091", "STAPLES", "1", "EXCHANGE"),
    ("RRC", "Range Resources", "STOCK", "XNYS", "USD", "", "ENERGY", "1", "EXCHANGE"),
    ("UNH", "UnitedHealth Group", "STOCK", "XNYS", "USD", "US91324P1021", "HEALTH", "1", "EXCHANGE"),
    ("WMT", "Walmart", "STOCK", "XNYS", "USD", "US9311421039", "STAPLES", "1", "EXCHANGE"),
    ("MTUM", "iShares MSCI USA Momentum Factor ETF", "ETF", "XNYS", "USD", "", "BROAD", "1", "EXCHANGE"),
    ("QUAL", "iShares MSCI USA Quality Factor ETF", "ETF", "XNYS", "USD", "", "BROAD", "1", "EXCHANGE"),
    ("SIZE", "iShares MSCI USA Size Factor ETF", "ETF", "XNYS", "USD", "", "BROAD", "1", "EXCHANGE"),
    ("USMV", "iShares MSCI USA Min Vol Factor ETF", "ETF", "XNYS", "USD", "", "BROAD", "1", "EXCHANGE"),
    ("VLUE", "iShares MSCI USA Value Factor ETF", "ETF", "XNYS", "USD", "", "BROAD", "1", "EXCHANGE"),
    ("SP500", "S&P 500 price index", "INDEX", "XNYS", "USD", "", "BROAD", "1", "EXCHANGE"),
    ("BTC", "Bitcoin", "CRYPTO", "24X7", "USD", "", "DIGITAL", "1", "MANUAL"),
    ("ETH", "Ether", "CRYPTO", "24X7", "USD", "", "DIGITAL", "1", "MANUAL"),
    ("SOL", "Solana", "CRYPTO", "24X7", "USD", "", "DIGITAL", "1", "MANUAL"),
    ("FEDLAKE30", "Republic of Fedlake 1.25% 2030 (fictional)", "BOND", "XETR", "EUR", "", "GOVBOND", "0.01", "MANUAL"),
    ("NBWATER27", "Northbridge Water 3.5% 2027 (fictional)", "BOND", "XNYS", "USD", "", "CORPBOND", "0.01", "MANUAL"),
    ("PLAINS26", "Plains Treasury 2.25% 2026 (fictional)", "BOND", "XNYS", "USD", "", "GOVBOND", "0.01", "MANUAL"),
]

# Made up: symbol, ex-date, new shares, old shares.
SPLITS = [
    ("AAPL", "2000-02-22", 4, 1), ("AAPL", "2005-02-14", 2, 1), ("AAPL", "2007-09-17", 2, 1),
    ("AAPL", "2014-11-17", 3, 1), ("AAPL", "2019-05-20", 2, 1),
    ("AMD", "2021-03-15", 2, 1),
    ("BAC", "1998-04-20", 2, 1), ("BAC", "2021-06-14", 2, 1),
    ("BBY", "1992-03-16", 3, 1), ("BBY", "1994-04-18", 2, 1), ("BBY", "1998-08-17", 2, 1),
    ("BBY", "1999-03-22", 3, 1), ("BBY", "2019-10-21", 2, 1),
    ("CVX", "1996-06-17", 2, 1), ("CVX", "2007-05-21", 2, 1),
    ("HD", "1998-05-18", 3, 1), ("HD", "2018-03-19", 2, 1),
    ("JNJ", "1996-10-21", 2, 1), ("JNJ", "2016-05-16", 2, 1),
    ("JPM", "1993-02-16", 2, 1), ("JPM", "1998-09-21", 2, 1), ("JPM", "2017-03-20", 3, 2),
    ("LLY", "1997-08-18", 2, 1), ("LLY", "2021-09-20", 2, 1),
    ("MRK", "1991-06-17", 2, 1), ("MRK", "1999-03-15", 2, 1),
    ("MSFT", "1994-02-14", 2, 1), ("MSFT", "1996-09-16", 2, 1), ("MSFT", "1998-11-16", 2, 1),
    ("MSFT", "2020-05-18", 2, 1),
    ("PEP", "1996-02-20", 2, 1), ("PEP", "2015-09-21", 3, 2),
    ("PG", "1997-03-17", 2, 1), ("PG", "2004-11-15", 2, 1),
    ("RRC", "2005-05-16", 4, 1), ("RRC", "2020-06-15", 1, 2),
    ("UNH", "1993-02-16", 3, 1), ("UNH", "2005-08-15", 2, 1), ("UNH", "2019-02-19", 2, 1),
    ("WMT", "1992-05-18", 2, 1), ("WMT", "1999-05-17", 2, 1),
]

# Written by hand, illustrative: one figure per month-end from the month given.
MANUAL = {
    "BTC": ("2019-01", """3450 3850 4100 5300 8550 10800 10100 9600 8300 9200 7550 7200
        9350 8600 6450 8650 9450 9150 11350 11650 10800 13800 19700 29000
        33100 45150 58800 57750 37300 35050 41450 47150 43800 61300 57000 46200
        38500 43200 45550 37650 31800 19950 23300 20050 19450 20500 17150 16550"""),
    "ETH": ("2019-01", """107 137 141 162 268 290 219 172 180 183 152 130
        180 219 133 207 232 226 346 434 360 386 615 737
        1315 1420 1920 2775 2710 2275 2535 3430 3000 4290 4630 3685
        2690 2920 3280 2725 1940 1070 1680 1555 1330 1570 1295 1190"""),
    "SOL": ("2020-06", """0.85 1.7 4.6 2.9 1.6 2 1.5
        4.3 13.5 19.5 43 33 35.5 36.5 108 141 203 209 170
        100 100 123 85 46 33.5 43 31.5 33 32.5 14 9.6"""),
    "FEDLAKE30": ("2019-01", """100.4 100.2 101.6 101.3 102.5 104.1 105.6 107.2 106.3 105.1 104.4 103.2
        105.3 106.8 104.6 105.2 104.9 105.4 106.1 105.7 106.6 107.4 107.2 107.3
        106.9 104.8 105.1 104.2 104 104.4 106.2 105.5 104.1 103.4 105 103.6
        101.7 100.3 97.6 94.2 92 90.3 94.8 88.9 84.6 84.9 86.8 83.1"""),
    "NBWATER27": ("2019-01", """98.2 98.6 100.1 100.4 101.3 102.8 103.1 105 104.4 104.7 104.6 104.5
        106.2 107.4 98.5 103.9 106.1 107.8 109.6 109.2 108.8 108.3 109.4 109.9
        109.5 107.8 106.9 107.4 107.6 108.1 108.7 108.3 107.5 106.8 106.7 106.6
        104.3 102.8 100.7 97.9 98.3 96.1 98.2 95.6 92.1 91.4 93.8 93.3"""),
    "PLAINS26": ("2019-01", """97.5 97.3 98.9 98.7 100.4 101.5 101.3 103.8 103 103.1 102.7 102.3
        104.4 106.6 109.4 109.5 109.3 109.4 109.9 109.5 109.5 109 109 109
        108.8 107 106.4 106.8 106.9 106.6 107.4 107.1 106.3 105.4 105.3 104.8
        103 102.6 99.6 97.5 97.9 97.1 98.2 96.1 93.5 93 94.4 94.1"""),
}

# ECB currencies that ended, with the minor unit and month of withdrawal where the list lacks them.
ENDED = {"BGN": 2, "CYP": 2, "EEK": 2, "HRK": 2, "LTL": 2, "LVL": 2, "MTL": 2,
         "ROL": 2, "SIT": 2, "SKK": 2, "TRL": 0}
WITHDRAWN = {"HRK": "2023-01"}


def read(path):
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8", newline="") as f:
        yield from csv.DictReader(f)


def write(name, header, rows):
    text = io.StringIO()
    w = csv.writer(text, lineterminator="\n")
    w.writerow(header.split(","))
    w.writerows(rows)
    data = text.getvalue().encode()
    if name.endswith(".gz"):
        data = gzip.compress(data, 9, mtime=0)
        data = data[:9] + b"\xff" + data[10:]  # the byte for the operating system
    (OUT / name).write_bytes(data)


def plain(d):
    s = format(d, "f")
    return s.rstrip("0").rstrip(".") if "." in s else s


def main(source):
    OUT.mkdir(exist_ok=True)
    write("exchanges.csv", "mic,name,country,currency,time_zone", EXCHANGES)
    write("sectors.csv", "code,name", SECTORS)
    write("instruments.csv", "symbol,name,asset_type,mic,currency,isin,sector,price_multiplier,price_source", INSTRUMENTS)
    write("splits.csv", "symbol,ex_date,numerator,denominator", SPLITS)

    currencies = []
    for r in read(source / "instruments/iso4217_currencies.csv"):
        code = r["code"]
        if code in ENDED:
            currencies.append((code, r["name"].strip(), ENDED[code], WITHDRAWN.get(code, r["withdrawn"])))
        elif not r["withdrawn"] and r["minor_unit"].isdigit():
            currencies.append((code, r["name"].strip(), r["minor_unit"], ""))
    write("currencies.csv", "code,name,minor_unit,withdrawn", sorted(currencies))
    known = {c[0] for c in currencies}

    mics = {e[0] for e in EXCHANGES}
    days = {m: [] for m in mics}
    rows = []
    for r in read(source / "calendars/sessions.csv.gz"):
        if r["mic"] in mics and "1990" <= r["date"][:4] <= "2027":
            days[r["mic"]].append(r["date"])
            at = [r[k] and r[k][:-1] + ":00Z" for k in ("open_utc", "close_utc", "break_start_utc", "break_end_utc")]
            rows.append((r["mic"], r["date"], *at[:2], r["early_close"], *at[2:], r["late_open"]))
    header = "mic,date,opens_at,closes_at,early_close,break_starts_at,break_ends_at,late_open"
    write("sessions.csv.gz", header, sorted(rows))

    for symbol, ex, _, _ in SPLITS:
        assert ex in days["XNYS"], (symbol, ex)
    prices = []
    for name in ("us_sp500_20_adjclose.csv.gz", "us_factor_etf_adjclose.csv", "us_sp500_index_close.csv"):
        for r in read(source / "prices" / name):
            close = Decimal(r["adj_close"])
            for symbol, ex, new, old in SPLITS:
                if symbol == r["symbol"] and r["date"] < ex:
                    close = close * new / old
            assert close == round(close, 4) and r["date"] <= LAST_DAY
            prices.append((r["symbol"], r["date"], plain(close)))
    write("prices.csv.gz", "symbol,date,close", sorted(prices))
    held = {}
    for symbol, date, _ in prices:
        held.setdefault(symbol, []).append(date)
    for symbol, dates in held.items():
        want = [d for d in days["XNYS"] if dates[0] <= d <= LAST_DAY]
        assert dates == want, symbol

    rates = sorted((r["base"], r["quote"], r["date"], r["rate"]) for r in read(source / "fx/ecb_eurofxref_hist.csv.gz"))
    assert {r[1] for r in rates} <= known
    write("fx.csv.gz", "base,quote,date,rate", rates)

    manual = []
    for symbol, (start, figures) in MANUAL.items():
        _, _, _, mic, currency, *_ = next(i for i in INSTRUMENTS if i[0] == symbol)
        year, month = map(int, start.split("-"))
        for figure in figures.split():
            date = min(f"{year}-{month:02}-{calendar.monthrange(year, month)[1]}", LAST_DAY)
            if days[mic]:
                date = days[mic][bisect_left(days[mic], date + "~") - 1]
            manual.append((symbol, date, figure, currency))
            year, month = (year, month + 1) if month < 12 else (year + 1, 1)
        assert date == LAST_DAY, symbol
    write("manual_prices.csv", "symbol,date,price,currency", sorted(manual))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
