//! Figures of a period, of windows and of trade dates.

use super::*;

#[test]
fn a_period_is_bridged_from_its_opening_to_its_closing_value() {
    let mut dividend = moved("2024-05-01", "DIVIDEND", "6");
    (dividend["symbol"], dividend["tax"]) = ("S".into(), "1".into());
    let inputs = json!({
        "config": config(json!({})), "period": { "start": "2024-01-31", "end": "2024-12-31" },
        "transactions": [
            moved("2024-01-02", "DEPOSIT", "1000"),
            traded("2024-01-02", "BUY", "10", "20", "3", "b1"),
            dividend,
            traded("2024-06-03", "SELL", "4", "35", "2", "s1"),
            traded("2024-07-01", "BUY", "1", "36", "1", "b2"),
            moved("2024-08-01", "WITHDRAWAL", "100"),
            moved("2024-12-31", "INTEREST", "5"),
            moved("2025-01-15", "DEPOSIT", "1"),
        ],
        "prices": [price("2024-01-30", "30"), price("2024-12-01", "40")],
    });
    holds(
        inputs,
        json!({
            "period": {
                // 797 + 10 × 30; 797 + 5 + 138 − 37 − 100 + 5 = 808, and 7 × 40.
                "initial_value": "1097", "final_value": "1088",
                "earnings": "11", "fees": "3", "taxes": "1", "transfers": "-100",
                // 4 × (35 − 30); 6 × (40 − 30) + (40 − 36). 1097 + 20 + 64 + 11 − 3 − 1 − 100 = 1088.
                "realized_capital_gain": "20", "unrealized_capital_gain": "64",
            },
            // 6 at 30 from the opening, one at 37.
            "totals": { "cost_basis_base": "217" },
        }),
    );
}

#[test]
fn units_that_come_or_go_are_in_the_bridge_too() {
    let delivered = |date: &str, kind: &str, quantity: &str, price: Option<&str>| {
        json!({
            "date": date, "type": kind, "symbol": "S", "quantity": quantity, "price": price, "currency": "EUR",
        })
    };
    let inputs = |leaves_at: Option<&str>| {
        json!({
            "config": config(json!({})), "period": { "start": "2024-01-31", "end": "2024-03-31" },
            "transactions": [
                delivered("2024-02-05", "TRANSFER_IN", "3", Some("10")),
                delivered("2024-02-20", "TRANSFER_OUT", "1", leaves_at),
            ],
            "prices": [price("2024-02-05", "12"), price("2024-03-01", "15")],
        })
    };
    // 30 came, and one left at its close of 12; 2 × (15 − 10) and 12 − 10: 18 + 10 + 2 = 30.
    let close = json!({ "initial_value": "0", "transfers": "18", "unrealized_capital_gain": "10",
        "realized_capital_gain": "2", "final_value": "30" });
    holds(inputs(None), json!({ "period": close }));
    // The case says that it was worth 13.
    let stated = json!({ "transfers": "17", "realized_capital_gain": "3", "final_value": "30" });
    holds(inputs(Some("13")), json!({ "period": stated }));
}

#[test]
fn windows_leave_out_what_is_booked_on_their_first_day() {
    // Bought at 100 with a fee of 2, worth 105 a day later and 110 at the end.
    holds(
        json!({
            "config": config(json!({ "fees_in_cost_basis": false })), "as_of": "2024-01-10",
            "transactions": [traded("2024-01-02", "BUY", "1", "100", "2", "b1")],
            "prices": [price("2024-01-02", "100"), price("2024-01-03", "105"), price("2024-01-10", "110")],
        }),
        json!({
            "net_performance_windows": [
                { "label": "whole", "start": "2024-01-01", "end": "2024-01-10", "value": "8" },
                { "label": "after the fee", "start": "2024-01-02", "end": "2024-01-10", "value": "10" },
                { "label": "end", "start": "2024-01-03", "end": "2024-01-10", "value": "5" },
            ],
            "invested_cost_by_trade_date": [{ "date": "2024-01-02", "cost_basis": "100" }],
            "totals": { "net_performance_pct": "0.08", "gross_performance_pct": "0.1" },
        }),
    );
}

#[test]
fn an_investment_is_weighted_by_the_days_it_was_held() {
    // 200 for 10 days, 100 for 20: 4000 ÷ 30.
    holds(
        json!({
            "config": config(json!({ "cost_method": "AVERAGE" })), "as_of": "2024-02-01",
            "transactions": [
                traded("2024-01-02", "BUY", "2", "100", "0", "b1"), traded("2024-01-12", "SELL", "1", "130", "0", "s1"),
            ],
            "prices": [price("2024-02-01", "120")],
        }),
        json!({ "totals": {
            "time_weighted_investment": "133.33333333333333", "gross_performance": "50", "gross_performance_pct": "0.375",
            "realized_plus_unrealized": "50",
        } }),
    );
}
