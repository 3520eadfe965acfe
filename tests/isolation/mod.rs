//! Nobody sees or changes what is not theirs: another tenant's, or another person's of the same tenant.

mod database;
mod people;
mod tenants;
mod texts;

use std::time::Duration;

use serde_json::Value;

use crate::support::{App, Call, Client, Root, follow};

/// The places in a call's variables where an id stands.
fn slots(variables: &Value) -> Vec<String> {
    fn walk(value: &Value, path: &str, found: &mut Vec<String>) {
        match value {
            Value::Object(members) => {
                members.iter().for_each(|(name, value)| walk(value, &format!("{path}/{name}"), found))
            }
            Value::Array(items) => {
                items.iter().enumerate().for_each(|(index, value)| walk(value, &format!("{path}/{index}"), found));
            }
            Value::String(text) if is_id(text) => found.push(path.to_owned()),
            _ => {}
        }
    }
    let mut found = Vec::new();
    walk(variables, "", &mut found);
    found
}

fn is_id(text: &str) -> bool {
    let hexadecimal = |uuid: &str| uuid.len() == 32 && uuid.bytes().all(|byte| byte.is_ascii_hexdigit());
    text.split_once('_').is_some_and(|(prefix, uuid)| prefix != "rt" && hexadecimal(uuid))
}

/// The variables with another id in one place.
fn with(variables: &Value, slot: &str, id: &str) -> Value {
    let mut changed = variables.clone();
    *changed.pointer_mut(slot).expect("the slot") = Value::from(id);
    changed
}

/// Sends a call that must be answered at once, a subscription too.
async fn attempt(app: &App, client: &Client, call: &Call, variables: Value) -> Value {
    if call.root == Root::Subscription {
        let refusal = follow(app, client, call.document, variables);
        return tokio::time::timeout(Duration::from_secs(20), refusal).await.expect("a refusal, not a stream");
    }
    client.run_with(call.document, variables).await.body
}

/// Whether an answer shows nothing and reports no success.
fn gives_nothing(field: &str, answer: &Value) -> bool {
    let refused = answer["errors"].as_array().is_some_and(|errors| !errors.is_empty());
    let given = &answer["data"][field];
    let empty = |value: &Value| value.as_array().is_some_and(Vec::is_empty);
    let refused_by_rule = given["userErrors"].as_array().is_some_and(|errors| !errors.is_empty());
    let all_null = given.as_array().is_some_and(|items| items.iter().all(Value::is_null));
    let empty_page = empty(&given["nodes"]) && given["totalCount"] == 0;
    let nothing = given.is_null() || all_null || empty_page || (refused_by_rule && holds_no_object(given));
    // A refusal beside data would be a leak.
    if refused { given.is_null() } else { nothing }
}

/// Whether a payload holds nothing beside its errors and counts of zero.
fn holds_no_object(payload: &Value) -> bool {
    let members = payload.as_object().expect("a payload");
    members.iter().all(|(name, value)| {
        name == "userErrors" || value.is_null() || value == 0 || value.as_array().is_some_and(Vec::is_empty)
    })
}

/// Refuses an answer in which an id shows up, in either spelling.
#[track_caller]
fn shows_none_of(answer: &Value, ids: &[&String], what: &str) {
    let text = answer.to_string();
    for id in ids {
        let (_, hexadecimal) = id.split_once('_').expect("an id");
        let uuid: uuid::Uuid = hexadecimal.parse().expect("a UUID");
        assert!(!text.contains(hexadecimal) && !text.contains(&uuid.to_string()), "{what} shows {id}: {text}");
    }
}

/// Whether an answer is a success.
fn succeeds(field: &str, answer: &Value) -> bool {
    let given = &answer["data"][field];
    let user_errors = given["userErrors"].as_array().is_some_and(|errors| !errors.is_empty());
    answer.get("errors").is_none_or(|errors| errors.as_array().is_some_and(Vec::is_empty))
        && !given.is_null()
        && !user_errors
}
