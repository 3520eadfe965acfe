//! One socket, from the first message to the last.

use std::{panic::AssertUnwindSafe, pin::pin, sync::Arc, time::Duration};

use async_graphql::{Data, Error, Executor, Request, Response};
use async_graphql_axum::{GraphQLProtocol, GraphQLWebSocket};
use axum::extract::ws::{CloseFrame, Message, WebSocket};
use futures_util::{
    Sink, SinkExt, StreamExt, future, sink,
    stream::{self, BoxStream},
};
use secrecy::ExposeSecret;
use tokio::{
    sync::{mpsc, watch},
    time::{Instant, MissedTickBehavior},
};

use super::gate::{Closing, Gate, Slot, Standing};
use crate::{
    graphql::{
        AuthenticationError,
        error::{ErrorCode, finish},
        limits::{Admitted, OperationKind, Refusal},
    },
    http::{
        admission::Party,
        operation::{Caller, authenticate, refusal, token},
        reply::Problem,
    },
};

/// What a client has to answer with a pong.
const PING: &str = r#"{"type":"ping"}"#;
/// How long a client may take to read what it was sent.
const SEND_TIMEOUT: Duration = Duration::from_secs(10);

/// One socket.
#[derive(Clone)]
pub(super) struct Session {
    caller: Caller,
    gate: Gate,
}

impl Session {
    pub fn new(caller: Caller) -> Self {
        Self { caller, gate: Gate::default() }
    }

    /// Speaks the protocol until either side ends it.
    pub async fn run(self, socket: WebSocket, protocol: GraphQLProtocol) {
        let (mut client, messages) = socket.split();
        let gate = self.gate.clone();
        let documents = self.caller.shared.settings.documents.clone();
        let input = messages
            .map(move |message| message.ok().and_then(|message| gate.admit(message, &documents)))
            .take_while(|message| future::ready(message.is_some()))
            .filter_map(|message| future::ready(message.map(Ok)));
        // Between the protocol and the client stands this loop, which alone knows when the socket is to be closed.
        let (outgoing, mut incoming) = mpsc::channel(1);
        let output = sink::unfold(outgoing, async |outgoing: mpsc::Sender<Message>, message| {
            outgoing.send(message).await.map(|()| outgoing)
        });
        let session = self.clone();
        let protocol = GraphQLWebSocket::new_with_pair(Box::pin(output), Box::pin(input), self.clone(), protocol)
            .on_connection_init(move |payload| session.initialise(payload))
            .serve();
        let mut protocol = pin!(protocol);
        let mut draining = pin!(drained(self.caller.shared.draining.clone()));
        let mut deadline = pin!(tokio::time::sleep(self.caller.shared.settings.socket.init_timeout));
        let every = self.caller.shared.settings.socket.ping_interval;
        let mut pings = tokio::time::interval_at(Instant::now() + every, every);
        pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut watch = pin!(self.clone().watch(every));
        let mut initialised = false;
        loop {
            tokio::select! {
                biased;
                () = &mut draining => self.gate.close(Closing::GoingAway),
                () = &mut deadline => self.gate.close(if initialised { Closing::Expired } else { Closing::InitTimeout }),
                () = &mut watch => {}
                _ = pings.tick(), if initialised => match self.gate.ping() {
                    true => if !send(&mut client, Message::text(PING)).await { return },
                    false => self.gate.close(Closing::Silent),
                },
                Some(message) = incoming.recv() => if !self.forward(&mut client, message).await { return },
                () = &mut protocol => {
                    // What it said last is still on its way.
                    while let Ok(message) = incoming.try_recv() {
                        if !self.forward(&mut client, message).await {
                            return;
                        }
                    }
                    break;
                }
            }
            if self.gate.closing().is_some() {
                break;
            }
            if !initialised && let Some(authenticated) = self.gate.authenticated() {
                initialised = true;
                let remaining = (authenticated.expires_at - self.caller.shared.now()).to_std().unwrap_or_default();
                deadline.as_mut().reset(Instant::now() + remaining);
            }
        }
        let (code, reason) = self.gate.closing().map_or((1000, ""), Closing::frame);
        send(&mut client, Message::Close(Some(CloseFrame { code, reason: reason.into() }))).await;
    }

    /// Asks again and again whether the client's token still counts: who logs out, is disabled or whose firm is suspended is not
    /// to follow anything any more. Completes with the socket to be closed.
    async fn watch(self, every: Duration) {
        let shared = &self.caller.shared;
        loop {
            tokio::time::sleep(every).await;
            let Some(token) = self.gate.token() else { continue };
            match authenticate(shared, Some(token.expose_secret()), &self.caller.request_id).await {
                Ok(Some(authenticated)) => self.gate.renew(authenticated.actor),
                Err(AuthenticationError::Unavailable(_)) => {}
                Ok(None) | Err(AuthenticationError::Refused(_)) => return self.gate.close(Closing::Forbidden),
            }
        }
    }

    /// Sends what the protocol says; false if the client is gone.
    async fn forward(&self, client: &mut (impl Sink<Message> + Unpin), message: Message) -> bool {
        if matches!(message, Message::Close(_)) {
            // The library closes with codes of its own: a refused initialisation has set its reason already, and all else
            // is a message that it could not read.
            self.gate.close(Closing::BadMessage);
            return true;
        }
        send(client, message).await
    }

