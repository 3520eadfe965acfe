//! Chooses the port to listen on.

use std::{
    io,
    net::{Ipv4Addr, TcpListener},
};

/// Below the ports that systems hand to outgoing connections. Up there any client may sit on the port of the
/// last run, and a client that waits for a server on its own machine can even end up connected to itself.
const RANGE: std::ops::Range<u16> = 20_000..32_000;
const TRIES: usize = 64;

/// The port of the last run when it is free, else any free one.
pub(super) fn choose(last: Option<u16>) -> io::Result<u16> {
    let random = std::iter::repeat_with(random_port).take(TRIES).flatten();
    match last.into_iter().chain(random).find(|port| free(*port).is_ok()) {
        Some(port) => Ok(port),
        // Port 0 asks the system, which knows better than more guesses.
        None => free(0),
    }
}

fn free(port: u16) -> io::Result<u16> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port))?.local_addr().map(|address| address.port())
}

fn random_port() -> Option<u16> {
    let mut bytes = [0; 2];
    aws_lc_rs::rand::fill(&mut bytes).ok()?;
    let width = RANGE.end - RANGE.start;
    Some(RANGE.start + u16::from_le_bytes(bytes) % width)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_port_is_kept_unless_it_is_taken() {
        let port = choose(None).expect("a port");
        assert!(RANGE.contains(&port));
        assert_eq!(choose(Some(port)).expect("a port"), port);
        let _taken = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).expect("free");
        assert_ne!(choose(Some(port)).expect("a port"), port);
    }
}
