//! A portfolio with one account, and short words for what happens in it.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::{Answer, App, Client};

/// A portfolio of `investor1` of `alpha`, unless another client opened it.
pub struct Book {
    pub client: Client,
    /// Whoever may enter prices by hand.
    pub desk: Client,
    pub portfolio: String,
    pub account: String,
    /// The second account, of a portfolio that has one.
    pub second: Option<String>,
    instruments: HashMap<String, String>,
}

pub const RECORD: &str = r"mutation($input: TransactionRecordInput!, $key: String) {
    transactionRecord(input: $input, idempotencyKey: $key) {
        transaction { id type } portfolio { version } userErrors { code message field transactionId } } }";
pub const REVERSE: &str = r"mutation($id: ID!, $note: String) { transactionReverse(id: $id, note: $note) {
    transaction { id type reversesId note } userErrors { code message field } } }";
pub const IMPORT: &str = r"mutation($input: TransactionsImportInput!) { transactionsImport(input: $input) {
    rowsRead rowsRecorded rowsDuplicate rowsRejected rowsHeld rowErrors { line column code message }
    userErrors { code message field } } }";

impl Book {
    pub async fn open(app: &App, base: &str) -> Self {
        let book = Self::opened_by(app.client("alpha", "investor1").await, base).await;
        Self { desk: app.client("alpha", "admin").await, ..book }
    }

    pub async fn opened_by(client: Client, base: &str) -> Self {
        Self::with_accounts(client, base, &["Main"]).await
    }

