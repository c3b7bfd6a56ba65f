//! Where a subject breaks a contract, and is known to.
//!
//! Every entry is asserted: the subject has to break the contract, and in this way. Every entry is
//! a row of a table in docs/REGION.md as well, and there are no other rows.

mod ministack;
mod moto;
mod region;

use crate::contract::Contract;
use crate::subject::Kind;

/// A contract that a subject is known to break.
pub(crate) struct Difference {
    /// The service.
    pub(crate) service: &'static str,
    /// The contract.
    pub(crate) contract: &'static str,
    /// Part of what the contract says when it is broken.
    pub(crate) shows: &'static str,
    /// What the subject does instead, and for ours why.
    pub(crate) reason: &'static str,
    /// Where AWS documents what the contract asks for.
    pub(crate) source: &'static str,
}

/// The differences of a subject.
pub(crate) fn of(subject: Kind) -> &'static [Difference] {
    match subject {
        Kind::Region => region::DIFFERENCES,
        Kind::Moto => moto::DIFFERENCES,
        Kind::Ministack => ministack::DIFFERENCES,
    }
}

/// What is known of a subject and a contract.
pub(crate) fn known(subject: Kind, contract: &Contract) -> Option<&'static Difference> {
    of(subject).iter().find(|difference| {
        difference.service == contract.service && difference.contract == contract.name
    })
}
