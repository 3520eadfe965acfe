//! How hard a new password is to guess, as zxcvbn estimates it.

use secrecy::{ExposeSecret, SecretString};
use zxcvbn::{Score, zxcvbn};

/// The least score of a new password, of 4: guessing it takes at least 10⁸ tries.
pub const MIN_SCORE: u8 = 3;
/// As much as is looked at: the estimate's time grows faster than the length.
const MAX_CHARS: usize = 72;
/// Of what is known of the person, as many words.
const MAX_INPUTS: usize = 16;

/// A password that is too easy to guess.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Weakness {
    /// From 0 (a known password) to 2 (guessed within hours).
    pub score: u8,
    /// What is wrong with it and how to choose a better one, in sentences.
    pub advice: String,
}

/// Estimates a password. `known` is what others know of the person: a password that is made of it is easy to guess.
pub fn weakness(password: &SecretString, known: &[String]) -> Option<Weakness> {
    let password: String = password.expose_secret().chars().take(MAX_CHARS).collect();
    let words: Vec<String> = known
        .iter()
        .flat_map(|text| text.split(|c: char| !c.is_alphanumeric()).chain([text.as_str()]))
        .filter(|word| word.chars().count() > 2)
        .map(str::to_lowercase)
        .take(MAX_INPUTS)
        .collect();
    let inputs: Vec<&str> = words.iter().map(String::as_str).collect();
    let estimate = zxcvbn(&password, &inputs);
    let score = u8::from(estimate.score());
    if estimate.score() >= Score::Three {
        return None;
    }
    let mut advice = Vec::new();
    if let Some(feedback) = estimate.feedback() {
        advice.extend(feedback.warning().map(|warning| warning.to_string()));
        advice.extend(feedback.suggestions().iter().map(ToString::to_string));
    }
    Some(Weakness { score, advice: advice.join(" ") })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn score(password: &str, known: &[&str]) -> Option<u8> {
        let known: Vec<String> = known.iter().map(|&text| text.to_owned()).collect();
        weakness(&password.into(), &known).map(|weakness| weakness.score)
    }

    #[test]
    fn what_everybody_tries_first_is_weak_and_says_why() {
        for password in ["password", "Passw0rd!", "12345678", "qwertzuiop", "aaaaaaaaaaaa", "summer2024"] {
            let weakness = weakness(&password.into(), &[]).unwrap_or_else(|| panic!("{password} is taken"));
            assert!(!weakness.advice.is_empty(), "{password}");
        }
        assert_eq!(score("password", &[]), Some(0));
    }

    #[test]
    fn what_is_hard_to_guess_is_taken() {
        for password in ["correct horse battery", "demo-Portfolio-2022", "xK9#mQ2$vL", "Fünf rote Äpfel im Keller"] {
            assert_eq!(score(password, &[]), None, "{password}");
        }
        assert_eq!(score(&"🦀 ferris ".repeat(500), &[]), None, "long ones take no longer");
    }

    #[test]
    fn what_is_made_of_the_persons_own_name_is_weak() {
        let known = &["Signe Lindqvist", "signe.lindqvist@borealis.example"];
        assert!(score("LindqvistSigne", known).is_some());
        assert!(score("signelindqvist", known).is_some());
    }
}
