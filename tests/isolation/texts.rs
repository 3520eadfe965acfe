//! Texts that mean something to a database or to a program, in every place where a text may stand.

use serde_json::{Value, json};

use super::with;
use crate::support::{App, CALLS, Root, Sample, Superuser};

const TEXTS: [&str; 6] = ["'; DROP TABLE portfolio;--", "\" OR \"\"=\"", "$1", "\\", "%_%", "\u{2028}\u{202e}\u{feff}"];

/// The places in a call's variables where any text stands.
fn places(value: &Value, path: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            members.iter().for_each(|(name, value)| places(value, &format!("{path}/{name}"), found));
        }
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(index, value)| places(value, &format!("{path}/{index}"), found));
        }
        Value::String(_) => found.push(path.to_owned()),
        _ => {}
    }
}

/// The document with this text in place of each text that is written in it; nothing where there is none.
fn rewritten(document: &str, text: &str) -> Option<String> {
    let parts: Vec<&str> = document.split('"').collect();
    let quoted = json!(text).to_string();
    let pieces =
        parts.iter().enumerate().map(|(at, part)| if at % 2 == 0 { (*part).to_owned() } else { quoted.clone() });
    (parts.len() > 1).then(|| pieces.collect())
}

fn is_internal(answer: &Value) -> bool {
    answer.to_string().contains("INTERNAL")
}

#[tokio::test]
async fn a_text_is_a_text_wherever_it_stands() {
    let app = App::start().await;
    let sample = Sample::of(&app, "alpha", "investor1").await;
    let (admin, operator) = (app.client("alpha", "admin").await, app.operator().await);
    let mut inside = Superuser::of(&app).await;
    inside.hold_market_row().await;
    let tables = "SELECT schemaname || '.' || tablename FROM pg_tables ORDER BY 1";
    let before = inside.texts(tables).await;
    let long = "x".repeat(10_000);
    let (mut tried, mut wrong) = (0, Vec::new());
    for call in CALLS.iter().filter(|call| call.root != Root::Subscription) {
        let variables = (call.variables)(&sample);
        let mut slots = Vec::new();
        places(&variables, "", &mut slots);
        for text in TEXTS.into_iter().chain([long.as_str()]) {
            let changed = slots.iter().map(|slot| (call.document.to_owned(), with(&variables, slot, text)));
            let written = rewritten(call.document, text).map(|document| (document, variables.clone()));
            for (document, variables) in changed.chain(written) {
                let mut answer = admin.run_with(&document, variables.clone()).await.body;
                if answer["errors"][0]["extensions"]["code"] == "FORBIDDEN" {
                    answer = operator.run_with(&document, variables.clone()).await.body;
                }
                tried += 1;
                if is_internal(&answer) {
                    wrong.push(format!("{} with {variables}: {answer}", call.field));
                }
            }
        }
    }
    assert!(tried > 500, "{tried}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(inside.texts(tables).await, before, "no table is gone or new");

    let create = "mutation($input: PortfolioCreateInput!) { portfolioCreate(input: $input) { portfolio { name } } }";
    for text in TEXTS.iter().filter(|text| text.trim() == **text) {
        let input = json!({ "input": { "name": text, "baseCurrency": "EUR" } });
        let made = app.client("alpha", "investor1").await.run_with(create, input).await;
        assert_eq!(made.at("/portfolioCreate/portfolio/name"), *text, "{}", made.body);
    }
}

#[tokio::test]
async fn no_name_in_the_variables_holds_what_the_database_cannot() {
    let app = App::start().await;
    let admin = app.client("alpha", "admin").await;
    for variables in [json!({ "a\0b": 1 }), json!({ "a": { "b\0": 1 } }), json!({ "a": [{ "b": [{ "\0": 1 }] }] })] {
        let answer = admin.run_with("{ __typename }", variables.clone()).await;
        assert_eq!(answer.error_code(), "BAD_USER_INPUT", "{variables}");
    }
}
