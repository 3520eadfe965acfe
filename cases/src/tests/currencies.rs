//! Several currencies: chained rates, booked rates, gains that rates made.

use super::*;

fn rate(date: &str, from: &str, to: &str, rate: &str) -> Value {
    json!({ "date": date, "from": from, "to": to, "rate": rate })
}

fn dollars(date: &str, kind: &str, changes: Value) -> Value {
    let mut entry = json!({ "date": date, "type": kind, "currency": "USD" });
    if let (Value::Object(entry), Value::Object(changes)) = (&mut entry, changes) {
        entry.extend(changes);
    }
    entry
}

#[test]
fn rates_are_chained_and_inverted() {
    // 1 USD = 0.8 EUR, 1 EUR = 1.5 CAD, 1 CAD = 0.5 GBP: 1000 USD = 1200 CAD, 30 GBP = 60 CAD.
    holds(
        json!({
            "config": config(json!({ "base_currency": "CAD" })),
            "transactions": [
                dollars("2024-06-03", "BUY", json!({ "symbol": "X", "quantity": "10", "price": "100" })),
                json!({ "date": "2024-06-03", "type": "DEPOSIT", "currency": "GBP", "amount": "30" }),
            ],
            "fx": [
                rate("2023-01-02", "USD", "EUR", "0.8"), rate("2023-01-03", "EUR", "CAD", "1.5"),
                rate("2023-01-04", "CAD", "GBP", "0.5"),
            ],
        }),
        json!({
            "positions": [{ "symbol": "X", "quantity": "10", "cost_basis": "1000", "cost_basis_base": "1200" }],
            "totals": { "net_contribution": "60", "cash_total": "-1140", "cost_basis": "1200" },
        }),
    );
}

#[test]
fn a_period_opens_with_what_was_held_at_the_rates_of_its_start() {
    // 10 × 100 USD cost 800 EUR; at the start of the period they are worth 10 × 120 USD at 0.9.
    holds(
        json!({
            "config": config(json!({ "base_currency": "EUR" })),
            "period": { "start": "2024-06-28", "end": "2024-12-31" },
            "securities": [{ "symbol": "X", "currency": "USD" }],
            "transactions": [
                dollars("2024-01-02", "BUY", json!({ "symbol": "X", "quantity": "10", "price": "100" })),
            ],
            "prices": [{ "symbol": "X", "date": "2024-06-28", "price": "120", "currency": "USD" }],
            "fx": [rate("2024-01-02", "USD", "EUR", "0.8"), rate("2024-06-28", "USD", "EUR", "0.9")],
        }),
        json!({ "totals": { "cost_basis_base": "1080" } }),
    );
}

#[test]
fn a_rate_that_is_not_there_is_an_error() {
    let inputs = |rows: Value| {
        json!({
            "config": config(json!({})), "fx": rows,
            "transactions": [dollars("2024-06-03", "DEPOSIT", json!({ "amount": "5" }))],
        })
    };
    holds(inputs(json!([])), json!({ "error": "MISSING_FX" }));
    holds(inputs(json!([rate("2024-06-04", "USD", "EUR", "0.9")])), json!({ "error": "MISSING_FX" }));
    holds(inputs(json!([rate("2024-06-03", "USD", "GBP", "0.9")])), json!({ "error": "MISSING_FX" }));
    let known = inputs(json!([rate("2024-06-03", "EUR", "USD", "1.25")]));
    holds(known.clone(), json!({ "totals": { "cash_total": "4" } }));
    assert_eq!(failing(known, json!({ "error": "MISSING_FX" })), ["error"]);
}

/// 1000 dollars come at 0.9; 500 of them buy shares at 0.92; at 0.95 the shares are worth 600.
fn invested(sale: Option<Value>) -> Value {
    let mut entries = vec![
        dollars("2024-01-02", "DEPOSIT", json!({ "amount": "1000" })),
        dollars("2024-01-03", "BUY", json!({ "symbol": "X", "quantity": "10", "price": "50", "id": "b1" })),
    ];
    entries.extend(sale);
    json!({
        "config": config(json!({ "fees_in_cost_basis": false })), "transactions": entries, "as_of": "2024-02-01",
        "prices": [{ "symbol": "X", "date": "2024-02-01", "price": "60", "currency": "USD" }],
        "fx": [
            rate("2024-01-02", "USD", "EUR", "0.9"), rate("2024-01-03", "USD", "EUR", "0.92"),
            rate("2024-02-01", "USD", "EUR", "0.95"),
        ],
    })
}

#[test]
fn what_rates_did_is_told_from_what_prices_did() {
    holds(
        invested(None),
        json!({
            "totals": {
                "total_value": "1045", "net_contribution": "900", "contributed_base_hist": "900",
                // 500 × 0.95 and 500 × 0.92.
                "cost_basis": "475", "cost_basis_base": "460", "cost_basis_hist": "460", "cost_basis_spot": "475",
                // 570 − 460; 100 × 0.95.
                "unrealized_gain": "110", "gross_performance_spot": "95", "unrealized_gain_currency_part": "15",
                // Cash 475 − (900 − 460) = 35, shares 15.
                "currency_gain": "50",
                "time_weighted_investment": "460", "gross_pct_local": "0.2",
            },
            "currency_gain_windows": [
                { "label": "all", "start": "2024-01-01", "end": "2024-02-01", "value": "50" },
                // On 3 January 20 were gained on 1000 dollars.
                { "label": "later", "start": "2024-01-03", "end": "2024-02-01", "value": "30" },
            ],
            "positions": [{ "symbol": "X", "market_value": "600", "market_value_base": "570", "unrealized_gain": "100" }],
        }),
    );
}

#[test]
fn a_realised_gain_has_a_part_that_rates_made() {
    let sale = dollars("2024-02-01", "SELL", json!({ "symbol": "X", "quantity": "4", "price": "60", "id": "s1" }));
    holds(
        invested(Some(sale)),
        json!({
            // 240 × 0.95 − 200 × 0.92 = 44, of which 200 × 0.03 by rates.
            "realized_gain": "44", "realized_gain_fifo": "44", "realized_by_sale": [{ "sell": "s1", "realized_gain_local": "40" }],
            "totals": { "realized_gain_currency_part": "6", "realized_gain_average": "44", "currency_gain": "50" },
        }),
    );
}

#[test]
fn a_trade_has_its_own_rate() {
    let own = json!({ "amount": "100", "fx_rate": "0.5", "fx_to": "EUR" });
    let buy = json!({ "symbol": "X", "quantity": "2", "price": "25", "fee": "2", "fx_rate": "0.5", "fx_to": "EUR" });
    holds(
        json!({
            "config": config(json!({})), "fx": [rate("2024-01-02", "USD", "EUR", "0.8")],
            "accounts": [{ "id": "A", "currency": "EUR" }],
            "transactions": [dollars("2024-01-02", "DEPOSIT", own), dollars("2024-01-02", "BUY", buy)],
        }),
        json!({
            // Cash of the trade is euros at its rate; the dollars that came stay dollars.
            "cash": [{ "currency": "USD", "amount": "100" }, { "currency": "EUR", "amount": "-26" }],
            "totals": { "net_contribution": "50", "cash_total": "54", "cost_basis_base": "26" },
        }),
    );
}
