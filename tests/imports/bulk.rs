//! Large files, streamed: the same rows come to the same ledger and the same books as by the way of small ones.

use std::future::poll_fn;
use std::io::{self, Read};
use std::pin::pin;
use std::task::Poll;

use chrono::{Days, NaiveDate};
use portfolio_analyzer::services::import::{Counts, HEADER, ImportMode, RowError};
use portfolio_analyzer::services::period_lock::LockTerms;
use portfolio_analyzer::services::{Caller, RefusalCode, ServiceError};
use uuid::Uuid;

use super::kinds::file;
use crate::support::{App, Book, Inside, Superuser, books};

pub(super) async fn system(app: &App) -> Caller {
    let tenant = app.services.gateway.tenant_by_slug("alpha").await.expect("a read").expect("a tenant");
    app.services.system(tenant, "tests")
}

pub(super) fn id(book: &Book) -> Uuid {
    book.portfolio.trim_start_matches("pf_").parse().expect("an id")
}

pub(super) async fn opened(app: &App) -> Book {
    Book::with_accounts(app.client("alpha", "investor1").await, "USD", &["Main", "Other"]).await
}

pub(super) async fn stream(app: &App, book: &Book, csv: &str, mode: ImportMode) -> Result<Counts, ServiceError> {
    let imported = app
        .services
        .transactions_import_file(&system(app).await, id(book), csv.as_bytes(), mode, LockTerms::default())
        .await?;
    Ok(imported.counts)
}

async fn whole(app: &App, book: &Book, csv: &str, mode: ImportMode) -> Counts {
    let imported =
        app.services.transactions_import(&system(app).await, id(book), csv, mode, LockTerms::default(), None).await;
    imported.expect("an import").counts
}

/// Everything but what is another in each portfolio.
fn told(counts: &Counts) -> ([usize; 5], Vec<RowError>) {
    let Counts { rows_read, rows_recorded, rows_duplicate, rows_rejected, rows_held, .. } = *counts;
    ([rows_read, rows_recorded, rows_duplicate, rows_rejected, rows_held], counts.row_errors.clone())
}

/// The ledger without ids, by what it says.
async fn ledger(app: &App, book: &Book) -> Vec<String> {
    let mut inside = Superuser::of(app).await;
    let schema = inside.schema("alpha").await;
    inside
        .texts(&format!(
            "SELECT (to_jsonb(t) - ARRAY['id', 'portfolio_id', 'event_id', 'account_id', 'counter_account_id', 'sequence', \
             'import_batch_id', 'recorded_at'])::text || a.name || coalesce(c.name, '') || e.type || e.trade_date \
             FROM {schema}.fact_portfolio_transactions t JOIN {schema}.account a ON a.id = t.account_id \
             LEFT JOIN {schema}.account c ON c.id = t.counter_account_id \
             JOIN {schema}.fact_portfolio_transactions e ON e.id = t.event_id \
             WHERE t.portfolio_id = '{}' ORDER BY t.sequence",
            id(book)
        ))
        .await
        .into_iter()
        .map(|row| row.replace(".0,", ","))
        .collect()
}

/// What is there before the file.
const BEFORE: [&str; 5] = [
    "date=2024-03-01|type=DEPOSIT|amount=5000|currency=USD|account=Main|external_id=before 1",
    "date=2024-03-01|type=BUY|symbol=ACME|quantity=7|price=240|currency=USD|account=Main|external_id=before 2",
    "date=2024-03-04|type=BUY|symbol=NEWCO|quantity=3|price=11|fee=0.5|currency=USD|account=Other|external_id=before 3",
    "date=2024-03-05|type=SELL|symbol=ACME|quantity=2|price=260|currency=USD|account=Main|external_id=before 4",
    "date=2024-03-06|type=FX_CONVERSION|amount=85|currency=USD|counter_amount=78|counter_currency=EUR|account=Main|external_id=before 5",
];

