//! A tenant's own instruments: what it holds and no market lists.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use domain::identifier::Scheme;
use domain::money::Currency;
use rust_decimal::Decimal;
use serde_json::{Value, json};
use uuid::Uuid;

use super::idempotency::IdempotencyKey;
use super::{Caller, Done, RefusalCode, ServiceError, Services, access, settle};
use crate::auth::Permission;
use crate::storage::instrument::{self, BondTerms, Instrument, private, sector};
use crate::storage::instrument_load::NO_MARKET;
use crate::tenancy::{Session, Tenant};

/// As many as a tenant may have: they are looked through one by one.
const MAX_OWN: u64 = 10_000;
/// Characters of a symbol and of a name.
const MAX_SYMBOL: usize = 32;
const MAX_NAME: usize = 200;
/// Coupons a year.
const FREQUENCIES: [i16; 5] = [0, 1, 2, 4, 12];

/// What can be said of an instrument, and be changed.
#[derive(Clone, Debug)]
pub struct Description {
    /// What it is called by.
    pub symbol: String,
    /// Its name.
    pub name: String,
    /// The ISO 3166 code of its country.
    pub country: Option<String>,
    /// Its ISIN.
    pub isin: Option<String>,
    /// The code of a sector that is known.
    pub sector: Option<String>,
    /// What a bond pays.
    pub bond: Option<BondTerms>,
}

/// An instrument to add: what is decided once, and its description.
#[derive(Clone, Debug)]
pub struct NewInstrument {
    /// STOCK, ETF, FUND, CRYPTO, BOND or PRIVATE.
    pub asset_type: &'static str,
    /// What it is priced in.
    pub currency: Currency,
    /// Money per unit of quantity and price.
    pub price_multiplier: Decimal,
    /// The rest.
    pub description: Description,
}

fn refuse(code: RefusalCode, field: &str, message: impl Into<String>) -> ServiceError {
    ServiceError::refused(code, &["input", field], message)
}

impl Services {
    /// Adds an instrument of the tenant's own.
    pub async fn instrument_create(
        &self,
        caller: &Caller,
        new: NewInstrument,
        key: Option<IdempotencyKey>,
    ) -> Result<Instrument, ServiceError> {
        access::require(&caller.actor, Permission::PricesManage)?;
        let session = self.write(caller).await?;
        let result = async {
            if let Some(answer) = self.earlier_answer(&session, key.as_ref()).await? {
                return self.earlier_instrument(&session, &answer).await;
            }
            let owned = private::count(&session).await?;
            if owned >= MAX_OWN {
                let message = format!("{owned} instruments of the firm's own: {MAX_OWN} at the most");
                return Err(refuse(RefusalCode::LimitReached, "symbol", message));
            }
            if instrument::known_currencies(&session, &BTreeSet::from([new.currency])).await?.is_empty() {
                let message = format!("{} is no currency that is known here", new.currency);
                return Err(refuse(RefusalCode::NotFound, "currency", message));
            }
            if new.price_multiplier <= Decimal::ZERO {
                let message = format!("a multiplier of {}: it must be above zero", new.price_multiplier);
                return Err(refuse(RefusalCode::InvalidInput, "priceMultiplier", message));
            }
            let empty = Instrument {
                id: self.environment.ids.next(),
                symbol: String::new(),
                name: String::new(),
                asset_type: new.asset_type.to_owned(),
                mic: NO_MARKET.to_owned(),
                currency: new.currency,
                quote_unit: new.currency.to_string(),
                country: None,
                isin: None,
                sector_code: None,
                industry_code: None,
                listed_on: None,
                delisted_on: None,
                delisted: false,
                price_multiplier: new.price_multiplier,
                manually_priced: true,
                option: None,
                bond: None,
                own_version: Some(1),
            };
            let added = self.described(&session, empty, new.description).await?;
            let taken = || refuse(RefusalCode::AlreadyExists, "symbol", format!("{} is there already", added.symbol));
            if !private::add(&session, &added, self.environment.clock.now()).await? {
                return Err(taken());
            }
            let done = Done {
                action: "instrumentCreate",
                entity_type: "Instrument",
                entity_id: added.id,
                before: None,
                after: Some(shown(&added)),
            };
            self.audit(&session, caller, done).await?;
            self.remember(&session, key.as_ref(), json!({ "id": added.id })).await?;
            Ok(added)
        }
        .await;
        settle(session, result).await
    }

    /// Describes an instrument of the tenant's own anew.
    pub async fn instrument_update(
        &self,
        caller: &Caller,
        id: Uuid,
        expected_version: i64,
        description: Description,
        key: Option<IdempotencyKey>,
    ) -> Result<Instrument, ServiceError> {
        access::require(&caller.actor, Permission::PricesManage)?;
        let session = self.write(caller).await?;
        let result = async {
            if let Some(answer) = self.earlier_answer(&session, key.as_ref()).await? {
                return self.earlier_instrument(&session, &answer).await;
            }
            let unknown =
                || ServiceError::refused(RefusalCode::NotFound, &["id"], "no such instrument of the firm's own");
            let before = private::lock(&session, id).await?.ok_or_else(unknown)?;
            let version = before.own_version.unwrap_or_default();
            if version != expected_version {
                let message = format!("the instrument has version {version}, not {expected_version}");
                return Err(ServiceError::refused(RefusalCode::VersionConflict, &["expectedVersion"], message));
            }
            let changed = Instrument { own_version: Some(version + 1), ..before.clone() };
            let changed = self.described(&session, changed, description).await?;
            private::update(&session, &changed, self.environment.clock.now()).await?;
            let done = Done {
                action: "instrumentUpdate",
                entity_type: "Instrument",
                entity_id: id,
                before: Some(shown(&before)),
                after: Some(shown(&changed)),
            };
            self.audit(&session, caller, done).await?;
            self.remember(&session, key.as_ref(), json!({ "id": id })).await?;
            Ok(changed)
        }
        .await;
        settle(session, result).await
    }

