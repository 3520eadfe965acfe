//! The rows of the product's own CSV format, cell by cell.

use aws_lc_rs::digest;
use chrono::NaiveDate;
use domain::id::InstrumentId;
use domain::ledger::{CashMovement, FxConversion, Trade, TransactionKind};
use domain::money::Currency;
use rust_decimal::Decimal;

use super::RowError;
use crate::clock::parse_day;
use crate::services::RefusalCode;

/// The header, exactly.
pub const HEADER: [&str; 15] = [
    "date",
    "type",
    "symbol",
    "quantity",
    "price",
    "amount",
    "fee",
    "tax",
    "currency",
    "counter_amount",
    "counter_currency",
    "ratio",
    "account",
    "external_id",
    "note",
];

/// The longest external id or note.
const MAX_TEXT: usize = 500;

/// A row whose cells could be read; what they name has not been looked up.
#[derive(Clone, Debug)]
pub(super) struct ParsedRow {
    pub line: u64,
    pub date: NaiveDate,
    kind: String,
    pub symbol: Option<String>,
    quantity: Option<Decimal>,
    price: Option<Decimal>,
    amount: Option<Decimal>,
    fee: Option<Decimal>,
    tax: Option<Decimal>,
    currency: Option<Currency>,
    counter_amount: Option<Decimal>,
    counter_currency: Option<Currency>,
    ratio: Option<(Decimal, Decimal)>,
    pub account: Option<String>,
    pub external_id: Option<String>,
    pub note: Option<String>,
    content: String,
}

/// The rows that can be read, and what is wrong with the others; or why the file is no such file.
pub(super) fn parse(csv: &str) -> Result<(Vec<ParsedRow>, Vec<RowError>), String> {
    let mut reader =
        csv::ReaderBuilder::new().flexible(true).from_reader(csv.trim_start_matches('\u{feff}').as_bytes());
    let header = reader.headers().map_err(|error| error.to_string())?;
    if header.iter().ne(HEADER) {
        return Err(format!("the first line must be {}", HEADER.join(",")));
    }
    let mut rows = Vec::new();
    let mut errors = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| error.to_string())?;
        let line = record.position().map_or(0, csv::Position::line);
        match parse_row(line, &record) {
            Ok(row) => rows.push(row),
            Err(error) => errors.push(error),
        }
    }
    Ok((rows, errors))
}

struct Cells<'a> {
    line: u64,
    record: &'a csv::StringRecord,
}

impl<'a> Cells<'a> {
    fn text(&self, column: &'static str) -> Option<&'a str> {
        let index = HEADER.iter().position(|name| *name == column)?;
        self.record.get(index).map(str::trim).filter(|cell| !cell.is_empty())
    }

    fn error(&self, column: &'static str, message: String) -> RowError {
        RowError { line: self.line, column: Some(column.into()), code: RefusalCode::InvalidInput, message }
    }

    fn short(&self, column: &'static str) -> Result<Option<String>, RowError> {
        match self.text(column) {
            Some(cell) if cell.chars().count() > MAX_TEXT => {
                Err(self.error(column, format!("{} characters: {MAX_TEXT} at the most", cell.chars().count())))
            }
            cell => Ok(cell.map(str::to_owned)),
        }
    }

    fn decimal(&self, column: &'static str) -> Result<Option<Decimal>, RowError> {
        let Some(cell) = self.text(column) else {
            return Ok(None);
        };
        self.read_decimal(column, cell).map(Some)
    }

    fn read_decimal(&self, column: &'static str, cell: &str) -> Result<Decimal, RowError> {
        let digits = cell.strip_prefix('-').unwrap_or(cell);
        let plain = digits.starts_with(|c: char| c.is_ascii_digit())
            && digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
        let value = if plain { Decimal::from_str_exact(cell).ok() } else { None };
        value.ok_or_else(|| self.error(column, format!("\"{cell}\" is no decimal number like -1234.56")))
    }

    fn currency(&self, column: &'static str) -> Result<Option<Currency>, RowError> {
        self.text(column)
            .map(|cell| Currency::new(cell).map_err(|error| self.error(column, error.to_string())))
            .transpose()
    }

    fn ratio(&self) -> Result<Option<(Decimal, Decimal)>, RowError> {
        let Some(cell) = self.text("ratio") else {
            return Ok(None);
        };
        let (new, old) =
            cell.split_once(':').ok_or_else(|| self.error("ratio", format!("\"{cell}\" is no ratio like 4:1")))?;
        Ok(Some((self.read_decimal("ratio", new)?, self.read_decimal("ratio", old)?)))
    }
}

fn parse_row(line: u64, record: &csv::StringRecord) -> Result<ParsedRow, RowError> {
    let cells = Cells { line, record };
    if record.len() != HEADER.len() {
        let message = format!("{} cells where {} are needed", record.len(), HEADER.len());
        return Err(RowError { line, column: None, code: RefusalCode::InvalidInput, message });
    }
    let date = cells.text("date").ok_or_else(|| cells.error("date", "there is no date".to_owned()))?;
    let date = parse_day(date).ok_or_else(|| cells.error("date", format!("\"{date}\" is no date like 2022-12-28")))?;
    let kind = cells.text("type").ok_or_else(|| cells.error("type", "there is no type".to_owned()))?;
    Ok(ParsedRow {
        line,
        date,
        kind: kind.to_owned(),
        symbol: cells.text("symbol").map(str::to_owned),
        quantity: cells.decimal("quantity")?,
        price: cells.decimal("price")?,
        amount: cells.decimal("amount")?,
        fee: cells.decimal("fee")?,
        tax: cells.decimal("tax")?,
        currency: cells.currency("currency")?,
        counter_amount: cells.decimal("counter_amount")?,
        counter_currency: cells.currency("counter_currency")?,
        ratio: cells.ratio()?,
        account: cells.text("account").map(str::to_owned),
        external_id: cells.short("external_id")?,
        note: cells.short("note")?,
        // Without the account, which is part of the identity anyway, the external id and the note, which may change.
        content: record.iter().take(12).map(str::trim).collect::<Vec<_>>().join("\u{1f}"),
    })
}

impl ParsedRow {
    /// The currencies that the row names, with their columns.
    pub(super) fn currencies(&self) -> impl Iterator<Item = (&'static str, Currency)> {
        let named = [("currency", self.currency), ("counter_currency", self.counter_currency)];
        named.into_iter().filter_map(|(column, currency)| Some((column, currency?)))
    }

