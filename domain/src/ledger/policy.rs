//! What a portfolio decides about its books.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use crate::id::AccountId;
use crate::money::Currency;

/// Which open lot a disposal uses first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LotMethod {
    /// The oldest.
    Fifo,
    /// The newest.
    Lifo,
    /// The one of the highest unit cost in the instrument's currency; of equal ones the oldest.
    Hifo,
    /// The one of the lowest unit cost in the instrument's currency; of equal ones the oldest.
    Lofo,
    /// All of them at their average cost. Units are taken from the oldest lot, so that holding periods are known.
    Average,
    /// Only those that the disposal names, or all that are held: a choice is never guessed. An entry that cannot name any (an
    /// option's exercise or expiry, an exercise of rights, a merger, what income in units covers) uses the oldest.
    Specific,
}

/// Which lots stand in one queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LotScope {
    /// Those of one account: lots never cross accounts but by a transfer.
    Account,
    /// Those of the whole portfolio: a sale in one account may use a lot that another one bought. The units leave the
    /// account that sells; cost is shown by account in proportion to its units.
    Portfolio,
}

/// Where the fees and taxes of a trade are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TradeCharges {
    /// In the cost of a purchase, off the proceeds of a sale.
    InCost,
    /// Expensed: cost and proceeds are gross.
    Expensed,
}

/// What a sale of more than is held means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Oversell {
    /// It is refused.
    Refuse,
    /// The rest is sold short.
    GoShort,
    /// What is there is taken; the rest is sold at no cost and reported as missing.
    TakeHeld,
}

/// How an amount is posted to a cash balance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Postings {
    /// Rounded to the currency's minor unit, as a bank does.
    MinorUnit,
    /// To the money scale, as records do that keep fractions of a cent.
    Exact,
}

/// What a portfolio decides about its books.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Policy {
    /// The currency of every `…_base` figure.
    pub base: Currency,
    /// The lot method of accounts that have none of their own.
    pub method: LotMethod,
    /// The lot methods of single accounts; not read where lots are pooled.
    pub methods: BTreeMap<AccountId, LotMethod>,
    /// Which lots stand in one queue.
    pub scope: LotScope,
    /// Where the fees and taxes of a trade are counted.
    pub charges: TradeCharges,
    /// What a sale of more than is held means.
    pub oversell: Oversell,
    /// A rest of at most so many units is none: what fractions of many digits leave over. Zero or more.
    pub dust: Decimal,
    /// How an amount is posted to a cash balance.
    pub postings: Postings,
}

impl Policy {
    /// First in, first out, by account, charges in cost, oversells refused, no dust, postings in minor units.
    pub fn new(base: Currency) -> Self {
        Self {
            base,
            method: LotMethod::Fifo,
            methods: BTreeMap::new(),
            scope: LotScope::Account,
            charges: TradeCharges::InCost,
            oversell: Oversell::Refuse,
            dust: Decimal::ZERO,
            postings: Postings::MinorUnit,
        }
    }

    /// The lot method of an account.
    pub fn method_of(&self, account: AccountId) -> LotMethod {
        match self.scope {
            LotScope::Account => self.methods.get(&account).copied().unwrap_or(self.method),
            LotScope::Portfolio => self.method,
        }
    }
}