    async fn initialise(self, payload: serde_json::Value) -> async_graphql::Result<Data> {
        let authorization = payload.get("authorization").or_else(|| payload.get("Authorization"));
        let bearer = authorization.and_then(serde_json::Value::as_str).and_then(|value| token(value).ok());
        let shared = &self.caller.shared;
        let answer = match bearer {
            Some(bearer) => {
                authenticate(shared, Some(bearer), &self.caller.request_id).await.ok().flatten().zip(Some(bearer))
            }
            None => None,
        };
        // A socket that nobody vouches for would hold resources for as long as it likes.
        let Some((authenticated, bearer)) = answer else {
            self.gate.close(Closing::Forbidden);
            return Err(Error::new("Forbidden"));
        };
        let Some(of_party) = shared.sockets_of_party.take(Party::of(Some(&authenticated.actor), None)) else {
            self.gate.close(Closing::TooMany);
            return Err(Error::new("Too many"));
        };
        self.gate.authenticate(Standing { authenticated, token: bearer.into(), _of_party: of_party });
        Ok(Data::default())
    }

    /// The caller of one operation, which has an id of its own in the log.
    fn operation(&self) -> Caller {
        let shared = Arc::clone(&self.caller.shared);
        Caller {
            actor: self.gate.authenticated().map(|authenticated| authenticated.actor),
            request_id: (shared.runtime.new_request_id)(),
            whence: self.caller.whence.clone(),
            shared,
        }
    }

    fn begin(&self, mut request: Request, slot: Option<&Slot>) -> BoxStream<'static, Response> {
        let caller = self.operation();
        let settings = &caller.shared.settings;
        let (running, most) = (slot.map_or(0, |slot| slot.running), settings.socket.max_operations);
        if running > most {
            let message = format!("{running} operations run on this socket; at most {most} may");
            return one(refusal(ErrorCode::RateLimited, &message), &caller);
        }
        if let Some(message) = slot.and_then(|slot| slot.unknown.as_deref()) {
            return one(refusal(ErrorCode::BadUserInput, message), &caller);
        }
        let admitted = settings.limits.admit(&mut request).map_err(Refusal::into_server_error).and_then(|admitted| {
            settings.introspection.check(&admitted, caller.actor.as_ref())?;
            Ok(admitted)
        });
        match admitted {
            Err(error) => one(Response::from_errors(vec![error]), &caller),
            Ok(admitted) => {
                log_begin(&caller, &admitted);
                start(caller, request, admitted)
            }
        }
    }
}

fn log_begin(caller: &Caller, admitted: &Admitted) {
    tracing::info!(
        request_id = caller.request_id,
        operation = admitted.name,
        kind = ?admitted.kind,
        complexity = admitted.cost.complexity,
        user = caller.actor.as_ref().map(|actor| tracing::field::display(actor.user_id)),
        "began an operation on a WebSocket"
    );
}

fn start(caller: Caller, request: Request, admitted: Admitted) -> BoxStream<'static, Response> {
    if admitted.kind != OperationKind::Subscription {
        return stream::once(turn_of(caller, request, admitted)).boxed();
    }
    let events = caller.shared.service.subscribe(request, caller.context(&admitted));
    AssertUnwindSafe(events)
        .catch_unwind()
        .map(move |event| {
            let mut response = event.unwrap_or_else(|_| caller.failed());
            finish(&mut response, &caller.request_id);
            response
        })
        .boxed()
}

/// A query or mutation takes turns with what comes over HTTP.
async fn turn_of(caller: Caller, request: Request, admitted: Admitted) -> Response {
    let shared = Arc::clone(&caller.shared);
    let party = Party::of(caller.actor.as_ref(), caller.whence.address);
    let held = async {
        let of_party = shared.admission.party(party)?;
        Ok::<_, Problem>((of_party, shared.admission.turn(party).await?))
    };
    match held.await {
        Ok(_held) => caller.execute(request, &admitted, caller.deadline()).await,
        Err(problem) => {
            let mut response = refusal(problem.code, &problem.message);
            finish(&mut response, &caller.request_id);
            response
        }
    }
}

fn one(mut response: Response, caller: &Caller) -> BoxStream<'static, Response> {
    finish(&mut response, &caller.request_id);
    stream::once(future::ready(response)).boxed()
}

/// Completes when the server is to stop.
async fn drained(mut draining: watch::Receiver<bool>) {
    if draining.wait_for(|draining| *draining).await.is_err() {
        // Nobody is left who could stop the server.
        future::pending::<()>().await;
    }
}

async fn send(client: &mut (impl Sink<Message> + Unpin), message: Message) -> bool {
    matches!(tokio::time::timeout(SEND_TIMEOUT, client.send(message)).await, Ok(Ok(())))
}

impl Executor for Session {
    async fn execute(&self, request: Request) -> Response {
        let mut events = self.begin(request, None);
        events.next().await.unwrap_or_default()
    }

    fn execute_stream(&self, request: Request, _session: Option<Arc<Data>>) -> BoxStream<'static, Response> {
        let slot = self.gate.begin();
        let events = self.begin(request, slot.as_ref());
        // The slot lives as long as the operation: its end, its cancellation and the socket's end all drop it.
        stream::unfold((events, slot), |(mut events, slot)| async move {
            events.next().await.map(|event| (event, (events, slot)))
        })
        .boxed()
    }
}
