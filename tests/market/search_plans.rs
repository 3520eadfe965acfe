//! How instruments are searched for among thousands: by which indexes, and by how many statements.

use portfolio_analyzer::storage::instrument::search::{EVERY, EXACT, SPELLED_ALIKE};
use serde_json::json;

use super::instruments::list;
use crate::support::{App, Superuser};

/// Words that names are made of, so that some are rare and some are not.
const WORDS: [&str; 12] = [
    "Northern",
    "Pacific",
    "Mining",
    "Energy",
    "Holdings",
    "Trust",
    "Capital",
    "Industries",
    "Systems",
    "Foods",
    "Shipping",
    "Pharma",
];

async fn app_with_thousands() -> App {
    let app = App::start().await;
    let row = |number: usize| {
        let word = |at: usize| WORDS[(number / WORDS.len().pow(u32::try_from(at).expect("small"))) % WORDS.len()];
        let name = format!("{} {} {} {number}", word(0), word(1), word(2));
        format!("Q{number:05},{name},equity,XNYS,NYQ,United States,USD,,,,,,,,,,,{},x", number % 10 / 9)
    };
    let mut rows: Vec<String> = (0..6_000).map(row).collect();
    rows.push("ZEBRA,Zebrawood Timber,equity,XNYS,NYQ,United States,USD,,,,,,,,,,,0,x".to_owned());
    let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
    assert_eq!(list(&app, &rows).await.new, 6_001);
    // As the server does by itself some time after a load.
    let mut inside = Superuser::of(&app).await;
    inside.run("VACUUM ANALYZE market.dim_stock").await;
    inside.run("VACUUM ANALYZE market.dim_identifier").await;
    app
}

/// The plan of a statement with these values, as it is chosen for them, or for whatever values.
async fn plan(app: &App, sql: &str, types: &str, values: &str, is_generic: bool) -> String {
    let mut inside = Superuser::of(app).await;
    let schema = inside.schema("alpha").await;
    let mode = if is_generic { "force_generic_plan" } else { "force_custom_plan" };
    let explain = format!(
        "SET search_path = \"{schema}\"; SET plan_cache_mode = {mode}; \
         SELECT set_config('pg_trgm.word_similarity_threshold', '0.45', false); \
         PREPARE asked ({types}) AS {sql}; EXPLAIN EXECUTE asked ({values})"
    );
    let lines = inside.texts(&explain).await;
    lines.into_iter().filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
}

fn uses(plan: &str, indexes: &[&str]) {
    for index in indexes {
        assert!(plan.contains(index), "{index} is not used: {plan}");
    }
    for table in ["Seq Scan on dim_stock", "Seq Scan on dim_identifier"] {
        assert!(!plan.contains(table), "{plan}");
    }
}

#[tokio::test]
async fn each_way_of_searching_has_its_index() {
    let app = app_with_thousands().await;
    let first = "-1, '', '00000000-0000-0000-0000-000000000000', 21";
    for is_generic in [false, true] {
        let types = "text, text, text[], text[], integer, text, uuid, bigint, boolean";
        for text in ["zebra", "timber zebrawood", "q0001"] {
            let upper = text.to_uppercase();
            let words: Vec<String> = text.split(' ').map(|word| format!("'%{word}%'")).collect();
            let longest = words.iter().max_by_key(|word| word.len()).expect("a word");
            let words = words.join(", ");
            let values = format!("'{upper}', '{upper}\u{10ffff}', ARRAY[{longest}], ARRAY[{words}], {first}, NULL");
            let plan = plan(&app, EXACT, types, &values, is_generic).await;
            uses(&plan, &["dim_stock_upper_symbol", "dim_stock_name", "dim_identifier_scheme_value"]);
        }
        let types = "text, integer, text, uuid, bigint, boolean";
        let values = format!("'zebrawod', {first}, NULL");
        uses(&plan(&app, SPELLED_ALIKE, types, &values, is_generic).await, &["dim_stock_name"]);
        let types = "text, uuid, bigint, boolean";
        let values = "'Q03000', '00000000-0000-0000-0000-000000000000', 21, NULL";
        uses(&plan(&app, EVERY, types, values, is_generic).await, &["dim_stock_symbol"]);
    }
}

#[tokio::test]
async fn a_page_costs_as_many_statements_however_many_it_finds() {
    let app = app_with_thousands().await;
    let client = app.client("alpha", "investor1").await;
    let query = "query($text: String) { instruments(search: $text, first: 100) { nodes { symbol name } } }";
    // The first question of a person reads more than later ones.
    client.run("{ viewer { user { id } } }").await;
    let mut counts = Vec::new();
    for (text, found) in [("zebra", 1), ("mining", 100), ("q01", 100), ("Q00001", 1)] {
        let before = app.services.gateway.statements();
        let answer = client.run_with(query, json!({ "text": text })).await;
        assert_eq!(answer.at("/instruments/nodes").as_array().map(Vec::len), Some(found), "{text}");
        counts.push(app.services.gateway.statements() - before);
    }
    assert_eq!(counts.iter().max(), counts.first(), "{counts:?}");
    // What is spelled alike is looked for where nothing else is found: two statements more.
    let before = app.services.gateway.statements();
    let answer = client.run_with(query, json!({ "text": "zebrawod" })).await;
    assert_eq!(*answer.at("/instruments/nodes/0/symbol"), json!("ZEBRA"));
    let alike = app.services.gateway.statements() - before;
    assert_eq!(alike, counts[0] + 2 - 1, "the instrument is known by now");
}
