//! Which values of an entry are a person's: they stand beside the log, where they can be erased, and the log commits to them.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use uuid::Uuid;

use super::Entry;

/// Who did it, where that is a person.
pub const ACTOR: &str = "/actor";
/// The network address that it came from.
pub const ADDRESS: &str = "/address";
/// Kinds of things whose `before` and `after` tell of a person, and the members that do.
const MEMBERS: &[(&str, &[&str])] = &[("User", &["email", "name", "asked"]), ("Invitation", &["email", "name"])];

/// What somebody does whom nobody knows yet, under the address that they typed.
const BY_STRANGERS: [&str; 2] = ["loginFailed", "passwordResetRequest"];

/// Whether the name of who did it is a person's: one who is known, or what somebody typed who wanted in.
fn is_person(entry: &Entry) -> bool {
    known(entry.actor_id).is_some() || BY_STRANGERS.contains(&entry.action.as_str())
}

fn known(person: Option<Uuid>) -> Option<Uuid> {
    person.filter(|id| !id.is_nil())
}

/// The entry as `audit_append` takes it: personal values by themselves.
pub fn apart(mut entry: Entry, behalf_of: Option<Uuid>) -> Value {
    let actor = known(entry.actor_id);
    let subject = entry.entity_id.as_deref().and_then(|id| id.parse().ok());
    let mut personal = Vec::new();
    let mut take = |field: String, person: Option<Uuid>, value: String| {
        personal.push(json!({ "field": field, "person": person, "value": value }));
    };
    let name = match is_person(&entry) {
        true => {
            take(ACTOR.to_owned(), actor, std::mem::take(&mut entry.actor_name));
            None
        }
        false => Some(entry.actor_name),
    };
    if let Some(address) = entry.address {
        take(ADDRESS.to_owned(), actor, address);
    }
    let members = MEMBERS.iter().find(|(kind, _)| *kind == entry.entity_type).map_or(&[][..], |(_, members)| members);
    for (side, content) in [("before", &mut entry.before), ("after", &mut entry.after)] {
        let Some(Value::Object(content)) = content else { continue };
        for member in members {
            if let Some(Value::String(value)) = content.get(*member).cloned() {
                content.remove(*member);
                take(format!("/{side}/{member}"), subject, value);
            }
        }
    }
    json!({
        "id": entry.id,
        "at": entry.at.format("%Y-%m-%dT%H:%M:%S%.6fZ").to_string(),
        "actorId": entry.actor_id,
        "behalfOf": behalf_of,
        "actorName": name,
        "action": entry.action,
        "entityType": entry.entity_type,
        "entityId": entry.entity_id,
        "before": entry.before,
        "after": entry.after,
        "requestId": entry.request_id,
        "personal": personal,
    })
}

/// Puts a personal value, or null for one that was erased, back where it belongs in `before` or `after`.
pub fn put_back(field: &str, value: Option<&str>, before: &mut Option<Value>, after: &mut Option<Value>) {
    let (content, member) = match field.strip_prefix("/before/") {
        Some(member) => (before, member),
        None => match field.strip_prefix("/after/") {
            Some(member) => (after, member),
            None => return,
        },
    };
    if let Some(Value::Object(content)) = content {
        content.insert(member.to_owned(), value.into());
    }
}

/// The commitments of an entry by field, as far as they are in their form.
pub fn commitments(stored: Option<&Value>) -> BTreeMap<&str, &str> {
    let stored = stored.and_then(Value::as_object);
    stored.into_iter().flatten().filter_map(|(field, hash)| Some((field.as_str(), hash.as_str()?))).collect()
}
