//! Sales of more than is held.

use super::*;

#[test]
fn short_and_cover_with_fees() {
    // −10 for 995. 4 are covered for 362: 398 − 362 = 36. Of 10 for 805, 6 cover 483: 597 − 483 = 114; 4 for 322 stay.
    holds(
        json!({
            "config": config(json!({ "oversell": "ALLOW_SHORT" })),
            "transactions": [
                traded("2024-01-02", "SELL", "10", "100", "5", "s1"),
                traded("2024-01-03", "BUY", "4", "90", "2", "c1"),
                traded("2024-01-04", "BUY", "10", "80", "5", "c2"),
            ],
        }),
        json!({
            "positions": [{ "symbol": "S", "quantity": "4", "cost_basis": "322", "average_cost": "80.5" }],
            "realized_by_sale": [{ "sell": "c1", "realized_gain": "36" }, { "sell": "c2", "realized_gain": "114" }],
            "matches": [
                { "sell": "c1", "lot": "s1", "quantity": "4", "unit_cost": "99.5" },
                { "sell": "c2", "lot": "s1", "quantity": "6", "unit_cost": "99.5" },
            ],
            "remaining_lots": [{ "lot": "c2", "quantity": "4", "unit_cost": "80.5" }],
        }),
    );
}

#[test]
fn the_average_of_a_short_is_what_it_brought() {
    // 300 for 2; one is covered at 120: 150 − 120. At 110 the other would gain 40.
    holds(
        json!({
            "config": config(json!({ "oversell": "ALLOW_SHORT", "cost_method": "AVERAGE" })),
            "transactions": [
                traded("2024-01-02", "SELL", "1", "100", "0", "s1"),
                traded("2024-01-03", "SELL", "1", "200", "0", "s2"),
                traded("2024-01-04", "BUY", "1", "120", "0", "c1"),
            ],
            "prices": [price("2024-01-04", "110")],
        }),
        json!({
            "positions": [{ "symbol": "S", "quantity": "-1", "average_cost": "150", "market_value": "-110" }],
            "realized_gain": "30", "unrealized_gain": "40",
        }),
    );
}

#[test]
fn a_sale_goes_through_zero() {
    // 3 at 10 close at 20: 30. 2 are owed for 40.
    holds(
        json!({
            "config": config(json!({ "oversell": "ALLOW_SHORT" })),
            "transactions": [
                traded("2024-01-02", "BUY", "3", "10", "0", "b1"),
                traded("2024-01-03", "SELL", "5", "20", "0", "s1"),
            ],
        }),
        json!({
            "positions": [{ "symbol": "S", "quantity": "-2", "average_cost": "20", "cost_basis": "-40" }],
            "realized_gain": "30",
        }),
    );
}

#[test]
fn what_was_never_bought_is_sold_at_no_cost() {
    // 99 after the fee, of which 3 ÷ 5 = 59.4 − 30 for what was there, and 39.6 for what was not.
    holds(
        json!({
            "config": config(json!({ "oversell": "PARTIAL" })),
            "transactions": [
                traded("2024-01-02", "BUY", "3", "10", "0", "b1"),
                traded("2024-01-03", "SELL", "5", "20", "1", "s1"),
            ],
        }),
        json!({
            "realized_gain": "69", "missing_quantity": "2",
            "missing_acquisitions": [{ "sell": "s1", "symbol": "S", "found": "3", "missing": "2" }],
            "matches": [{ "sell": "s1", "lot": "b1", "quantity": "3" }],
            "remaining_lots": [], "positions": [{ "symbol": "S", "quantity": "0" }],
        }),
    );
}

#[test]
fn a_sale_of_more_is_refused_and_one_of_nothing_is_no_sale() {
    let held = traded("2024-01-02", "BUY", "3", "10", "0", "b1");
    let inputs = |quantity| {
        json!({
            "config": config(json!({})),
            "transactions": [held, traded("2024-01-03", "SELL", quantity, "20", "0", "s1")],
        })
    };
    holds(inputs("3.5"), json!({ "error": "INSUFFICIENT_QUANTITY" }));
    holds(inputs("0"), json!({ "matches": [], "remaining_lots": [{ "lot": "b1", "quantity": "3" }] }));
}

#[test]
fn dust_is_nothing() {
    holds(
        json!({
            "config": config(json!({ "quantity_dust": "0.000001" })),
            "transactions": [
                traded("2024-01-02", "BUY", "0.9999999", "10", "0", "b1"),
                traded("2024-01-03", "SELL", "1", "20", "0", "s1"),
            ],
        }),
        json!({ "positions": [{ "symbol": "S", "quantity": "0", "cost_basis": "0" }], "remaining_lots": [] }),
    );
}
