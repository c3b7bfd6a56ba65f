//! What a contract is, and how it becomes a test for each subject.

use std::fmt;
use std::future::Future;
use std::pin::Pin;

use crate::differences;
use crate::subject::{Kind, Subject};

/// What comes of a contract: how it was broken, if it was.
pub(crate) type Outcome = anyhow::Result<()>;

/// Assertions about one behaviour of a service.
#[derive(Clone, Copy)]
pub(crate) struct Contract {
    /// The service, as the AWS CLI names it.
    pub(crate) service: &'static str,
    /// What holds, as a sentence.
    pub(crate) name: &'static str,
    /// Who has to keep it.
    pub(crate) subjects: &'static [Kind],
    /// Tries it.
    pub(crate) run: for<'a> fn(&'a Subject) -> Pin<Box<dyn Future<Output = Outcome> + 'a>>,
}

impl fmt::Display for Contract {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.service, self.name)
    }
}

impl Contract {
    /// Holds a subject to the contract, or to the difference that is known.
    ///
    /// # Panics
    /// Where the contract is broken, and where a known difference is no longer there or shows
    /// in another way than written down.
    pub(crate) fn hold(&self, kind: Kind) {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        let outcome = runtime.block_on(async {
            let subject = Subject::open(kind).await;
            (self.run)(&subject).await
        });
        match (differences::known(kind, self), outcome) {
            (None, Ok(())) => {}
            (None, Err(broken)) => panic!("{kind} breaks a contract\n  {self}\n  {broken:#}"),
            (Some(known), Ok(())) => panic!(
                "{kind} keeps a contract that it is known to break: remove the difference from \
                 differences.rs and docs/REGION.md\n  {self}\n  {}",
                known.reason
            ),
            (Some(known), Err(broken)) => {
                let shown = format!("{broken:#}");
                assert!(
                    shown.contains(known.shows),
                    "{kind} breaks a contract in another way than it is known to\n  {self}\n  \
                     known: {}\n  shown: {shown}",
                    known.shows
                );
            }
        }
    }
}

/// Makes contracts of the functions with these names, and a test of each of them for each subject.
macro_rules! contracts {
    ($service:literal, [$($subject:ident),+ $(,)?], $contracts:tt) => {
        contracts!(@list $service, [$($subject),+], $contracts);
        $(contracts!(@tests $subject, $contracts);)+
    };
    (@list $service:literal, $subjects:tt, [$($contract:ident),+ $(,)?]) => {
        /// The contracts of this module.
        pub(crate) const CONTRACTS: &[crate::contract::Contract] = &[$(crate::contract::Contract {
            service: $service,
            name: stringify!($contract),
            subjects: contracts!(@kinds $subjects),
            run: |subject| Box::pin($contract(subject)),
        }),+];
    };
    (@kinds [$($subject:ident),+]) => { &[$(contracts!(@kind $subject)),+] };
    (@kind region) => { crate::subject::Kind::Region };
    (@kind moto) => { crate::subject::Kind::Moto };
    (@kind ministack) => { crate::subject::Kind::Ministack };
    (@tests $subject:ident, [$($contract:ident),+ $(,)?]) => {
        mod $subject {
            $(#[test]
            fn $contract() {
                let name = stringify!($contract);
                let contract = super::CONTRACTS.iter().find(|contract| contract.name == name);
                contract.unwrap().hold(contracts!(@kind $subject));
            })+
        }
    };
}
