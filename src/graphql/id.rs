//! Ids as clients see them: opaque, and prefixed with what they are the id of, so that one cannot be taken for another.

use std::fmt;

use async_graphql::{ID, Result};
use aws_lc_rs::digest;
use domain::id::{AccountId, InstrumentId, TransactionId};
use uuid::Uuid;

use super::error::ErrorCode;

/// What an id is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Account,
    ApiKey,
    AuditEntry,
    CorporateAction,
    Event,
    HeldMarketRow,
    HeldTransaction,
    ImportBatch,
    Instrument,
    Invitation,
    Job,
    JobRun,
    Lot,
    News,
    Portfolio,
    QualityFinding,
    RefreshRun,
    Replay,
    Schedule,
    Session,
    Simulation,
    StressScenario,
    Succession,
    Tenant,
    Transaction,
    User,
    XrayRule,
}

impl Kind {
    const ALL: [Self; 27] = [
        Self::Account,
        Self::ApiKey,
        Self::AuditEntry,
        Self::CorporateAction,
        Self::Event,
        Self::HeldMarketRow,
        Self::HeldTransaction,
        Self::ImportBatch,
        Self::Instrument,
        Self::Invitation,
        Self::Job,
        Self::JobRun,
        Self::Lot,
        Self::News,
        Self::Portfolio,
        Self::QualityFinding,
        Self::RefreshRun,
        Self::Replay,
        Self::Schedule,
        Self::Session,
        Self::Simulation,
        Self::StressScenario,
        Self::Succession,
        Self::Tenant,
        Self::Transaction,
        Self::User,
        Self::XrayRule,
    ];

    const fn prefix(self) -> &'static str {
        match self {
            Self::Account => "acc",
            Self::ApiKey => "key",
            Self::AuditEntry => "aud",
            Self::CorporateAction => "act",
            Self::Event => "evt",
            Self::HeldMarketRow => "hmr",
            Self::HeldTransaction => "hld",
            Self::ImportBatch => "imp",
            Self::Instrument => "ins",
            Self::Invitation => "ivt",
            Self::Job => "job",
            Self::JobRun => "run",
            Self::Lot => "lot",
            Self::News => "nws",
            Self::Portfolio => "pf",
            Self::QualityFinding => "qf",
            Self::RefreshRun => "run",
            Self::Replay => "rpl",
            Self::Schedule => "sch",
            Self::Session => "ses",
            Self::Simulation => "sim",
            Self::StressScenario => "str",
            Self::Succession => "suc",
            Self::Tenant => "ten",
            Self::Transaction => "txn",
            Self::User => "usr",
            Self::XrayRule => "xrr",
        }
    }

    /// The id of a thing of this kind.
    pub fn id(self, id: Uuid) -> ID {
        ID(format!("{}_{}", self.prefix(), id.simple()))
    }

    /// The id that the argument `argument` holds, if it is of this kind.
    pub fn parse(self, id: &ID, argument: &str) -> Result<Uuid> {
        match parse(id) {
            Some((kind, id)) if kind == self => Ok(id),
            Some((kind, _)) => Err(ErrorCode::BadUserInput
                .error(format!("{argument}: the id of {kind} stands where that of {self} belongs"))),
            None => {
                Err(ErrorCode::BadUserInput.error(format!("{argument}: \"{}\" is no id of this server", shorten(id))))
            }
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let article = match self {
            Self::Account
            | Self::ApiKey
            | Self::AuditEntry
            | Self::Event
            | Self::ImportBatch
            | Self::Instrument
            | Self::Invitation
            | Self::XrayRule => "an",
            Self::CorporateAction
            | Self::HeldMarketRow
            | Self::HeldTransaction
            | Self::Job
            | Self::JobRun
            | Self::Lot
            | Self::News
            | Self::Portfolio
            | Self::QualityFinding
            | Self::RefreshRun
            | Self::Replay
            | Self::Schedule
            | Self::Session
            | Self::Simulation
            | Self::StressScenario
            | Self::Succession
            | Self::Tenant
            | Self::Transaction
            | Self::User => "a",
        };
        write!(f, "{article} {self:?}")
    }
}

/// What an id says, whatever it is of.
pub fn parse(id: &ID) -> Option<(Kind, Uuid)> {
    let (prefix, uuid) = id.split_once('_')?;
    let kind = Kind::ALL.into_iter().find(|kind| kind.prefix() == prefix)?;
    let is_canonical =
        uuid.len() == 32 && uuid.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
    if !is_canonical {
        return None;
    }
    Uuid::try_parse(uuid).ok().map(|uuid| (kind, uuid))
}

/// The id of a lot, made of what tells it apart: what opened it, where it lies, which of that transaction's it is there.
pub fn of_lot(opened_by: TransactionId, account: AccountId, instrument: InstrumentId, ordinal: u32) -> ID {
    let mut key = digest::Context::new(&digest::SHA256);
    for part in [opened_by.uuid(), account.uuid(), instrument.uuid()] {
        key.update(part.as_bytes());
    }
    key.update(&ordinal.to_be_bytes());
    let mut bytes = [0; 16];
    bytes.iter_mut().zip(key.finish().as_ref()).for_each(|(byte, hashed)| *byte = *hashed);
    Kind::Lot.id(Uuid::from_bytes(bytes))
}

fn shorten(id: &ID) -> String {
    id.chars().take(60).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_read_only_as_what_it_is() {
        let id = Kind::Portfolio.id(Uuid::from_u128(7));
        assert_eq!(parse(&id), Some((Kind::Portfolio, Uuid::from_u128(7))));
        assert!(Kind::Account.parse(&id, "accountId").is_err());
        for bad in
            ["", "pf", "pf_", "pf_1", "xx_00000000000000000000000000000007", "pf_0000000000000000000000000000000G"]
        {
            assert_eq!(parse(&ID::from(bad)), None, "{bad}");
        }
    }
}
