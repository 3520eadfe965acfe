//! Prices that a tenant's people enter by a file.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::idempotency::IdempotencyKey;
use super::import::{ImportMode, MAX_ROW_ERRORS, RowError};
use super::manual_price::NewPrice;
use super::transaction::check_date;
use super::{Caller, RefusalCode, ServiceError, Services, access, settle};
use crate::auth::Permission;
use crate::clock::parse_day;
use crate::storage;
use crate::storage::instrument::Instrument;
use crate::tenancy::{Session, Tenant};

/// Rows of one file.
const MAX_ROWS: usize = 10_000;

const HEADER: [&str; 4] = ["symbol", "date", "price", "currency"];

/// What became of a file of prices.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct ImportedPrices {
    /// Rows in the file.
    pub rows_read: usize,
    /// Prices that were entered.
    pub rows_recorded: usize,
    /// Rows that are wrong.
    pub rows_rejected: usize,
    /// The first hundred of these, by line.
    pub row_errors: Vec<RowError>,
}

/// What is called so, by symbol.
type Called = HashMap<String, Vec<Arc<Instrument>>>;

impl Services {
    /// Enters the prices of a CSV file: all or none, or those that are right.
    pub async fn manual_prices_import(
        &self,
        caller: &Caller,
        csv: &str,
        mode: ImportMode,
        key: Option<IdempotencyKey>,
    ) -> Result<ImportedPrices, ServiceError> {
        access::require(&caller.actor, Permission::PricesManage)?;
        let rows = read(csv)
            .map_err(|message| ServiceError::refused(RefusalCode::InvalidInput, &["input", "csv"], message))?;
        let session = self.write(caller).await?;
        let result = async {
            if let Some(earlier) = self.earlier_answer(&session, key.as_ref()).await? {
                return serde_json::from_value(earlier).map_err(|error| ServiceError::Internal(error.to_string()));
            }
            let called = self.priced_by_hand(&session, &rows).await?;
            let today = self.environment.clock.today();
            let (mut prices, mut errors, mut seen) = (Vec::new(), Vec::new(), HashSet::new());
            for (line, cells) in &rows {
                let price =
                    price(cells, &called, today).and_then(|price| match seen.insert((price.instrument, price.date)) {
                        true => Ok(price),
                        false => Err(Wrong::new(
                            "date",
                            RefusalCode::InvalidInput,
                            format!("{} stands there twice", price.date),
                        )),
                    });
                match price {
                    Ok(price) => prices.push(price),
                    Err(Wrong { column, code, message }) => {
                        errors.push(RowError { line: *line, column: Some(column.into()), code, message });
                    }
                }
            }
            if mode == ImportMode::AllOrNothing && !errors.is_empty() {
                prices.clear();
            }
            if !prices.is_empty() {
                self.enter_prices(&session, caller, "manualPricesImport", &prices).await?;
            }
            let rows_rejected = errors.len();
            errors.truncate(MAX_ROW_ERRORS);
            let imported = ImportedPrices {
                rows_read: rows.len(),
                rows_recorded: prices.len(),
                rows_rejected,
                row_errors: errors,
            };
            let answer = serde_json::to_value(&imported).map_err(|error| ServiceError::Internal(error.to_string()))?;
            self.remember(&session, key.as_ref(), answer).await?;
            Ok(imported)
        }
        .await;
        settle(session, result).await
    }

    /// What the rows name, the market's and the tenant's own; what somebody else prices among it, so that a refusal can say so.
    async fn priced_by_hand(
        &self,
        session: &Session<Tenant>,
        rows: &[(u64, [String; 4])],
    ) -> Result<Called, ServiceError> {
        let symbols: BTreeSet<String> = rows.iter().map(|(_, cells)| cells[0].clone()).collect();
        let symbols: Vec<String> = symbols.into_iter().collect();
        let today = self.environment.clock.today();
        let mut called = Called::new();
        for listing in storage::instrument::by_symbols(session, &symbols).await? {
            if listing.holds_on(today) && !listing.instrument.delisted {
                called.entry(listing.symbol).or_default().push(Arc::new(listing.instrument));
            }
        }
        Ok(called)
    }
}

/// What is wrong with a row.
struct Wrong {
    column: &'static str,
    code: RefusalCode,
    message: String,
}

impl Wrong {
    fn new(column: &'static str, code: RefusalCode, message: impl Into<String>) -> Self {
        Self { column, code, message: message.into() }
    }
}

/// The rows of a file with their lines.
fn read(text: &str) -> Result<Vec<(u64, [String; 4])>, String> {
    let mut csv = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text.as_bytes());
    let header = csv.headers().map_err(|error| error.to_string())?;
    if header.iter().ne(HEADER) {
        return Err(format!("the first line is not {}", HEADER.join(",")));
    }
    let mut rows = Vec::new();
    for record in csv.records() {
        let record = record.map_err(|error| error.to_string())?;
        let line = record.position().map_or(0, csv::Position::line);
        rows.push((line, std::array::from_fn(|at| record.get(at).unwrap_or_default().to_owned())));
        if rows.len() > MAX_ROWS {
            return Err(format!("more than {MAX_ROWS} rows: send several files"));
        }
    }
    if rows.is_empty() { Err("there is no row".to_owned()) } else { Ok(rows) }
}

fn price([symbol, date, price, currency]: &[String; 4], called: &Called, today: NaiveDate) -> Result<NewPrice, Wrong> {
    let invalid = |column, message: String| Wrong::new(column, RefusalCode::InvalidInput, message);
    let instrument = instrument(symbol, called)?;
    let day = parse_day(date).ok_or_else(|| invalid("date", format!("{date} is no day such as 2022-12-28")))?;
    check_date(day, today).map_err(|message| Wrong::new("date", RefusalCode::FutureDate, message))?;
    let price: Decimal = price.parse().map_err(|_| invalid("price", format!("{price} is no number")))?;
    if price <= Decimal::ZERO {
        return Err(invalid("price", format!("a price of {price}: it must be above zero")));
    }
    if *currency != instrument.currency.to_string() {
        let message = format!("{symbol} is priced in {}, not in {currency}", instrument.currency);
        return Err(invalid("currency", message));
    }
    Ok(NewPrice { instrument: instrument.id, date: day, price })
}

/// The one instrument that is called so and priced by hand.
fn instrument<'a>(symbol: &str, called: &'a Called) -> Result<&'a Instrument, Wrong> {
    let found = called.get(symbol).map(Vec::as_slice).unwrap_or_default();
    let by_hand: Vec<&Arc<Instrument>> = found.iter().filter(|instrument| instrument.manually_priced).collect();
    match (by_hand.as_slice(), found) {
        ([one], _) => Ok(one),
        ([], []) => Err(Wrong::new("symbol", RefusalCode::NotFound, format!("no instrument is called {symbol}"))),
        ([], [other, ..]) => {
            let message = format!("{symbol} is priced by the market {}", other.mic);
            Err(Wrong::new("symbol", RefusalCode::InvalidInput, message))
        }
        (several, _) => {
            let message = format!("{symbol} is what {} instruments are called", several.len());
            Err(Wrong::new("symbol", RefusalCode::InvalidInput, message))
        }
    }
}