/// What happens once, of every type that is not a daily one.
const RARE: [&str; 24] = [
    "date=2024-01-31|type=BUY|symbol=GLOBEX|quantity=3|price=10|currency=USD|account=Main",
    "date=2024-02-01|type=SPLIT|symbol=GLOBEX|ratio=2:1|account=Main",
    "date=2024-03-04|type=SHORT_SELL|symbol=COIN|quantity=2|price=10|currency=USD|account=Other",
    "date=2024-03-05|type=COVER|symbol=COIN|quantity=2|price=9|currency=USD|account=Other",
    "date=2024-03-04|type=BUY|symbol=NOTE|quantity=1000|price=99|currency=EUR|account=Main",
    "date=2024-03-05|type=CALL|symbol=NOTE|quantity=500|price=101|currency=EUR|account=Main",
    "date=2024-03-06|type=MATURITY|symbol=NOTE|quantity=500|price=100|currency=EUR|account=Main",
    "date=2024-03-07|type=STOCK_DIVIDEND|symbol=ACME|quantity=1|amount=200|currency=USD|account=Main",
    "date=2024-03-07|type=STAKING|symbol=COIN|quantity=2|amount=5|currency=USD|account=Main",
    "date=2024-03-07|type=AIRDROP|symbol=COIN|quantity=2|amount=0|currency=USD|account=Main",
    "date=2024-03-08|type=RETURN_OF_CAPITAL|symbol=ACME|amount=5|currency=USD|account=Main",
    "date=2024-03-08|type=CASH_TRANSFER|amount=7|currency=USD|account=Main|counter_account=Other",
    "date=2024-03-08|type=TRANSFER|symbol=ACME|quantity=1|account=Main|counter_account=Other",
    "date=2024-03-08|type=TRANSFER_IN|symbol=COIN|quantity=4|total=40|currency=USD|account=Main|opened_on=2020-01-02",
    "date=2024-03-11|type=TRANSFER_OUT|symbol=COIN|quantity=1|account=Main|lots=2020-01-02",
    "date=2024-03-11|type=BONUS_ISSUE|symbol=ACME|quantity=1|account=Main",
    "date=2024-03-12|type=SPIN_OFF|symbol=GLOBEX|counter_symbol=NEWCO|counter_quantity=1|cost_fraction=0.2|account=Main",
    "date=2024-03-12|type=RIGHTS_ISSUE|symbol=ACME|counter_symbol=RIGHT|counter_quantity=2|cost_fraction=0.1|account=Main",
    "date=2024-03-13|type=RIGHTS_EXERCISE|symbol=RIGHT|quantity=2|counter_symbol=NEWCO|counter_quantity=1|amount=40|fee=1|currency=USD|account=Main",
    "date=2024-03-05|type=BUY|symbol=ACME  240315C00250000|quantity=2|price=3|currency=USD|account=Main",
    "date=2024-03-14|type=OPTION_EXERCISE|symbol=ACME  240315C00250000|quantity=1|fee=5|account=Main",
    "date=2024-03-14|type=OPTION_EXPIRY|symbol=ACME  240315C00250000|quantity=1|account=Main",
    "date=2024-03-14|type=DIVIDEND|symbol=ACME|amount=10|tax=1|currency=USD|account=Main|ex_date=2024-03-04|pay_date=2024-03-20",
    "date=2024-03-14|type=MERGER|symbol=GLOBEX|amount=520|currency=USD|account=Main",
];

