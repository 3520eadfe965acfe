//! What belongs to instruments: identifiers, sectors, terms of bonds.

use async_graphql::{Enum, SimpleObject};

use crate::graphql::scalars::{Date, Decimal};
use crate::storage::instrument::BondTerms as BondRow;
use crate::storage::instrument::identifier::Identifier as IdentifierRow;
use crate::storage::instrument::sector::Sector as SectorRow;

/// How an instrument is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "domain::identifier::Scheme")]
pub enum IdentifierScheme {
    /// International Securities Identification Number, of a security wherever it trades.
    Isin,
    /// Of a security of North America, by CUSIP Global Services.
    Cusip,
    /// Financial Instrument Global Identifier, of a security on one market.
    Figi,
    /// The FIGI of a security in one country.
    CompositeFigi,
    /// The FIGI of a share class wherever it trades.
    ShareClassFigi,
    /// A symbol on a market.
    Ticker,
    /// A provider's own symbol.
    Provider,
}

/// An identifier of an instrument, from a day on and until before another.
#[derive(Clone, Debug, SimpleObject)]
pub struct Identifier {
    /// The kind of identifier.
    scheme: IdentifierScheme,
    /// The identifier.
    value: String,
    /// The market of a ticker by its ISO 10383 code; null for the others.
    mic: Option<String>,
    /// The provider of a provider's symbol; null for the others.
    provider: Option<String>,
    /// The first day; null where it has held for as long as is known.
    valid_from: Option<Date>,
    /// The first day that it no longer held on; null where it still does.
    valid_until: Option<Date>,
}

impl From<IdentifierRow> for Identifier {
    fn from(row: IdentifierRow) -> Self {
        let qualifier = |of: domain::identifier::Scheme| (row.scheme == of).then(|| row.qualifier.clone());
        Self {
            mic: qualifier(domain::identifier::Scheme::Ticker),
            provider: qualifier(domain::identifier::Scheme::Provider),
            scheme: row.scheme.into(),
            value: row.value,
            valid_from: row.valid_from.map(Date),
            valid_until: row.valid_until.map(Date),
        }
    }
}

/// How wide a part of the economy is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum SectorLevel {
    /// The widest.
    Sector,
    /// A part of a sector.
    IndustryGroup,
    /// A part of an industry group, or of a sector where the group is not known.
    Industry,
}

/// A part of the economy.
#[derive(Clone, Debug, SimpleObject)]
pub struct Sector {
    /// Its code.
    code: String,
    /// Its name.
    name: String,
    /// How wide it is.
    level: SectorLevel,
    /// Who divides so: `OWN` for the sectors of this installation, `GICS_LIKE` for those of a list that follows the names of the
    /// Global Industry Classification Standard.
    scheme: String,
    /// The code of what it is a part of; null for a sector.
    parent_code: Option<String>,
}

impl From<SectorRow> for Sector {
    fn from(row: SectorRow) -> Self {
        let SectorRow { code, name, level, scheme, parent_code } = row;
        let level = match level.as_str() {
            "INDUSTRY" => SectorLevel::Industry,
            "INDUSTRY_GROUP" => SectorLevel::IndustryGroup,
            _ => SectorLevel::Sector,
        };
        Self { code, name, level, scheme, parent_code }
    }
}

/// How days are counted for a bond's interest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum DayCount {
    /// 30/360, bond basis: each month has 30 days.
    #[graphql(name = "THIRTY_360")]
    Thirty360,
    /// 30E/360: as before, and the 31st always counts as the 30th.
    #[graphql(name = "THIRTY_E_360")]
    ThirtyE360,
    /// Days as they are, of a year of 360.
    #[graphql(name = "ACT_360")]
    Act360,
    /// Days as they are, of a year of 365.
    #[graphql(name = "ACT_365_FIXED")]
    Act365Fixed,
    /// Days as they are, of the coupon's period.
    ActActIcma,
    /// Days as they are, of each year's own length.
    ActActIsda,
}

impl DayCount {
    const CODES: [(&'static str, Self); 6] = [
        ("THIRTY_360", Self::Thirty360),
        ("THIRTY_E_360", Self::ThirtyE360),
        ("ACT_360", Self::Act360),
        ("ACT_365_FIXED", Self::Act365Fixed),
        ("ACT_ACT_ICMA", Self::ActActIcma),
        ("ACT_ACT_ISDA", Self::ActActIsda),
    ];

    /// The code that it is stored under.
    pub fn code(self) -> &'static str {
        Self::CODES.iter().find(|(_, of)| *of == self).map_or("", |(code, _)| code)
    }

    /// What is stored under a code.
    pub fn of_code(code: &str) -> Option<Self> {
        Self::CODES.iter().find(|(of, _)| *of == code).map(|(_, day_count)| *day_count)
    }
}

/// What a bond pays, and when.
#[derive(Clone, Debug, SimpleObject)]
pub struct BondTerms {
    /// The coupons of a year as a fraction of the face: 0.05 is 5 %.
    coupon_rate: Decimal,
    /// Coupons a year: 0 (none), 1, 2, 4 or 12.
    coupon_frequency: i32,
    /// How days are counted.
    day_count: Option<DayCount>,
    /// The day that the face is paid back.
    maturity: Date,
    /// What a unit pays back, in the bond's currency; above zero.
    face: Decimal,
}

impl From<BondRow> for BondTerms {
    fn from(row: BondRow) -> Self {
        Self {
            coupon_rate: Decimal(row.coupon_rate.normalize()),
            coupon_frequency: row.coupon_frequency.into(),
            day_count: DayCount::of_code(&row.day_count),
            maturity: Date(row.maturity),
            face: Decimal(row.face.normalize()),
        }
    }
}
