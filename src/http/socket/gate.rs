//! What is known of a socket while it is open, and the checks on each message before the protocol's own code sees it.

use std::{
    collections::{HashSet, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use axum::extract::ws::Message;
use serde::Deserialize;

use secrecy::SecretString;

use crate::{
    auth::Actor,
    graphql::Authenticated,
    http::{
        admission::{Party, Slot as SocketSlot},
        documents::Documents,
    },
};

/// Bytes of a message of a client that has not said who it is.
const MAX_BYTES_OF_STRANGERS: usize = 8 * 1024;
/// Pings that may go unanswered.
const MAX_UNANSWERED: u32 = 2;

/// Why a socket is closed, in the codes of graphql-transport-ws.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Closing {
    GoingAway,
    BadMessage,
    NotInitialised,
    Forbidden,
    Expired,
    InitTimeout,
    DuplicateOperation,
    InitialisedTwice,
    TooMany,
    Silent,
}

impl Closing {
    pub const fn frame(self) -> (u16, &'static str) {
        match self {
            Self::GoingAway => (1001, "Going away"),
            Self::BadMessage => (4400, "Invalid message"),
            Self::NotInitialised => (4401, "Unauthorized"),
            Self::Forbidden => (4403, "Forbidden"),
            // Clients reconnect after this code, with a token that they have renewed.
            Self::Expired => (4403, "Token expired"),
            Self::InitTimeout => (4408, "Connection initialisation timeout"),
            Self::DuplicateOperation => (4409, "Subscriber for this id already exists"),
            Self::InitialisedTwice => (4429, "Too many initialisation requests"),
            // Clients come back later after both of these.
            Self::TooMany => (1013, "Too many WebSockets of this tenant"),
            Self::Silent => (1001, "No answer to a ping"),
        }
    }
}

/// A message's envelope. Its payload is read by the protocol's own code.
#[derive(Deserialize)]
struct Envelope {
    #[serde(rename = "type")]
    kind: String,
    id: Option<String>,
}

/// Who the client is.
pub(super) struct Standing {
    pub authenticated: Authenticated,
    /// To ask again whether it still counts.
    pub token: SecretString,
    /// The socket's place among those of its tenant.
    pub _of_party: SocketSlot<Party>,
}

#[derive(Default)]
struct State {
    init_seen: bool,
    standing: Option<Standing>,
    /// Pings since the client said anything.
    unanswered: u32,
    closing: Option<Closing>,
    /// Operations that run.
    active: HashSet<String>,
    /// Operations that were let in and have not begun, in the order of their messages.
    waiting: VecDeque<Slot>,
}

/// Shared by the parts of one socket.
#[derive(Clone, Default)]
pub(super) struct Gate(Arc<Mutex<State>>);

/// The place of one operation; dropping it frees its id.
pub(super) struct Slot {
    gate: Gate,
    id: String,
    /// Why its document is not known, where it is not.
    pub unknown: Option<String>,
    /// How many operations ran when it was let in, itself included.
    pub running: usize,
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.gate.lock().active.remove(&self.id);
    }
}

/// The message with the text of the document that it names.
fn resolved(text: &[u8], documents: &Documents) -> Result<String, String> {
    let mut message: serde_json::Value = serde_json::from_slice(text).map_err(|error| error.to_string())?;
    if let Some(payload) = message.get_mut("payload").and_then(serde_json::Value::as_object_mut) {
        documents.resolve(payload)?;
    }
    Ok(message.to_string())
}

impl Gate {
    fn lock(&self) -> MutexGuard<'_, State> {
        // A panic elsewhere leaves nothing half done in here.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A message that may be read, with its document where it only names it; nothing if it may not, and the reason is kept for
    /// [`closing`](Self::closing).
    pub fn admit(&self, message: Message, documents: &Documents) -> Option<Message> {
        let verdict = match &message {
            Message::Text(text) => self.inspect(text.as_bytes(), documents),
            Message::Binary(_) => Err(Closing::BadMessage),
            Message::Ping(_) | Message::Pong(_) | Message::Close(_) => Ok(None),
        };
        match verdict {
            Ok(None) => Some(message),
            Ok(Some(text)) => Some(Message::text(text)),
            Err(closing) => {
                self.close(closing);
                None
            }
        }
    }

    /// Checks a message; gives the text to be read in its place, where that is another one.
    fn inspect(&self, text: &[u8], documents: &Documents) -> Result<Option<String>, Closing> {
        let envelope: Envelope = serde_json::from_slice(text).map_err(|_| Closing::BadMessage)?;
        let mut state = self.lock();
        state.unanswered = 0;
        if state.standing.is_none() && text.len() > MAX_BYTES_OF_STRANGERS {
            return Err(Closing::BadMessage);
        }
        match envelope.kind.as_str() {
            "connection_init" if state.init_seen => Err(Closing::InitialisedTwice),
            "connection_init" => {
                state.init_seen = true;
                Ok(None)
            }
            "subscribe" if state.standing.is_none() => Err(Closing::NotInitialised),
            "subscribe" => {
                let id = envelope.id.filter(|id| !id.is_empty()).ok_or(Closing::BadMessage)?;
                if !state.active.insert(id.clone()) {
                    return Err(Closing::DuplicateOperation);
                }
                let running = state.active.len();
                let resolved = match documents.is_off() {
                    true => Ok(None),
                    false => resolved(text, documents).map(Some),
                };
                let (text, unknown) = match resolved {
                    Ok(text) => (text, None),
                    Err(message) => (None, Some(message)),
                };
                state.waiting.push_back(Slot { gate: self.clone(), id, unknown, running });
                Ok(text)
            }
            "complete" | "ping" | "pong" => Ok(None),
            // The names of the legacy protocol, which the library would understand too, are not this protocol's.
            _ => Err(Closing::BadMessage),
        }
    }

    /// The place of the operation that begins now. Operations begin in the order of their messages.
    pub fn begin(&self) -> Option<Slot> {
        self.lock().waiting.pop_front()
    }

    pub fn authenticated(&self) -> Option<Authenticated> {
        self.lock().standing.as_ref().map(|standing| standing.authenticated.clone())
    }

    /// The token that the client showed, once it is accepted.
    pub fn token(&self) -> Option<SecretString> {
        self.lock().standing.as_ref().map(|standing| standing.token.clone())
    }

    pub fn authenticate(&self, standing: Standing) {
        self.lock().standing = Some(standing);
    }

    /// What its token says by now: a role may have changed. It ends no later than was said at first.
    pub fn renew(&self, actor: Actor) {
        if let Some(standing) = &mut self.lock().standing {
            standing.authenticated.actor = actor;
        }
    }

    /// Whether the client has said something since the last two pings.
    pub fn ping(&self) -> bool {
        let mut state = self.lock();
        state.unanswered += 1;
        state.unanswered <= MAX_UNANSWERED
    }

    /// Keeps the first reason to close.
    pub fn close(&self, closing: Closing) {
        self.lock().closing.get_or_insert(closing);
    }

    pub fn closing(&self) -> Option<Closing> {
        self.lock().closing
    }
}
