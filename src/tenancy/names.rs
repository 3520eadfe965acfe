//! Names that stand in SQL where no parameter can: made here, validated here, never made from user text.

use std::fmt;

use uuid::Uuid;

/// Why a name was refused.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{0:?} is not a name that this installation makes")]
pub struct InvalidName(String);

/// Tells installations on one PostgreSQL server apart: roles belong to the whole server, not to a database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstallationTag(String);

impl InstallationTag {
    /// Takes 6 to 12 lower-case letters and digits.
    pub fn new(tag: &str) -> Result<Self, InvalidName> {
        let valid = (6..=12).contains(&tag.len()) && tag.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
        if valid { Ok(Self(tag.to_owned())) } else { Err(InvalidName(tag.to_owned())) }
    }

    /// A tag from the random end of a UUID.
    pub fn from_uuid(id: Uuid) -> Self {
        let text = id.simple().to_string();
        Self(text.chars().skip(24).collect())
    }

    /// The tag as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The role that holds every right on `market` that tenants share.
    pub(super) fn base_role(&self) -> String {
        format!("pa_{}_base", self.0)
    }

    /// The data pipeline's role.
    pub(super) fn market_role(&self) -> String {
        format!("pa_{}_market", self.0)
    }

    /// The role that reads the schema `platform`.
    pub(super) fn platform_role(&self) -> String {
        format!("pa_{}_platform", self.0)
    }
}

/// The name of a tenant's schema, and of its role.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SchemaName(String);

impl SchemaName {
    /// The name for a new tenant of an installation.
    pub fn generate(tag: &InstallationTag, id: Uuid) -> Self {
        Self(format!("t_{}_{}", tag.as_str(), id.simple()))
    }

    /// Takes a name that [`SchemaName::generate`] made.
    pub fn parse(name: &str) -> Result<Self, InvalidName> {
        let valid = name.len() <= 63
            && name.starts_with("t_")
            && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
        if valid { Ok(Self(name.to_owned())) } else { Err(InvalidName(name.to_owned())) }
    }

    /// The name as text; it needs no quoting, and is quoted all the same.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SchemaName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An identifier in double quotes, for the few statements whose names cannot be parameters.
pub(super) fn quoted(identifier: &str) -> String {
    format!("\"{}\"", identifier.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schema_name_takes_only_what_is_generated() {
        let tag = InstallationTag::new("abc123").expect("a tag");
        let name = SchemaName::generate(&tag, Uuid::nil());
        assert_eq!(SchemaName::parse(name.as_str()), Ok(name));
        for bad in ["market", "t_\"; DROP", "T_ABC", "t_a b", &format!("t_{}", "x".repeat(62))] {
            assert!(SchemaName::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn an_identifier_is_quoted_with_its_quotes_doubled() {
        assert_eq!(quoted("a\"b"), "\"a\"\"b\"");
    }
}
