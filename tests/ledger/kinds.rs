//! Every kind of transaction and what it does to cash and holdings.

use serde_json::{Value, json};

use crate::support::{App, Book};

/// Cash in dollars, cash in euros, units, cost and realised gain in dollars.
type Effect = [&'static str; 5];

async fn effect(book: &Book, day: &str) -> [String; 5] {
    let fields =
        "holdings(includeClosed: true) { nodes { quantity costLocal { amount } realizedGainLocal { amount } } }";
    let shown = book.show(day, None, fields).await;
    let holding = &shown["holdings"]["nodes"][0];
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    [
        book.cash(day, "USD").await,
        book.cash(day, "EUR").await,
        text(&holding["quantity"]),
        text(&holding["costLocal"]["amount"]),
        text(&holding["realizedGainLocal"]["amount"]),
    ]
}

#[tokio::test]
async fn every_kind_moves_cash_and_holdings_as_it_says() {
    let app = App::start().await;
    let book = Book::open(&app, "EUR").await;
    let acme = book.instrument("ACME");
    let steps: [(&str, &str, Value, Effect); 12] = [
        (
            "2024-03-01",
            "DEPOSIT",
            json!({ "deposit": { "amount": "1000", "currency": "USD" } }),
            ["1000", "0", "-", "-", "-"],
        ),
        (
            "2024-03-01",
            "BUY",
            json!({ "buy": { "instrumentId": acme, "quantity": "2", "price": "250", "fee": "1.5", "tax": "0.5",
                "currency": "USD" } }),
            ["498", "0", "2", "502", "0"],
        ),
        (
            "2024-03-04",
            "DIVIDEND",
            json!({ "dividend": { "instrumentId": acme, "amount": "10", "taxWithheld": "1.5", "fee": "0.25",
                "currency": "USD" } }),
            ["506.25", "0", "2", "502", "0"],
        ),
        (
            "2024-03-05",
            "INTEREST",
            json!({ "interest": { "amount": "4", "tax": "1", "currency": "USD" } }),
            ["509.25", "0", "2", "502", "0"],
        ),
        ("2024-03-06", "FEE", json!({ "fee": { "amount": "2.25", "currency": "USD" } }), ["507", "0", "2", "502", "0"]),
        ("2024-03-06", "TAX", json!({ "tax": { "amount": "7", "currency": "USD" } }), ["500", "0", "2", "502", "0"]),
        (
            "2024-03-07",
            "FX_CONVERSION",
            json!({ "fxConversion": { "soldAmount": "100", "soldCurrency": "USD", "boughtAmount": "85",
                "boughtCurrency": "EUR", "fee": "1" } }),
            ["399", "85", "2", "502", "0"],
        ),
        (
            "2024-03-08",
            "SPLIT",
            json!({ "split": { "instrumentId": acme, "numerator": "2", "denominator": "1" } }),
            ["399", "85", "4", "502", "0"],
        ),
        (
            "2024-03-11",
            "SELL",
            json!({ "sell": { "instrumentId": acme, "quantity": "1", "price": "130", "fee": "0.5", "tax": "0.25",
                "currency": "USD" } }),
            ["528.25", "85", "3", "376.5", "3.75"],
        ),
        (
            "2024-03-12",
            "WITHDRAWAL",
            json!({ "withdrawal": { "amount": "28.25", "currency": "USD" } }),
            ["500", "85", "3", "376.5", "3.75"],
        ),
        (
            "2024-03-13",
            "BUY",
            json!({ "buy": { "instrumentId": acme, "quantity": "1", "price": "100", "currency": "USD",
                "settlement": { "currency": "EUR", "rate": "0.8" } } }),
            ["500", "5", "4", "476.5", "3.75"],
        ),
        (
            "2024-03-14",
            "INTEREST",
            json!({ "interest": { "amount": "-2", "currency": "EUR" } }),
            ["500", "3", "4", "476.5", "3.75"],
        ),
    ];
    for (day, kind, activity, expected) in &steps {
        let answer = book.try_record(day, activity).await;
        assert_eq!(answer.text("/transactionRecord/transaction/type"), *kind, "{}", answer.body);
        assert_eq!(effect(&book, day).await, *expected, "after {kind} on {day}");
    }
    let shown = book
        .show(
            "2024-03-14",
            None,
            "transactions(first: 100) { totalCount nodes { type tradeDate } }
            holdings { nodes { income { amount } } } accounts { name }",
        )
        .await;
    assert_eq!(shown["transactions"]["totalCount"], 12);
    let listed = shown["transactions"]["nodes"].as_array().expect("a list");
    let listed: Vec<&str> = listed.iter().filter_map(|row| row["type"].as_str()).collect();
    let recorded: Vec<&str> = steps.iter().rev().map(|(_, kind, _, _)| *kind).collect();
    assert_eq!(listed, recorded, "the latest first, and each as it was recorded");
}

#[tokio::test]
async fn a_transaction_is_shown_as_it_was_recorded() {
    let app = App::start().await;
    let book = Book::open(&app, "EUR").await;
    let input = json!({
        "accountId": book.account, "tradeDate": "2024-03-01", "note": "a remark", "externalId": "bank-7",
        "activity": { "buy": { "instrumentId": book.instrument("NOTE"), "quantity": "1000", "price": "99.125",
            "fee": "1", "tax": "0.10", "currency": "EUR" } },
    });
    let record = r"mutation($input: TransactionRecordInput!) { transactionRecord(input: $input) { transaction {
        account { id } instrument { symbol } quantity price currency fee { amount } tax { amount } note externalId
        tradeDate recordedAt reversedById reversesId } } }";
    let answer = book.client.run_with(record, json!({ "input": input })).await;
    let expected = json!({
        "account": { "id": book.account }, "instrument": { "symbol": "NOTE" }, "quantity": "1000", "price": "99.125",
        "currency": "EUR", "fee": { "amount": "1" }, "tax": { "amount": "0.1" }, "note": "a remark",
        "externalId": "bank-7", "tradeDate": "2024-03-01", "recordedAt": "2024-03-15T12:00:00+00:00",
        "reversedById": null, "reversesId": null,
    });
    assert_eq!(*answer.at("/transactionRecord/transaction"), expected);
    // 1,000 of face at 99.125 per 100.
    let shown = book.show("2024-03-01", None, "holdings { nodes { cost { amount } } }").await;
    assert_eq!(shown["holdings"]["nodes"][0]["cost"]["amount"], "992.35");
}