/// Some thousand rows: trades, payments and events of several rows on ten days, with what happens once between them.
fn mixed() -> Vec<String> {
    let first: NaiveDate = "2024-03-01".parse().expect("a day");
    let mut rows = Vec::new();
    for index in 0..2_400_u64 {
        let day = first + Days::new(index / 190);
        let account = if index % 3 == 0 { "Other" } else { "Main" };
        let symbol = if index % 5 < 3 { "ACME" } else { "NEWCO" };
        let tail = format!("|currency=USD|account={account}");
        rows.extend(match index % 12 {
            0..=4 => vec![format!("date={day}|type=BUY|symbol={symbol}|quantity=2.5|price=1{index}.25|fee=0.1{tail}")],
            5..=7 => vec![format!("date={day}|type=SELL|symbol={symbol}|quantity=0.25|price=2{index}|external_id=s{index}{tail}")],
            8 => vec![format!("date={day}|type=DEPOSIT|amount=1{index}.5|currency=EUR|account={account}|note=a {index}")],
            // Equal rows: each is one of its own.
            9 => vec![format!("date={day}|type=FEE|amount=2{tail}"), format!("date={day}|type=INTEREST|amount=0.5|tax=0.1{tail}")],
            10 => vec![
                format!("date={day}|type=DIVIDEND|symbol=ACME|amount=10|tax=1.5|currency=USD|account=Main|event_id=drip {index}"),
                format!("date={day}|type=BUY|symbol=ACME|quantity=0.034|total=8.5|currency=USD|account=Main|event_id=drip {index}"),
            ],
            _ => vec![
                format!("date={day}|type=TRANSFER_OUT|symbol=ACME|quantity=0.5|account=Main|event_id=move {index}"),
                format!("date={day}|type=TRANSFER_IN|symbol=ACME|quantity=0.5|account=Other|event_id=move {index}"),
            ],
        });
    }
    for (at, row) in RARE.iter().enumerate() {
        rows.insert(300 + at * 90, (*row).to_owned());
    }
    rows
}

fn text(rows: &[String]) -> String {
    file(&rows.iter().map(String::as_str).collect::<Vec<_>>())
}

#[tokio::test]
async fn a_streamed_file_makes_the_same_ledger_and_the_books_that_a_rebuild_makes() {
    let app = App::start().await;
    let (streamed, ordinary) = (opened(&app).await, opened(&app).await);
    for book in [&streamed, &ordinary] {
        assert_eq!(whole(&app, book, &file(&BEFORE), ImportMode::AllOrNothing).await.rows_recorded, 5);
    }
    let csv = format!("\u{feff}{}", text(&mixed()));
    let expected = whole(&app, &ordinary, &csv, ImportMode::AllOrNothing).await;
    assert_eq!(expected.rows_recorded, 3_024, "{:?}", expected.row_errors);
    let counts = stream(&app, &streamed, &csv, ImportMode::AllOrNothing).await.expect("an import");
    assert_eq!(told(&counts), told(&expected));
    assert_eq!(ledger(&app, &streamed).await, ledger(&app, &ordinary).await);
    assert_eq!(streamed.state("2024-03-14").await, ordinary.state("2024-03-14").await);
    let made = books(&app).await;
    app.services.rebuild(&system(&app).await, id(&streamed)).await.expect("books");
    assert_eq!(made, books(&app).await);
    let mut inside = Inside::of(&app, "alpha").await;
    assert_eq!(inside.row_counts().await["stg_transaction"], 0);

    // The same again is known; the next statement overlaps.
    let before = inside.row_counts().await;
    let again = stream(&app, &streamed, &csv, ImportMode::ValidRows).await;
    let Err(ServiceError::Refused(refusals)) = again else { panic!("{again:?}") };
    assert_eq!(refusals[0].code, RefusalCode::DuplicateImport);
    assert_eq!(inside.row_counts().await, before);
    let next =
        [&mixed()[2_000..], &["date=2024-03-14|type=FEE|amount=2|currency=USD|account=Main".to_owned()]].concat();
    let expected = whole(&app, &ordinary, &text(&next), ImportMode::AllOrNothing).await;
    let counts = stream(&app, &streamed, &text(&next), ImportMode::AllOrNothing).await.expect("an import");
    assert_eq!(told(&counts), told(&expected));
    assert_eq!(ledger(&app, &streamed).await, ledger(&app, &ordinary).await);
    let made = books(&app).await;
    app.services.rebuild(&system(&app).await, id(&streamed)).await.expect("books");
    assert_eq!(made, books(&app).await);
}

