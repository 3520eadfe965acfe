//! Every type of row, and events of several rows.

use serde_json::{Value, json};

use super::{counts, places};
use crate::support::{Answer, App, Book, Inside};

/// The further columns that these files have.
const MORE: &str = "settlement_date,ex_date,pay_date,opened_on,total,accrued_interest,settlement_rate,counter_account,\
counter_symbol,counter_quantity,counter_price,cost_fraction,lots,event_id,decision";

/// A row: what its cells say by their columns' names, separated by `|`.
fn row(cells: &str) -> String {
    let needed = "date,type,symbol,quantity,price,amount,fee,tax,currency,counter_amount,counter_currency,ratio,account,\
                  external_id,note";
    let columns: Vec<&str> = needed.split(',').chain(MORE.split(',')).collect();
    let mut values = vec![""; columns.len()];
    for cell in cells.split('|').filter(|cell| !cell.trim().is_empty()) {
        let (name, value) = cell.trim().split_once('=').expect("a name and a value");
        let at = columns.iter().position(|column| *column == name).unwrap_or_else(|| panic!("no column {name}"));
        values[at] = value;
    }
    values.join(",")
}

pub(super) fn file(rows: &[&str]) -> String {
    let header = "date,type,symbol,quantity,price,amount,fee,tax,currency,counter_amount,counter_currency,ratio,account,\
                  external_id,note";
    let rows: Vec<String> = rows.iter().map(|cells| row(cells)).collect();
    format!("{header},{MORE}\n{}\n", rows.join("\n"))
}

async fn opened(app: &App) -> Book {
    Book::with_accounts(app.client("alpha", "investor1").await, "USD", &["Main", "Other"]).await
}

async fn import(book: &Book, rows: &[&str], mode: &str) -> Answer {
    book.import_file(&file(rows), mode).await
}

const BUY: &str = "date=2024-03-01|type=BUY|symbol=ACME|quantity=2|price=250|currency=USD|account=Main|external_id=b1";

