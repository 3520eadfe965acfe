//! Which instruments a piece of news may be about. What only looks like a ticker is none: words in capitals are everywhere.

use std::collections::BTreeSet;

use crate::storage::news::{Candidate, Match};

/// A name of an instrument, and how it was found.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mention {
    /// A symbol, or an ISIN.
    pub name: String,
    /// The market that stands with it, by its ISO 10383 code.
    pub mic: Option<&'static str>,
    /// How it was found.
    pub found: Match,
}

/// Exchanges as headlines and feeds abbreviate them.
const MARKETS: [(&str, &str); 12] = [
    ("NASDAQ", "XNAS"),
    ("NYSE", "XNYS"),
    ("LSE", "XLON"),
    ("LON", "XLON"),
    ("TSX", "XTSE"),
    ("ASX", "XASX"),
    ("ETR", "XETR"),
    ("FRA", "XFRA"),
    ("EPA", "XPAR"),
    ("AMS", "XAMS"),
    ("SWX", "XSWX"),
    ("HKEX", "XHKG"),
];

/// What the feed names, and what stands in the headline and the summary.
pub fn mentions(symbols: &str, headline: &str, summary: &str) -> BTreeSet<Mention> {
    let mut found = BTreeSet::new();
    for symbol in symbols
        .split(|c: char| c.is_whitespace() || c.is_control() || [',', ';', '|'].contains(&c))
        .filter(|symbol| !symbol.is_empty())
    {
        let (mic, name) = listing(symbol).map_or((None, symbol), |(mic, name)| (Some(mic), name));
        found.insert(Mention { name: name.trim_start_matches('$').to_owned(), mic, found: Match::Feed });
    }
    for text in [headline, summary] {
        in_text(text, &mut found);
    }
    found
}

fn in_text(text: &str, found: &mut BTreeSet<Mention>) {
    for (at, _) in text.match_indices('$') {
        let is_start = !text[..at].ends_with(|c: char| c.is_alphanumeric() || c == '$');
        if let Some(name) = ticker(&text[at + 1..]).filter(|_| is_start) {
            found.insert(Mention { name, mic: None, found: Match::Cashtag });
        }
    }
    for (at, _) in text.match_indices('(') {
        let Some((inside, _)) = text[at + 1..].split_once(')') else { continue };
        match listing(inside) {
            Some((mic, name)) if ticker(name).is_some_and(|ticker| ticker == name) => {
                found.insert(Mention { name: name.to_owned(), mic: Some(mic), found: Match::Listing });
            }
            _ if ticker(inside).is_some_and(|ticker| ticker == inside) => {
                found.insert(Mention { name: inside.to_owned(), mic: None, found: Match::Ticker });
            }
            _ => {}
        }
    }
    for word in text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| is_isin(word)) {
        found.insert(Mention { name: word.to_owned(), mic: None, found: Match::Isin });
    }
}

/// The market and the symbol of `NYSE: F`.
fn listing(text: &str) -> Option<(&'static str, &str)> {
    let (market, symbol) = text.split_once(':')?;
    let (_, mic) = MARKETS.iter().find(|(name, _)| name.eq_ignore_ascii_case(market.trim()))?;
    Some((mic, symbol.trim()))
}

/// One to five capital letters at the start, with a class behind a point: `BRK.B`.
fn ticker(text: &str) -> Option<String> {
    let end = text.find(|c: char| !c.is_ascii_uppercase() && c != '.').unwrap_or(text.len());
    let name = text[..end].trim_end_matches('.');
    let (root, class) = name.split_once('.').unwrap_or((name, ""));
    let follows = text[name.len()..].chars().next();
    let is_whole = follows.is_none_or(|c| !c.is_alphanumeric());
    ((1..=5).contains(&root.len()) && class.len() <= 2 && !class.contains('.') && is_whole).then(|| name.to_owned())
}

/// Twelve characters with the check digit of ISO 6166.
fn is_isin(word: &str) -> bool {
    let bytes = word.as_bytes();
    let in_form = bytes.len() == 12
        && bytes[..2].iter().all(u8::is_ascii_uppercase)
        && bytes.iter().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
        && bytes[11].is_ascii_digit();
    if !in_form {
        return false;
    }
    // Letters count as two digits; every second digit from the right but one is doubled.
    let digits: Vec<u32> = word
        .chars()
        .filter_map(|c| c.to_digit(36))
        .flat_map(|value| if value > 9 { vec![value / 10, value % 10] } else { vec![value] })
        .collect();
    let doubled = |(place, digit): (usize, &u32)| if place % 2 == 1 { digit * 2 / 10 + digit * 2 % 10 } else { *digit };
    digits.iter().rev().enumerate().map(doubled).sum::<u32>() % 10 == 0
}

