//! A text that is never printed.

use std::fmt;

use figment::value::Value;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

/// A secret setting: neither `Debug` nor `Serialize` shows it, and an error about it does not repeat it.
#[derive(Clone)]
pub struct Secret(SecretString);

/// What is shown in its place.
const MASK: &str = "****";

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self(SecretString::from(text))
    }
}

impl ExposeSecret<str> for Secret {
    fn expose_secret(&self) -> &str {
        self.0.expose_secret()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(MASK)
    }
}

/// Serialises masked: the only reader is `config show`.
impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(MASK)
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // Asking for a string would make serde quote the value in the error when it is a number.
        match <Value as Deserialize>::deserialize(deserializer)? {
            Value::String(_, text) => Ok(Self::from(text.as_str())),
            _ => Err(D::Error::custom("a secret must be text; put it in quotes")),
        }
    }
}
