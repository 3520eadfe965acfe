//! The rows of the product's own CSV format, cell by cell.

use std::io::Read;

use aws_lc_rs::digest;
use chrono::NaiveDate;
use domain::ledger::LotPick;
use domain::money::Currency;
use rust_decimal::Decimal;

use super::RowError;
use super::quotes::Quotes;
use crate::clock::parse_day;
use crate::services::RefusalCode;

/// The columns that every file begins with, in this order, and those that may follow in any order.
pub const HEADER: [&str; 30] = [
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
    "settlement_date",
    "ex_date",
    "pay_date",
    "opened_on",
    "total",
    "accrued_interest",
    "settlement_rate",
    "counter_account",
    "counter_symbol",
    "counter_quantity",
    "counter_price",
    "cost_fraction",
    "lots",
    "event_id",
    "decision",
];

/// How many columns a file must have.
const NEEDED: usize = 15;
/// Columns from the first on that tell rows apart; the account is part of the identity anyway, external id and note may
/// change.
const TELLING: usize = 12;

/// A column, by its place in [`HEADER`].
#[derive(Clone, Copy)]
struct Column(usize);

impl Column {
    /// Evaluated where a file is compiled, so that a cell is found without comparing names.
    const fn named(name: &str) -> Self {
        let mut at = 0;
        while at < HEADER.len() {
            if is(HEADER[at].as_bytes(), name.as_bytes()) {
                return Self(at);
            }
            at += 1;
        }
        panic!("no such column")
    }

    fn name(self) -> &'static str {
        HEADER[self.0]
    }
}

const fn is(one: &[u8], other: &[u8]) -> bool {
    let mut at = 0;
    while at < one.len() && at < other.len() {
        if one[at] != other[at] {
            return false;
        }
        at += 1;
    }
    one.len() == other.len()
}

macro_rules! column {
    ($name:literal) => {
        const { Column::named($name) }
    };
}

/// The longest external id or note.
const MAX_TEXT: usize = 500;

/// A row whose cells could be read; what they name has not been looked up.
#[derive(Clone, Debug)]
pub(super) struct ParsedRow {
    pub line: u64,
    pub date: NaiveDate,
    pub kind: String,
    pub symbol: Option<String>,
    pub quantity: Option<Decimal>,
    pub price: Option<Decimal>,
    pub amount: Option<Decimal>,
    pub fee: Option<Decimal>,
    pub tax: Option<Decimal>,
    pub currency: Option<Currency>,
    pub counter_amount: Option<Decimal>,
    pub counter_currency: Option<Currency>,
    pub ratio: Option<(Decimal, Decimal)>,
    pub account: Option<String>,
    pub external_id: Option<String>,
    pub note: Option<String>,
    pub settlement_date: Option<NaiveDate>,
    pub ex_date: Option<NaiveDate>,
    pub pay_date: Option<NaiveDate>,
    pub opened_on: Option<NaiveDate>,
    pub total: Option<Decimal>,
    pub accrued_interest: Option<Decimal>,
    pub settlement_rate: Option<Decimal>,
    pub counter_account: Option<String>,
    pub counter_symbol: Option<String>,
    pub counter_quantity: Option<Decimal>,
    pub counter_price: Option<Decimal>,
    pub cost_fraction: Option<Decimal>,
    pub lots: Vec<LotPick>,
    pub event_id: Option<String>,
    /// Whether a split stands that differs from the market's.
    pub keeps_mine: bool,
    /// What the row says; nothing where an external id tells it apart.
    content: String,
    /// The columns that have a cell, a bit each.
    filled: u32,
}

/// The rows that can be read, and what is wrong with the others; or why the file is no such file.
pub(super) fn parse(csv: &str) -> Result<(Vec<ParsedRow>, Vec<RowError>), String> {
    let mut file = Rows::begin(csv.trim_start_matches('\u{feff}').as_bytes())?;
    let mut rows = Vec::new();
    let mut errors = Vec::new();
    while let Some(row) = file.next()? {
        match row {
            Ok(row) => rows.push(row),
            Err(error) => errors.push(error),
        }
    }
    Ok((rows, errors))
}

/// The rows of a file, one after another.
pub(super) struct Rows<R> {
    reader: csv::Reader<Quotes<R>>,
    layout: Layout,
    record: csv::StringRecord,
}

impl<R: Read> Rows<R> {
    /// Reads the first line; or says why the file is no such file.
    pub(super) fn begin(file: R) -> Result<Self, String> {
        let file = Quotes::of(file);
        let mut reader = csv::ReaderBuilder::new().flexible(true).buffer_capacity(1 << 18).from_reader(file);
        let layout = Layout::of(&columns(reader.headers().map_err(|error| error.to_string())?)?);
        Ok(Self { reader, layout, record: csv::StringRecord::new() })
    }

