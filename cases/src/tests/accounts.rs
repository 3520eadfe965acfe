//! Several accounts: transfers between them, lots of their own or of all.

use super::*;

fn transfer(kind: &str, quantity: &str, account: &str, group: &str) -> Value {
    json!({
        "date": "2024-02-01", "type": kind, "symbol": "S", "quantity": quantity, "currency": "EUR", "account": account,
        "group": group,
    })
}

#[test]
fn an_average_moves_with_the_units() {
    // A: 10 at 100 and 10 at 200 average 150. 5 of them, 750, join B's 5 for 500: 125. 4 go at 130 for a gain of 20.
    holds(
        json!({
            "config": config(json!({ "cost_method": "AVERAGE" })),
            "transactions": [
                in_account(traded("2024-01-02", "BUY", "10", "100", "0", "b1"), "A"),
                in_account(traded("2024-01-03", "BUY", "10", "200", "0", "b2"), "A"),
                in_account(traded("2024-01-04", "BUY", "5", "100", "0", "b3"), "B"),
                transfer("TRANSFER_OUT", "5", "A", "g"),
                transfer("TRANSFER_IN", "5", "B", "g"),
                in_account(traded("2024-03-01", "SELL", "4", "130", "0", "s1"), "B"),
            ],
        }),
        json!({
            "positions": [
                { "symbol": "S", "account": "A", "quantity": "15", "cost_basis": "2250", "average_cost": "150" },
                { "symbol": "S", "account": "B", "quantity": "6", "cost_basis": "750", "average_cost": "125" },
                { "symbol": "S", "quantity": "21", "cost_basis": "3000" },
            ],
            "realized_gain": "20", "totals": { "net_contribution": "0" },
        }),
    );
}

#[test]
fn a_lot_in_two_accounts_is_two_lots_or_their_sum() {
    let inputs = json!({
        "config": config(json!({})),
        "transactions": [
            in_account(traded("2024-01-02", "BUY", "10", "100", "5", "b1"), "A"),
            transfer("TRANSFER_OUT", "4", "A", "g"), transfer("TRANSFER_IN", "4", "B", "g"),
        ],
    });
    // 1005 for 10.
    holds(
        inputs.clone(),
        json!({ "remaining_lots": [
            { "lot": "b1", "account": "A", "quantity": "6", "unit_cost": "100.5" },
            { "lot": "b1", "account": "B", "quantity": "4", "cost_basis": "402", "date": "2024-01-02" },
        ] }),
    );
    holds(inputs, json!({ "remaining_lots": [{ "lot": "b1", "quantity": "10", "cost_basis": "1005" }] }));
}

fn pooled(quantity: &str, changes: Value) -> Value {
    let mut settings = config(changes);
    settings["lot_scope"] = "PORTFOLIO".into();
    json!({
        "config": settings,
        "transactions": [
            in_account(traded("2024-01-02", "BUY", "5", "10", "0", "b1"), "A"),
            in_account(traded("2024-01-03", "BUY", "5", "20", "0", "b2"), "B"),
            in_account(traded("2024-02-01", "SELL", quantity, "30", "0", "s1"), "B"),
        ],
    })
}

#[test]
fn a_pool_serves_every_account() {
    // The oldest lot is A's: 5 × (30 − 10). The units leave B.
    holds(
        pooled("5", json!({})),
        json!({
            "realized_gain": "100", "remaining_lots": [{ "lot": "b2", "account": "B", "quantity": "5" }],
            "positions": [
                { "symbol": "S", "account": "A", "quantity": "5" }, { "symbol": "S", "account": "B", "quantity": "0" },
            ],
        }),
    );
    // 8 are more than B has: 5 × 20 + 3 × 10.
    holds(pooled("8", json!({})), json!({ "realized_gain": "130", "positions": [{ "symbol": "S", "quantity": "2" }] }));
    holds(pooled("8", json!({ "consume_from_account_only": true })), json!({ "error": "INSUFFICIENT_QUANTITY" }));
    holds(pooled("11", json!({})), json!({ "error": "INSUFFICIENT_QUANTITY" }));
    // The average of all is 15.
    holds(pooled("4", json!({ "cost_method": "AVERAGE" })), json!({ "realized_gain": "60" }));
    // What nobody has is owed, or missing.
    holds(
        pooled("11", json!({ "oversell": "ALLOW_SHORT" })),
        json!({ "realized_gain": "150", "positions": [{ "symbol": "S", "quantity": "-1" }] }),
    );
    holds(pooled("11", json!({ "oversell": "PARTIAL" })), json!({ "realized_gain": "180", "missing_quantity": "1" }));
}

#[test]
fn cash_moves_between_accounts_without_a_contribution() {
    let leg = |kind: &str, account: &str| in_account(moved("2024-01-03", kind, "40"), account);
    let with_group = |mut leg: Value| {
        leg["group"] = "g".into();
        leg
    };
    holds(
        json!({
            "config": config(json!({})),
            "transactions": [
                in_account(moved("2024-01-02", "DEPOSIT", "100"), "A"),
                with_group(leg("TRANSFER_OUT", "A")), with_group(leg("TRANSFER_IN", "B")),
                in_account(moved("2024-01-04", "TRANSFER_IN", "7"), "B"),
            ],
        }),
        json!({
            "cash": [
                { "currency": "EUR", "account": "A", "amount": "60" }, { "currency": "EUR", "account": "B", "amount": "47" },
                { "currency": "EUR", "amount": "107" },
            ],
            "totals": { "net_contribution": "107", "cash_total": "107" },
        }),
    );
}
