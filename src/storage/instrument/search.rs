//! Instruments found by what people type: the market's and the tenant's own, the best first.

use sea_orm::{FromQueryResult, Value};
use uuid::Uuid;

use crate::storage::Page;
use crate::storage::statement::{ask, run};
use crate::tenancy::{DatabaseError, Session, Tenant};

/// An instrument that was found, and where it stands among what was found.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult)]
pub struct Found {
    /// Twice how well it fits: 0 for the symbol itself, 1 for an identifier, 2 for the beginning of a symbol, 3 for words of the name; from
    /// 10 on for names that are spelled alike, by how little. One more for what is no longer traded, which comes behind what is.
    pub rank: i32,
    /// Its symbol.
    pub symbol: String,
    /// Its id.
    pub id: Uuid,
}

/// Where a page goes on.
pub type Cursor = (i32, String, Uuid);

/// What to look for.
#[derive(Clone, Debug, Default)]
pub struct Search {
    /// The text; without one every instrument is found.
    pub text: Option<String>,
    /// Only what is no longer traded, or only what is; both where nothing is said.
    pub delisted: Option<bool>,
}

/// From this rank on names are spelled alike.
const ALIKE: i32 = 20;

/// How much of a text must stand in a name that is spelled alike: of eight letters one may be missing, wrong or twice.
const SIMILARITY: &str = "0.45";

/// Every instrument, by symbol. What is a tenant's own is never delisted. As the two below it can be read by whoever wants its plan.
pub const EVERY: &str = "
SELECT 0 AS rank, symbol, id FROM (
    (SELECT symbol, id FROM market.dim_stock WHERE (symbol, id) > ($1, $2::uuid) AND ($4::boolean IS NULL OR delisted = $4)
        ORDER BY symbol, id LIMIT $3)
    UNION ALL
    (SELECT symbol, id FROM dim_private_instrument WHERE (symbol, id) > ($1, $2::uuid) AND $4 IS DISTINCT FROM true
        ORDER BY symbol, id LIMIT $3)
) listed
ORDER BY symbol, id LIMIT $3";

/// Symbols, identifiers, words of names: what is found by the former is not found again by the latter, and names are not looked at
/// where symbols fill the page. The bounds are two texts, so that the index is used whatever they are.
pub const EXACT: &str = "
WITH identified AS MATERIALIZED (
    SELECT DISTINCT instrument_id AS id FROM market.dim_identifier
    WHERE scheme IN ('ISIN', 'CUSIP', 'FIGI', 'COMPOSITE_FIGI', 'SHARE_CLASS_FIGI', 'TICKER', 'PROVIDER') AND value = $1
), called AS MATERIALIZED (
    SELECT rank, symbol, id FROM (
        SELECT CASE WHEN upper(symbol) = $1 THEN 0 WHEN id IN (SELECT id FROM identified) THEN 2 ELSE 4 END
            + delisted::integer AS rank, symbol, id, delisted
        FROM market.dim_stock WHERE upper(symbol) ~>=~ $1 AND upper(symbol) ~<~ $2
        UNION ALL
        SELECT 2 + s.delisted::integer, s.symbol, s.id, s.delisted FROM identified i JOIN market.dim_stock s ON s.id = i.id
        WHERE NOT (upper(s.symbol) ~>=~ $1 AND upper(s.symbol) ~<~ $2)
        UNION ALL
        SELECT CASE WHEN upper(symbol) = $1 THEN 0 WHEN isin = $1 THEN 2 ELSE 4 END, symbol, id, false
        FROM dim_private_instrument WHERE upper(symbol) ~>=~ $1 AND upper(symbol) ~<~ $2 OR isin = $1
    ) found
    WHERE (rank, symbol, id) > ($5, $6, $7::uuid) AND ($9::boolean IS NULL OR delisted = $9)
    ORDER BY rank, symbol, id LIMIT $8
), named AS MATERIALIZED (
    SELECT rank, symbol, id FROM (
        SELECT 6 + delisted::integer AS rank, symbol, id FROM market.dim_stock
        WHERE lower(name) LIKE ANY ($3) AND lower(name) LIKE ALL ($4) AND ($9 IS NULL OR delisted = $9)
            AND NOT (upper(symbol) ~>=~ $1 AND upper(symbol) ~<~ $2) AND id NOT IN (SELECT id FROM identified)
        UNION ALL
        SELECT 6, symbol, id FROM dim_private_instrument
        WHERE lower(name) LIKE ANY ($3) AND lower(name) LIKE ALL ($4) AND $9 IS DISTINCT FROM true
            AND NOT (upper(symbol) ~>=~ $1 AND upper(symbol) ~<~ $2) AND isin IS DISTINCT FROM $1
    ) found
    WHERE (SELECT count(*) FROM called) < $8 AND (rank, symbol, id) > ($5, $6, $7::uuid)
    ORDER BY rank, symbol, id LIMIT $8
)
SELECT rank, symbol, id FROM called UNION ALL SELECT rank, symbol, id FROM named
ORDER BY rank, symbol, id LIMIT $8";