    /// The next row, or what is wrong with it; or why the rest of the file cannot be read.
    pub(super) fn next(&mut self) -> Result<Option<Result<ParsedRow, RowError>>, String> {
        if !self.reader.read_record(&mut self.record).map_err(|error| error.to_string())? {
            return Ok(None);
        }
        let line = self.record.position().map_or(0, csv::Position::line);
        Ok(Some(parse_row(&Cells { line, layout: &self.layout, record: &self.record })))
    }
}

/// Where each column stands in a file.
struct Layout {
    at: [Option<usize>; HEADER.len()],
    width: usize,
}

impl Layout {
    fn of(columns: &[&str]) -> Self {
        Self { at: HEADER.map(|name| columns.iter().position(|column| *column == name)), width: columns.len() }
    }
}

/// The columns of a file, in its order.
fn columns(header: &csv::StringRecord) -> Result<Vec<&'static str>, String> {
    let (needed, optional) = HEADER.split_at(NEEDED);
    if header.iter().take(NEEDED).ne(needed.iter().copied()) {
        return Err(format!("the first line must begin with {}", needed.join(",")));
    }
    let mut columns = needed.to_vec();
    for name in header.iter().skip(NEEDED) {
        let known = optional.iter().find(|column| **column == name);
        let known = known.ok_or_else(|| format!("there is no column \"{name}\": there are {}", optional.join(",")))?;
        if columns.contains(known) {
            return Err(format!("the column {name} stands twice in the first line"));
        }
        columns.push(known);
    }
    Ok(columns)
}

struct Cells<'a> {
    line: u64,
    layout: &'a Layout,
    record: &'a csv::StringRecord,
}

impl<'a> Cells<'a> {
    fn text(&self, column: Column) -> Option<&'a str> {
        self.record.get(self.layout.at[column.0]?).map(str::trim).filter(|cell| !cell.is_empty())
    }

    fn owned(&self, column: Column) -> Option<String> {
        self.text(column).map(str::to_owned)
    }

    fn error(&self, column: Column, message: String) -> RowError {
        RowError { line: self.line, column: Some(column.name().into()), code: RefusalCode::InvalidInput, message }
    }

    fn short(&self, column: Column) -> Result<Option<String>, RowError> {
        match self.text(column) {
            Some(cell) if cell.chars().count() > MAX_TEXT => {
                Err(self.error(column, format!("{} characters: {MAX_TEXT} at the most", cell.chars().count())))
            }
            cell => Ok(cell.map(str::to_owned)),
        }
    }

    fn decimal(&self, column: Column) -> Result<Option<Decimal>, RowError> {
        self.text(column).map(|cell| self.read_decimal(column, cell)).transpose()
    }

    fn read_decimal(&self, column: Column, cell: &str) -> Result<Decimal, RowError> {
        let digits = cell.strip_prefix('-').unwrap_or(cell);
        let plain = digits.starts_with(|c: char| c.is_ascii_digit())
            && digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
        let value = if plain { Decimal::from_str_exact(cell).ok() } else { None };
        value.ok_or_else(|| self.error(column, format!("\"{cell}\" is no decimal number like -1234.56")))
    }

    fn day(&self, column: Column) -> Result<Option<NaiveDate>, RowError> {
        self.text(column).map(|cell| self.read_day(column, cell)).transpose()
    }

    fn read_day(&self, column: Column, cell: &str) -> Result<NaiveDate, RowError> {
        parse_day(cell).ok_or_else(|| self.error(column, format!("\"{cell}\" is no date like 2022-12-28")))
    }

    fn currency(&self, column: Column) -> Result<Option<Currency>, RowError> {
        self.text(column)
            .map(|cell| Currency::new(cell).map_err(|error| self.error(column, error.to_string())))
            .transpose()
    }

    fn ratio(&self) -> Result<Option<(Decimal, Decimal)>, RowError> {
        let Some(cell) = self.text(column!("ratio")) else {
            return Ok(None);
        };
        let (new, old) = cell
            .split_once(':')
            .ok_or_else(|| self.error(column!("ratio"), format!("\"{cell}\" is no ratio like 4:1")))?;
        Ok(Some((self.read_decimal(column!("ratio"), new)?, self.read_decimal(column!("ratio"), old)?)))
    }

    /// Picks like `2022-01-03*5;2022-02-01@12.34*3`: day, unit cost and quantity, each where it is known.
    fn lots(&self) -> Result<Vec<LotPick>, RowError> {
        let read = |pick: &str| {
            let (rest, quantity) = pick.split_once('*').map_or((pick, None), |(rest, units)| (rest, Some(units)));
            let (day, cost) = rest.split_once('@').map_or((rest, None), |(day, cost)| (day, Some(cost)));
            let day = Some(day.trim()).filter(|day| !day.is_empty());
            Ok(LotPick {
                lot: None,
                opened_on: day.map(|day| self.read_day(column!("lots"), day)).transpose()?,
                unit_cost: cost.map(|cost| self.read_decimal(column!("lots"), cost.trim())).transpose()?,
                quantity: quantity.map(|units| self.read_decimal(column!("lots"), units.trim())).transpose()?,
            })
        };
        self.text(column!("lots")).map_or_else(|| Ok(Vec::new()), |cell| cell.split(';').map(read).collect())
    }

    fn decision(&self) -> Result<bool, RowError> {
        match self.text(column!("decision")) {
            None => Ok(false),
            Some("KEEP_MINE") => Ok(true),
            Some(other) => Err(self.error(column!("decision"), format!("\"{other}\" is no decision: KEEP_MINE is"))),
        }
    }

    /// What the row says, to recognise it again: a column that a later version of the format adds changes nothing where it
    /// is empty.
    fn content(&self) -> String {
        let mut content = self.record.iter().take(TELLING).map(str::trim).collect::<Vec<_>>().join("\u{1f}");
        for column in (NEEDED..HEADER.len()).map(Column) {
            if let Some(cell) = self.text(column) {
                content.push_str(&format!("\u{1f}{}={cell}", column.name()));
            }
        }
        content
    }

    fn filled(&self) -> u32 {
        let filled = (0..HEADER.len()).filter(|at| self.text(Column(*at)).is_some());
        filled.fold(0, |filled, at| filled | 1 << at)
    }
}

