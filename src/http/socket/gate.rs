//! What is known of a socket while it is open, and the checks on each message before the protocol's own code sees it.

use std::{
    collections::{HashSet, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use axum::extract::ws::Message;
use serde::Deserialize;

use crate::graphql::Authenticated;

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

#[derive(Default)]
struct State {
    init_seen: bool,
    authenticated: Option<Authenticated>,
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
    /// How many operations ran when it was let in, itself included.
    pub running: usize,
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.gate.lock().active.remove(&self.id);
    }
}

impl Gate {
    fn lock(&self) -> MutexGuard<'_, State> {
        // A panic elsewhere leaves nothing half done in here.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a message may be read; if not, the reason is kept for [`closing`](Self::closing).
    pub fn admit(&self, message: &Message) -> bool {
        let verdict = match message {
            Message::Text(text) => self.inspect(text.as_bytes()),
            Message::Binary(_) => Err(Closing::BadMessage),
            Message::Ping(_) | Message::Pong(_) | Message::Close(_) => Ok(()),
        };
        verdict.map_err(|closing| self.close(closing)).is_ok()
    }

    fn inspect(&self, text: &[u8]) -> Result<(), Closing> {
        let envelope: Envelope = serde_json::from_slice(text).map_err(|_| Closing::BadMessage)?;
        let mut state = self.lock();
        match envelope.kind.as_str() {
            "connection_init" if state.init_seen => Err(Closing::InitialisedTwice),
            "connection_init" => {
                state.init_seen = true;
                Ok(())
            }
            "subscribe" if state.authenticated.is_none() => Err(Closing::NotInitialised),
            "subscribe" => {
                let id = envelope.id.filter(|id| !id.is_empty()).ok_or(Closing::BadMessage)?;
                if !state.active.insert(id.clone()) {
                    return Err(Closing::DuplicateOperation);
                }
                let running = state.active.len();
                state.waiting.push_back(Slot { gate: self.clone(), id, running });
                Ok(())
            }
            "complete" | "ping" | "pong" => Ok(()),
            // The names of the legacy protocol, which the library would understand too, are not this protocol's.
            _ => Err(Closing::BadMessage),
        }
    }

    /// The place of the operation that begins now. Operations begin in the order of their messages.
    pub fn begin(&self) -> Option<Slot> {
        self.lock().waiting.pop_front()
    }

    pub fn authenticated(&self) -> Option<Authenticated> {
        self.lock().authenticated.clone()
    }

    pub fn authenticate(&self, authenticated: Authenticated) {
        self.lock().authenticated = Some(authenticated);
    }

    /// Keeps the first reason to close.
    pub fn close(&self, closing: Closing) {
        self.lock().closing.get_or_insert(closing);
    }

    pub fn closing(&self) -> Option<Closing> {
        self.lock().closing
    }
}
