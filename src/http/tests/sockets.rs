//! graphql-transport-ws over real sockets: the protocol's messages, its close codes, and the server's end.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{Error, Message, client::IntoClientRequest},
};

use super::Server;
use crate::{
    graphql::Introspection,
    http::{HttpSettings, SocketSettings},
};

async fn serve(socket: SocketSettings) -> Server {
    super::serve(HttpSettings { socket, ..HttpSettings::default() }).await
}

struct Client(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Server {
    async fn connect_with(&self, protocol: Option<&str>, origin: Option<&str>) -> Result<Client, u16> {
        let mut request = format!("ws://{}/graphql/ws", self.address).into_client_request().unwrap();
        if let Some(protocol) = protocol {
            request.headers_mut().insert("sec-websocket-protocol", protocol.parse().unwrap());
        }
        if let Some(origin) = origin {
            request.headers_mut().insert("origin", origin.parse().unwrap());
        }
        match connect_async(request).await {
            Ok((stream, response)) => {
                assert_eq!(response.headers()["sec-websocket-protocol"], "graphql-transport-ws");
                Ok(Client(stream))
            }
            Err(Error::Http(response)) => Err(response.status().as_u16()),
            Err(error) => panic!("{error}"),
        }
    }

    async fn connect(&self) -> Client {
        self.connect_with(Some("graphql-transport-ws"), None).await.unwrap_or_else(|status| panic!("{status}"))
    }

    async fn log_in(&self, token: &str) -> Client {
        let mut client = self.connect().await;
        client.init(token).await;
        assert_eq!(client.next().await["type"], "connection_ack");
        client
    }
}

impl Client {
    async fn say(&mut self, message: Value) {
        self.0.send(Message::text(message.to_string())).await.unwrap();
    }

    async fn init(&mut self, token: &str) {
        let payload = json!({ "authorization": format!("Bearer {token}") });
        self.say(json!({ "type": "connection_init", "payload": payload })).await;
    }

    async fn subscribe(&mut self, id: &str, query: &str) {
        self.say(json!({ "type": "subscribe", "id": id, "payload": { "query": query } })).await;
    }

    async fn next(&mut self) -> Value {
        match self.0.next().await {
            Some(Ok(Message::Text(text))) => serde_json::from_str(&text).unwrap(),
            other => panic!("{other:?}"),
        }
    }

    async fn close_code(&mut self) -> u16 {
        loop {
            match self.0.next().await {
                Some(Ok(Message::Close(Some(frame)))) => return frame.code.into(),
                Some(Ok(Message::Text(_))) => (),
                other => panic!("{other:?}"),
            }
        }
    }
}

#[tokio::test]
async fn subscriptions_queries_and_mutations_run() {
    let server = serve(SocketSettings::default()).await;
    let mut client = server.log_in("good").await;
    client.subscribe("1", "subscription { ticks(to: 2) }").await;
    for tick in [1, 2] {
        let event = client.next().await;
        assert_eq!((&event["type"], &event["payload"]["data"]["ticks"]), (&json!("next"), &json!(tick)));
    }
    assert_eq!(client.next().await, json!({ "type": "complete", "id": "1" }));
    client.subscribe("1", "{ who }").await;
    assert_eq!(client.next().await["payload"]["data"]["who"], "ADMIN");
    assert_eq!(client.next().await["type"], "complete");
    client.subscribe("2", "mutation { touch }").await;
    assert_eq!(client.next().await["payload"]["data"]["touch"], 1);
    client.next().await;
    client.say(json!({ "type": "ping" })).await;
    assert_eq!(client.next().await["type"], "pong");
}

#[tokio::test]
async fn the_guard_and_the_hiding_of_internals_hold_here_too() {
    let server = serve(SocketSettings::default()).await;
    let mut client = server.log_in("good").await;
    for (query, code) in [
        (format!("{{ {} }}", "hello ".repeat(100)), "QUERY_TOO_COMPLEX"),
        ("{ failsHard }".to_owned(), "INTERNAL"),
        ("{ panics }".to_owned(), "INTERNAL"),
        ("{".to_owned(), "BAD_USER_INPUT"),
        ("subscription { nothing }".to_owned(), "BAD_USER_INPUT"),
    ] {
        client.subscribe("1", &query).await;
        let error = client.next().await["payload"]["errors"][0].clone();
        assert_eq!(error["extensions"]["code"], code, "{query}");
        assert!(error["extensions"]["requestId"].is_string());
        assert_eq!(client.next().await["type"], "complete");
    }
}

#[tokio::test]
async fn a_socket_needs_a_token() {
    let server = serve(SocketSettings::default()).await;
    for payload in [
        json!(null),
        json!({}),
        json!({ "authorization": "Bearer forged" }),
        json!({ "authorization": "good" }),
        json!({ "authorization": 1 }),
    ] {
        let mut client = server.connect().await;
        client.say(json!({ "type": "connection_init", "payload": payload })).await;
        assert_eq!(client.close_code().await, 4403, "{payload}");
    }
}

#[tokio::test]
async fn the_rules_of_the_protocol_are_kept() {
    let server = serve(SocketSettings::default()).await;
    let mut early = server.connect().await;
    early.subscribe("1", "{ hello }").await;
    assert_eq!(early.close_code().await, 4401);
    let mut twice = server.log_in("good").await;
    twice.init("good").await;
    assert_eq!(twice.close_code().await, 4429);
    let mut same = server.log_in("good").await;
    same.subscribe("1", "subscription { forever }").await;
    same.subscribe("1", "subscription { forever }").await;
    assert_eq!(same.close_code().await, 4409);
    for text in [
        "{",
        "{}",
        r#"{"type":"start","id":"1","payload":{"query":"{hello}"}}"#,
        r#"{"type":"subscribe"}"#,
        r#"{"type":"subscribe","id":"1","payload":{"query":1}}"#,
    ] {
        let mut wrong = server.log_in("good").await;
        wrong.0.send(Message::text(text)).await.unwrap();
        assert_eq!(wrong.close_code().await, 4400, "{text}");
    }
    let mut binary = server.log_in("good").await;
    binary.0.send(Message::binary(vec![1])).await.unwrap();
    assert_eq!(binary.close_code().await, 4400);
}

#[tokio::test]
async fn an_id_is_free_again_when_its_operation_is_cancelled() {
    let server = serve(SocketSettings::default()).await;
    let mut client = server.log_in("good").await;
    for _ in 0..3 {
        client.subscribe("1", "subscription { forever }").await;
        assert_eq!(client.next().await["type"], "next");
        client.say(json!({ "type": "complete", "id": "1" })).await;
        assert_eq!(client.next().await["type"], "complete");
    }
}

#[tokio::test]
async fn a_socket_runs_a_few_operations_at_once() {
    let server = serve(SocketSettings { max_operations: 2, ..SocketSettings::default() }).await;
    let mut client = server.log_in("good").await;
    for id in ["1", "2"] {
        client.subscribe(id, "subscription { forever }").await;
        assert_eq!(client.next().await["type"], "next");
    }
    client.subscribe("3", "{ hello }").await;
    assert_eq!(client.next().await["payload"]["errors"][0]["extensions"]["code"], "RATE_LIMITED");
    assert_eq!(client.next().await, json!({ "type": "complete", "id": "3" }));
    client.say(json!({ "type": "complete", "id": "1" })).await;
    client.next().await;
    client.subscribe("3", "{ hello }").await;
    assert_eq!(client.next().await["payload"]["data"]["hello"], "world");
}

#[tokio::test]
async fn a_socket_ends_with_its_token_and_does_not_wait_for_one_forever() {
    let server = serve(SocketSettings { init_timeout: Duration::from_millis(100), ..SocketSettings::default() }).await;
    let mut silent = server.connect().await;
    assert_eq!(silent.close_code().await, 4408);
    let mut brief = server.log_in("brief").await;
    brief.subscribe("1", "subscription { forever }").await;
    assert_eq!(brief.close_code().await, 4403);
}

#[tokio::test]
async fn sockets_of_one_tenant_and_of_one_address_are_counted() {
    let server = serve(SocketSettings { max_per_tenant: 1, max_per_address: 3, ..SocketSettings::default() }).await;
    let first = server.log_in("alpha").await;
    let mut second = server.connect().await;
    second.init("alpha").await;
    assert_eq!(second.close_code().await, 1013);
    drop(second);
    let _other = server.log_in("beta").await;
    let _third = server.log_in("good").await;
    // The one that was closed may still be counted for a moment; this one is one too many in any case.
    assert_eq!(server.connect_with(Some("graphql-transport-ws"), None).await.err(), Some(429));
    drop(first);
    let again = async {
        loop {
            if let Ok(mut client) = server.connect_with(Some("graphql-transport-ws"), None).await {
                client.init("alpha").await;
                match client.0.next().await {
                    Some(Ok(Message::Text(_))) => return,
                    _ => continue,
                }
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(5), again).await.expect("its place is free again");
}

#[tokio::test]
async fn who_does_not_answer_is_let_go_and_whose_token_is_revoked_too() {
    let ping_interval = Duration::from_millis(100);
    let server = serve(SocketSettings { ping_interval, ..SocketSettings::default() }).await;
    let mut silent = server.log_in("good").await;
    assert_eq!(silent.next().await, json!({ "type": "ping" }));
    assert_eq!(silent.close_code().await, 1001);
    let mut alive = server.log_in("good").await;
    for _ in 0..4 {
        assert_eq!(alive.next().await, json!({ "type": "ping" }));
        alive.say(json!({ "type": "pong" })).await;
    }
    let mut revoked = server.log_in("once").await;
    revoked.subscribe("1", "subscription { forever }").await;
    assert_eq!(revoked.close_code().await, 4403);
}

#[tokio::test]
async fn trusted_documents_and_the_schemas_description_are_the_same_here() {
    let (settings, hash) = super::protocol::knowing(true);
    let server = super::serve(HttpSettings { introspection: Introspection::Permitted, ..settings }).await;
    let mut client = server.log_in("good").await;
    let known = json!({ "documentId": format!("sha256:{hash}") });
    client.say(json!({ "type": "subscribe", "id": "1", "payload": known })).await;
    assert_eq!(client.next().await["payload"]["data"]["hello"], "world");
    assert_eq!(client.next().await["type"], "complete");
    for payload in [json!({ "query": "{ who }" }), json!({ "documentId": "sha256:0" })] {
        client.say(json!({ "type": "subscribe", "id": "1", "payload": payload })).await;
        let error = client.next().await["payload"]["errors"][0].clone();
        assert_eq!(error["extensions"]["code"], "BAD_USER_INPUT", "{error}");
        assert_eq!(client.next().await["type"], "complete");
    }
    let open = HttpSettings { introspection: Introspection::Permitted, ..HttpSettings::default() };
    let server = super::serve(open).await;
    for (token, code) in [("good", json!("FORBIDDEN")), ("reader", json!(null))] {
        let mut client = server.log_in(token).await;
        client.subscribe("1", "{ __schema { queryType { name } } }").await;
        assert_eq!(client.next().await["payload"]["errors"][0]["extensions"]["code"], code, "{token}");
    }
}

#[tokio::test]
async fn a_message_has_a_size_and_a_strangers_a_smaller_one() {
    let server = serve(SocketSettings::default()).await;
    let mut stranger = server.connect().await;
    let payload = json!({ "authorization": format!("Bearer {}", "x".repeat(9_000)) });
    stranger.say(json!({ "type": "connection_init", "payload": payload })).await;
    assert_eq!(stranger.close_code().await, 4400);
    let mut client = server.log_in("good").await;
    client.subscribe("1", &format!("{{ hello }} # {}", "x".repeat(9_000))).await;
    assert_eq!(client.next().await["payload"]["data"]["hello"], "world");
    let _ = client.0.send(Message::text("x".repeat(300_000))).await;
    let ended = async { while let Some(Ok(Message::Text(_) | Message::Close(_))) = client.0.next().await {} };
    tokio::time::timeout(Duration::from_secs(5), ended).await.expect("the socket ends");
}

#[tokio::test]
async fn other_protocols_and_other_origins_are_refused() {
    let server = serve(SocketSettings { max_connections: 1, ..SocketSettings::default() }).await;
    let refused = async |protocol, origin| server.connect_with(protocol, origin).await.err();
    assert_eq!(refused(None, None).await, Some(400));
    assert_eq!(refused(Some("graphql-ws"), None).await, Some(400));
    assert_eq!(refused(Some("graphql-transport-ws"), Some("https://evil.example")).await, Some(403));
    let own = format!("http://{}", server.address);
    let both = server.connect_with(Some("graphql-ws, graphql-transport-ws"), Some(&own)).await;
    assert!(both.is_ok());
    assert_eq!(refused(Some("graphql-transport-ws"), None).await, Some(503), "one is open, and one may be");
}

#[tokio::test]
async fn the_server_says_goodbye_and_ends_only_then() {
    let server = serve(SocketSettings::default()).await;
    let mut client = server.log_in("good").await;
    client.subscribe("1", "subscription { forever }").await;
    client.next().await;
    server.stop.send(()).unwrap();
    assert_eq!(client.close_code().await, 1001);
    drop(client);
    let ended = tokio::time::timeout(Duration::from_secs(2), server.ended).await;
    assert!(ended.unwrap().unwrap().is_ok());
}