fn parse_row(cells: &Cells<'_>) -> Result<ParsedRow, RowError> {
    let (found, needed) = (cells.record.len(), cells.layout.width);
    if found != needed {
        let message = format!("{found} cells where {needed} are needed");
        return Err(RowError { line: cells.line, column: None, code: RefusalCode::InvalidInput, message });
    }
    let date =
        cells.day(column!("date"))?.ok_or_else(|| cells.error(column!("date"), "there is no date".to_owned()))?;
    let kind =
        cells.text(column!("type")).ok_or_else(|| cells.error(column!("type"), "there is no type".to_owned()))?;
    let external_id = cells.short(column!("external_id"))?;
    Ok(ParsedRow {
        line: cells.line,
        date,
        kind: kind.to_owned(),
        symbol: cells.owned(column!("symbol")),
        quantity: cells.decimal(column!("quantity"))?,
        price: cells.decimal(column!("price"))?,
        amount: cells.decimal(column!("amount"))?,
        fee: cells.decimal(column!("fee"))?,
        tax: cells.decimal(column!("tax"))?,
        currency: cells.currency(column!("currency"))?,
        counter_amount: cells.decimal(column!("counter_amount"))?,
        counter_currency: cells.currency(column!("counter_currency"))?,
        ratio: cells.ratio()?,
        account: cells.owned(column!("account")),
        note: cells.short(column!("note"))?,
        settlement_date: cells.day(column!("settlement_date"))?,
        ex_date: cells.day(column!("ex_date"))?,
        pay_date: cells.day(column!("pay_date"))?,
        opened_on: cells.day(column!("opened_on"))?,
        total: cells.decimal(column!("total"))?,
        accrued_interest: cells.decimal(column!("accrued_interest"))?,
        settlement_rate: cells.decimal(column!("settlement_rate"))?,
        counter_account: cells.owned(column!("counter_account")),
        counter_symbol: cells.owned(column!("counter_symbol")),
        counter_quantity: cells.decimal(column!("counter_quantity"))?,
        counter_price: cells.decimal(column!("counter_price"))?,
        cost_fraction: cells.decimal(column!("cost_fraction"))?,
        lots: cells.lots()?,
        event_id: cells.short(column!("event_id"))?,
        keeps_mine: cells.decision()?,
        content: if external_id.is_none() { cells.content() } else { String::new() },
        external_id,
        filled: cells.filled(),
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
                let digit = |value: u8| char::from_digit(u32::from(value), 16).unwrap_or_default();
                let hex = hash.as_ref().iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]);
                "content:".chars().chain(hex).collect()
            }
        }
    }

    /// A cell that the type has no use for is a misunderstanding, not decoration.
    pub(super) fn refuse_other_cells(&self, allowed: &[&str]) -> Result<(), RowError> {
        const OF_EVERY_TYPE: [&str; 6] = ["date", "type", "account", "external_id", "note", "event_id"];
        let is_other = |column: &&'static str| !allowed.contains(column) && !OF_EVERY_TYPE.contains(column);
        let mut filled = (0..HEADER.len()).filter(|at| self.filled & (1 << at) != 0).map(|at| HEADER[at]);
        match filled.find(is_other) {
            Some(column) => Err(self.error(column, format!("a {} has no {column}", self.kind))),
            None => Ok(()),
        }
    }

    pub(super) fn need<T>(&self, cell: Option<T>, column: &'static str) -> Result<T, RowError> {
        cell.ok_or_else(|| self.error(column, format!("a {} needs a {column}", self.kind)))
    }

    pub(super) fn error(&self, column: &'static str, message: String) -> RowError {
        RowError { line: self.line, column: Some(column.into()), code: RefusalCode::InvalidInput, message }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(rows: &str) -> String {
        format!("{}\n{rows}", HEADER[..NEEDED].join(","))
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
    fn quotes_that_do_not_close_swallow_no_rows() {
        let row = "2022-01-03,FEE,,,,1,,,USD,,,,,,";
        for (rows, wrong) in [
            (format!("{row}\n{row}\"open\n{row}\n{row}\n"), "line 3 do not close"),
            (format!("{row}\"two\nlines\"\n{row}\"open\r\n{row}"), "line 4 do not close"),
            (format!("{row}\"open\n{row}\n{row}\"closed\"\n"), "line 4 follows the quotes that close there"),
        ] {
            let refused = parse(&file(&rows)).expect_err("no file");
            assert!(refused.contains(wrong), "{refused}");
        }
        let quoted = format!("{row}\"a \"\"b\"\", c\nd\"\r\n{row}6\" nails\n{row}\"\"\n{row}\"end\"");
        let (rows, errors) = parse(&file(&quoted)).expect("a file");
        assert_eq!((rows.len(), errors.len()), (4, 0), "{errors:?}");
        assert_eq!(rows[0].note.as_deref(), Some("a \"b\", c\nd"));
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
        assert!(
            parse("date,type\n")
                .expect_err("another header")
                .contains("the first line must begin with date,type,symbol")
        );
    }

    #[test]
    fn further_columns_stand_in_any_order_and_change_no_identity_where_they_are_empty() {
        let old = file("2022-01-03,FEE,,,,1,,,USD,,,,,,a\n");
        let wide = format!("{},lots,ex_date\n2022-01-03,FEE,,,,1,,,USD,,,,,,a,,\n", HEADER[..NEEDED].join(","));
        let (old, _) = parse(&old).expect("a file");
        let (rows, _) = parse(&wide).expect("a file");
        assert_eq!(rows[0].identity(), old[0].identity());
        let (dated, _) = parse(&wide.replace("a,,", "a,,2022-01-02")).expect("a file");
        assert_eq!(dated[0].ex_date, NaiveDate::from_ymd_opt(2022, 1, 2));
        assert_ne!(dated[0].identity(), old[0].identity());
        for header in ["lots,lots", "colour"] {
            assert!(parse(&format!("{},{header}\n", HEADER[..NEEDED].join(","))).is_err(), "{header}");
        }
    }

    #[test]
    fn lots_are_picked_by_day_cost_and_quantity() {
        let read = |cell: &str| {
            let csv = format!("{},lots\n2022-01-03,SELL,A,1,1,,,,USD,,,,,,,{cell}\n", HEADER[..NEEDED].join(","));
            let (rows, errors) = parse(&csv).expect("a file");
            rows.into_iter().next().map(|row| row.lots).ok_or(errors)
        };
        let day = NaiveDate::from_ymd_opt(2022, 1, 3);
        let (five, cost) = (Some(Decimal::from(5)), Some(Decimal::new(1234, 2)));
        let expected = [
            LotPick { opened_on: day, quantity: five, ..LotPick::default() },
            LotPick { opened_on: day, unit_cost: cost, quantity: five, ..LotPick::default() },
            LotPick { unit_cost: cost, ..LotPick::default() },
        ];
        assert_eq!(read("2022-01-03*5; 2022-01-03@12.34*5; @12.34").expect("picks"), expected);
        for wrong in ["2022-13-03", "2022-01-03*x", "@1e3"] {
            let errors = read(wrong).expect_err(wrong);
            assert_eq!(errors[0].column.as_deref(), Some("lots"), "{wrong}");
        }
    }
}
