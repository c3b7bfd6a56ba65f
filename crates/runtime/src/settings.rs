//! A function's settings: a pure reading of its environment variables.
//!
//! All variables are read before the first error is reported, so that a wrong deployment is
//! corrected in one go. Nothing is inferred: not the Region, not an endpoint.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use domain::AccountId;
use domain::failure::{Class, Failure};

/// Environment variables by name.
pub type Variables = BTreeMap<String, String>;

/// The process's own variables; those that are not Unicode are left out.
#[must_use]
pub fn environment() -> Variables {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect()
}

/// Everything that is wrong with a function's settings.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", problems.join("; "))]
pub struct SettingsError {
    problems: Vec<String>,
}

/// Reads variables and collects what is wrong with them.
#[derive(Debug)]
pub struct Reader<'a> {
    variables: &'a Variables,
    problems: Vec<String>,
}

impl<'a> Reader<'a> {
    /// A reader of these variables.
    #[must_use]
    pub fn new(variables: &'a Variables) -> Self {
        Self {
            variables,
            problems: Vec::new(),
        }
    }

    /// A variable that may be missing; an empty one counts as missing.
    #[must_use]
    pub fn optional(&self, name: &str) -> Option<&'a str> {
        self.variables
            .get(name)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    }

    /// A variable that must be there; empty text and a problem where it is not.
    pub fn required(&mut self, name: &str, expected: &str) -> String {
        match self.optional(name) {
            Some(value) => value.to_owned(),
            None => {
                self.refuse(name, format!("is not set, expected {expected}"));
                String::new()
            }
        }
    }

    /// A variable that may be missing, as a validated value.
    pub fn parsed<T>(&mut self, name: &str) -> Option<T>
    where
        T: FromStr,
        T::Err: fmt::Display,
    {
        match self.optional(name)?.parse() {
            Ok(value) => Some(value),
            Err(error) => {
                self.refuse(name, error);
                None
            }
        }
    }

    /// Notes what is wrong with a variable.
    pub fn refuse(&mut self, name: &str, problem: impl fmt::Display) {
        self.problems
            .push(format!("environment variable {name}: {problem}"));
    }

    /// The settings, if nothing was wrong.
    ///
    /// # Errors
    /// Everything that was.
    pub fn finish<T>(self, settings: T) -> Result<T, SettingsError> {
        if self.problems.is_empty() {
            Ok(settings)
        } else {
            Err(SettingsError {
                problems: self.problems,
            })
        }
    }
}

/// Where the function runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Habitat {
    /// In AWS.
    Deployed,
    /// On a machine of ours, against the embedded Region on loopback.
    Embedded,
}

impl Habitat {
    /// Keeps drills and reality apart: a drill's executable must not touch a real account, whatever
    /// credentials lie around, and a deployed one must not take orders made for a drill.
    ///
    /// # Errors
    /// [`Class::WrongAccount`] where the account does not belong to the habitat.
    pub fn admit(self, account: &AccountId) -> Result<(), Failure> {
        let refusal = match (self, account.is_embedded()) {
            (Self::Deployed, false) | (Self::Embedded, true) => return Ok(()),
            (Self::Deployed, true) => format!(
                "account {account} is the embedded Region's, expected a real one: this function has no loopback endpoint, so it is deployed"
            ),
            (Self::Embedded, false) => format!(
                "account {account} is a real one, expected {}: this function's endpoint is loopback, so it runs in a drill; unset AWS_ENDPOINT_URL to deploy it",
                AccountId::embedded()
            ),
        };
        Err(Failure::new(Class::WrongAccount, refusal))
    }
}

/// The services that a function may call, as the AWS SDKs name them in `AWS_ENDPOINT_URL_<SERVICE>`.
const SERVICES: [&str; 5] = [
    "ARC_ZONAL_SHIFT",
    "AUTO_SCALING",
    "CLOUDWATCH",
    "LAMBDA",
    "SNS",
];

/// What every function needs to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The Region to call.
    pub region: String,
    /// Where the function runs.
    pub habitat: Habitat,
    /// The endpoint of every service without one of its own; AWS's own where there is none.
    pub endpoint: Option<String>,
    /// Endpoints of single services, by the name in `AWS_ENDPOINT_URL_<SERVICE>`.
    pub endpoints: BTreeMap<String, String>,
    /// In a drill, whether the Region's clock is the wall clock; where it is not, each invocation tells
    /// the time.
    pub wall_clock: bool,
}

impl Settings {
    /// Reads a function's settings.
    pub fn read(reader: &mut Reader<'_>) -> Self {
        Self::of(reader, &SERVICES)
    }

    /// Reads the settings of what calls these services, named as in `AWS_ENDPOINT_URL_<SERVICE>`.
    pub fn of(reader: &mut Reader<'_>, services: &[&str]) -> Self {
        let region = reader.required("AWS_REGION", "the Region to call; Lambda sets it");
        let endpoint = reader.optional("AWS_ENDPOINT_URL").map(str::to_owned);
        let endpoints: BTreeMap<String, String> = services
            .iter()
            .filter_map(|service| {
                let url = reader.optional(&format!("AWS_ENDPOINT_URL_{service}"))?;
                Some(((*service).to_owned(), url.to_owned()))
            })
            .collect();
        let mut own: Vec<bool> = endpoints.values().map(|url| is_loopback(url)).collect();
        // A service without an endpoint of its own uses the general one, or else AWS's.
        if own.len() < services.len() {
            own.push(endpoint.as_deref().is_some_and(is_loopback));
        }
        let habitat = if own.iter().all(|loopback| *loopback) {
            Habitat::Embedded
        } else {
            Habitat::Deployed
        };
        if habitat == Habitat::Deployed && own.iter().any(|loopback| *loopback) {
            reader.refuse(
                "AWS_ENDPOINT_URL",
                "some services have a loopback endpoint and others do not, expected all or none: half a drill would act on the real account",
            );
        }
        let wall_clock = match reader.optional("EVAC_CLOCK") {
            None => false,
            Some("wall") if habitat == Habitat::Embedded => true,
            Some("wall") => {
                reader.refuse("EVAC_CLOCK", "is set although no endpoint is on loopback, expected it unset: a deployed function has no other clock");
                false
            }
            Some(other) => {
                reader.refuse("EVAC_CLOCK", format!("\"{other}\" is not known, expected wall, or unset where each invocation tells the time"));
                false
            }
        };
        Self {
            region,
            habitat,
            endpoint,
            endpoints,
            wall_clock,
        }
    }
}