    /// What the row is recognised by: its external id, else its content.
    pub(super) fn identity(&self) -> String {
        match &self.external_id {
            Some(id) => format!("id:{id}"),
            None => {
                let hash = digest::digest(&digest::SHA256, self.content.as_bytes());
                let hex: String = hash.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
                format!("content:{hex}")
            }
        }
    }

    /// The transaction, with the instrument that its symbol stands for.
    pub(super) fn kind(&self, instrument: Option<InstrumentId>) -> Result<TransactionKind, RowError> {
        let zero = Decimal::ZERO;
        let fee = self.fee.unwrap_or(zero);
        let tax = self.tax.unwrap_or(zero);
        let allowed: &[&str] = match self.kind.as_str() {
            "BUY" | "SELL" => &["symbol", "quantity", "price", "fee", "tax", "currency"],
            "DIVIDEND" => &["symbol", "amount", "fee", "tax", "currency"],
            "INTEREST" => &["symbol", "amount", "tax", "currency"],
            "FEE" | "TAX" => &["symbol", "amount", "currency"],
            "DEPOSIT" | "WITHDRAWAL" => &["amount", "currency"],
            "SPLIT" => &["symbol", "ratio"],
            "FX_CONVERSION" => &["amount", "fee", "currency", "counter_amount", "counter_currency"],
            other => return Err(self.error("type", format!("\"{other}\" is no type of transaction"))),
        };
        self.refuse_other_cells(allowed)?;
        Ok(match self.kind.as_str() {
            "BUY" => TransactionKind::Buy(self.trade(instrument, fee, tax)?),
            "SELL" => TransactionKind::Sell(self.trade(instrument, fee, tax)?),
            "DIVIDEND" => TransactionKind::Dividend {
                instrument: self.need(instrument, "symbol")?,
                amount: self.need(self.amount, "amount")?,
                withheld: tax,
                fee,
                currency: self.need(self.currency, "currency")?,
            },
            "INTEREST" => TransactionKind::Interest {
                amount: self.need(self.amount, "amount")?,
                tax,
                currency: self.need(self.currency, "currency")?,
                instrument,
            },
            "FEE" => TransactionKind::Fee {
                amount: self.need(self.amount, "amount")?,
                currency: self.need(self.currency, "currency")?,
                instrument,
            },
            "TAX" => TransactionKind::Tax {
                amount: self.need(self.amount, "amount")?,
                currency: self.need(self.currency, "currency")?,
                instrument,
            },
            "DEPOSIT" => TransactionKind::Deposit(self.cash()?),
            "WITHDRAWAL" => TransactionKind::Withdrawal(self.cash()?),
            "SPLIT" => {
                let (numerator, denominator) = self.need(self.ratio, "ratio")?;
                TransactionKind::Split { instrument: self.need(instrument, "symbol")?, numerator, denominator }
            }
            _ => TransactionKind::FxConversion(FxConversion {
                sold_amount: self.need(self.amount, "amount")?,
                sold_currency: self.need(self.currency, "currency")?,
                bought_amount: self.need(self.counter_amount, "counter_amount")?,
                bought_currency: self.need(self.counter_currency, "counter_currency")?,
                fee,
            }),
        })
    }

