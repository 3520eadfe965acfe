//! Recording transactions.

use serde_json::json;

use crate::support::App;

#[tokio::test]
async fn a_purchase_shows_in_holdings_totals_and_audit() {
    let app = App::start().await;
    let investor = app.client("alpha", "investor1").await;
    let made = investor
        .run(
            r#"mutation { portfolioCreate(input: { name: "Savings", baseCurrency: "EUR" }) {
                portfolio { id accounts { id } } userErrors { code message } } }"#,
        )
        .await;
    let (portfolio, account) =
        (made.text("/portfolioCreate/portfolio/id"), made.text("/portfolioCreate/portfolio/accounts/0/id"));
    let acme =
        investor.run(r#"{ instruments(search: "ACME") { nodes { id } } }"#).await.text("/instruments/nodes/0/id");
    let record = r"mutation($input: TransactionRecordInput!) { transactionRecord(input: $input) {
        transaction { id type } userErrors { code message field } } }";
    let deposit = json!({ "input": { "accountId": account, "tradeDate": "2024-03-01",
        "activity": { "deposit": { "amount": "1000", "currency": "USD" } } } });
    assert_eq!(investor.run_with(record, deposit).await.text("/transactionRecord/transaction/type"), "DEPOSIT");
    let buy = json!({ "input": { "accountId": account, "tradeDate": "2024-03-01", "activity": { "buy": {
        "instrumentId": acme, "quantity": "2", "price": "250", "fee": "1.50", "currency": "USD" } } } });
    assert_eq!(investor.run_with(record, buy).await.text("/transactionRecord/transaction/type"), "BUY");
    let shown = investor
        .run_with(
            r#"query($id: ID!) { portfolio(id: $id, currency: "USD") {
                holdings { nodes { quantity cost { amount } marketValue { amount } } totalCount }
                cash { currency amount { amount } } totals { totalValue { value { amount } } } } }"#,
            json!({ "id": portfolio }),
        )
        .await;
    // ACME rises by 0.50 a session from 100.00 on 2023-01-02: the 314th session is 2024-03-14, at 256.50.
    assert_eq!(shown.text("/portfolio/holdings/nodes/0/cost/amount"), "501.5");
    assert_eq!(shown.text("/portfolio/holdings/nodes/0/marketValue/amount"), "513");
    assert_eq!(shown.text("/portfolio/cash/0/amount/amount"), "498.5");
    assert_eq!(shown.text("/portfolio/totals/totalValue/value/amount"), "1011.5");
}