fn is_loopback(url: &str) -> bool {
    let authority = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = authority.split(['/', '?', '#']).next().unwrap_or_default();
    // What stands before an @ are credentials, not the host.
    let host = authority.rsplit('@').next().unwrap_or_default();
    let host = match host.strip_prefix('[') {
        Some(v6) => v6.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    host == "localhost"
        || host
            .parse::<std::net::IpAddr>()
            .is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<Settings, SettingsError> {
        let variables = variables
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        let mut reader = Reader::new(&variables);
        let settings = Settings::read(&mut reader);
        reader.finish(settings)
    }

    fn habitat(variables: &[(&str, &str)]) -> Habitat {
        let mut all = vec![("AWS_REGION", "us-east-1")];
        all.extend(variables);
        read(&all).unwrap().habitat
    }

    #[test]
    fn a_function_without_an_endpoint_is_deployed() {
        assert_eq!(habitat(&[]), Habitat::Deployed);
        assert_eq!(
            habitat(&[("AWS_ENDPOINT_URL", "https://vpce-1.example.com")]),
            Habitat::Deployed
        );
    }

    #[test]
    fn a_function_with_loopback_endpoints_runs_in_a_drill() {
        for url in [
            "http://127.0.0.1:4566",
            "http://localhost:4566/x",
            "https://[::1]:4566",
            "http://127.8.8.8",
        ] {
            assert_eq!(
                habitat(&[("AWS_ENDPOINT_URL", url)]),
                Habitat::Embedded,
                "{url}"
            );
        }
    }

    #[test]
    fn what_only_looks_like_loopback_is_not() {
        for url in [
            "http://127.0.0.1.example.com",
            "http://localhost@example.com",
            "http://localhost.example.com:1",
        ] {
            assert_eq!(
                habitat(&[("AWS_ENDPOINT_URL", url)]),
                Habitat::Deployed,
                "{url}"
            );
        }
    }

    #[test]
    fn a_general_endpoint_is_not_missed_where_every_service_has_its_own() {
        let names: Vec<String> = SERVICES
            .iter()
            .map(|service| format!("AWS_ENDPOINT_URL_{service}"))
            .collect();
        let own: Vec<(&str, &str)> = names
            .iter()
            .map(|name| (name.as_str(), "http://127.0.0.1:1"))
            .collect();
        assert_eq!(habitat(&own), Habitat::Embedded);
    }

    #[test]
    fn half_a_drill_is_refused() {
        let error = read(&[
            ("AWS_REGION", "us-east-1"),
            ("AWS_ENDPOINT_URL_LAMBDA", "http://127.0.0.1:1"),
        ])
        .unwrap_err();
        assert!(
            error.to_string().contains("expected all or none"),
            "{error}"
        );
    }

    #[test]
    fn the_wall_clock_is_a_drills_only_where_it_says_so() {
        let clock = |more: &[(&str, &str)]| {
            let mut all = vec![("AWS_REGION", "us-east-1")];
            all.extend(more);
            read(&all).map(|settings| settings.wall_clock)
        };
        let loopback = ("AWS_ENDPOINT_URL", "http://127.0.0.1:1");
        assert_eq!(clock(&[]), Ok(false));
        assert_eq!(clock(&[loopback]), Ok(false));
        assert_eq!(clock(&[loopback, ("EVAC_CLOCK", "wall")]), Ok(true));
        insta::assert_snapshot!(clock(&[("EVAC_CLOCK", "wall")]).unwrap_err(), @"environment variable EVAC_CLOCK: is set although no endpoint is on loopback, expected it unset: a deployed function has no other clock");
        insta::assert_snapshot!(clock(&[loopback, ("EVAC_CLOCK", "sun")]).unwrap_err(), @r#"environment variable EVAC_CLOCK: "sun" is not known, expected wall, or unset where each invocation tells the time"#);
    }

    #[test]
    fn the_region_is_never_inferred() {
        insta::assert_snapshot!(read(&[("AWS_REGION", "")]).unwrap_err(), @"environment variable AWS_REGION: is not set, expected the Region to call; Lambda sets it");
    }

    #[test]
    fn drills_and_real_accounts_do_not_meet() {
        let real: AccountId = "111122223333".parse().unwrap();
        let embedded = AccountId::embedded();
        assert_eq!(Habitat::Deployed.admit(&real), Ok(()));
        assert_eq!(Habitat::Embedded.admit(&embedded), Ok(()));
        for (habitat, account) in [(Habitat::Deployed, &embedded), (Habitat::Embedded, &real)] {
            assert_eq!(
                habitat.admit(account).unwrap_err().class,
                Class::WrongAccount
            );
        }
    }
}
