//! The projections as a text.

use portfolio_analyzer::tenancy::Access;
use sea_orm::{ConnectionTrait, DbBackend, Statement};

use super::App;

/// Every projection as one text.
const BOOKS: &str = "
SELECT string_agg(line, E'\\n') FROM (
    SELECT 'lot ' || to_jsonb(r)::text AS line FROM lot r
    UNION ALL SELECT 'match ' || to_jsonb(r)::text FROM lot_match r
    UNION ALL SELECT 'position ' || to_jsonb(r)::text FROM fact_daily_positions r
    UNION ALL SELECT 'cash ' || to_jsonb(r)::text FROM fact_daily_cash r
    UNION ALL SELECT 'flow ' || to_jsonb(r)::text FROM fact_daily_flows r
) books";

/// Numbers are compared, not how many zeros end them.
fn without_trailing_zeros(books: &str) -> String {
    let number = |text: &str| match text.split_once('.') {
        Some((whole, decimals)) if decimals.bytes().all(|byte| byte.is_ascii_digit()) => {
            let decimals = decimals.trim_end_matches('0');
            if decimals.is_empty() { whole.to_owned() } else { format!("{whole}.{decimals}") }
        }
        _ => text.to_owned(),
    };
    let cells = books.split_inclusive([',', '}']);
    cells
        .map(|cell| {
            let (cell, end) = cell.split_at(cell.len() - usize::from(cell.ends_with([',', '}'])));
            format!("{}{end}", number(cell))
        })
        .collect()
}

/// Every projection of the tenant `alpha` as one text, to be compared.
pub async fn books(app: &App) -> String {
    let tenant = app.services.gateway.tenant_by_slug("alpha").await.expect("a read").expect("a tenant");
    let system = app.services.system(tenant.clone(), "tests");
    let session = app.services.gateway.tenant(&tenant, system.actor, Access::Read).await.expect("a session");
    let statement = Statement::from_string(DbBackend::Postgres, BOOKS);
    let row = session.query_one_raw(statement).await.expect("an answer").expect("a row");
    let text: String = row.try_get_by_index(0).expect("a text");
    session.close().await.expect("an end");
    // Sorted by what is compared: the database has sorted by the zeros, too.
    let text = without_trailing_zeros(&text);
    let mut lines: Vec<&str> = text.lines().collect();
    lines.sort_unstable();
    lines.join("\n")
}
