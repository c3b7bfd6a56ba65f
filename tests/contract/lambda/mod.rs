//! Lambda. Source: AWS Lambda API Reference, version 2015-03-31.

mod functions;
mod invoke;

use crate::contract::Contract;

pub(crate) fn contracts() -> Vec<&'static Contract> {
    let modules = [functions::CONTRACTS, invoke::CONTRACTS];
    modules.into_iter().flatten().collect()
}
