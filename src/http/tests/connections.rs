//! Connections as they are misused: half a head, half a body, too much of both, too many; and TLS.

use std::{net::SocketAddr, path::Path, sync::Arc, time::Duration};

use rustls::{ClientConfig, RootCertStore, crypto::aws_lc_rs, pki_types::ServerName};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpStream,
    time::{Instant, timeout},
};
use tokio_rustls::{TlsConnector, client::TlsStream};

use super::serve;
use crate::http::{Certificates, ConnectionSettings, HttpSettings, Tls, Versions};

const SOON: Duration = Duration::from_secs(5);

fn settings(connection: ConnectionSettings) -> HttpSettings {
    HttpSettings { connection, request_timeout: Duration::from_millis(200), ..HttpSettings::default() }
}

/// Everything until the server closes the connection.
async fn rest(stream: &mut (impl AsyncRead + Unpin)) -> String {
    let mut text = Vec::new();
    // A reset is an end too.
    let _ = timeout(SOON, stream.read_to_end(&mut text)).await.expect("the connection is closed");
    String::from_utf8_lossy(&text).into_owned()
}

async fn ask(stream: &mut (impl AsyncRead + AsyncWrite + Unpin), head: &str) -> String {
    stream.write_all(head.as_bytes()).await.unwrap();
    rest(stream).await
}

#[tokio::test]
async fn half_a_head_is_waited_for_a_while_and_an_idle_connection_too() {
    let header_timeout = Duration::from_millis(200);
    let server = serve(settings(ConnectionSettings { header_timeout, ..ConnectionSettings::default() })).await;
    for beginning in ["", "GET /health/live HT", "GET /health/live HTTP/1.1\r\nhost: a\r\nx-y: "] {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        let begun = Instant::now();
        assert_eq!(ask(&mut stream, beginning).await, "", "{beginning}");
        assert!(begun.elapsed() >= header_timeout / 2, "{beginning}");
    }
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    let answers = ask(&mut stream, "GET /health/live HTTP/1.1\r\nhost: a\r\n\r\n").await;
    assert!(answers.starts_with("HTTP/1.1 200 OK") && answers.ends_with("live"), "{answers}");
}

#[tokio::test]
async fn a_head_has_a_size() {
    let server = serve(settings(ConnectionSettings::default())).await;
    let long = format!("GET /health/live HTTP/1.1\r\nhost: a\r\nx-y: {}\r\n\r\n", "x".repeat(20 * 1024));
    let many = format!("GET /health/live HTTP/1.1\r\nhost: a\r\n{}\r\n", "a: b\r\n".repeat(200));
    for head in [long, many] {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        let answer = ask(&mut stream, &head).await;
        assert!(answer.starts_with("HTTP/1.1 431"), "{answer}");
    }
}

#[tokio::test]
async fn half_a_body_is_waited_for_a_while() {
    let pause_timeout = Duration::from_millis(200);
    let server = serve(settings(ConnectionSettings { pause_timeout, ..ConnectionSettings::default() })).await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    let head = "POST /graphql HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-type: application/json\r\n\
                content-length: 100\r\n\r\n{";
    let answer = ask(&mut stream, head).await;
    assert!(answer.starts_with("HTTP/1.1 408") && answer.contains("REQUEST_TIMEOUT"), "{answer}");
}

#[tokio::test]
async fn one_address_has_so_many_connections() {
    let server = serve(settings(ConnectionSettings { max_per_address: 2, ..ConnectionSettings::default() })).await;
    let mut first = TcpStream::connect(server.address).await.unwrap();
    let mut second = TcpStream::connect(server.address).await.unwrap();
    let live = "GET /health/live HTTP/1.1\r\nhost: a\r\n\r\n";
    second.write_all(live.as_bytes()).await.unwrap();
    let mut answer = [0; 12];
    second.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 200");
    let mut third = TcpStream::connect(server.address).await.unwrap();
    assert_eq!(rest(&mut third).await, "");
    first.shutdown().await.unwrap();
    assert_eq!(rest(&mut first).await, "");
    let closing = "GET /health/live HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n";
    // The place of the first is free once the server has seen its end.
    let served = async {
        loop {
            let mut fourth = TcpStream::connect(server.address).await.unwrap();
            let _ = fourth.write_all(closing.as_bytes()).await;
            if rest(&mut fourth).await.starts_with("HTTP/1.1 200") {
                return;
            }
        }
    };
    timeout(SOON, served).await.expect("a place becomes free");
}

/// A new certificate in the directory, and what it looks like on the wire.
fn certify(directory: &Path) -> Vec<u8> {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    std::fs::write(directory.join("certificate.pem"), made.cert.pem()).unwrap();
    std::fs::write(directory.join("key.pem"), made.signing_key.serialize_pem()).unwrap();
    made.cert.der().to_vec()
}

/// A connection that accepts these certificates and no other.
async fn handshake(address: SocketAddr, trusted: &[&[u8]]) -> std::io::Result<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    for certificate in trusted {
        roots.add(certificate.to_vec().into()).unwrap();
    }
    let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let stream = TcpStream::connect(address).await?;
    TlsConnector::from(Arc::new(config)).connect(ServerName::try_from("localhost").unwrap(), stream).await
}

fn served(stream: &TlsStream<TcpStream>) -> Vec<u8> {
    stream.get_ref().1.peer_certificates().unwrap()[0].to_vec()
}

#[tokio::test]
async fn tls_serves_the_certificate_of_the_file_and_the_next_one_when_it_is_renewed() {
    let directory = tempfile::tempdir().unwrap();
    let first = certify(directory.path());
    let read = || Certificates::read(directory.path().join("certificate.pem"), directory.path().join("key.pem"));
    let certificates = Arc::new(read().unwrap());
    let tls = Tls::new(Arc::clone(&certificates), Versions::From12).unwrap();
    let header_timeout = Duration::from_millis(500);
    let connection = ConnectionSettings { header_timeout, ..ConnectionSettings::default() };
    let server = serve(HttpSettings { tls: Some(tls), ..settings(connection) }).await;

    let mut secure = handshake(server.address, &[&first]).await.unwrap();
    let answer = ask(&mut secure, "GET /health/live HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
    assert!(answer.contains("strict-transport-security: max-age=31536000"), "{answer}");

    let second = certify(directory.path());
    certificates.reload_if_changed();
    assert_eq!(served(&handshake(server.address, &[&second]).await.unwrap()), second);

    // A key of another certificate, and then no certificate at all.
    let kept = std::fs::read(directory.path().join("key.pem")).unwrap();
    certify(directory.path());
    std::fs::write(directory.path().join("key.pem"), &kept).unwrap();
    certificates.reload();
    assert_eq!(served(&handshake(server.address, &[&second]).await.unwrap()), second);
    std::fs::write(directory.path().join("certificate.pem"), "none").unwrap();
    certificates.reload();
    assert_eq!(served(&handshake(server.address, &[&second]).await.unwrap()), second);
    assert!(read().is_err(), "a start with it is refused");

    // Half a handshake, and no TLS at all.
    let mut silent = TcpStream::connect(server.address).await.unwrap();
    assert_eq!(rest(&mut silent).await, "");
    let mut plain = TcpStream::connect(server.address).await.unwrap();
    assert!(!ask(&mut plain, "GET / HTTP/1.1\r\nhost: a\r\n\r\n").await.contains("200 OK"));
}