    fn trade(&self, instrument: Option<InstrumentId>, fee: Decimal, tax: Decimal) -> Result<Trade, RowError> {
        let instrument = self.need(instrument, "symbol")?;
        let quantity = self.need(self.quantity, "quantity")?;
        let price = self.need(self.price, "price")?;
        let currency = self.need(self.currency, "currency")?;
        Ok(Trade { fee, tax, ..Trade::at_price(instrument, quantity, price, currency) })
    }

    fn cash(&self) -> Result<CashMovement, RowError> {
        let amount = self.need(self.amount, "amount")?;
        Ok(CashMovement::new(amount, self.need(self.currency, "currency")?))
    }

    /// A cell that the type has no use for is a misunderstanding, not decoration.
    fn refuse_other_cells(&self, allowed: &[&str]) -> Result<(), RowError> {
        let filled = [
            ("symbol", self.symbol.is_some()),
            ("quantity", self.quantity.is_some()),
            ("price", self.price.is_some()),
            ("amount", self.amount.is_some()),
            ("fee", self.fee.is_some()),
            ("tax", self.tax.is_some()),
            ("currency", self.currency.is_some()),
            ("counter_amount", self.counter_amount.is_some()),
            ("counter_currency", self.counter_currency.is_some()),
            ("ratio", self.ratio.is_some()),
        ];
        match filled.into_iter().find(|(column, is_filled)| *is_filled && !allowed.contains(column)) {
            Some((column, _)) => Err(self.error(column, format!("a {} has no {column}", self.kind))),
            None => Ok(()),
        }
    }

    fn need<T>(&self, cell: Option<T>, column: &'static str) -> Result<T, RowError> {
        cell.ok_or_else(|| self.error(column, format!("a {} needs a {column}", self.kind)))
    }

    fn error(&self, column: &'static str, message: String) -> RowError {
        RowError { line: self.line, column: Some(column.into()), code: RefusalCode::InvalidInput, message }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(rows: &str) -> String {
        format!("{}\n{rows}", HEADER.join(","))
    }

    #[test]
    fn a_wrong_cell_is_named_with_its_line_and_column() {
        let csv = file(
            "2022-01-03,DEPOSIT,,,,100,,,USD,,,,,,\n2022-13-03,DEPOSIT,,,,100,,,USD,,,,,,\n2022-01-03,BUY,A,1e3,1,,,,USD,,,,,,\n",
        );
        let (rows, errors) = parse(&csv).expect("a file");
        assert_eq!(rows.len(), 1);
        let places: Vec<_> = errors.iter().map(|error| (error.line, error.column.as_deref())).collect();
        assert_eq!(places, [(3, Some("date")), (4, Some("quantity"))]);
    }

    #[test]
    fn a_cell_that_the_type_does_not_use_is_refused() {
        let (rows, _) = parse(&file("2022-01-03,DEPOSIT,,5,,100,,,USD,,,,,,\n")).expect("a file");
        let error = rows[0].kind(None).expect_err("a deposit with a quantity");
        assert_eq!(error.column.as_deref(), Some("quantity"));
    }

    #[test]
    fn equal_rows_without_an_id_share_an_identity() {
        let (rows, _) = parse(&file(
            "2022-01-03,FEE,,,,1,,,USD,,,,,,a\n2022-01-03,FEE,,,,1,,,USD,,,,,,b\n2022-01-03,FEE,,,,2,,,USD,,,,,,\n",
        ))
        .expect("a file");
        assert_eq!(rows[0].identity(), rows[1].identity());
        assert_ne!(rows[0].identity(), rows[2].identity());
    }

    #[test]
    fn another_header_is_no_such_file() {
        assert!(parse("date,type\n").expect_err("another header").contains("the first line must be date,type,symbol"));
    }
}
