//! Which lots are used, and what is left of them.

use super::*;

fn three_buys() -> Vec<Value> {
    vec![
        traded("2024-01-02", "BUY", "10", "100", "5", "b1"),
        traded("2024-01-03", "BUY", "10", "120", "5", "b2"),
        traded("2024-01-04", "BUY", "10", "110", "5", "b3"),
    ]
}

fn sold(quantity: &str, filter: Value) -> Vec<Value> {
    let mut entries = three_buys();
    let mut sale = traded("2024-02-01", "SELL", quantity, "150", "6", "s1");
    if !filter.is_null() {
        sale["lot_filter"] = filter;
    }
    entries.push(sale);
    entries
}

#[test]
fn last_in_first_out_with_fees_outside() {
    // 10 of b3 at 110, 2 of b2 at 120: 12 × 150 − 1100 − 240 = 460 before the fee.
    holds(
        json!({
            "config": config(json!({ "cost_method": "LIFO", "fees_in_cost_basis": false })),
            "transactions": sold("12", Value::Null), "prices": [price("2024-02-01", "150")],
        }),
        json!({
            "matches": [
                { "sell": "s1", "lot": "b3", "quantity": "10", "unit_cost": "110", "cost_basis": "1100" },
                { "sell": "s1", "lot": "b2", "quantity": "2", "unit_cost": "120" },
            ],
            "remaining_lots": [
                { "lot": "b1", "quantity": "10", "unit_cost": "100", "date": "2024-01-02" },
                { "lot": "b2", "quantity": "8", "unit_cost": "120", "cost_basis": "960" },
            ],
            "realized_by_sale": [{ "sell": "s1", "realized_gain": "460", "proceeds": "1800" }],
            "realized_gain": "460", "cost_basis": "1960",
            // 18 × 150 − 1960 = 740; 460 + 740 = 1200, after 5 + 5 + 5 + 6 of fees 1179.
            "unrealized_gain": "740",
            "totals": { "gross_performance": "1200", "net_performance": "1179", "fees": "21" },
        }),
    );
}

#[test]
fn highest_cost_first_with_fees_inside() {
    // 120.5 and 110.5 a unit with the fees: 10 of b2, 5 of b3. 15 × 150 − 6 − 1205 − 552.5 = 486.5.
    holds(
        json!({ "config": config(json!({ "cost_method": "HIFO" })), "transactions": sold("15", Value::Null) }),
        json!({
            "matches": [
                { "sell": "s1", "lot": "b3", "quantity": "5", "unit_cost": "110.5" },
                { "sell": "s1", "lot": "b2", "quantity": "10", "unit_cost": "120.5" },
            ],
            "realized_gain": "486.5",
        }),
    );
}

#[test]
fn lots_that_are_named() {
    let strict = |quantity, filter| json!({ "config": config(json!({ "cost_method": "STRICT" })), "transactions": sold(quantity, filter) });
    let took = |lot| json!({ "matches": [{ "sell": "s1", "lot": lot, "quantity": "4" }] });
    holds(strict("4", json!({ "lot_id": "b2" })), took("b2"));
    holds(strict("4", json!({ "date": "2024-01-04" })), took("b3"));
    holds(strict("4", json!({ "unit_cost": "100.5" })), took("b1"));
    holds(strict("4", json!({ "lot_id": "b9" })), json!({ "error": "NO_MATCHING_LOT" }));
    holds(strict("4", json!({ "unit_cost": "100" })), json!({ "error": "NO_MATCHING_LOT" }));
    holds(strict("4", Value::Null), json!({ "error": "AMBIGUOUS_LOTS" }));
    holds(strict("4", json!({})), json!({ "error": "AMBIGUOUS_LOTS" }));
    holds(strict("11", json!({ "lot_id": "b2" })), json!({ "error": "INSUFFICIENT_QUANTITY" }));
    // All that is held leaves no choice.
    holds(strict("30", Value::Null), json!({ "remaining_lots": [] }));
}

#[test]
fn an_average_is_of_what_is_left() {
    // 3 × 10 at 110.5 with the fees; 6 leave 24 at 110.5 = 2652. A buy of 6 at 140.5 makes 3495 ÷ 30 = 116.5.
    let mut entries = sold("6", Value::Null);
    entries.push(traded("2024-03-01", "BUY", "6", "140.5", "0", "b4"));
    holds(
        json!({ "config": config(json!({ "cost_method": "AVERAGE" })), "transactions": entries }),
        json!({
            "positions": [{ "symbol": "S", "quantity": "30", "cost_basis": "3495", "average_cost": "116.5" }],
            // 6 × 150 − 6 − 663.
            "realized_gain": "231",
        }),
    );
}

#[test]
fn a_reverse_split_acts_before_the_sale_of_its_day() {
    // 20 at 220 become 2 at 110 each; one goes at 130.
    let mut entries = vec![traded("2024-01-02", "BUY", "20", "11", "0", "b1")];
    entries.push(traded("2024-02-01", "SELL", "1", "130", "0", "s1"));
    entries.push(json!({
        "date": "2024-02-01", "type": "SPLIT", "symbol": "S", "currency": "EUR", "numerator": "1", "denominator": "10",
    }));
    holds(
        json!({ "config": config(json!({})), "transactions": entries }),
        json!({ "realized_gain": "20", "remaining_lots": [{ "lot": "b1", "quantity": "1", "unit_cost": "110" }] }),
    );
}

#[test]
fn a_contract_has_a_multiplier() {
    holds(
        json!({
            "config": config(json!({})), "securities": [{ "symbol": "S", "currency": "EUR", "multiplier": "100" }],
            "transactions": [traded("2024-01-02", "BUY", "2", "1.5", "4", "b1")], "prices": [price("2024-01-03", "2")],
            "as_of": "2024-01-05",
        }),
        json!({
            // 2 × 1.5 × 100 + 4 = 304; 2 × 2 × 100.
            "positions": [{
                "symbol": "S", "quantity": "2", "cost_basis": "304", "average_cost": "152", "market_price": "2",
                "market_value": "400", "lot_count": "1",
            }],
            "unrealized_gain": "96",
        }),
    );
}

#[test]
fn a_split_may_be_the_last_that_happens() {
    let split = json!({
        "date": "2024-02-01", "type": "SPLIT", "symbol": "S", "currency": "EUR", "numerator": "3", "denominator": "2",
    });
    holds(
        json!({ "config": config(json!({})), "transactions": [traded("2024-01-02", "BUY", "10", "9", "0", "b1"), split] }),
        json!({ "positions": [{ "symbol": "S", "quantity": "15", "average_cost": "6" }] }),
    );
}
