#!/usr/bin/env python3
"""Compares the analytics with pyxirr, empyrical-reloaded and quantstats: what each says of one series, and how long it takes.

    pip install pyxirr empyrical-reloaded quantstats
    cargo build --release -p domain --example analytics
    bench/compare_analytics.py --program target/release/examples/analytics

The series are ten years of daily returns of one share and of an index from demo/market, the flows made up on that share's prices.
Both tables are Markdown, for docs/analytics.md. A figure that differs has a reason beside it; one without a reason ends the
comparison with an error.
"""

import argparse
import csv
import datetime
import gzip
import math
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time
import warnings

MARKET = pathlib.Path(__file__).resolve().parent.parent / "demo" / "market"
YEAR = 252
RISK_FREE = 0.02
TARGET = (1 + RISK_FREE) ** (1 / YEAR) - 1
# Figures that differ by less are equal.
TOLERANCE = 1e-9

# Why a peer's figure differs, and what ours comes to by the peer's convention: of all our figures and the number of returns.
REASONS = {
    ("ulcer_index", "quantstats"): (
        "divides the squares by n − 1, Martin by n",
        lambda ours, n: ours["ulcer_index"] * math.sqrt(n / (n - 1)),
    ),
    ("alpha", "empyrical"): (
        "compounds the alpha of a day over a year, Jensen's is linear: times 252",
        lambda ours, n: (1 + ours["alpha"] / YEAR) ** YEAR - 1,
    ),
    ("alpha", "quantstats"): (
        "takes no risk-free rate off",
        lambda ours, n: ours["alpha"] + YEAR * TARGET * (1 - ours["beta"]),
    ),
    ("information_ratio", "empyrical"): (
        "is of a day, not of a year",
        lambda ours, n: ours["information_ratio"] / math.sqrt(YEAR),
    ),
    ("information_ratio", "quantstats"): (
        "is of a day, not of a year",
        lambda ours, n: ours["information_ratio"] / math.sqrt(YEAR),
    ),
}


def closes(symbol):
    """Dates and closes of ten years of returns, splits divided out."""
    with open(MARKET / "splits.csv", encoding="utf-8") as file:
        splits = [row for row in csv.DictReader(file) if row["symbol"] == symbol]
    with gzip.open(MARKET / "prices.csv.gz", "rt", encoding="utf-8") as file:
        rows = [(row["date"], float(row["close"])) for row in csv.DictReader(file) if row["symbol"] == symbol]
    adjusted = []
    for date, close in rows[-(10 * YEAR + 1) :]:
        for split in splits:
            if date < split["ex_date"]:
                close *= int(split["denominator"]) / int(split["numerator"])
        adjusted.append((date, close))
    return adjusted


def returns(rows):
    return [(date, close / before - 1) for (_, before), (date, close) in zip(rows, rows[1:])]


def flows(rows):
    """A purchase for 1,000 every 63 days, at times a sale of a quarter, and the value on the last day."""
    units, dated = 0.0, []
    for at, (date, close) in enumerate(rows[:-1]):
        if at % 630 == 567:
            dated.append((date, units / 4 * close))
            units *= 0.75
        elif at % 63 == 0:
            dated.append((date, -1_000.0))
            units += 1_000 / close
    return dated + [(rows[-1][0], units * rows[-1][1])]


def ours(program, own, benchmark, dated):
    with tempfile.TemporaryDirectory() as folder:
        files = [pathlib.Path(folder) / name for name in ("returns.csv", "flows.csv")]
        lines = (f"{date},{value!r},{other!r}" for (date, value), (_, other) in zip(own, benchmark))
        files[0].write_text("\n".join(lines) + "\n", encoding="utf-8")
        files[1].write_text("".join(f"{date},{amount!r}\n" for date, amount in dated), encoding="utf-8")
        return pairs([program, "figures", *files])


def pairs(command):
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True)
    return {name: float(value) for name, value in (line.split(",") for line in done.stdout.splitlines())}


