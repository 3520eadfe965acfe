//! Where a request comes from: the other end of the connection, or whom a trusted proxy names.

use std::net::{IpAddr, SocketAddr};

use axum::{
    extract::ConnectInfo,
    http::{Extensions, HeaderMap, header},
};
use ipnet::IpNet;

use crate::graphql::Whence;

const FORWARDED_FOR: &str = "x-forwarded-for";
/// What is read of a client's description of itself.
const MAX_USER_AGENT: usize = 300;

/// Where the request comes from. `trusted` are the proxies whose word is taken.
pub(super) fn of(extensions: &Extensions, headers: &HeaderMap, trusted: &[IpNet]) -> Whence {
    let peer = extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
    let user_agent = headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok());
    Whence {
        address: peer.map(|peer| client(peer, headers, trusted)),
        user_agent: user_agent.map(|agent| agent.chars().take(MAX_USER_AGENT).collect()),
    }
}

/// Each proxy adds whom it heard from at the end: from there backwards, the first who is not trusted is the client. What stands
/// before that is the client's own word.
fn client(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> IpAddr {
    let is_trusted = |address: IpAddr| trusted.iter().any(|net| net.contains(&address));
    let mut client = peer.to_canonical();
    let named = headers.get_all(FORWARDED_FOR).iter().rev().flat_map(|value| {
        let names: Vec<&str> = value.to_str().unwrap_or_default().split(',').rev().collect();
        names
    });
    for name in named {
        let (true, Ok(address)) = (is_trusted(client), name.trim().parse::<IpAddr>()) else { break };
        client = address.to_canonical();
    }
    client
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn seen(peer: &str, forwarded: &[&'static str], trusted: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append(FORWARDED_FOR, HeaderValue::from_static(value));
        }
        let trusted: Vec<IpNet> = trusted.iter().map(|net| net.parse().unwrap()).collect();
        client(peer.parse().unwrap(), &headers, &trusted).to_string()
    }

    #[test]
    fn nobody_is_believed_unless_trusted() {
        assert_eq!(seen("198.51.100.7", &["203.0.113.9"], &[]), "198.51.100.7");
        assert_eq!(seen("198.51.100.7", &["203.0.113.9"], &["10.0.0.0/8"]), "198.51.100.7");
    }

    #[test]
    fn a_trusted_proxy_names_the_client_and_the_client_cannot_name_another() {
        let trusted = &["10.0.0.0/8"];
        assert_eq!(seen("10.0.0.1", &["203.0.113.9"], trusted), "203.0.113.9");
        assert_eq!(seen("10.0.0.1", &["192.0.2.1, 203.0.113.9, 10.0.0.2"], trusted), "203.0.113.9");
        assert_eq!(seen("10.0.0.1", &["192.0.2.1", "203.0.113.9"], trusted), "203.0.113.9");
        assert_eq!(seen("::ffff:10.0.0.1", &["::ffff:203.0.113.9"], trusted), "203.0.113.9");
        assert_eq!(seen("10.0.0.1", &["garbage"], trusted), "10.0.0.1");
        assert_eq!(seen("10.0.0.1", &[], trusted), "10.0.0.1");
    }
}