const COUNT: &str = "
WITH identified AS MATERIALIZED (
    SELECT DISTINCT instrument_id AS id FROM market.dim_identifier
    WHERE scheme IN ('ISIN', 'CUSIP', 'FIGI', 'COMPOSITE_FIGI', 'SHARE_CLASS_FIGI', 'TICKER', 'PROVIDER') AND value = $1
)
SELECT (
    SELECT count(*) FROM (
        SELECT id, delisted FROM market.dim_stock WHERE upper(symbol) ~>=~ $1 AND upper(symbol) ~<~ $2
        UNION SELECT id, delisted FROM identified JOIN market.dim_stock USING (id)
        UNION SELECT id, delisted FROM market.dim_stock WHERE lower(name) LIKE ANY ($3) AND lower(name) LIKE ALL ($4)
    ) found
    WHERE $5::boolean IS NULL OR delisted = $5
) + (
    SELECT count(*) FROM dim_private_instrument
    WHERE (
        upper(symbol) ~>=~ $1 AND upper(symbol) ~<~ $2 OR isin = $1 OR lower(name) LIKE ANY ($3) AND lower(name) LIKE ALL ($4)
    ) AND $5 IS DISTINCT FROM true
) AS found";

const COUNT_EVERY: &str = "
SELECT (SELECT count(*) FROM market.dim_stock WHERE $1::boolean IS NULL OR delisted = $1)
    + (SELECT count(*) FROM dim_private_instrument WHERE $1 IS DISTINCT FROM true) AS found";

/// For the transaction; the operator that the index knows asks for it.
const ADMIT: &str = "SELECT set_config('pg_trgm.word_similarity_threshold', $1, true)";

/// Names that are spelled alike.
pub const SPELLED_ALIKE: &str = "
SELECT rank, symbol, id FROM (
    SELECT 2 * (1010 - round(1000 * market.strict_word_similarity($1, lower(name)))::integer) + delisted::integer AS rank, symbol, id
    FROM (
        SELECT name, symbol, id, delisted FROM market.dim_stock WHERE $1 OPERATOR(market.<%) lower(name)
        UNION ALL
        SELECT name, symbol, id, false FROM dim_private_instrument WHERE $1 OPERATOR(market.<%) lower(name)
    ) alike
    WHERE $6::boolean IS NULL OR delisted = $6
) ranked
WHERE (rank, symbol, id) > ($2, $3, $4::uuid)
ORDER BY rank, symbol, id LIMIT $5";

const COUNT_ALIKE: &str = "
SELECT (
    SELECT count(*) FROM market.dim_stock WHERE $1 OPERATOR(market.<%) lower(name) AND ($2::boolean IS NULL OR delisted = $2)
) + (
    SELECT count(*) FROM dim_private_instrument WHERE $1 OPERATOR(market.<%) lower(name) AND $2 IS DISTINCT FROM true
) AS found";

