//! The HTTP interface in front of a toy service: status codes, media types, headers, sockets.

mod admission;
mod connections;
mod envelope;
mod protocol;
mod sockets;

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    time::Duration,
};

use async_graphql::{Context, Object, Request, Response, Schema, Subscription};
use async_trait::async_trait;
use axum::{
    body::{Body, to_bytes},
    http::{self, HeaderMap, StatusCode, header},
};
use chrono::{DateTime, TimeDelta, Utc};
use futures_util::{
    Stream, StreamExt,
    stream::{self, BoxStream},
};
use serde_json::Value;
use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle};
use tower::ServiceExt;
use uuid::Uuid;

use super::{App, HttpSettings, Runtime};
use crate::graphql::{Authenticated, AuthenticationError, GraphqlService, RequestContext};
use crate::{
    auth::{Actor, ActorKind, Permission, PermissionSet, Role, TenantId},
    graphql::error::ErrorCode,
};

pub struct Query;

#[Object]
impl Query {
    async fn hello(&self) -> &str {
        "world"
    }

    async fn echo(&self, text: String) -> String {
        text
    }

    async fn who(&self, ctx: &Context<'_>) -> Option<String> {
        ctx.data::<RequestContext>().ok()?.actor.as_ref().map(|actor| actor.role.to_string())
    }

    async fn fails(&self) -> async_graphql::Result<Option<i32>> {
        Err(ErrorCode::NotFound.error("no such thing"))
    }

    async fn fails_hard(&self) -> async_graphql::Result<Option<i32>> {
        Err("db.internal is down")?
    }

    async fn denied(&self) -> async_graphql::Result<i32> {
        Err(ErrorCode::Forbidden.error("not yours"))
    }

    async fn slow(&self) -> i32 {
        tokio::time::sleep(Duration::from_secs(3600)).await;
        1
    }

    async fn panics(&self) -> i32 {
        let empty: [i32; 0] = [];
        *empty.first().expect("as it was asked to")
    }
}

pub struct Mutation;

#[Object]
impl Mutation {
    async fn touch(&self) -> i32 {
        1
    }
}

pub struct Ticks;

#[Subscription]
impl Ticks {
    async fn ticks(&self, to: i32) -> impl Stream<Item = i32> {
        stream::iter(1..=to)
    }

    async fn forever(&self) -> impl Stream<Item = i32> {
        stream::iter([1]).chain(stream::pending())
    }
}

struct Toy {
    schema: Schema<Query, Mutation, Ticks>,
    ready: Result<(), &'static str>,
    /// Whether the token that counts once was shown.
    asked: AtomicBool,
}

pub fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_750_000_000, 0).unwrap()
}

#[async_trait]
impl GraphqlService for Toy {
    async fn authenticate(
        &self,
        bearer: Option<&str>,
        now: DateTime<Utc>,
    ) -> Result<Option<Authenticated>, AuthenticationError> {
        let lifetime = match bearer {
            None => return Ok(None),
            Some("good" | "reader" | "alpha" | "beta") => TimeDelta::minutes(15),
            Some("once") if !self.asked.swap(true, Ordering::Relaxed) => TimeDelta::minutes(15),
            Some("brief") => TimeDelta::milliseconds(200),
            Some("later") => {
                return Err(AuthenticationError::Unavailable("db.internal is down".into()));
            }
            Some(_) => return Err(AuthenticationError::Refused("forged".into())),
        };
        let actor = Actor {
            user_id: Uuid::from_u128(1),
            tenant: bearer.and_then(|bearer| match bearer {
                "alpha" => Some(TenantId(Uuid::from_u128(3))),
                "beta" => Some(TenantId(Uuid::from_u128(4))),
                _ => None,
            }),
            role: Role::Admin,
            permissions: match bearer {
                Some("reader") => PermissionSet::of(&[Permission::SchemaRead]),
                _ => PermissionSet::default(),
            },
            session: Uuid::from_u128(2),
            kind: ActorKind::User,
        };
        Ok(Some(Authenticated { actor, expires_at: now + lifetime }))
    }

    async fn execute(&self, request: Request, context: RequestContext) -> Response {
        self.schema.execute(request.data(context)).await
    }

    fn subscribe(&self, request: Request, context: RequestContext) -> BoxStream<'static, Response> {
        self.schema.execute_stream(request.data(context)).boxed()
    }

    async fn ready(&self) -> Result<(), &'static str> {
        self.ready
    }
}

pub fn app_with(settings: HttpSettings, ready: Result<(), &'static str>) -> App {
    let schema = Schema::new(Query, Mutation, Ticks);
    let ids = Arc::new(AtomicU32::new(1));
    let runtime = Runtime {
        now: Arc::new(now),
        new_request_id: Arc::new(move || format!("req-{}", ids.fetch_add(1, Ordering::Relaxed))),
    };
    App::new(Arc::new(Toy { schema, ready, asked: AtomicBool::new(false) }), settings, runtime)
}

pub fn app() -> App {
    app_with(HttpSettings::default(), Ok(()))
}

/// A server on a socket of its own.
pub struct Server {
    pub address: SocketAddr,
    pub stop: oneshot::Sender<()>,
    pub ended: JoinHandle<std::io::Result<()>>,
}

pub async fn serve(settings: HttpSettings) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let app = app_with(settings, Ok(()));
    let shutdown = async { drop(stopped.await) };
    let ended = tokio::spawn(app.serve(listener, shutdown, Duration::from_secs(5)));
    Server { address, stop, ended }
}

pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub fn code(&self) -> String {
        self.json()["errors"][0]["extensions"]["code"].as_str().unwrap_or_default().to_owned()
    }
}

pub async fn send(app: &App, request: http::Request<Body>) -> Answer {
    let response = app.router().oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    Answer { status: parts.status, headers: parts.headers, body: to_bytes(body, usize::MAX).await.unwrap().to_vec() }
}

pub fn post() -> http::request::Builder {
    http::Request::post("/graphql").header(header::CONTENT_TYPE, "application/json")
}

/// Posts a body with an `Accept` header.
pub async fn ask(accept: &str, body: impl Into<Body>) -> Answer {
    send(&app(), post().header(header::ACCEPT, accept).body(body.into()).unwrap()).await
}

pub async fn get(app: &App, uri: &str) -> Answer {
    send(app, http::Request::get(uri).body(Body::empty()).unwrap()).await
}