    /// A portfolio with these accounts; what happens, happens in the first.
    pub async fn with_accounts(client: Client, base: &str, accounts: &[&str]) -> Self {
        let create = r"mutation($input: PortfolioCreateInput!) { portfolioCreate(input: $input) {
            portfolio { id accounts { id } } userErrors { code message } } }";
        let input = json!({ "input": { "name": "Savings", "baseCurrency": base, "accounts": accounts } });
        let made = client.run_with(create, input).await;
        let portfolio = made.text("/portfolioCreate/portfolio/id");
        let account = made.text("/portfolioCreate/portfolio/accounts/0/id");
        let second = made.body.pointer("/data/portfolioCreate/portfolio/accounts/1/id");
        let second = second.and_then(Value::as_str).map(str::to_owned);
        let found = client.run("{ instruments(first: 100) { nodes { id symbol } } }").await;
        let text = |value: &Value| value.as_str().expect("a text").to_owned();
        let nodes = found.at("/instruments/nodes").as_array().expect("a list").clone();
        let instruments = nodes.iter().map(|node| (text(&node["symbol"]), text(&node["id"]))).collect();
        Self { desk: client.clone(), client, portfolio, account, second, instruments }
    }

    /// The same portfolio through another client.
    pub fn with_client(self, client: Client) -> Self {
        Self { desk: client.clone(), client, ..self }
    }

    /// Another account, in this portfolio or another one.
    pub fn at(self, portfolio: String, account: String) -> Self {
        Self { portfolio, account, ..self }
    }

    /// The id of an instrument.
    #[track_caller]
    pub fn instrument(&self, symbol: &str) -> &str {
        &self.instruments[symbol]
    }

    /// The input that records something on a day.
    pub fn input(&self, date: &str, activity: &Value) -> Value {
        json!({ "accountId": self.account, "tradeDate": date, "activity": activity })
    }

    /// Records something and gives the answer, whatever it is.
    pub async fn try_record(&self, date: &str, activity: &Value) -> Answer {
        self.client.run_with(RECORD, json!({ "input": self.input(date, activity) })).await
    }

    /// Records something that must be taken, and gives the row's id.
    pub async fn record(&self, date: &str, activity: Value) -> String {
        let answer = self.try_record(date, &activity).await;
        assert_eq!(answer.user_errors("transactionRecord"), [""; 0], "{activity}: {}", answer.body);
        answer.text("/transactionRecord/transaction/id")
    }

    /// A purchase or sale in the instrument's currency, without fees.
    pub fn trade(&self, symbol: &str, quantity: &str, price: &str) -> Value {
        let currency = if symbol == "NOTE" { "EUR" } else { "USD" };
        json!({ "instrumentId": self.instrument(symbol), "quantity": quantity, "price": price, "currency": currency })
    }

    pub async fn deposit(&self, date: &str, amount: &str, currency: &str) -> String {
        self.record(date, json!({ "deposit": { "amount": amount, "currency": currency } })).await
    }

    pub async fn buy(&self, date: &str, symbol: &str, quantity: &str, price: &str) -> String {
        self.record(date, json!({ "buy": self.trade(symbol, quantity, price) })).await
    }

    pub async fn sell(&self, date: &str, symbol: &str, quantity: &str, price: &str) -> String {
        self.record(date, json!({ "sell": self.trade(symbol, quantity, price) })).await
    }

    /// Enters a price by hand.
    pub async fn price(&self, date: &str, symbol: &str, price: &str) {
        let mutation = r"mutation($input: [ManualPriceInput!]!) { manualPricesRecord(input: $input) {
            count userErrors { code message } } }";
        let input = json!([{ "instrumentId": self.instrument(symbol), "date": date, "price": price }]);
        let answer = self.desk.run_with(mutation, json!({ "input": input })).await;
        assert_eq!(*answer.at("/manualPricesRecord/count"), 1, "{}", answer.body);
    }

    /// Imports rows under the documented header.
    pub async fn import(&self, rows: &str, mode: &str) -> Answer {
        let header = "date,type,symbol,quantity,price,amount,fee,tax,currency,counter_amount,counter_currency,ratio,account,external_id,note";
        self.import_file(&format!("{header}\n{rows}"), mode).await
    }

    /// Imports a file's text.
    pub async fn import_file(&self, csv: &str, mode: &str) -> Answer {
        let input = json!({ "portfolioId": self.portfolio, "csv": csv, "mode": mode });
        self.client.run_with(IMPORT, json!({ "input": input })).await
    }

    /// Fields of the portfolio on a day, in a currency: `at("/totals/cost/amount")` and so on of what stands under it.
    pub async fn show(&self, as_of: &str, currency: Option<&str>, fields: &str) -> Value {
        let query = format!(
            "query($id: ID!, $asOf: Date, $currency: Currency) {{ portfolio(id: $id, asOf: $asOf, currency: $currency) {{ {fields} }} }}"
        );
        let variables = json!({ "id": self.portfolio, "asOf": as_of, "currency": currency });
        self.client.run_with(&query, variables).await.at("/portfolio").clone()
    }

    /// What the portfolio has on a day, a line a holding and a balance: `ACME@Main 2 cost 500 gain 0 income 0` in the
    /// instrument's currency but for the income, `USD@Main 500`, with what is unsettled where anything is.
    pub async fn state(&self, as_of: &str) -> Vec<String> {
        let fields = "accounts { id name } cash { accountId currency amount { amount } unsettled { amount } }
            holdings(first: 50, includeClosed: true) { nodes { account { name } instrument { symbol } quantity
                costLocal { amount } realizedGainLocal { amount } income { amount } } }";
        let shown = self.show(as_of, None, fields).await;
        let list = |value: &Value| value.as_array().expect("a list").clone();
        let text = |value: &Value| value.as_str().expect("a text").to_owned();
        let mut lines = Vec::new();
        for line in list(&shown["cash"]) {
            let account = list(&shown["accounts"]).into_iter().find(|account| account["id"] == line["accountId"]);
            let account = text(&account.expect("an account")["name"]);
            let mut shown = format!("{}@{account} {}", text(&line["currency"]), text(&line["amount"]["amount"]));
            if line["unsettled"]["amount"] != "0" {
                shown += &format!(" unsettled {}", text(&line["unsettled"]["amount"]));
            }
            lines.push(shown);
        }
        for line in list(&shown["holdings"]["nodes"]) {
            lines.push(format!(
                "{}@{} {} cost {} gain {} income {}",
                text(&line["instrument"]["symbol"]),
                text(&line["account"]["name"]),
                text(&line["quantity"]),
                text(&line["costLocal"]["amount"]),
                text(&line["realizedGainLocal"]["amount"]),
                text(&line["income"]["amount"])
            ));
        }
        lines.sort();
        lines
    }

    /// The cash balance in a currency, as text; "0" where there is none.
    pub async fn cash(&self, as_of: &str, currency: &str) -> String {
        let shown = self.show(as_of, None, "cash { currency amount { amount } }").await;
        let balances = shown["cash"].as_array().expect("a list").clone();
        let found = balances.iter().find(|balance| balance["currency"] == currency);
        found.map_or("0", |balance| balance["amount"]["amount"].as_str().expect("a text")).to_owned()
    }
}
