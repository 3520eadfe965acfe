//! What is hashed of an entry: one sequence of bytes for one content, whoever spells it. `audit_append` in the database computes
//! the same, and docs/audit.md says how, so that a log can be checked without this program.

use std::fmt::Write as _;

use aws_lc_rs::digest::{Context, SHA256, digest};
use serde_json::{Map, Value};

use super::sealed::Sealed;

/// A SHA-256.
pub type Hash = [u8; 32];

const LOG: &[u8] = b"portfolio-analyzer audit log 1\0";
const ENTRY: &[u8] = b"portfolio-analyzer audit entry 1\0";
const LINK: &[u8] = b"portfolio-analyzer audit link 1\0";
const CHECKPOINT: &[u8] = b"portfolio-analyzer audit checkpoint 1\0";
/// The largest whole number that every reader of JSON has exactly.
const MOST: u64 = (1 << 53) - 1;

/// JSON in one spelling: members by the bytes of their names, no blanks, numbers only where every reader has them exactly; others
/// are strings of their digits.
pub fn canonical(value: &Value) -> String {
    let mut text = String::new();
    write(value, &mut text);
    text
}

fn write(value: &Value, text: &mut String) {
    match value {
        Value::Number(number) => {
            let whole = number.as_u64().or_else(|| number.as_i64().map(i64::unsigned_abs));
            let quote = if whole.is_some_and(|whole| whole <= MOST) { "" } else { "\"" };
            // Writing to a string cannot fail.
            let _ = write!(text, "{quote}{number}{quote}");
        }
        Value::Array(members) => {
            text.push('[');
            for (place, member) in members.iter().enumerate() {
                text.push_str(if place == 0 { "" } else { "," });
                write(member, text);
            }
            text.push(']');
        }
        Value::Object(members) => write_object(members, text),
        Value::Null | Value::Bool(_) | Value::String(_) => {
            let _ = write!(text, "{value}");
        }
    }
}

fn write_object(members: &Map<String, Value>, text: &mut String) {
    let mut members: Vec<_> = members.iter().collect();
    members.sort_unstable_by_key(|(name, _)| name.as_bytes());
    text.push('{');
    for (place, (name, member)) in members.into_iter().enumerate() {
        text.push_str(if place == 0 { "" } else { "," });
        let _ = write!(text, "{}:", Value::String(name.clone()));
        write(member, text);
    }
    text.push('}');
}

fn field(context: &mut Context, given: Option<&[u8]>) {
    match given {
        None => context.update(&[0]),
        Some(bytes) => {
            context.update(&[1]);
            // No field of an entry is anywhere near four gigabytes, which no column holds.
            context.update(&u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_be_bytes());
            context.update(bytes);
        }
    }
}

fn finish(context: Context) -> Hash {
    let mut hash = [0; 32];
    hash.copy_from_slice(context.finish().as_ref());
    hash
}

fn sha256(bytes: &[u8]) -> Hash {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest(&SHA256, bytes).as_ref());
    hash
}

/// What the first entry of a log follows.
pub fn genesis(log: &str) -> Hash {
    sha256(&[LOG, log.as_bytes()].concat())
}

/// The hash of an entry's content, wherever in the log it stands.
pub fn of_entry(entry: &Sealed) -> Hash {
    let mut context = Context::new(&SHA256);
    context.update(ENTRY);
    let [before, after, personal] = [&entry.before, &entry.after, &entry.commitments].map(|json| {
        let json = json.as_ref()?;
        Some(canonical(json))
    });
    let text = |text: &Option<String>| text.as_ref().map(|text| text.as_bytes().to_vec());
    field(&mut context, Some(entry.id.as_bytes()));
    field(&mut context, Some(&entry.at.timestamp_micros().to_be_bytes()));
    field(&mut context, entry.actor_id.as_ref().map(|id| id.as_bytes().as_slice()));
    field(&mut context, entry.behalf_of.as_ref().map(|id| id.as_bytes().as_slice()));
    field(&mut context, text(&entry.actor_name).as_deref());
    field(&mut context, Some(entry.action.as_bytes()));
    field(&mut context, Some(entry.entity_type.as_bytes()));
    field(&mut context, text(&entry.entity_id).as_deref());
    field(&mut context, before.as_ref().map(String::as_bytes));
    field(&mut context, after.as_ref().map(String::as_bytes));
    field(&mut context, text(&entry.request_id).as_deref());
    field(&mut context, personal.as_ref().map(String::as_bytes));
    finish(context)
}

/// The hash of an entry at its place.
pub fn link(previous: &[u8], sequence: i64, entry: &Hash) -> Hash {
    let mut context = Context::new(&SHA256);
    context.update(LINK);
    context.update(previous);
    context.update(&sequence.to_be_bytes());
    context.update(entry);
    finish(context)
}

/// What the log holds of a personal value.
pub fn commitment(salt: &[u8], value: &str) -> String {
    hex(&sha256(&[salt, value.as_bytes()].concat()))
}

/// What is signed of a checkpoint. It is not in the form of what a JSON Web Token signs, which has no blank.
pub fn of_checkpoint(log: &str, sequence: i64, hash: &[u8], micros: i64, key_id: &str) -> Vec<u8> {
    let mut bytes = CHECKPOINT.to_vec();
    for part in [log.as_bytes(), &sequence.to_be_bytes(), hash, &micros.to_be_bytes(), key_id.as_bytes()] {
        bytes.push(1);
        bytes.extend(u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes());
        bytes.extend(part);
    }
    bytes
}

/// Bytes as lower-case hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// The bytes of hexadecimal digits.
pub fn unhex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let pairs = text.as_bytes().chunks_exact(2);
    if !pairs.remainder().is_empty() {
        return None;
    }
    pairs.map(|pair| Some(digit(pair[0])? << 4 | digit(pair[1])?)).collect()
}

#[cfg(test)]
#[path = "encoding_tests.rs"]
mod tests;