def theirs(own, benchmark, dated):
    import empyrical
    import pandas
    import pyxirr
    import quantstats.stats as quantstats

    index = pandas.DatetimeIndex([date for date, _ in own])
    r = pandas.Series([value for _, value in own], index)
    b = pandas.Series([value for _, value in benchmark], index)
    alpha, beta = empyrical.alpha_beta(r, b, TARGET)
    greeks = quantstats.greeks(r, b, periods=YEAR)
    return {
        "pyxirr": {"xirr": pyxirr.xirr([(datetime.date.fromisoformat(date), amount) for date, amount in dated])},
        "empyrical": {
            "annual_return": empyrical.annual_return(r),
            "volatility": empyrical.annual_volatility(r),
            "downside_deviation": empyrical.downside_risk(r, TARGET),
            "sharpe": empyrical.sharpe_ratio(r, TARGET),
            "sortino": empyrical.sortino_ratio(r, TARGET),
            "omega": empyrical.omega_ratio(r, required_return=RISK_FREE),
            "max_drawdown": empyrical.max_drawdown(r),
            "calmar": empyrical.calmar_ratio(r),
            "var_linear": -empyrical.value_at_risk(r, 0.05),
            "es_historical": -empyrical.conditional_value_at_risk(r, 0.05),
            "alpha": alpha,
            "beta": beta,
            "information_ratio": empyrical.excess_sharpe(r, b),
            "up_capture": empyrical.up_capture(r, b),
            "down_capture": empyrical.down_capture(r, b),
            "rolling_sharpe": empyrical.roll_sharpe_ratio(r, 126, risk_free=TARGET).iloc[-1],
        },
        "quantstats": {
            "annual_return": quantstats.cagr(r, periods=YEAR),
            "volatility": quantstats.volatility(r, YEAR),
            "sharpe": quantstats.sharpe(r, RISK_FREE, YEAR),
            "sortino": quantstats.sortino(r, RISK_FREE, YEAR),
            "omega": quantstats.omega(r, required_return=RISK_FREE, periods=YEAR),
            "max_drawdown": quantstats.max_drawdown(r),
            "calmar": quantstats.calmar(r, periods=YEAR),
            "ulcer_index": quantstats.ulcer_index(r),
            "skewness": quantstats.skew(r),
            "excess_kurtosis": quantstats.kurtosis(r),
            "es_linear": -quantstats.cvar(r, method="historical"),
            "var_parametric": -quantstats.value_at_risk(r),
            "es_parametric": -quantstats.cvar(r),
            "alpha": greeks["alpha"],
            "beta": greeks["beta"],
            "r_squared": quantstats.r_squared(r, b),
            "information_ratio": quantstats.information_ratio(r, b),
            "rolling_sharpe": quantstats.rolling_sharpe(r, RISK_FREE, 126, True, YEAR).iloc[-1],
        },
    }


def compare(ours, theirs, count):
    """Prints the figures; tells how many differ for no reason that is known."""
    print("| figure | here | pyxirr | empyrical | quantstats | why one differs |")
    print("|---|---|---|---|---|---|")
    unexplained = 0
    for name, own in ours.items():
        cells, reasons = [], []
        for peer, figures in theirs.items():
            if name not in figures:
                cells.append("")
                continue
            value = float(figures[name])
            cells.append("same" if close(value, own) else f"{value:.6f}")
            if close(value, own):
                continue
            reason, converted = REASONS.get((name, peer), ("UNKNOWN", lambda ours, n: math.nan))
            reasons.append(f"{peer} {reason}")
            unexplained += not close(value, converted(ours, count))
        print(f"| {name} | {own:.6f} | {' | '.join(cells)} | {'; '.join(reasons)} |")
    return unexplained


def close(left, right):
    return abs(left - right) <= TOLERANCE * (1 + abs(right))


def median(runs, work):
    """Microseconds of processor time."""
    spans = []
    for _ in range(runs):
        begun = time.process_time()
        work()
        spans.append((time.process_time() - begun) * 1e6)
    return statistics.median(spans)


