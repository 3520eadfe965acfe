//! Dividends, interest, charges, and which day they are of.

use super::*;

#[test]
fn income_and_charges_move_cash_and_are_no_contribution() {
    let mut dividend = moved("2024-01-04", "DIVIDEND", "50");
    (dividend["symbol"], dividend["tax"]) = ("S".into(), "7.5".into());
    let mut refund = moved("2024-01-06", "FEE", "2");
    refund["refund"] = true.into();
    holds(
        json!({
            "config": config(json!({})),
            "transactions": [
                moved("2024-01-02", "DEPOSIT", "1000"),
                traded("2024-01-02", "BUY", "2", "100", "3", "b1"),
                dividend,
                moved("2024-01-05", "DIVIDEND", "-10"),
                moved("2024-01-05", "INTEREST", "4"), moved("2024-01-05", "INTEREST", "-1.5"),
                moved("2024-01-06", "FEE", "-12"), refund, moved("2024-01-06", "TAX", "5"),
                moved("2024-01-07", "WITHDRAWAL", "-100"),
            ],
        }),
        json!({
            // 1000 − 203 + 42.5 + 10 + 4 − 1.5 − 12 + 2 − 5 − 100.
            "cash": [{ "currency": "EUR", "amount": "737" }],
            "totals": {
                "dividends": "60", "interest": "2.5", "fees": "13", "taxes": "12.5", "net_contribution": "900",
                "cash_total": "737",
            },
        }),
    );
}

#[test]
fn a_day_is_that_of_the_time_zone() {
    let mut late = traded("2024-03-01", "BUY", "1", "100", "0", "b1");
    late["timestamp"] = "2024-02-29T23:30:00Z".into();
    let inputs = |zone: &str| {
        json!({
            "config": config(json!({ "timezone": zone })), "transactions": [late], "as_of": "2024-02-29",
        })
    };
    holds(inputs("UTC"), json!({ "positions": [{ "symbol": "S", "quantity": "1" }] }));
    holds(inputs("Asia/Tokyo"), json!({ "positions": [{ "symbol": "S", "quantity": "0" }] }));
    assert_eq!(failing(inputs("Mars/Olympus"), json!({ "cash": [] })), ["booking"]);
}

#[test]
fn a_trade_stands_in_for_a_price_only_where_the_case_says_so() {
    let inputs = |changes| {
        json!({
            "config": config(changes),
            "transactions": [
                traded("2024-01-02", "BUY", "2", "100", "0", "b1"),
                json!({
                    "date": "2024-02-01", "type": "SPLIT", "symbol": "S", "currency": "EUR", "numerator": "4",
                    "denominator": "1",
                }),
            ],
            "as_of": "2024-03-01",
        })
    };
    // 8 at a quarter of 100.
    let fallback = inputs(json!({ "price_fallback": "LAST_TRADE_PRICE" }));
    holds(fallback, json!({ "totals": { "market_value": "200", "total_value": "0", "unrealized_gain": "0" } }));
    holds(inputs(json!({})), json!({ "totals": { "market_value": null } }));
    assert_eq!(failing(inputs(json!({})), json!({ "totals": { "market_value": "200" } })), ["totals.market_value"]);
}

#[test]
fn a_yield_is_of_the_cost() {
    let mut dividend = moved("2024-01-04", "DIVIDEND", "9");
    dividend["symbol"] = "S".into();
    holds(
        json!({
            "config": config(json!({})),
            "transactions": [traded("2024-01-02", "BUY", "2", "100", "0", "b1"), dividend],
        }),
        json!({ "ratios": { "dividend_yield_on_cost": "0.045" } }),
    );
}
