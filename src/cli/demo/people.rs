//! Who can log in to the demo. All of them are made up.

use std::fmt;

use crate::auth::Role;

/// Published in the README: everyone in the demo has it.
pub const PASSWORD: &str = "demo-Portfolio-2022";

/// A firm of the demo.
pub(super) struct Firm {
    pub(super) slug: &'static str,
    pub(super) name: &'static str,
    pub(super) people: [Person; 5],
}

/// Someone who can log in.
pub(super) struct Person {
    /// What stands before the @.
    pub(super) mailbox: &'static str,
    pub(super) name: &'static str,
    pub(super) role: Role,
    /// The currency that figures are shown in.
    pub(super) currency: &'static str,
}

const fn person(mailbox: &'static str, name: &'static str, role: Role, currency: &'static str) -> Person {
    Person { mailbox, name, role, currency }
}

pub(super) static FIRMS: [Firm; 2] = [
    Firm {
        slug: "alpine",
        name: "Alpine Wealth",
        people: [
            person("admin", "Clara Ammann", Role::Admin, "CHF"),
            person("advisor", "Jonas Brunner", Role::Advisor, "CHF"),
            person("investor1", "Mara Keller", Role::Investor, "USD"),
            person("investor2", "Elias Vogt", Role::Investor, "EUR"),
            person("auditor", "Nora Steiner", Role::Auditor, "CHF"),
        ],
    },
    Firm {
        slug: "borealis",
        name: "Borealis Partners",
        people: [
            person("admin", "Signe Lindqvist", Role::Admin, "EUR"),
            person("advisor", "Aino Virtanen", Role::Advisor, "EUR"),
            person("investor1", "Hana Morikawa", Role::Investor, "JPY"),
            person("investor2", "Rohan Deshmukh", Role::Investor, "INR"),
            person("auditor", "Leif Halvorsen", Role::Auditor, "EUR"),
        ],
    },
];

/// Runs the installation and belongs to no firm.
pub(super) const OPERATOR: (&str, &str) = ("operator@platform.example", "Robin Park");

impl Firm {
    pub(super) fn email(&self, person: &Person) -> String {
        format!("{}@{}.example", person.mailbox, self.slug)
    }
}

/// One row of the table of logins, and of `/playground.json`.
pub(super) struct Login {
    pub(super) email: String,
    pub(super) name: &'static str,
    pub(super) role: Role,
    pub(super) tenant: &'static str,
}

/// Everyone, in the order of the table.
pub(super) fn logins() -> Vec<Login> {
    let of_firm = |firm: &'static Firm| {
        firm.people.iter().map(|person| Login {
            email: firm.email(person),
            name: person.name,
            role: person.role,
            tenant: firm.slug,
        })
    };
    let operator = Login { email: OPERATOR.0.to_owned(), name: OPERATOR.1, role: Role::PlatformOperator, tenant: "" };
    FIRMS.iter().flat_map(of_firm).chain([operator]).collect()
}

impl fmt::Display for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tenant = if self.tenant.is_empty() { "-" } else { self.tenant };
        write!(f, "{:28}{:20}{tenant}", self.email, self.role.code())
    }
}
