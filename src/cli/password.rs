//! A new password: never from the command line, which every user of the machine can read.

use std::io::{BufRead, IsTerminal};

use anyhow::bail;
use secrecy::SecretString;

use crate::config::secret_in;

const VARIABLE: &str = "PORTFOLIO_PASSWORD";
const FILE_VARIABLE: &str = "PORTFOLIO_PASSWORD_FILE";

/// From the environment, a file that it names, or else one line of standard input.
#[expect(clippy::disallowed_methods, reason = "a password is no setting: it is not to be shown with them")]
pub(super) fn read() -> anyhow::Result<SecretString> {
    let given = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    match (given(VARIABLE), given(FILE_VARIABLE)) {
        (Some(_), Some(_)) => bail!("{VARIABLE} and {FILE_VARIABLE} are both set; unset one of them"),
        (Some(password), None) => return Ok(password.into()),
        (None, Some(path)) => return Ok(secret_in(FILE_VARIABLE, path.as_ref())?.into()),
        (None, None) => {}
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
        bail!("no password was given; set {VARIABLE} or {FILE_VARIABLE}, or write it to standard input");
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
