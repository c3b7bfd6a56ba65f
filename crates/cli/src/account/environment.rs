//! The environment that names an account.

use domain::workload::Workload;
use runtime::settings::{Reader, Settings, Variables};

use crate::arguments::UsageError;

/// The services that are read, as the AWS SDKs name them in `AWS_ENDPOINT_URL_<SERVICE>`.
const SERVICES: [&str; 11] = [
    "ARC_ZONAL_SHIFT",
    "AUTO_SCALING",
    "CLOUDWATCH",
    "CLOUDWATCH_LOGS",
    "EC2",
    "ELASTIC_LOAD_BALANCING_V2",
    "EVENTBRIDGE",
    "IAM",
    "LAMBDA",
    "SNS",
    "SQS",
];

/// Where to read. The Region is not inferred; one that is not the workload's would answer with nothing.
pub(super) fn read(
    variables: &Variables,
    workload: Option<&Workload>,
) -> Result<Settings, UsageError> {
    let mut reader = Reader::new(variables);
    let settings = Settings::of(&mut reader, &SERVICES);
    for name in ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"] {
        reader.required(
            name,
            "credentials; aws configure export-credentials --format env prints them",
        );
    }
    let first = workload.and_then(|workload| workload.zones.iter().next());
    if let Some((id, zone)) = first
        && !settings.region.is_empty()
        && zone.name.region() != settings.region
    {
        let message = format!(
            "\"{}\" is not where {id} ({}) is, expected {}",
            settings.region,
            zone.name,
            zone.name.region()
        );
        reader.refuse("AWS_REGION", message);
    }
    reader
        .finish(settings)
        .map_err(|error| UsageError(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::definition;

    const WORKLOAD: &str = r#"{"name": "wildrydes", "zones": {
        "use1-az1": {"name": "us-east-1a"}, "use1-az2": {"name": "us-east-1b"}}}"#;

    fn refused(variables: &[(&str, &str)]) -> String {
        let variables = variables
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        let workload = definition::read(WORKLOAD).unwrap();
        read(&variables, Some(&workload)).map_or_else(|error| error.to_string(), |_| String::new())
    }

    const KEYS: [(&str, &str); 2] = [
        ("AWS_ACCESS_KEY_ID", "embedded"),
        ("AWS_SECRET_ACCESS_KEY", "embedded"),
    ];

    #[test]
    fn everything_that_is_missing_in_the_environment_is_told_at_once() {
        let told = refused(&[]);
        for name in ["AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"] {
            assert!(told.contains(name), "{told}");
        }
        assert!(told.contains("aws configure export-credentials"), "{told}");
    }

    #[test]
    fn another_region_than_the_workloads_is_refused() {
        let with = |region| [("AWS_REGION", region), KEYS[0], KEYS[1]];
        assert_eq!(refused(&with("us-east-1")), "");
        insta::assert_snapshot!(refused(&with("eu-west-1")), @r#"environment variable AWS_REGION: "eu-west-1" is not where use1-az1 (us-east-1a) is, expected us-east-1"#);
    }

    #[test]
    fn one_service_on_loopback_and_the_others_not_is_refused() {
        let logs = ("AWS_ENDPOINT_URL_CLOUDWATCH_LOGS", "http://127.0.0.1:1");
        let told = refused(&[("AWS_REGION", "us-east-1"), KEYS[0], KEYS[1], logs]);
        assert!(told.contains("expected all or none"), "{told}");
    }
}
