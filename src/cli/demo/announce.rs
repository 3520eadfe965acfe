//! What the demo tells whoever started it, and the playground.

use std::{net::SocketAddr, path::Path};

use chrono::NaiveDate;
use serde_json::{Value, json};

use super::{
    people::{FIRMS, PASSWORD, logins},
    seed::Seeded,
};

/// Shows names, values and currencies, and works for everyone who sees portfolios.
const QUERY: &str = "{ portfolios(first: 5) { nodes { name totals { totalValue { value { amount currency } } } } } }";

/// The text that ends a start.
pub(super) fn text(address: SocketAddr, as_of: Option<NaiveDate>, data_dir: &Path, has_playground: bool) -> String {
    let url = url(address);
    let page = if has_playground { "The demo is ready" } else { "The demo is ready, without its playground" };
    let mut lines = vec![format!("\n{page}: {url}\n"), format!("  {:28}{:20}tenant", "e-mail", "role")];
    lines.extend(logins().iter().map(|login| format!("  {login}")));
    lines.push(format!("\n  password of everyone: {PASSWORD}\n"));
    lines.push(format!("Try, in another terminal:\n\n{}\n", command(&url, data_dir)));
    if let Some(day) = as_of {
        lines.push(format!(
            "Closes are fictional and end on {day}, which is the day of a valuation (asOf) where none is given."
        ));
    }
    lines.push("Ctrl-C ends the server and its database; the data stays.".to_owned());
    lines.join("\n")
}

/// What `/playground.json` answers.
pub(super) fn playground(seeded: &Seeded) -> Value {
    let people = logins().into_iter().map(
        |login| json!({ "email": login.email, "name": login.name, "role": login.role.code(), "tenant": login.tenant }),
    );
    json!({
        "demo": true,
        "tenant": FIRMS.first().map(|firm| firm.slug),
        "people": people.collect::<Vec<_>>(),
        "password": PASSWORD,
        "asOf": seeded.as_of,
        "examples": { "portfolioId": seeded.portfolio.map(|id| format!("pf_{}", id.simple())) },
    })
}

/// A server that listens on every address is reached on this machine's own.
fn url(address: SocketAddr) -> String {
    match address.ip() {
        ip if ip.is_unspecified() => format!("http://127.0.0.1:{}/", address.port()),
        _ => format!("http://{address}/"),
    }
}

/// A query with the token that `login` gives, ready to be pasted into a shell.
fn command(url: &str, data_dir: &Path) -> String {
    let program = std::env::args().next().unwrap_or_else(|| "portfolio-analyzer".to_owned());
    let data_dir = match data_dir.to_string_lossy() {
        default if default == super::super::DEFAULT_DATA_DIR => String::new(),
        other => format!(" --data-dir {}", quoted(&other)),
    };
    let body = json!({ "query": QUERY });
    format!(
        "  TOKEN=$({}{data_dir} login --tenant alpine --email admin@alpine.example)\n  curl -s {url}graphql \
         -H \"authorization: Bearer $TOKEN\" -H 'content-type: application/json' \\\n    -d '{body}'",
        quoted(&program)
    )
}

fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-".contains(c);
    if word.chars().all(plain) { word.to_owned() } else { format!("'{}'", word.replace('\'', r"'\''")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_names_everyone_the_password_and_the_day() {
        let shown =
            text(SocketAddr::from(([0, 0, 0, 0], 81)), NaiveDate::from_ymd_opt(2022, 12, 28), Path::new("/a b"), true);
        for part in [
            "http://127.0.0.1:81/",
            "investor2@borealis.example",
            "PLATFORM_OPERATOR",
            PASSWORD,
            "2022-12-28",
            "--data-dir '/a b' login",
        ] {
            assert!(shown.contains(part), "{part} in {shown}");
        }
        assert_eq!(logins().len(), 11);
    }
}