/// What was typed, as the statements take it.
struct Typed {
    lower: String,
    /// What a symbol or an identifier is, or begins with, and the least text behind all that do.
    upper: String,
    beyond: String,
    /// The longest word, within words where it is long enough for the index, else at their beginning.
    longest: Vec<String>,
    words: Vec<String>,
}

impl Typed {
    fn new(text: Option<&str>) -> Option<Self> {
        let text = text.map(str::trim).filter(|text| !text.is_empty())?.replace('\0', "");
        let (lower, upper) = (text.to_lowercase(), text.to_uppercase());
        let escape = |word: &str| word.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
        let words: Vec<String> = lower.split_whitespace().map(escape).collect();
        let longest = words.iter().max_by_key(|word| word.chars().count()).cloned().unwrap_or_default();
        let longest = match longest.chars().count() {
            0..=2 => vec![format!("{longest}%"), format!("% {longest}%")],
            _ => vec![format!("%{longest}%")],
        };
        let words = words.iter().map(|word| format!("%{word}%")).collect();
        Some(Self { lower, beyond: format!("{upper}\u{10ffff}"), upper, longest, words })
    }

    fn values(&self) -> [Value; 4] {
        let Self { upper, beyond, longest, words, .. } = self;
        [upper.clone().into(), beyond.clone().into(), longest.clone().into(), words.clone().into()]
    }
}

/// The instruments that are found, the best first; every instrument by symbol where there is no text. Names that are spelled
/// alike are looked for where nothing else is found.
pub async fn search(
    session: &Session<Tenant>,
    search: &Search,
    page: Page<Cursor>,
) -> Result<Vec<Found>, DatabaseError> {
    let limit = i64::try_from(page.limit).unwrap_or(i64::MAX);
    let is_first = page.after.is_none();
    let (rank, symbol, id) = page.after.unwrap_or((-1, String::new(), Uuid::nil()));
    let rows = |rows: Vec<sea_orm::QueryResult>| {
        rows.iter().map(|row| Found::from_query_result(row, "")).collect::<Result<Vec<_>, _>>()
    };
    let delisted: Value = search.delisted.into();
    let Some(typed) = Typed::new(search.text.as_deref()) else {
        return Ok(rows(ask(session, EVERY, [symbol.into(), id.into(), limit.into(), delisted]).await?)?);
    };
    if rank < ALIKE {
        let place = [rank.into(), symbol.clone().into(), id.into(), limit.into(), delisted.clone()];
        let found = rows(ask(session, EXACT, typed.values().into_iter().chain(place)).await?)?;
        if !found.is_empty() || !is_first {
            return Ok(found);
        }
    }
    run(session, ADMIT, [SIMILARITY.into()]).await?;
    let values = [typed.lower.into(), rank.into(), symbol.into(), id.into(), limit.into(), delisted];
    Ok(rows(ask(session, SPELLED_ALIKE, values).await?)?)
}

/// How many instruments are found.
pub async fn count(session: &Session<Tenant>, search: &Search) -> Result<u64, DatabaseError> {
    let number = |rows: Vec<sea_orm::QueryResult>| {
        let found: i64 = rows.first().map_or(Ok(0), |row| row.try_get("", "found"))?;
        Ok(u64::try_from(found).unwrap_or_default())
    };
    let delisted: Value = search.delisted.into();
    let Some(typed) = Typed::new(search.text.as_deref()) else {
        return number(ask(session, COUNT_EVERY, [delisted]).await?);
    };
    match number(ask(session, COUNT, typed.values().into_iter().chain([delisted.clone()])).await?)? {
        0 => {
            run(session, ADMIT, [SIMILARITY.into()]).await?;
            number(ask(session, COUNT_ALIKE, [typed.lower.into(), delisted]).await?)
        }
        found => Ok(found),
    }
}
