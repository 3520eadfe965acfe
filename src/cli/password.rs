//! A new password: never from the command line, which every user of the machine can read.

use std::io::{BufRead, IsTerminal};

use anyhow::bail;
use secrecy::SecretString;

const VARIABLE: &str = "PORTFOLIO_PASSWORD";

/// From the environment, or else one line of standard input.
#[expect(clippy::disallowed_methods, reason = "a password is no setting: it is not to be shown with them")]
pub(super) fn read() -> anyhow::Result<SecretString> {
    if let Ok(password) = std::env::var(VARIABLE)
        && !password.is_empty()
    {
        return Ok(password.into());
    }
    let input = std::io::stdin();
    if input.is_terminal() {
        eprintln!("type the password and press Enter; it is shown, which {VARIABLE} or a pipe would avoid");
    }
    first_line(input.lock())
}

fn first_line(mut input: impl BufRead) -> anyhow::Result<SecretString> {
    let mut line = String::new();
    input.read_line(&mut line)?;
    let password = line.trim_end_matches(['\n', '\r']);
    if password.is_empty() {
        bail!("no password was given; set {VARIABLE}, or write it to standard input");
    }
    Ok(password.into())
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    #[test]
    fn only_the_end_of_the_line_is_cut_off() {
        let password = first_line(&b" with spaces \r\nmore"[..]).expect("a password");
        assert_eq!(password.expose_secret(), " with spaces ");
        assert!(first_line(&b"\n"[..]).is_err());
    }
}