/// The instrument that a mention means among those that are called so: the one of its market, or the only one, or the only one whose
/// name stands in the text. A bare ticker in brackets always needs the name: `(CEO)` is nobody's. Nothing where it is not clear.
pub fn meant<'a>(mention: &Mention, candidates: &'a [Candidate], text: &str) -> Option<&'a Candidate> {
    let called = |candidate: &&Candidate| match mention.found {
        Match::Isin => candidate.isin.as_deref() == Some(&mention.name),
        _ => candidate.symbol == mention.name && mention.mic.is_none_or(|mic| mic == candidate.mic),
    };
    let named = |candidate: &&Candidate| is_named(&candidate.name, text);
    let only = |found: Vec<&'a Candidate>| if let [one] = found[..] { Some(one) } else { None };
    let found: Vec<&Candidate> = candidates.iter().filter(called).collect();
    let of_name = only(found.iter().copied().filter(named).collect());
    if mention.found == Match::Ticker { of_name } else { only(found).or(of_name) }
}

/// Whether the first word of an instrument's name that says something stands in the text as a word.
fn is_named(name: &str, text: &str) -> bool {
    let words = |text: &str| -> Vec<String> {
        text.split(|c: char| !c.is_alphanumeric()).filter(|word| word.len() > 1).map(str::to_lowercase).collect()
    };
    let first = words(name).into_iter().find(|word| word != "the" && word.len() > 2);
    first.is_some_and(|first| words(text).contains(&first))
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn names(symbols: &str, text: &str) -> Vec<String> {
        mentions(symbols, text, "").into_iter().map(|mention| mention.name).collect()
    }

    fn candidate(symbol: &str, name: &str, mic: &str) -> Candidate {
        let id = Uuid::from_u128(symbol.len() as u128 + mic.len() as u128);
        Candidate { id, symbol: symbol.to_owned(), name: name.to_owned(), mic: mic.to_owned(), isin: None }
    }

    #[test]
    fn tickers_are_found_where_they_are_marked() {
        assert_eq!(names("AAPL, NASDAQ:MSFT", ""), ["AAPL", "MSFT"]);
        assert_eq!(
            names("", "Harley-Davidson (HOG) and Ford (NYSE: F) gain; $TSLA, $BRK.B. fall"),
            ["BRK.B", "F", "HOG", "TSLA"]
        );
        assert_eq!(names("", "Paid US$5 and A$AP, $lower, $TOOLONG, $ABC1, (see below), (Q2), THE IPO OF F"), [""; 0]);
    }

    #[test]
    fn an_isin_is_one_by_its_check_digit() {
        assert_eq!(names("", "Bonds of US0378331005 and of GB0002634946."), ["GB0002634946", "US0378331005"]);
        assert_eq!(names("", "US0378331006 ABCDEFGHIJKL US037833100"), [""; 0]);
    }

    #[test]
    fn what_is_not_clear_is_not_linked() {
        let all = [candidate("F", "Ford Motor Company", "XNYS"), candidate("F", "Fabege AB", "XSTO")];
        let meant_by = |symbols: &str, text: &str| {
            let found = mentions(symbols, text, "");
            found
                .iter()
                .filter_map(|mention| meant(mention, &all, text))
                .map(|found| found.mic.clone())
                .collect::<Vec<_>>()
        };
        assert_eq!(meant_by("F", "Cars sell"), [""; 0], "two are called so");
        assert_eq!(meant_by("F", "Ford sells cars"), ["XNYS"]);
        assert_eq!(meant_by("NYSE:F", "Cars sell"), ["XNYS"]);
        assert_eq!(meant_by("", "Ford Motor (F) sells"), ["XNYS"]);
        let ceo = [candidate("CEO", "Cnooc Limited", "XNYS")];
        let text = "Its chief executive (CEO) leaves";
        let found = mentions("", text, "").into_iter().next().expect("a mention");
        assert_eq!(meant(&found, &ceo, text), None, "an abbreviation is no company");
    }
}