def peer_times():
    """The work of the example's `times`, by the peers: name, peer, microseconds."""
    import empyrical
    import numpy
    import pandas
    import pyxirr

    first = datetime.date(2015, 1, 2)

    def made(count, day):
        dates = [first + datetime.timedelta(days=day(at)) for at in range(count)]
        amounts = [-1_000.0 - at % 7 for at in range(count - 1)] + [1_100.0 * (count - 1)]
        return dates, amounts

    holdings = [made(29, lambda at, by=by: at * 91 + by) for by in range(18)]
    # As arrays, the fastest that pyxirr takes.
    holdings = [(numpy.array(dates, dtype="datetime64[D]"), numpy.array(amounts)) for dates, amounts in holdings]
    many = made(1_000_000, lambda at: at * 3_650 // 1_000_000)
    many = (numpy.array(many[0], dtype="datetime64[D]"), numpy.array(many[1]))
    random = numpy.random.default_rng(1)
    market = random.uniform(-0.015, 0.015, (2_520, 1))
    columns = market + random.uniform(-0.015, 0.015, (2_520, 500))
    own, other = columns[:, 0].copy(), columns[:, 1].copy()
    series = pandas.Series(own)

    def six(own, other):
        empyrical.annual_volatility(own)
        empyrical.sharpe_ratio(own, TARGET)
        empyrical.sortino_ratio(own)
        empyrical.calmar_ratio(own)
        empyrical.max_drawdown(own)
        empyrical.alpha_beta_aligned(own, other)

    root = numpy.linalg.cholesky(numpy.cov(columns[:, :50], rowvar=False))
    weights = numpy.full(50, 0.02)

    def monte_carlo():
        outcomes = random.standard_normal((100_000, 50)) @ root.T @ weights
        quantile = numpy.quantile(outcomes, 0.05)
        return outcomes[outcomes <= quantile].mean()

    # 7,000,000 trades of 500 instruments on 2,609 days, and the closes.
    instruments, days = 500, 2_609
    traded = random.integers(0, instruments * days, 7_000_000)
    units = random.integers(-50, 51, 7_000_000).astype(float)
    prices = random.uniform(100, 130, (instruments, days))

    def valued():
        moved = numpy.bincount(traded, weights=units, minlength=instruments * days).reshape(instruments, days)
        return (moved.cumsum(axis=1) * prices).sum(axis=0)

    # The same from what is held at each close, which is where the example starts from.
    held = numpy.bincount(traded, weights=units, minlength=instruments * days).reshape(instruments, days).cumsum(axis=1)

    def rolled():
        window = series.rolling(126)
        return (window.mean() - TARGET) / window.std() * math.sqrt(YEAR)

    return [
        ("xirr_18_holdings", "pyxirr", median(200, lambda: [pyxirr.xirr(*flows) for flows in holdings])),
        ("xirr_million_flows", "pyxirr", median(5, lambda: pyxirr.xirr(*many))),
        ("six_risk_figures", "empyrical, of arrays", median(200, lambda: six(own, other))),
        ("six_risk_figures", "empyrical, of series", median(50, lambda: six(series, pandas.Series(other)))),
        ("rolling_sharpe", "pandas", median(100, rolled)),
        ("covariance_500", "numpy", median(5, lambda: numpy.cov(columns, rowvar=False))),
        ("monte_carlo", "numpy", median(5, monte_carlo)),
        ("daily_values", "numpy, from trades", median(5, valued)),
        ("daily_values", "numpy, from positions", median(5, lambda: (held * prices).sum(axis=0))),
    ]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", type=pathlib.Path, required=True, help="the example `analytics`, built for release")
    parser.add_argument("--symbol", default="MSFT")
    parser.add_argument("--benchmark", default="SP500")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    # One thread for each side; numpy reads this when it is imported.
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    prices = closes(options.symbol)
    own, benchmark, dated = returns(prices), returns(closes(options.benchmark)), flows(prices)
    print(f"{options.symbol} and {options.benchmark}, {own[0][0]} to {own[-1][0]}, {len(own)} returns, {len(dated)} flows\n")
    unexplained = compare(ours(options.program, own, benchmark, dated), theirs(own, benchmark, dated), len(own))
    here = pairs([options.program, "times"])
    print("\n| work | here, µs | peer, µs | peer | times as fast |\n|---|---|---|---|---|")
    for name, peer, span in peer_times():
        print(f"| {name} | {here[name]:,.0f} | {span:,.0f} | {peer} | {span / here[name]:.1f} |")
    if unexplained:
        sys.exit(f"{unexplained} figures differ for no reason that is known")


if __name__ == "__main__":
    main()
