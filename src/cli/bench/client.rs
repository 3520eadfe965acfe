//! An HTTP client of one kept-alive connection, which measures little but the server.

use std::net::SocketAddr;

use anyhow::{Context as _, bail};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

/// One connection.
pub(super) struct Client {
    stream: BufReader<TcpStream>,
    address: SocketAddr,
}

impl Client {
    pub(super) async fn connect(address: SocketAddr) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream: BufReader::new(stream), address })
    }

    /// Posts a query and returns its answer, which must be without errors.
    pub(super) async fn query(&mut self, token: &str, query: &str, variables: &Value) -> anyhow::Result<Value> {
        let body = self.post(token, query, variables).await?;
        let answer: Value = serde_json::from_slice(&body).context("the server's answer is not JSON")?;
        if answer.get("errors").is_some() {
            bail!("the server answered {}", answer["errors"]);
        }
        Ok(answer["data"].clone())
    }

    /// Posts a query and returns the answer's bytes; any status but 200 is an error.
    pub(super) async fn post(&mut self, token: &str, query: &str, variables: &Value) -> anyhow::Result<Vec<u8>> {
        let (status, answer) = self.exchange(token, query, variables).await?;
        if !status.contains(" 200 ") {
            bail!("the server answered {status}: {}", String::from_utf8_lossy(&answer));
        }
        Ok(answer)
    }

    /// Posts a query and returns the answer's status line and bytes.
    pub(super) async fn exchange(
        &mut self,
        token: &str,
        query: &str,
        variables: &Value,
    ) -> anyhow::Result<(String, Vec<u8>)> {
        let body = json!({ "query": query, "variables": variables }).to_string();
        let head = format!(
            "POST /graphql HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {token}\r\ncontent-type: application/json\r\n\
             accept: application/graphql-response+json\r\ncontent-length: {}\r\n\r\n",
            self.address,
            body.len()
        );
        self.stream.get_mut().write_all(format!("{head}{body}").as_bytes()).await?;
        let mut length = None;
        let mut status = String::new();
        loop {
            let mut line = String::new();
            if self.stream.read_line(&mut line).await? == 0 {
                bail!("the server closed the connection");
            }
            let line = line.trim_end();
            if line.is_empty() {
                break;
            }
            if status.is_empty() {
                line.clone_into(&mut status);
            } else if let Some((name, value)) = line.split_once(':')
                && name.eq_ignore_ascii_case("content-length")
            {
                length = Some(value.trim().parse()?);
            }
        }
        let mut answer = vec![0; length.context("the server's answer has no length")?];
        self.stream.read_exact(&mut answer).await?;
        Ok((status, answer))
    }
}
