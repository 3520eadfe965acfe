//! A journal of any length: trades of some instruments over ten years, the same on every run.

use std::io::{self, Write};

use chrono::{DateTime, Days, NaiveDate, Utc};
use domain::id::{AccountId, InstrumentId};
use domain::ledger::{InstrumentTerms, Instruments, InvalidTerms, Trade, Transaction, TransactionKind};
use domain::money::Currency;
use rust_decimal::Decimal;
use uuid::Uuid;

use crate::services::import::HEADER;

/// The days that trades are spread over.
const DAYS: u64 = 3_640;

/// So many trades of so many instruments: of each two purchases, then a sale of one and a half, and so on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Journal {
    pub(super) trades: u64,
    pub(super) instruments: u64,
}

/// One trade.
struct Line {
    day: NaiveDate,
    instrument: u64,
    is_sale: bool,
    quantity: Decimal,
    price: Decimal,
}

/// The first day of a journal.
pub(super) fn first_day() -> NaiveDate {
    NaiveDate::from_ymd_opt(2013, 1, 2).unwrap_or_default()
}

/// What a journal's instrument is called.
pub(super) fn symbol(instrument: u64) -> String {
    format!("BENCH{instrument:03}")
}

fn fee() -> Decimal {
    Decimal::new(125, 2)
}

impl Journal {
    fn line(self, at: u64) -> Line {
        let is_sale = (at / self.instruments) % 3 == 2;
        let cents = i64::try_from(10_000 + at.wrapping_mul(7_919) % 10_000).unwrap_or_default();
        Line {
            day: first_day() + Days::new(at * DAYS / self.trades.max(1)),
            instrument: at % self.instruments,
            is_sale,
            quantity: if is_sale { Decimal::new(15, 1) } else { Decimal::ONE },
            price: Decimal::new(cents, 2),
        }
    }

    /// Writes the journal as a file for `import`.
    pub(super) fn write(self, mut file: impl Write) -> io::Result<()> {
        writeln!(file, "{}", HEADER[..15].join(","))?;
        for at in 0..self.trades {
            let Line { day, instrument, is_sale, quantity, price } = self.line(at);
            let (kind, symbol) = (if is_sale { "SELL" } else { "BUY" }, symbol(instrument));
            writeln!(file, "{day},{kind},{symbol},{quantity},{price},,{},,USD,,,,,T{at},", fee())?;
        }
        file.flush()
    }

    /// The journal as the engine takes it.
    pub(super) fn transactions(self) -> Vec<Transaction> {
        let account = AccountId::from(Uuid::from_u128(1));
        let transaction = |at: u64| {
            let Line { day, instrument, is_sale, quantity, price } = self.line(at);
            let trade = Trade { fee: fee(), ..Trade::at_price(id(instrument), quantity, price, Currency::EUR) };
            Transaction {
                id: Uuid::from_u128(u128::from(at) + 1).into(),
                account,
                trade_date: day,
                settlement_date: None,
                sequence: i64::try_from(at).unwrap_or(i64::MAX),
                kind: if is_sale { TransactionKind::Sell(trade) } else { TransactionKind::Buy(trade) },
            }
        };
        (0..self.trades).map(transaction).collect()
    }

    /// Its instruments.
    pub(super) fn terms(self) -> Result<Instruments, InvalidTerms> {
        let terms = |at| Ok((id(at), InstrumentTerms::new(symbol(at), Currency::EUR, Decimal::ONE)?));
        (0..self.instruments).map(terms).collect()
    }

    /// The rows that the file comes to in the ledger's table, in COPY's text format, from one trade to before another.
    pub(super) fn copied(self, from: u64, to: u64, place: &Place<'_>) -> Vec<u8> {
        let mut rows = Vec::with_capacity(usize::try_from(to.saturating_sub(from)).unwrap_or_default() * 330);
        let Place { portfolio, account, batch, by, at: now, instruments } = *place;
        for at in from..to.min(self.trades) {
            let Line { day, instrument, is_sale, quantity, price } = self.line(at);
            let kind = if is_sale { "SELL" } else { "BUY" };
            // As ids of version 7 do, they ascend.
            let id =
                Uuid::from_u128((0x0190 << 112) | (u128::from(at) << 64) | u128::from(at.wrapping_mul(0x9E37_79B9)));
            let about =
                usize::try_from(instrument).ok().and_then(|at| instruments.get(at)).copied().unwrap_or_default();
            // Writing to a Vec cannot fail.
            let _ = writeln!(
                rows,
                "{id}\t{portfolio}\t{account}\t{id}\t{day}\t{}\t{batch}\tportfolio-csv:id:T{at}:1\tT{at}\t{now}\t{by}\t{kind}\t\
                 {about}\t{quantity}\t{price}\t{}\t0\tUSD",
                at + 1,
                fee()
            );
        }
        rows
    }
}

/// Where raw rows go.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) portfolio: Uuid,
    pub(super) account: Uuid,
    pub(super) batch: Uuid,
    pub(super) by: Uuid,
    pub(super) at: DateTime<Utc>,
    /// The ids of the journal's instruments.
    pub(super) instruments: &'a [Uuid],
}

/// Takes what [`Journal::copied`] makes.
pub(super) const COPY: &str = "\
    COPY fact_portfolio_transactions (id, portfolio_id, account_id, event_id, trade_date, sequence, import_batch_id, \
    import_key, external_id, recorded_at, recorded_by, type, instrument_id, quantity, price, fee, tax, currency) FROM STDIN";

fn id(instrument: u64) -> InstrumentId {
    Uuid::from_u128(u128::from(instrument) + 1_000).into()
}

#[cfg(test)]
mod tests {
    use domain::ledger::{Policy, book};
    use domain::pricing::FxRates;

    use super::*;

    #[test]
    fn a_journal_can_be_booked() {
        let journal = Journal { trades: 600, instruments: 7 };
        let terms = journal.terms().expect("terms");
        let policy = Policy::new(Currency::EUR);
        let booked = book(&policy, &journal.transactions(), &[], &terms, &FxRates::default()).expect("books");
        assert!(booked.matches.len() > 190, "{}", booked.matches.len());
        let mut file = Vec::new();
        journal.write(&mut file).expect("a file");
        assert_eq!(String::from_utf8(file).expect("text").lines().count(), 601);
    }
}
