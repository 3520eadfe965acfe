//! Instruments into the warehouse: a directory's as they are, a provider's list checked and promoted in sets.

use std::collections::HashMap;

use chrono::NaiveDate;
use rust_decimal::Decimal;
use sea_orm::{ConnectionTrait, DbBackend, QueryResult, Statement, Value};
use uuid::Uuid;

use super::copy::CopyRows;
use super::pipeline::{CHUNK, Outcome, Run};
use super::row_sink::RowSink;
use super::statement::ask;
use crate::tenancy::{DatabaseError, Market, Session};

/// The market of what no market trades, by ISO 10383.
pub const NO_MARKET: &str = "XXXX";

async fn run(
    session: &Session<Market>,
    sql: &'static str,
    values: impl IntoIterator<Item = Value>,
) -> Result<u64, DatabaseError> {
    let statement = Statement::from_sql_and_values(DbBackend::Postgres, sql, values);
    Ok(session.execute_raw(statement).await?.rows_affected())
}

/// The ids of the instruments that are traded, by symbol and market.
pub async fn known(session: &Session<Market>) -> Result<HashMap<[String; 2], String>, DatabaseError> {
    let sql = "SELECT symbol, mic, id::text FROM dim_stock ORDER BY NOT delisted";
    let rows = session.query_all_raw(Statement::from_string(DbBackend::Postgres, sql)).await?;
    let key = |row: &QueryResult| {
        let [symbol, mic, id] = [row.try_get_by_index(0)?, row.try_get_by_index(1)?, row.try_get_by_index(2)?];
        Ok(([symbol, mic], id))
    };
    rows.iter().map(key).collect()
}

const ADD: &str = "COPY dim_stock (id, symbol, name, asset_type, mic, currency, isin, sector_code, price_multiplier, \
    price_source, underlying_id, option_right, strike, units_per_contract, expiry, created_at, quote_unit) FROM STDIN";

/// Whatever has no ticker yet has the one that it is listed by, and so with the ISIN.
const IDENTIFY: &str = "
INSERT INTO dim_identifier (instrument_id, scheme, value, qualifier)
SELECT s.id, v.scheme, v.value, v.qualifier
FROM dim_stock s
CROSS JOIN LATERAL (VALUES ('TICKER', s.symbol, s.mic), ('ISIN', s.isin, '')) v (scheme, value, qualifier)
WHERE v.value <> ''
    AND NOT EXISTS (SELECT FROM dim_identifier i WHERE i.instrument_id = s.id AND i.scheme = v.scheme)";

/// Adds instruments: id, symbol, name, asset type, market, currency, ISIN, sector, price multiplier, price source, underlying,
/// right, strike, units per contract, expiry, created at, quote unit; `None` cells are NULL.
pub async fn add(session: &Session<Market>, rows: &[Vec<Option<String>>]) -> Result<u64, DatabaseError> {
    let chunks = rows.chunks(CHUNK).map(|chunk| {
        let mut copy = CopyRows::default();
        for row in chunk {
            for cell in row {
                copy.optional(cell.as_ref());
            }
            copy.end_row();
        }
        copy.into_chunk()
    });
    let added = session.copy_in(ADD, chunks).await?;
    run(session, IDENTIFY, []).await?;
    Ok(added)
}

/// The terms of bonds, as columns of one length: id, coupon rate, frequency, day count, maturity, face.
pub async fn set_bond_terms(session: &Session<Market>, columns: [Vec<String>; 6]) -> Result<u64, DatabaseError> {
    const SET: &str = "
        UPDATE dim_stock s SET coupon_rate = b.rate::numeric, coupon_frequency = b.frequency::smallint,
            day_count = b.day_count, maturity = b.maturity::date, face = b.face::numeric
        FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[])
            AS b (id, rate, frequency, day_count, maturity, face)
        WHERE s.id = b.id::uuid AND (s.coupon_rate, s.coupon_frequency, s.day_count, s.maturity, s.face)
            IS DISTINCT FROM (b.rate::numeric, b.frequency::smallint, b.day_count, b.maturity::date, b.face::numeric)";
    run(session, SET, columns.map(Value::from)).await
}

/// Of bonds, as columns of id and face, the first whose face is not what it is worth at a price of 100: its symbol, and what that is.
pub async fn unfit_face(
    session: &Session<Market>,
    columns: [Vec<String>; 2],
) -> Result<Option<(String, Decimal)>, DatabaseError> {
    const UNFIT: &str = "
        SELECT s.symbol, 100 * s.price_multiplier FROM dim_stock s
        JOIN unnest($1::text[], $2::text[]) AS b (id, face) ON s.id = b.id::uuid
        WHERE b.face::numeric <> 100 * s.price_multiplier ORDER BY s.symbol LIMIT 1";
    let rows = ask(session, UNFIT, columns.map(Value::from)).await?;
    let unfit = rows.first().map(|row| Ok((row.try_get_by_index(0)?, row.try_get_by_index(1)?)));
    unfit.transpose()
}

