//! Realised gains as a CSV file: what a tax adviser reads, with ids as clients see them.

use std::collections::HashMap;
use std::sync::Arc;

use async_graphql::{Error, ID, Result};
use domain::ledger::LotMatch;
use domain::money::Currency;
use futures_util::stream::{self, BoxStream, StreamExt};
use uuid::Uuid;

use super::context::Operation;
use super::error::ErrorCode;
use super::id::{Kind, of_lot};
use super::rules::rule_of;
use super::types::lot_match::year_of;
use crate::services::ServiceError;
use crate::services::valuation::View;
use crate::storage::instrument::Instrument;
use crate::storage::lot::MatchFilter;

/// The file's header.
const HEADER: [&str; 21] = [
    "account",
    "symbol",
    "sale_date",
    "acquired_date",
    "quantity",
    "proceeds",
    "cost",
    "gain",
    "currency",
    "base_proceeds",
    "base_cost",
    "base_gain",
    "base_currency",
    "opening_rate",
    "disposal_rate",
    "term",
    "days_held",
    "sale_id",
    "lot_id",
    "opened_by_id",
    "note",
];
/// What nobody may take the file for.
const NOTE: &str = "not wash-sale adjusted";
/// Disposals that are written at once.
const CHUNK: usize = 500;

/// What is asked of the file.
#[derive(Clone, Debug, Default)]
pub struct GainsRequest {
    /// The portfolio's id.
    pub portfolio: String,
    /// The calendar year; all where none is given.
    pub year: Option<String>,
    /// The currency of the base figures; the portfolio's where none is given.
    pub currency: Option<String>,
}

/// A file that is written while it is sent.
pub struct GainsFile {
    /// What to call it: letters, digits, `-` and `.`.
    pub name: String,
    /// Its text, part by part.
    pub text: BoxStream<'static, String>,
}

/// What a row needs beside the disposal.
struct Names {
    accounts: HashMap<Uuid, String>,
    instruments: HashMap<Uuid, Arc<Instrument>>,
    base: Currency,
}

/// The realised gains of a portfolio that the caller may read.
pub async fn open(operation: &Operation, asked: &GainsRequest) -> Result<GainsFile> {
    let rule = rule_of("portfolio").ok_or_else(|| ErrorCode::Forbidden.error("portfolio has no rule"))?;
    rule.check(operation.actor())?;
    let id = Kind::Portfolio.parse(&ID::from(asked.portfolio.as_str()), "id")?;
    let bad = |argument: &str, message: String| ErrorCode::BadUserInput.error(format!("{argument}: {message}"));
    let year = match &asked.year {
        Some(year) => {
            let digits = (year.len() == 4).then(|| year.parse().ok()).flatten();
            Some(digits.ok_or_else(|| bad("year", format!("\"{}\" is no year", shorten(year))))?)
        }
        None => None,
    };
    let days = year.map(year_of).transpose().map_err(|message| bad("year", message))?;
    let currency = asked.currency.as_deref().map(Currency::new).transpose();
    let currency = currency.map_err(|error| bad("currency", error.to_string()))?;
    let name = year.map_or_else(|| "realized-gains.csv".to_owned(), |year| format!("realized-gains-{year}.csv"));
    let read = async {
        let services = &operation.services;
        let session = operation.session().await?;
        let Some(portfolio) = services.portfolios(&session, &[id]).await?.pop() else {
            return Ok::<_, ServiceError>(None);
        };
        let view = View::new(&portfolio, currency);
        let today = services.environment.clock.today();
        let filter = MatchFilter {
            from: days.map(|(first, _)| first),
            to: Some(days.map_or(today, |(_, last)| last.min(today))),
            ..MatchFilter::default()
        };
        let matches = services.disposals(&session, &view, today, &filter).await?;
        let mut held: Vec<Uuid> = matches.iter().map(|part| part.instrument.uuid()).collect();
        held.sort_unstable();
        held.dedup();
        let accounts = services.accounts(&session, &[id]).await?;
        let names = Names {
            accounts: accounts.into_iter().map(|account| (account.id, account.name)).collect(),
            instruments: services.instruments_of_lots(&session, &held).await?,
            base: view.currency,
        };
        Ok(Some((matches, names)))
    };
    let found = read.await.map_err(|error| operation.fail(error))?;
    let (matches, names) = found.ok_or_else(|| ErrorCode::NotFound.error("no such portfolio"))?;
    let given = async {
        let caller = operation.changing().await?;
        operation.services.audit_gains_file(caller, id, year, names.base).await
    };
    given.await.map_err(|error| operation.fail(error))?;
    Ok(GainsFile { name, text: text(matches, names) })
}