/// Wrong cells, unknown names, broken events, and what the ledger refuses: a row alone, and a row with the rest of its event.
fn spoilt() -> Vec<String> {
    let mut rows = mixed();
    let bad = [
        "date=2024-13-01|type=FEE|amount=2|currency=USD|account=Main",
        "date=2024-03-05|type=BUY|symbol=NONE|quantity=1|price=1|currency=USD|account=Main",
        "date=2024-03-05|type=BUY|symbol=ACME|quantity=1e3|price=1|currency=USD|account=Main",
        "date=2024-03-05|type=FEE|amount=2|currency=USD|account=Nobody",
        "date=2024-03-05|type=FEE|amount=2|currency=XXX|account=Main",
        "date=2024-03-20|type=FEE|amount=2|currency=USD|account=Main",
        "date=2024-03-05|type=DIVIDEND|symbol=ACME|amount=10|currency=USD|account=Main|event_id=drip 10",
        "date=2024-03-05|type=DIVIDEND|symbol=NONE|amount=10|currency=USD|account=Main|event_id=drip 22",
        "date=2024-03-06|type=TRANSFER_OUT|symbol=ACME|quantity=1|account=Main|event_id=alone",
        "date=2024-03-05|type=SPLIT|symbol=GLOBEX|ratio=3:1|account=Main",
        "date=2024-02-02|type=SPLIT|symbol=GLOBEX|ratio=3:1|account=Main|event_id=with a fee",
        "date=2024-02-02|type=FEE|amount=2|currency=USD|account=Main|event_id=with a fee",
        "date=2024-03-05|type=SELL|symbol=RIGHT|quantity=9000|price=1|currency=USD|account=Other",
        "date=2024-03-06|type=TRANSFER_OUT|symbol=COIN|quantity=9000|account=Main|event_id=too many",
        "date=2024-03-06|type=TRANSFER_IN|symbol=COIN|quantity=9000|account=Other|event_id=too many",
    ];
    for (at, row) in bad.iter().enumerate() {
        rows.insert(200 + at * 150, (*row).to_owned());
    }
    rows
}

#[tokio::test]
async fn wrong_rows_are_told_alike_and_the_right_ones_stored_where_asked() {
    let app = App::start().await;
    let (streamed, ordinary) = (opened(&app).await, opened(&app).await);
    let csv = text(&spoilt());
    let mut inside = Inside::of(&app, "alpha").await;
    let before = inside.row_counts().await;
    let expected = whole(&app, &ordinary, &csv, ImportMode::AllOrNothing).await;
    let counts = stream(&app, &streamed, &csv, ImportMode::AllOrNothing).await.expect("an answer");
    assert_eq!(told(&counts), told(&expected));
    assert_eq!(inside.row_counts().await, before, "nothing of a file with wrong rows is stored");
    let expected = whole(&app, &ordinary, &csv, ImportMode::ValidRows).await;
    let counts = stream(&app, &streamed, &csv, ImportMode::ValidRows).await.expect("an answer");
    assert_eq!((expected.rows_recorded, expected.rows_rejected, expected.rows_held), (3_024, 13, 2), "{expected:?}");
    assert_eq!(told(&counts), told(&expected));
    assert_eq!(ledger(&app, &streamed).await, ledger(&app, &ordinary).await);
    let made = books(&app).await;
    app.services.rebuild(&system(&app).await, id(&streamed)).await.expect("books");
    assert_eq!(made, books(&app).await);
}

#[tokio::test]
async fn what_the_ledger_refuses_keeps_everything_out_where_asked() {
    let app = App::start().await;
    let book = opened(&app).await;
    let mut inside = Inside::of(&app, "alpha").await;
    let before = inside.row_counts().await;
    let mut rows = mixed();
    rows.push("date=2024-03-14|type=SELL|symbol=NEWCO|quantity=90000|price=1|currency=USD|account=Main".to_owned());
    let counts = stream(&app, &book, &text(&rows), ImportMode::AllOrNothing).await.expect("an answer");
    let [error] = counts.row_errors.as_slice() else { panic!("{:?}", counts.row_errors) };
    assert_eq!(
        (error.line, error.column.as_deref(), error.code),
        (3_026, Some("quantity"), RefusalCode::InsufficientQuantity)
    );
    assert_eq!(inside.row_counts().await, before);
    let wrong: Vec<String> = (0..300)
        .map(|id| {
            format!(
                "date=2024-03-01|type=SELL|symbol=ACME|quantity=1|price=1|currency=USD|account=Main|external_id=s{id}"
            )
        })
        .collect();
    let counts = stream(&app, &book, &text(&wrong), ImportMode::ValidRows).await.expect("an answer");
    assert_eq!((counts.rows_recorded, counts.rows_rejected, counts.row_errors.len()), (0, 101, 100));
    assert_eq!(inside.row_counts().await, before);
}

