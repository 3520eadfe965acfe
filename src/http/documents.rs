//! Trusted documents: those that are known by their hashes when the server starts.
//!
//! A request names one by `documentId` (`sha256:` and its hash), or by the hash in `extensions.persistedQuery` as older clients do.
//! Where they are required, no other text is parsed.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use aws_lc_rs::digest;
use serde_json::{Map, Value};

use crate::graphql::limits::{Limits, Refusal};

const SCHEME: &str = "sha256:";

/// Why a list of documents cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DocumentError {
    /// It is not an object of texts.
    #[error("it is not JSON of the form {{\"sha256:…\": \"query …\"}}: {0}")]
    Form(#[from] serde_json::Error),
    /// A key is not the hash of its text.
    #[error("\"{key}\" is not the hash of its document, which is \"{actual}\"")]
    Hash {
        /// The key.
        key: String,
        /// What it should be.
        actual: String,
    },
    /// A document that no request could run.
    #[error("the document \"{key}\" is refused: {refusal}")]
    Refused {
        /// The key.
        key: String,
        /// Why.
        refusal: Refusal,
    },
}

/// The documents that are known.
#[derive(Debug, Clone, Default)]
pub struct Documents {
    /// Whether there is a list at all.
    is_on: bool,
    is_required: bool,
    /// By hash, without its scheme.
    known: Arc<HashMap<String, String>>,
}

impl Documents {
    /// Reads a list, and checks each document and its hash.
    pub fn read(json: &str, is_required: bool, limits: &Limits) -> Result<Self, DocumentError> {
        let listed: BTreeMap<String, String> = serde_json::from_str(json)?;
        let mut known = HashMap::with_capacity(listed.len());
        for (key, text) in listed {
            let hash = hash_of(&text);
            if key.strip_prefix(SCHEME) != Some(&hash) {
                return Err(DocumentError::Hash { key, actual: format!("{SCHEME}{hash}") });
            }
            if let Err(refusal) = limits.check_document(&text) {
                return Err(DocumentError::Refused { key, refusal });
            }
            known.insert(hash, text);
        }
        Ok(Self { is_on: true, is_required, known: Arc::new(known) })
    }

    pub(super) fn is_off(&self) -> bool {
        !self.is_on
    }

    /// Puts the text of the document that a request names in its place, and refuses what is not to be run.
    pub(super) fn resolve(&self, members: &mut Map<String, Value>) -> Result<(), String> {
        let (member, hash) = match (members.remove("documentId"), persisted(members)) {
            (None | Some(Value::Null), None) => ("query", None),
            (None | Some(Value::Null), Some(hash)) => ("extensions.persistedQuery.sha256Hash", Some(hash)),
            (Some(Value::String(id)), _) => {
                let hash = id.strip_prefix(SCHEME).map(str::to_owned);
                ("documentId", Some(hash.ok_or("\"documentId\" must be \"sha256:\" and a hash")?))
            }
            (Some(_), _) => return Err("\"documentId\" must be a string".to_owned()),
        };
        match (members.get("query"), hash) {
            // Clients of the older kind send both once, so that a server may learn. This one does not.
            (Some(Value::String(text)), None) => self.trusts(text),
            (Some(Value::String(text)), Some(hash)) => match hash_of(text) == hash {
                true => self.trusts(text),
                false => Err(format!("\"{member}\" is not the hash of \"query\"")),
            },
            (None | Some(Value::Null), Some(hash)) => {
                let text = self.known.get(&hash).ok_or_else(|| format!("\"{member}\": there is no such document"))?;
                members.insert("query".to_owned(), Value::String(text.clone()));
                Ok(())
            }
            // That it is missing, or no text, is said by who reads it.
            _ => Ok(()),
        }
    }

    fn trusts(&self, text: &str) -> Result<(), String> {
        match self.is_required && !self.known.contains_key(&hash_of(text)) {
            true => {
                Err("\"query\": this server runs only documents that it knows; name one by \"documentId\"".to_owned())
            }
            false => Ok(()),
        }
    }
}

fn persisted(members: &Map<String, Value>) -> Option<String> {
    Some(members.get("extensions")?.get("persistedQuery")?.get("sha256Hash")?.as_str()?.to_owned())
}

fn hash_of(text: &str) -> String {
    digest::digest(&digest::SHA256, text.as_bytes()).as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const HELLO: &str = "{ hello }";

    #[test]
    fn a_hash_is_that_of_the_text() {
        // Of the empty text, as FIPS 180-4's examples have it.
        assert_eq!(hash_of(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    }

    #[test]
    fn a_list_with_a_wrong_hash_or_a_document_that_is_too_much_is_refused() {
        let read = |key: &str, text: &str| {
            Documents::read(&json!({ key: text }).to_string(), false, &Limits::default()).map(|_| ())
        };
        let right = |text: &str| format!("{SCHEME}{}", hash_of(text));
        assert!(read(&right(HELLO), HELLO).is_ok());
        let needs_values = "query A($id: ID!) { a(id: $id) } query B { b }";
        assert!(read(&right(needs_values), needs_values).is_ok());
        for wrong in [hash_of(HELLO), right("{ who }"), String::new()] {
            assert!(matches!(read(&wrong, HELLO), Err(DocumentError::Hash { .. })), "{wrong}");
        }
        let wide = format!("{{ {} }}", "a ".repeat(100));
        assert!(matches!(read(&right(&wide), &wide), Err(DocumentError::Refused { .. })));
        assert!(matches!(read(&right("{"), "{"), Err(DocumentError::Refused { .. })));
        assert!(matches!(Documents::read("[]", false, &Limits::default()), Err(DocumentError::Form(_))));
    }
}
