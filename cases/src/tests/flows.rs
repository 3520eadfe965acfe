//! Units that come from outside and leave for it.

use super::*;

fn delivered(date: &str, kind: &str, quantity: &str, price: &str, fee: &str) -> Value {
    let mut entry = traded(date, kind, quantity, price, fee, "");
    entry.as_object_mut().unwrap().remove("id");
    entry
}

#[test]
fn deliveries_are_contributions_at_their_cost() {
    // 10 for 205 with the fee; 4 leave at 82, whatever they are said to be worth.
    holds(
        json!({
            "config": config(json!({})), "prices": [price("2024-01-04", "30")],
            "transactions": [
                delivered("2024-01-02", "TRANSFER_IN", "10", "20", "5"),
                delivered("2024-01-04", "TRANSFER_OUT", "4", "30", "1"),
            ],
        }),
        json!({
            "positions": [{ "symbol": "S", "quantity": "6", "cost_basis": "123", "average_cost": "20.5" }],
            "cash": [{ "currency": "EUR", "amount": "-6" }],
            "totals": { "net_contribution": "123", "realized_gain": "0", "unrealized_gain": "57" },
        }),
    );
}

#[test]
fn a_delivery_may_state_its_total() {
    let mut entry = delivered("2024-01-02", "TRANSFER_IN", "4", "0", "0");
    entry["amount"] = "90".into();
    holds(
        json!({ "config": config(json!({})), "transactions": [entry] }),
        json!({ "positions": [{ "symbol": "S", "average_cost": "22.5" }], "cash": [{ "currency": "EUR", "amount": "0" }] }),
    );
}

#[test]
fn totals_have_fee_and_tax_inside() {
    let mut bought = traded("2024-01-02", "BUY", "4", "0", "3", "b1");
    (bought["amount"], bought["tax"]) = ("110".into(), "2".into());
    let mut sold = traded("2024-01-03", "SELL", "1", "0", "4", "s1");
    (sold["amount"], sold["tax"]) = ("30".into(), "1".into());
    let inputs = |inside: bool| json!({ "config": config(json!({ "fees_in_cost_basis": inside })), "transactions": [bought, sold] });
    // 110 ÷ 4 = 27.5 and 30; without charges 105 ÷ 4 = 26.25 and 35.
    holds(inputs(true), json!({ "realized_gain": "2.5", "cash": [{ "currency": "EUR", "amount": "-80" }] }));
    holds(
        inputs(false),
        json!({ "realized_gain": "8.75", "cost_basis": "78.75", "totals": { "fees": "7", "taxes": "3" } }),
    );
}