/// What is in a file after a purchase of 2 ACME at 250, and what there is then.
const CASES: [(&[&str], &[&str]); 21] = [
    (
        &[
            "date=2024-03-04|type=SELL|symbol=ACME|quantity=1|total=260|fee=1|currency=USD|account=Main|lots=2024-03-01@250*1",
        ],
        &["ACME@Main 1 cost 250 gain 10 income 0", "USD@Main -240"],
    ),
    (
        &[
            "date=2024-03-04|type=BUY|symbol=ACME|quantity=1|price=250|accrued_interest=2|currency=USD|counter_currency=EUR|settlement_rate=0.5|account=Main",
        ],
        &["ACME@Main 3 cost 750 gain 0 income -2", "EUR@Main -126", "USD@Main -500"],
    ),
    (
        &[
            "date=2024-03-04|type=SHORT_SELL|symbol=NEWCO|quantity=2|price=10|currency=USD|account=Main",
            "date=2024-03-05|type=COVER|symbol=NEWCO|quantity=1|price=9|currency=USD|account=Main",
        ],
        &["ACME@Main 2 cost 500 gain 0 income 0", "NEWCO@Main -1 cost -10 gain 1 income 0", "USD@Main -489"],
    ),
    (
        &[
            "date=2024-03-04|type=BUY|symbol=NOTE|quantity=1000|price=99|currency=EUR|account=Main",
            "date=2024-03-05|type=CALL|symbol=NOTE|quantity=500|price=101|currency=EUR|account=Main",
            "date=2024-03-06|type=MATURITY|symbol=NOTE|quantity=500|price=100|currency=EUR|account=Main",
        ],
        &[
            "ACME@Main 2 cost 500 gain 0 income 0",
            "EUR@Main 15",
            "NOTE@Main 0 cost 0 gain 15 income 0",
            "USD@Main -500",
        ],
    ),
    (
        &[
            "date=2024-03-14|type=DIVIDEND|symbol=ACME|amount=10|tax=1|currency=USD|account=Main|ex_date=2024-03-04|pay_date=2024-03-20",
        ],
        &["ACME@Main 2 cost 500 gain 0 income 10", "USD@Main -491 unsettled 9"],
    ),
    (
        &[
            "date=2024-03-05|type=STOCK_DIVIDEND|symbol=ACME|quantity=1|amount=200|currency=USD|account=Main",
            "date=2024-03-05|type=STAKING|symbol=COIN|quantity=2|amount=5|currency=USD|account=Main",
            "date=2024-03-06|type=AIRDROP|symbol=COIN|quantity=2|amount=0|currency=USD|account=Main",
        ],
        &["ACME@Main 3 cost 700 gain 0 income 200", "COIN@Main 4 cost 5 gain 0 income 5", "USD@Main -500"],
    ),
    (
        &["date=2024-03-05|type=RETURN_OF_CAPITAL|symbol=ACME|amount=50|currency=USD|account=Main"],
        &["ACME@Main 2 cost 450 gain 0 income 0", "USD@Main -450"],
    ),
    (
        &["date=2024-03-05|type=DEPOSIT|amount=600|fee=1|currency=USD|account=Main|settlement_date=2024-03-06"],
        &["ACME@Main 2 cost 500 gain 0 income 0", "USD@Main 99"],
    ),
    (
        &["date=2024-03-05|type=CASH_TRANSFER|amount=7|currency=USD|account=Main|counter_account=Other"],
        &["ACME@Main 2 cost 500 gain 0 income 0", "USD@Main -507", "USD@Other 7"],
    ),
    (
        &["date=2024-03-05|type=TRANSFER|symbol=ACME|quantity=1|account=Main|counter_account=Other"],
        &["ACME@Main 1 cost 250 gain 0 income 0", "ACME@Other 1 cost 250 gain 0 income 0", "USD@Main -500"],
    ),
    (
        &[
            "date=2024-03-05|type=TRANSFER_IN|symbol=NEWCO|quantity=4|total=40|currency=USD|account=Main|opened_on=2020-01-02",
            "date=2024-03-06|type=TRANSFER_OUT|symbol=NEWCO|quantity=1|account=Main|lots=2020-01-02",
        ],
        &["ACME@Main 2 cost 500 gain 0 income 0", "NEWCO@Main 3 cost 30 gain 0 income 0", "USD@Main -500"],
    ),
    (
        &["date=2024-03-05|type=BONUS_ISSUE|symbol=ACME|quantity=2|account=Main"],
        &["ACME@Main 4 cost 500 gain 0 income 0", "USD@Main -500"],
    ),
    (
        &[
            "date=2024-03-05|type=SPIN_OFF|symbol=ACME|counter_symbol=NEWCO|counter_quantity=1|cost_fraction=0.2|account=Main",
        ],
        &["ACME@Main 2 cost 400 gain 0 income 0", "NEWCO@Main 1 cost 100 gain 0 income 0", "USD@Main -500"],
    ),
    (
        &[
            "date=2024-03-05|type=RIGHTS_ISSUE|symbol=ACME|counter_symbol=RIGHT|counter_quantity=2|cost_fraction=0.1|account=Main",
            "date=2024-03-06|type=RIGHTS_EXERCISE|symbol=RIGHT|quantity=2|counter_symbol=NEWCO|counter_quantity=1|amount=40|fee=1|currency=USD|account=Main",
        ],
        &[
            "ACME@Main 2 cost 450 gain 0 income 0",
            "NEWCO@Main 1 cost 91 gain 0 income 0",
            "RIGHT@Main 0 cost 0 gain 0 income 0",
            "USD@Main -541",
        ],
    ),
    (
        &["date=2024-03-05|type=MERGER|symbol=ACME|counter_symbol=NEWCO|ratio=1:4|account=Main"],
        &["ACME@Main 0 cost 0 gain 0 income 0", "NEWCO@Main 0.5 cost 500 gain 0 income 0", "USD@Main -500"],
    ),
    (
        &["date=2024-03-05|type=MERGER|symbol=ACME|amount=520|currency=USD|account=Main"],
        &["ACME@Main 0 cost 0 gain 20 income 0", "USD@Main 20"],
    ),
    (
        &[
            "date=2024-03-05|type=MERGER|symbol=ACME|counter_symbol=NEWCO|ratio=1:1|amount=100|currency=USD|counter_price=240|account=Main",
        ],
        &["ACME@Main 0 cost 0 gain 80 income 0", "NEWCO@Main 2 cost 480 gain 0 income 0", "USD@Main -400"],
    ),
    (
        &["date=2024-03-05|type=INSTRUMENT_CHANGE|symbol=ACME|counter_symbol=NEWCO|account=Main"],
        &["ACME@Main 0 cost 0 gain 0 income 0", "NEWCO@Main 2 cost 500 gain 0 income 0", "USD@Main -500"],
    ),
    (
        &[
            "date=2024-03-05|type=BUY|symbol=ACME  240315C00250000|quantity=2|price=3|currency=USD|account=Main",
            "date=2024-03-14|type=OPTION_EXERCISE|symbol=ACME  240315C00250000|quantity=1|fee=5|account=Main",
            "date=2024-03-14|type=OPTION_EXPIRY|symbol=ACME  240315C00250000|quantity=1|account=Main",
        ],
        &[
            "ACME  240315C00250000@Main 0 cost 0 gain -300 income 0",
            "ACME@Main 102 cost 25805 gain 0 income 0",
            "USD@Main -26105",
        ],
    ),
    (
        &[
            "date=2024-03-05|type=SHORT_SELL|symbol=ACME  240315P00250000|quantity=1|price=2|currency=USD|account=Main",
            "date=2024-03-14|type=OPTION_ASSIGNMENT|symbol=ACME  240315P00250000|quantity=1|account=Main",
        ],
        &[
            "ACME  240315P00250000@Main 0 cost 0 gain 0 income 0",
            "ACME@Main 102 cost 25300 gain 0 income 0",
            "USD@Main -25300",
        ],
    ),
    (
        &["date=2024-03-05|type=FEE|symbol=ACME|amount=3|currency=USD|account=Main"],
        &["ACME@Main 2 cost 500 gain 0 income 0", "USD@Main -503"],
    ),
];