/// A file that cannot be read to its end.
struct Torn<'a>(&'a [u8]);

impl Read for Torn<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.0.read(buffer)? {
            0 => Err(io::Error::other("the disk is gone")),
            read => Ok(read),
        }
    }
}

#[tokio::test]
async fn an_import_that_breaks_off_leaves_nothing_and_can_be_done_again() {
    let app = App::start().await;
    let book = opened(&app).await;
    let (caller, csv) = (system(&app).await, text(&mixed()));
    let mut inside = Inside::of(&app, "alpha").await;
    let before = inside.row_counts().await;
    let torn = app
        .services
        .transactions_import_file(&caller, id(&book), Torn(csv.as_bytes()), ImportMode::ValidRows, LockTerms::default())
        .await;
    let Err(ServiceError::Refused(refusals)) = torn else { panic!("{torn:?}") };
    assert!(refusals[0].message.contains("the disk is gone"), "{refusals:?}");
    assert_eq!(inside.row_counts().await, before);
    // Dropped at ever later points: its connection closes, as it does when the process ends.
    let mut polls = 8;
    loop {
        let import = app.services.transactions_import_file(
            &caller,
            id(&book),
            csv.as_bytes(),
            ImportMode::AllOrNothing,
            LockTerms::default(),
        );
        let mut import = pin!(import);
        let mut polled = 0;
        let ended = poll_fn(|context| {
            polled += 1;
            match import.as_mut().poll(context) {
                Poll::Ready(imported) => Poll::Ready(Some(imported)),
                Poll::Pending if polled > polls => Poll::Ready(None),
                Poll::Pending => Poll::Pending,
            }
        })
        .await;
        if let Some(imported) = ended {
            assert_eq!(imported.expect("an import").counts.rows_recorded, 3_024);
            break;
        }
        assert_eq!(inside.row_counts().await, before, "after {polls} steps");
        polls = polls * 5 / 3;
    }
    let made = books(&app).await;
    app.services.rebuild(&caller, id(&book)).await.expect("books");
    assert_eq!(made, books(&app).await);
}

#[tokio::test]
async fn a_large_file_that_ends_inside_quotes_is_refused_with_the_line() {
    let app = App::start().await;
    let book = opened(&app).await;
    let mut inside = Inside::of(&app, "alpha").await;
    let before = inside.row_counts().await;
    let csv = text(&mixed()) + "\"open\n" + &text(&mixed());
    let lines = text(&mixed()).lines().count();
    for mode in [ImportMode::AllOrNothing, ImportMode::ValidRows] {
        let refused = stream(&app, &book, &csv, mode).await;
        let Err(ServiceError::Refused(refusals)) = refused else { panic!("{refused:?}") };
        assert_eq!(refusals[0].message, format!("the quotes that open on line {} do not close", lines + 1));
    }
    assert_eq!(inside.row_counts().await, before);
}

#[tokio::test]
async fn a_large_file_bears_on_a_locked_period_as_a_small_one_does() {
    let app = App::start().await;
    let book = Book::open(&app, "USD").await;
    let caller = system(&app).await;
    let through = Some("2024-03-06".parse().expect("a day"));
    app.services.portfolio_period_lock(&caller, id(&book), through, None, None).await.expect("a lock");
    let csv = format!(
        "{}\n2024-03-08,DEPOSIT,,,,10,,,USD,,,,,,\n2024-03-06,DEPOSIT,,,,10,,,USD,,,,,,\n",
        HEADER[..15].join(",")
    );
    let terms = |override_lock| LockTerms { override_lock };
    let import =
        |terms| app.services.transactions_import_file(&caller, id(&book), csv.as_bytes(), ImportMode::ValidRows, terms);
    let refused = import(terms(false)).await.expect_err("a refusal");
    assert!(refused.to_string().contains("the period through 2024-03-06 is locked"), "{refused}");
    assert_eq!(import(terms(true)).await.expect("an import").counts.rows_recorded, 2);
}