/// Identifiers of instruments, as columns of one length: id, scheme, value, qualifier, valid from, valid until; the days may be
/// empty. What is known of the same value without a day gets the days; what is known from the same day ends as told.
pub async fn set_identifiers(session: &Session<Market>, columns: [Vec<String>; 6]) -> Result<u64, DatabaseError> {
    const DATE: &str = "
        UPDATE dim_identifier i SET valid_from = nullif(r.valid_from, '')::date, valid_until = nullif(r.valid_until, '')::date
        FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[])
            AS r (id, scheme, value, qualifier, valid_from, valid_until)
        WHERE i.instrument_id = r.id::uuid AND (i.scheme, i.value, i.qualifier) = (r.scheme, r.value, r.qualifier)
            AND i.valid_from IS NULL AND (r.valid_from <> '' OR i.valid_until IS DISTINCT FROM nullif(r.valid_until, '')::date)
            AND NOT EXISTS (
                SELECT FROM dim_identifier k WHERE k.instrument_id = i.instrument_id
                    AND (k.scheme, k.value, k.qualifier) = (i.scheme, i.value, i.qualifier)
                    AND k.valid_from = nullif(r.valid_from, '')::date
            )";
    const ADD: &str = "
        INSERT INTO dim_identifier (instrument_id, scheme, value, qualifier, valid_from, valid_until)
        SELECT r.id::uuid, r.scheme, r.value, r.qualifier, nullif(r.valid_from, '')::date, nullif(r.valid_until, '')::date
        FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[])
            AS r (id, scheme, value, qualifier, valid_from, valid_until)
        ON CONFLICT (scheme, value, qualifier, instrument_id, valid_from) DO UPDATE SET valid_until = excluded.valid_until
            WHERE dim_identifier.valid_until IS DISTINCT FROM excluded.valid_until";
    let dated = run(session, DATE, columns.clone().map(Value::from)).await?;
    Ok(dated + run(session, ADD, columns.map(Value::from)).await?)
}

/// A row of a provider's list.
#[derive(Clone, Debug)]
pub struct Listed<'a> {
    /// The cells as delivered, in the order of [`LISTED`].
    pub cells: [&'a str; LISTED.len()],
    /// The id that it gets where it is new.
    pub new_id: Uuid,
    /// What is broken in it: `COLUMNS`, or the schemes of identifiers that are none.
    pub broken: String,
}

/// The columns of a provider's list.
pub const LISTED: [&str; 19] = [
    "symbol",
    "name",
    "asset_class",
    "mic",
    "exchange_code",
    "country",
    "currency",
    "isin",
    "cusip",
    "figi",
    "sector",
    "industry_group",
    "industry",
    "sector_scheme",
    "market_cap_band",
    "category",
    "issuer_or_base",
    "delisted",
    "source",
];

const STAGE: &str = "COPY stg_instrument (run_id, line, provider, symbol, name, asset_class, mic, exchange_code, country, currency, \
    isin, cusip, figi, sector, industry_group, industry, sector_scheme, market_cap_band, category, issuer_or_base, delisted, \
    source, new_id, broken) FROM STDIN";

/// Stages rows of a list as delivered, numbered from 1.
pub async fn stage(session: &Session<Market>, list: &Run, rows: &[Listed<'_>]) -> Result<u64, DatabaseError> {
    let chunks = rows.chunks(CHUNK).enumerate().map(|(index, chunk)| {
        let mut copy = CopyRows::default();
        for (line, row) in (index * CHUNK + 1..).zip(chunk) {
            copy.id(list.id).cell(line).cell(&list.provider);
            for cell in row.cells {
                copy.cell(cell);
            }
            copy.id(row.new_id).cell(&row.broken).end_row();
        }
        copy.into_chunk()
    });
    session.copy_in(STAGE, chunks).await
}

/// What a list came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ListOutcome {
    /// Rows delivered, promoted (new or changed) and held back.
    pub outcome: Outcome,
    /// Instruments that were not known before.
    pub new: u64,
    /// Instruments of which something is another than it was.
    pub revised: u64,
    /// Findings of rows that were taken, too.
    pub findings: u64,
}

/// Checks what was staged, and promotes what passes. `countries` are names and their ISO 3166 codes.
pub async fn promote(
    session: &Session<Market>,
    list: &Run,
    delivered: u64,
    countries: [Vec<String>; 2],
    today: NaiveDate,
) -> Result<ListOutcome, DatabaseError> {
    let id: Value = list.id.into();
    let [names, codes] = countries.map(Value::from);
    run(session, sql::FORGET, []).await?;
    run(session, sql::JOIN_SETS, []).await?;
    let mut held = run(session, sql::HOLD, [id.clone()]).await?;
    run(session, sql::SECTORS, [id.clone()]).await?;
    run(session, sql::READ, [id.clone(), names, codes]).await?;
    let mut findings = run(session, sql::REPORT, [id.clone()]).await?;
    findings += run(session, sql::REPORT_SHARED, [id.clone()]).await?;
    run(session, sql::DROP_SHARED, []).await?;
    run(session, sql::MATCH_LISTING, []).await?;
    run(session, sql::MATCH_MARKET, []).await?;
    run(session, sql::MATCH_IDENTIFIER, []).await?;
    held += run(session, sql::HOLD_IDENTITY, [id.clone()]).await?;
    run(session, sql::DROP_HELD, [id.clone()]).await?;
    findings += run(session, sql::REPORT_CURRENCY, [id]).await?;
    run(session, sql::NOTE_RELISTED, []).await?;
    run(session, sql::FREE_SYMBOLS, []).await?;
    let revised = run(session, sql::REVISE, []).await?;
    let new = run(session, sql::ADD, [list.started_at.into()]).await?;
    run(session, sql::END_REUSED, [today.into()]).await?;
    run(session, sql::IDENTIFY, [today.into()]).await?;
    run(session, sql::FORGET, []).await?;
    run(session, sql::JOIN_FREELY, []).await?;
    let outcome = Outcome { delivered, promoted: new + revised, held, revised };
    Ok(ListOutcome { outcome, new, revised, findings: findings + held })
}

mod sql;
