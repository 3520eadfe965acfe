//! Steps that change what tenants have already: their rows are kept.

use crate::support::{App, Superuser};

/// What a tenant had before the further kinds of transactions: two purchases and a sale from both, a deposit, a withdrawal
/// that was reversed and one that stands.
const OLD: &str = "
CREATE SCHEMA old_shape;
SET search_path = old_shape;
";
const ROWS: &str = "
INSERT INTO role VALUES ('INVESTOR', '', '');
INSERT INTO dim_user VALUES ('00000000-0000-0000-0000-000000000001', 'a@b.example', '', 'INVESTOR', 'ACTIVE', 'EUR', 'UTC',
    'en', 1, now(), now());
INSERT INTO portfolio VALUES ('00000000-0000-0000-0000-000000000002', '00000000-0000-0000-0000-000000000001', NULL, '', '',
    'EUR', 'FIFO', 1, 8, now(), now());
INSERT INTO account VALUES ('00000000-0000-0000-0000-000000000003', '00000000-0000-0000-0000-000000000002', 'Main', now());
INSERT INTO fact_portfolio_transactions
    (id, portfolio_id, account_id, event_id, type, trade_date, sequence, reverses_id, recorded_at, recorded_by)
SELECT ('00000000-0000-0000-0000-0000000000' || id)::uuid, '00000000-0000-0000-0000-000000000002',
    '00000000-0000-0000-0000-000000000003', ('00000000-0000-0000-0000-0000000000' || id)::uuid, type, date::date, sequence,
    ('00000000-0000-0000-0000-0000000000' || reverses)::uuid, now(), '00000000-0000-0000-0000-000000000001'
FROM (VALUES ('10', 'DEPOSIT', '2024-01-02', 7, NULL), ('11', 'BUY', '2024-01-03', 2, NULL),
    ('12', 'BUY', '2024-01-02', 3, NULL), ('13', 'SELL', '2024-01-04', 4, NULL), ('14', 'WITHDRAWAL', '2024-01-01', 5, NULL),
    ('15', 'REVERSAL', '2024-01-01', 6, '14'), ('16', 'WITHDRAWAL', '2024-01-02', 8, NULL)
) AS rows (id, type, date, sequence, reverses);
INSERT INTO lot
SELECT id, portfolio_id, account_id, '00000000-0000-0000-0000-000000000004', trade_date, NULL, 5, 3, 10, 10
FROM fact_portfolio_transactions WHERE type = 'BUY';
INSERT INTO lot_match
SELECT '00000000-0000-0000-0000-000000000013', transaction_id, portfolio_id, opened_on, '2024-01-04', 2, 4, 4, 6, 6 FROM lot;
INSERT INTO fact_daily_cash VALUES ('00000000-0000-0000-0000-000000000003', 'EUR', '2024-01-02', NULL,
    '00000000-0000-0000-0000-000000000002', 7, 0, 0, 0);
INSERT INTO fact_daily_flows
SELECT '00000000-0000-0000-0000-000000000002', ordinal, '00000000-0000-0000-0000-000000000003', NULL, '2024-01-02', 'EUR',
    amount, amount
FROM (VALUES (0, 9), (1, -2)) AS flows (ordinal, amount);
";

#[tokio::test]
async fn the_projections_of_before_keep_their_rows_under_their_new_keys() {
    let app = App::start().await;
    let mut inside = Superuser::of(&app).await;
    inside.run(OLD).await;
    for step in [
        include_str!("../../migration/src/realm/m0001_realm.sql"),
        include_str!("../../migration/src/tenant/m0001_portfolios.sql"),
        include_str!("../../migration/src/tenant/m0002_ledger.sql"),
        include_str!("../../migration/src/tenant/m0003_projections.sql"),
    ] {
        inside.run(step).await;
    }
    inside.run(ROWS).await;
    inside.run(include_str!("../../migration/src/tenant/m0005_ledger_kinds.sql")).await;
    let short = |ids: &str| ids.replace("00000000-0000-0000-0000-0000000000", "");
    let matches = inside
        .texts(
            "SELECT concat_ws(' ', sale_transaction_id, account_id, instrument_id, ordinal, lot_transaction_id, quantity) \
             FROM lot_match ORDER BY ordinal",
        )
        .await;
    let matches: Vec<String> = matches.iter().map(|row| short(row)).collect();
    assert_eq!(matches, ["13 03 04 0 12 2", "13 03 04 1 11 2"], "the oldest lot was used first");
    let lots =
        inside.texts("SELECT concat_ws(' ', transaction_id, ordinal, quantity_remaining) FROM lot ORDER BY 1").await;
    assert_eq!(lots.iter().map(|row| short(row)).collect::<Vec<_>>(), ["11 0 3", "12 0 3"]);
    let flows =
        "SELECT concat_ws(' ', transaction_id, account_id, amount) FROM fact_daily_flows ORDER BY transaction_id";
    let flows: Vec<String> = inside.texts(flows).await.iter().map(|row| short(row)).collect();
    assert_eq!(flows, ["10 03 9", "16 03 -2"], "what was reversed made no flow");
    assert_eq!(inside.texts("SELECT unsettled::text FROM fact_daily_cash").await, ["0"]);
}
