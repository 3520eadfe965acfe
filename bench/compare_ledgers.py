#!/usr/bin/env python3
"""Writes one journal for this program, beancount and hledger, and times each of them on it.

    pip install beancount; apt-get install hledger
    bench/compare_ledgers.py --rows 10000 --program target/release/portfolio-analyzer

Ours is the engine's figure of `bench --only engine` for the same kind of journal (trades of some instruments, first in first
out); theirs is the time until all holdings are told, parsing included. What is not installed is left out.
"""

import argparse
import datetime
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

FIRST = datetime.date(2013, 1, 2)
FEE = "1.25"


def trades(rows, instruments):
    """Of each instrument two purchases, then a sale of one and a half, and so on, over ten years."""
    for at in range(rows):
        cents = 10_000 + at * 7_919 % 10_000
        yield (
            FIRST + datetime.timedelta(days=at * 3_640 // rows),
            # Commodities of beancount and hledger: letters only.
            "B" + "".join(chr(ord("A") + int(digit)) for digit in f"{at % instruments:03}"),
            (at // instruments) % 3 == 2,
            f"{cents // 100}.{cents % 100:02}",
        )


def beancount(path, rows, instruments):
    with open(path, "w", encoding="utf-8") as file:
        file.write('option "operating_currency" "USD"\noption "booking_method" "FIFO"\n')
        for account in ["Assets:Broker", "Assets:Cash", "Expenses:Fees", "Income:Gains"]:
            file.write(f"{FIRST} open {account}\n")
        for day, commodity, is_sale, price in trades(rows, instruments):
            if is_sale:
                file.write(
                    f'{day} * "sale"\n  Assets:Broker  -1.5 {commodity} {{}} @ {price} USD\n'
                    f"  Assets:Cash  {1.5 * float(price) - 1.25:.4f} USD\n  Expenses:Fees  {FEE} USD\n  Income:Gains\n"
                )
            else:
                file.write(
                    f'{day} * "purchase"\n  Assets:Broker  1 {commodity} {{{price} USD}}\n'
                    f"  Expenses:Fees  {FEE} USD\n  Assets:Cash\n"
                )


def hledger(path, rows, instruments):
    with open(path, "w", encoding="utf-8") as file:
        for day, commodity, is_sale, price in trades(rows, instruments):
            units = "-1.5" if is_sale else "1"
            file.write(
                f"{day} trade\n  assets:broker  {units} {commodity} @ {price} USD\n  expenses:fees  {FEE} USD\n"
                "  assets:cash\n\n"
            )


def timed(command):
    begun = time.monotonic()
    done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False)
    if done.returncode != 0:
        return f"failed: {done.stderr.decode(errors='replace').strip()[:200]}"
    return f"{(time.monotonic() - begun) * 1e3:,.0f} ms"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--instruments", type=int, default=50)
    parser.add_argument("--program", type=pathlib.Path, help="this project's program, whose engine is measured beside them")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        print(f"{options.rows} trades of {options.instruments} instruments")
        if shutil.which("hledger"):
            path = folder / "journal.hledger"
            hledger(path, options.rows, options.instruments)
            print(f"hledger balance     {timed(['hledger', '-f', str(path), 'balance', 'assets'])}")
        try:
            import beancount as _  # noqa: F401
        except ImportError:
            pass
        else:
            path = folder / "journal.beancount"
            beancount(path, options.rows, options.instruments)
            # Without its cache of parsed files.
            load = "import sys; from beancount import loader; e = loader.load_file(sys.argv[1])[1]; sys.exit(str(e[0]) if e else 0)"
            command = ["env", "BEANCOUNT_DISABLE_LOAD_CACHE=1", sys.executable, "-c", load, str(path)]
            print(f"beancount load      {timed(command)}")
        if options.program:
            print("this program:", flush=True)
            subprocess.run([options.program, "bench", "--only", "engine"], check=True)


if __name__ == "__main__":
    main()