fn shorten(text: &str) -> String {
    text.chars().take(60).collect()
}

/// The header, then the rows, some at a time.
fn text(matches: Vec<LotMatch>, names: Names) -> BoxStream<'static, String> {
    let header = line(&HEADER.map(str::to_owned));
    let rows = stream::unfold((matches.into_iter(), names), |(mut left, names)| async {
        let chunk: String = left.by_ref().take(CHUNK).map(|part| row(&part, &names)).collect();
        (!chunk.is_empty()).then_some((chunk, (left, names)))
    });
    stream::once(async { header }).chain(rows).boxed()
}

fn row(part: &LotMatch, names: &Names) -> String {
    let plain = |number: rust_decimal::Decimal| number.normalize().to_string();
    let optional = |number: Option<rust_decimal::Decimal>| number.map(plain).unwrap_or_default();
    let instrument = names.instruments.get(&part.instrument.uuid());
    let account = names.accounts.get(&part.account.uuid()).map(String::as_str).unwrap_or_default();
    line(&[
        harmless(account),
        harmless(instrument.map(|found| found.symbol.as_str()).unwrap_or_default()),
        part.closed_on.to_string(),
        part.opened_on.to_string(),
        plain(part.quantity),
        plain(part.proceeds_local),
        plain(part.cost_local),
        optional(part.gain_local().ok()),
        instrument.map(|found| found.currency.to_string()).unwrap_or_default(),
        plain(part.proceeds_base),
        plain(part.cost_base),
        optional(part.gain_base().ok()),
        names.base.to_string(),
        optional(part.opening_rate()),
        optional(part.closing_rate()),
        if part.is_long_term() { "LONG" } else { "SHORT" }.to_owned(),
        part.days_held().to_string(),
        Kind::Transaction.id(part.sale.uuid()).0,
        part.lot.map(|lot| of_lot(lot, part.lot_account, part.instrument, part.lot_ordinal).0).unwrap_or_default(),
        part.lot.map(|lot| Kind::Transaction.id(lot.uuid()).0).unwrap_or_default(),
        NOTE.to_owned(),
    ])
}

/// A person's text, so that a spreadsheet does not take it for a formula.
fn harmless(text: &str) -> String {
    // The wide forms begin a formula where the keyboard writes them.
    match text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠']) {
        true => format!("'{text}"),
        false => text.to_owned(),
    }
}

/// One line, quoted where it must be.
fn line(cells: &[String; HEADER.len()]) -> String {
    let quoted = |cell: &String| match cell.contains([',', '"', '\n', '\r']) {
        true => format!("\"{}\"", cell.replace('"', "\"\"")),
        false => cell.clone(),
    };
    let cells: Vec<String> = cells.iter().map(quoted).collect();
    format!("{}\r\n", cells.join(","))
}

/// The error of a service that has no such files.
pub fn none() -> Error {
    ErrorCode::NotFound.error("there is no such file")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_persons_text_is_no_formula() {
        assert_eq!(harmless("=HYPERLINK(\"http://x\")"), "'=HYPERLINK(\"http://x\")");
        assert_eq!(harmless("@SUM(A1)"), "'@SUM(A1)");
        assert_eq!(harmless("Main"), "Main");
    }

    #[test]
    fn cells_are_quoted_where_they_must_be() {
        let mut cells = HEADER.map(str::to_owned);
        cells[0] = "a \"b\", c".to_owned();
        assert!(line(&cells).starts_with("\"a \"\"b\"\", c\",symbol,"));
    }
}
