//! Edits store only what they change; a rebuild finds nothing to change.

use portfolio_analyzer::tenancy::Access;
use sea_orm::{ConnectionTrait, DbBackend, Statement};
use serde_json::json;

use crate::support::{App, Book, REVERSE};

/// Every projection as one text, in the order of its rows.
const BOOKS: &str = "
SELECT string_agg(line, E'\\n' ORDER BY line) FROM (
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

async fn books(app: &App) -> String {
    let tenant = app.services.gateway.tenant_by_slug("alpha").await.expect("a read").expect("a tenant");
    let system = app.services.system(tenant.clone(), "tests");
    let session = app.services.gateway.tenant(&tenant, system.actor, Access::Read).await.expect("a session");
    let statement = Statement::from_string(DbBackend::Postgres, BOOKS);
    let row = session.query_one_raw(statement).await.expect("an answer").expect("a row");
    let text: String = row.try_get_by_index(0).expect("a text");
    session.close().await.expect("an end");
    without_trailing_zeros(&text)
}

#[tokio::test]
async fn edits_in_any_order_leave_what_a_rebuild_makes() {
    let app = App::start().await;
    let book = Book::open(&app, "EUR").await;
    let fee = |symbol: &str, amount: &str| json!({ "fee": { "amount": amount, "currency": "USD", "instrumentId": book.instrument(symbol) } });
    book.deposit("2024-03-04", "10000", "USD").await;
    let first = book.buy("2024-03-05", "ACME", "10", "250").await;
    book.sell("2024-03-12", "ACME", "4", "260").await;
    book.record("2024-03-11", fee("ACME", "3")).await;
    // Back-dated before everything, in between, and on a day that has entries.
    let early = book.buy("2024-03-01", "ACME", "5", "240").await;
    book.deposit("2024-03-01", "200", "USD").await;
    book.buy("2024-03-05", "NOTE", "7", "20").await;
    book.sell("2024-03-08", "ACME", "2", "255").await;
    let taken_back = book.deposit("2024-03-07", "55", "EUR").await;
    for id in [taken_back, early, first] {
        let reversed = book.client.run_with(REVERSE, json!({ "id": id })).await;
        let errors = reversed.user_errors("transactionReverse");
        assert!(errors.is_empty() || errors == ["INSUFFICIENT_QUANTITY"], "{errors:?}");
    }
    let edited = books(&app).await;
    let tenant = app.services.gateway.tenant_by_slug("alpha").await.expect("a read").expect("a tenant");
    let system = app.services.system(tenant, "tests");
    let portfolio = book.portfolio.trim_start_matches("pf_").parse().expect("an id");
    app.services.rebuild(&system, portfolio).await.expect("books");
    assert_eq!(edited, books(&app).await);
}
