//! Mail by SMTP, spoken with a server of the test's own.

use std::sync::{Arc, Mutex};

use portfolio_analyzer::mail::{MailError, Mailer, Message, Protection, SmtpSettings};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;

/// Answers each recipient with `reply`, and keeps what it is told.
async fn server(reply: &'static str) -> (u16, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let heard = Arc::new(Mutex::new(Vec::new()));
    let keeps = Arc::clone(&heard);
    tokio::spawn(async move {
        loop {
            let Ok((socket, _)) = listener.accept().await else { return };
            let (read, mut write) = socket.into_split();
            let mut lines = BufReader::new(read).lines();
            let _ = write.write_all(b"220 ready\r\n").await;
            let mut is_message = false;
            while let Ok(Some(line)) = lines.next_line().await {
                keeps.lock().expect("no panic while locked").push(line.clone());
                let answer = match line.to_uppercase() {
                    _ if is_message && line != "." => continue,
                    _ if is_message => "250 taken",
                    verb if verb.starts_with("RCPT") => reply,
                    verb if verb.starts_with("DATA") && reply.starts_with('2') => "354 go on",
                    verb if verb.starts_with("QUIT") => "221 bye",
                    _ => "250 fine",
                };
                is_message = answer.starts_with("354");
                let _ = write.write_all(format!("{answer}\r\n").as_bytes()).await;
            }
        }
    });
    (port, heard)
}

async fn send(port: u16, protection: Protection) -> Result<(), MailError> {
    let settings = SmtpSettings { host: "127.0.0.1".to_owned(), port: Some(port), protection, login: None };
    let mailer = Mailer::smtp(settings, "Portfolio <portfolio@example.com>", None).expect("a mailer");
    let message =
        Message { to: "mara@alpha.example".to_owned(), subject: "Hello".to_owned(), text: "a word\n".to_owned() };
    mailer.send(message, "one").await
}

#[tokio::test]
async fn a_message_reaches_the_server() {
    let (port, heard) = server("250 fine").await;
    send(port, Protection::None).await.expect("sent");
    let heard = heard.lock().expect("no panic while locked").join("\n");
    for part in ["RCPT TO:<mara@alpha.example>", "MAIL FROM:<portfolio@example.com>", "Subject: Hello", "a word"] {
        assert!(heard.contains(part), "{part} in {heard}");
    }
}

#[tokio::test]
async fn what_is_refused_for_good_is_told_from_what_may_be_sent_later() {
    let (port, _) = server("550 no such person").await;
    assert!(matches!(send(port, Protection::None).await, Err(MailError::Refused(_))));
    let (port, _) = server("451 later").await;
    assert!(matches!(send(port, Protection::None).await, Err(MailError::Unavailable(_))));
    assert!(matches!(send(1, Protection::None).await, Err(MailError::Unavailable(_))), "nobody listens");
}

#[tokio::test]
async fn nothing_is_sent_in_clear_where_protection_is_asked_for() {
    let (port, heard) = server("250 fine").await;
    assert!(send(port, Protection::StartTls).await.is_err());
    let heard = heard.lock().expect("no panic while locked").join("\n");
    assert!(!heard.contains("RCPT"), "{heard}");
}