    async fn earlier_instrument(&self, session: &Session<Tenant>, answer: &Value) -> Result<Instrument, ServiceError> {
        let id = answer["id"].as_str().and_then(|id| id.parse().ok()).unwrap_or_default();
        let found = private::by_ids(session, &[id]).await?.pop();
        found.ok_or_else(|| ServiceError::Internal("a stored answer names no instrument".to_owned()))
    }

    /// The instrument with a description that is checked.
    async fn described(
        &self,
        session: &Session<Tenant>,
        instrument: Instrument,
        description: Description,
    ) -> Result<Instrument, ServiceError> {
        let Description { symbol, name, country, isin, sector, bond } = description;
        let symbol = check_text(&symbol, MAX_SYMBOL, "symbol")?;
        let name = check_text(&name, MAX_NAME, "name")?;
        if symbol != instrument.symbol {
            self.check_symbol(session, instrument.id, &symbol).await?;
        }
        if let Some(isin) = &isin {
            let wrong = |error: domain::identifier::InvalidIdentifier| {
                refuse(RefusalCode::InvalidInput, "isin", error.to_string())
            };
            Scheme::Isin.check(isin).map_err(wrong)?;
        }
        if let Some(country) = &country
            && !(country.len() == 2 && country.bytes().all(|byte| byte.is_ascii_uppercase()))
        {
            let message = format!("{country} is no code of ISO 3166: two capital letters are expected");
            return Err(refuse(RefusalCode::InvalidInput, "country", message));
        }
        if let Some(code) = &sector
            && sector::paths(session, vec![code.clone()]).await?.is_empty()
        {
            return Err(refuse(RefusalCode::NotFound, "sector", format!("there is no sector {code}")));
        }
        if let Some(bond) = &bond {
            check_bond(bond, &instrument)?;
        }
        Ok(Instrument {
            symbol,
            name,
            country,
            isin,
            industry_code: sector.clone(),
            sector_code: sector,
            bond,
            ..instrument
        })
    }

    /// A symbol that something else has would leave open what a row of an import means.
    async fn check_symbol(&self, session: &Session<Tenant>, own: Uuid, symbol: &str) -> Result<(), ServiceError> {
        let today: NaiveDate = self.environment.clock.today();
        let listed = instrument::by_symbols(session, &[symbol.to_owned()]).await?;
        let taken = listed
            .iter()
            .find(|listing| listing.holds_on(today) && !listing.instrument.delisted && listing.instrument.id != own);
        match taken.map(|listing| &listing.instrument) {
            None => Ok(()),
            Some(other) if other.is_private() => {
                Err(refuse(RefusalCode::AlreadyExists, "symbol", format!("{symbol} is there already: {}", other.name)))
            }
            Some(other) => {
                let message = format!("{symbol} is listed on {}: {}", other.mic, other.name);
                Err(refuse(RefusalCode::AlreadyExists, "symbol", message))
            }
        }
    }
}

fn check_text(text: &str, most: usize, field: &str) -> Result<String, ServiceError> {
    let text = text.trim();
    let length = text.chars().count();
    if (1..=most).contains(&length) && !text.chars().any(char::is_control) {
        return Ok(text.to_owned());
    }
    let message = format!("{length} characters: 1 to {most} that can be printed are allowed");
    Err(refuse(RefusalCode::InvalidInput, field, message))
}

fn check_bond(bond: &BondTerms, instrument: &Instrument) -> Result<(), ServiceError> {
    let wrong = |field: &str, message: String| {
        Err(ServiceError::refused(RefusalCode::InvalidInput, &["input", "bond", field], message))
    };
    if instrument.asset_type != "BOND" {
        return Err(refuse(RefusalCode::InvalidInput, "bond", "only a bond has terms of a bond"));
    }
    if bond.coupon_rate.is_sign_negative() && !bond.coupon_rate.is_zero() {
        return wrong("couponRate", format!("a rate of {}: it must be zero or more", bond.coupon_rate));
    }
    if !FREQUENCIES.contains(&bond.coupon_frequency) {
        return wrong(
            "couponFrequency",
            format!("{} coupons a year: 0, 1, 2, 4 or 12 are allowed", bond.coupon_frequency),
        );
    }
    if bond.face <= Decimal::ZERO {
        return wrong("face", format!("a face of {}: it must be above zero", bond.face));
    }
    let par = Decimal::ONE_HUNDRED.checked_mul(instrument.price_multiplier);
    if par != Some(bond.face) {
        let multiplier = instrument.price_multiplier;
        let message = format!(
            "a face of {}: it must be 100 × the price multiplier of {multiplier}, since a bond is quoted per 100 of face",
            bond.face
        );
        return wrong("face", message);
    }
    Ok(())
}

fn shown(instrument: &Instrument) -> Value {
    let bond = instrument.bond.as_ref().map(|bond| {
        json!({
            "couponRate": bond.coupon_rate.to_string(), "couponFrequency": bond.coupon_frequency,
            "dayCount": bond.day_count, "maturity": bond.maturity, "face": bond.face.to_string(),
        })
    });
    json!({
        "symbol": instrument.symbol, "name": instrument.name, "assetType": instrument.asset_type,
        "currency": instrument.currency.to_string(), "priceMultiplier": instrument.price_multiplier.to_string(),
        "country": instrument.country, "isin": instrument.isin, "sector": instrument.sector_code, "bond": bond,
    })
}