#[tokio::test]
async fn every_type_of_row_does_what_it_says() {
    let app = App::start().await;
    for (rows, expected) in CASES {
        let book = opened(&app).await;
        let rows: Vec<&str> = std::iter::once(BUY).chain(rows.iter().copied()).collect();
        let answer = import(&book, &rows, "ALL_OR_NOTHING").await;
        assert_eq!(counts(&answer)[1], rows.len() as u64, "{rows:?}: {}", answer.body);
        assert_eq!(book.state("2024-03-14").await, expected, "{rows:?}");
        let again = import(&book, &rows, "VALID_ROWS").await;
        assert_eq!(again.user_errors("transactionsImport"), ["DUPLICATE_IMPORT"], "{rows:?}");
    }
}

const REINVESTED: [&str; 2] = [
    "date=2024-03-05|type=DIVIDEND|symbol=ACME|amount=10|tax=1.5|currency=USD|account=Main|event_id=drip 1",
    "date=2024-03-05|type=BUY|symbol=ACME|quantity=0.034|total=8.5|currency=USD|account=Main|event_id=drip 1",
];
const MOVED: [&str; 2] = [
    "date=2024-03-06|type=TRANSFER_OUT|symbol=ACME|quantity=1|account=Main|event_id=move",
    "date=2024-03-06|type=TRANSFER_IN|symbol=ACME|quantity=1|account=Other|event_id=move",
];

#[tokio::test]
async fn rows_of_an_event_are_one() {
    let app = App::start().await;
    let book = opened(&app).await;
    let rows = [&[BUY][..], &REINVESTED, &MOVED].concat();
    let answer = import(&book, &rows, "ALL_OR_NOTHING").await;
    assert_eq!(counts(&answer), [5, 5, 0, 0], "{}", answer.body);
    let shown = book.show("2024-03-14", None, "transactions { nodes { type eventId } }").await;
    let listed = shown["transactions"]["nodes"].as_array().expect("a list").clone();
    let types: Vec<&Value> = listed.iter().map(|row| &row["type"]).collect();
    assert_eq!(types, ["TRANSFER", "BUY", "DIVIDEND", "BUY"]);
    assert_eq!(listed[1]["eventId"], listed[2]["eventId"]);
    assert_ne!(listed[0]["eventId"], listed[1]["eventId"]);
    let state = book.state("2024-03-14").await;
    let expected =
        ["ACME@Main 1.034 cost 258.5 gain 0 income 10", "ACME@Other 1 cost 250 gain 0 income 0", "USD@Main -500"];
    assert_eq!(state, expected);
    let again = import(&book, &rows, "VALID_ROWS").await;
    assert_eq!(again.user_errors("transactionsImport"), ["DUPLICATE_IMPORT"]);
}

