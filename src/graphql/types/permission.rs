//! What there is to be permitted, and what it is needed for.

use async_graphql::SimpleObject;

use crate::auth::Permission as Code;
use crate::graphql::rules::{RULES, Rule};

/// One thing that a role can permit.
#[derive(Clone, Debug, SimpleObject)]
pub struct Permission {
    /// The code under which roles and keys name it.
    code: String,
    /// What it permits.
    description: String,
    /// The root fields that it opens, each by itself: of several that open a field one is enough.
    fields: Vec<String>,
}

impl From<Code> for Permission {
    fn from(code: Code) -> Self {
        let opens = |rule: &Rule| matches!(rule, Rule::AnyOf(permissions) if permissions.contains(&code));
        let fields = RULES.iter().filter(|(_, rule)| opens(rule)).map(|(field, _)| (*field).to_owned());
        Self { code: code.code().to_owned(), description: code.description().to_owned(), fields: fields.collect() }
    }
}