#[tokio::test]
async fn an_event_is_taken_whole_or_not_at_all() {
    let app = App::start().await;
    let book = opened(&app).await;
    let mut inside = Inside::of(&app, "alpha").await;
    let before = inside.row_counts().await;
    let dearer = REINVESTED[1].replace("8.5", "8.4");
    let other_units = MOVED[1].replace("quantity=1", "quantity=2");
    let other_day = MOVED[1].replace("03-06", "03-07");
    let too_many = MOVED.map(|row| row.replace("quantity=1", "quantity=3"));
    for (rows, expected) in [
        (
            vec![REINVESTED[0], &dearer],
            [(3, json!("event_id"), "UNBALANCED_EVENT"), (4, json!("event_id"), "UNBALANCED_EVENT")],
        ),
        (
            vec![MOVED[0], &other_units],
            [(3, json!("event_id"), "UNBALANCED_EVENT"), (4, json!("event_id"), "UNBALANCED_EVENT")],
        ),
        (
            vec![MOVED[0], &other_day],
            [(3, json!("event_id"), "UNBALANCED_EVENT"), (4, json!("event_id"), "UNBALANCED_EVENT")],
        ),
        (
            vec![&too_many[0], &too_many[1]],
            [(3, json!("quantity"), "INSUFFICIENT_QUANTITY"), (4, json!("event_id"), "UNBALANCED_EVENT")],
        ),
        (
            vec![&REINVESTED[0].replace("ACME", "NONE"), REINVESTED[1]],
            [(3, json!("symbol"), "NOT_FOUND"), (4, json!("event_id"), "UNBALANCED_EVENT")],
        ),
    ] {
        let rows = [&[BUY][..], &rows].concat();
        let refused = import(&book, &rows, "ALL_OR_NOTHING").await;
        let expected: Vec<Value> = expected.iter().map(|(line, column, code)| json!([line, column, code])).collect();
        assert_eq!(places(&refused), expected, "{}", refused.body);
        assert_eq!(inside.row_counts().await, before);
    }
    let alone = import(&book, &[BUY, MOVED[0]], "VALID_ROWS").await;
    assert_eq!(places(&alone), [json!([3, "event_id", "UNBALANCED_EVENT"])]);
    assert_eq!(counts(&alone), [2, 1, 0, 1]);
    // The rest of an event that is there in part would not be whole.
    import(&book, &[&REINVESTED[0].replace("|event_id=drip 1", "|external_id=d1")], "ALL_OR_NOTHING").await;
    let part =
        REINVESTED.map(|row| format!("{row}|external_id={}", if row.contains("DIVIDEND") { "d1" } else { "d2" }));
    let part = import(&book, &[&part[0], &part[1]], "VALID_ROWS").await;
    assert_eq!(counts(&part), [2, 0, 0, 2], "{}", part.body);
}

#[tokio::test]
async fn a_split_of_a_file_is_the_markets_or_says_that_it_stands() {
    let app = App::start().await;
    let book = opened(&app).await;
    let buy = "date=2024-01-31|type=BUY|symbol=GLOBEX|quantity=3|price=10|currency=USD|account=Main";
    let split = |day: &str, ratio: &str, more: &str| {
        format!("date={day}|type=SPLIT|symbol=GLOBEX|ratio={ratio}|account=Main{more}")
    };
    for (row, column, code) in [
        (split("2024-02-01", "0:1", "|decision=KEEP_MINE"), "ratio", "INVALID_INPUT"),
        (split("2024-02-01", "0:1", ""), "ratio", "INVALID_INPUT"),
        (split("2024-02-01", "2:1", "|decision=MAYBE"), "decision", "INVALID_INPUT"),
    ] {
        let refused = import(&book, &[buy, &row], "ALL_OR_NOTHING").await;
        assert_eq!(places(&refused), [json!([3, column, code])], "{row}");
    }
    let twice =
        import(&book, &[buy, &split("2024-02-01", "4:2", ""), &split("2024-02-01", "2:1", "")], "VALID_ROWS").await;
    assert_eq!((counts(&twice), twice.at("/transactionsImport/rowsHeld")), ([3, 2, 0, 0], &json!(1)));
    assert_eq!(book.state("2024-02-01").await[0], "GLOBEX@Main 6 cost 30 gain 0 income 0");
    // What the market knows nothing of is no matter to decide.
    let unknown = split("2024-03-01", "2:1", "");
    let twice = import(&book, &[&unknown, &format!("{unknown}|external_id=s2")], "VALID_ROWS").await;
    assert_eq!(places(&twice), [json!([3, "date", "ALREADY_APPLIED"])]);
    let other = opened(&app).await;
    let stands = import(&other, &[buy, &split("2024-02-03", "3:1", "|decision=KEEP_MINE")], "ALL_OR_NOTHING").await;
    assert_eq!(counts(&stands), [2, 2, 0, 0], "{}", stands.body);
    assert_eq!(other.state("2024-02-04").await[0], "GLOBEX@Main 9 cost 30 gain 0 income 0");
}

#[tokio::test]
async fn a_wrong_cell_of_the_further_columns_is_named() {
    let app = App::start().await;
    let book = opened(&app).await;
    let trade = "date=2024-03-05|type=BUY|symbol=ACME|quantity=1|price=250|currency=USD|account=Main";
    let sale = "date=2024-03-05|type=SELL|symbol=ACME|quantity=1|price=250|currency=USD|account=Main";
    for (row, column, code) in [
        (format!("{trade}|total=5"), "total", "INVALID_INPUT"),
        (format!("{trade}|settlement_date=2024-03-04"), "settlement_date", "SETTLES_EARLY"),
        (format!("{trade}|settlement_date=9999-01-01"), "settlement_date", "INVALID_INPUT"),
        (format!("{trade}|settlement_rate=2"), "counter_currency", "INVALID_INPUT"),
        (format!("{trade}|ex_date=2024-03-04"), "ex_date", "INVALID_INPUT"),
        (format!("{sale}|lots=2024-03-02"), "lots", "NO_MATCHING_LOT"),
        (format!("{sale}|lots=yesterday"), "lots", "INVALID_INPUT"),
        (
            "date=2024-03-05|type=TRANSFER|symbol=ACME|quantity=1|account=Main|counter_account=Main".to_owned(),
            "counter_account",
            "SELF_TRANSFER",
        ),
        (
            "date=2024-03-05|type=TRANSFER|symbol=ACME|quantity=1|account=Main|counter_account=Nobody".to_owned(),
            "counter_account",
            "NOT_FOUND",
        ),
        (
            "date=2024-03-05|type=SPIN_OFF|symbol=ACME|counter_symbol=NONE|counter_quantity=1|cost_fraction=0|account=Main"
                .to_owned(),
            "counter_symbol",
            "NOT_FOUND",
        ),
        (
            "date=2024-03-05|type=SPIN_OFF|symbol=ACME|counter_symbol=NEWCO|counter_quantity=1|cost_fraction=2|account=Main"
                .to_owned(),
            "cost_fraction",
            "INVALID_INPUT",
        ),
        (
            "date=2024-03-05|type=MERGER|symbol=ACME|counter_symbol=NEWCO|ratio=1:1|amount=1|currency=USD|account=Main"
                .to_owned(),
            "cost_fraction",
            "INVALID_INPUT",
        ),
        ("date=2024-03-05|type=OPTION_EXPIRY|symbol=ACME|quantity=1|account=Main".to_owned(), "symbol", "NOT_AN_OPTION"),
        (
            "date=2024-03-05|type=TRANSFER_OUT|symbol=ACME|quantity=1|fee=1|account=Main".to_owned(),
            "currency",
            "INVALID_INPUT",
        ),
    ] {
        let refused = import(&book, &[BUY, &row], "ALL_OR_NOTHING").await;
        assert_eq!(places(&refused), [json!([3, column, code])], "{row}: {}", refused.body);
    }
}
