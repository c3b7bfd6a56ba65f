//! `evac backtest`: a policy on what CloudWatch still has.

mod moment;
mod period;

use std::time::Duration;

use backtest::report::Report;
use backtest::walk::{History, walk};
use classifier::Metrics;
use domain::definition;
use domain::evidence::EvidenceSource;
use domain::failure::{Class, Failure};
use domain::problem::Problems;
use domain::workload::Workload;
use jiff::Timestamp;
use runtime::clients::Connections;
use runtime::settings::{Habitat, Reader, Settings, Variables, environment};
use serde_json::Value;

use crate::arguments::{BacktestOptions, Format, UsageError};
use crate::input::read;
use crate::output::{complain, tell};

pub(crate) use self::moment::Moment;
use self::period::Period;

/// What one question to CloudWatch may cost, with its repetitions: nobody's customers wait.
const WITHIN: Duration = Duration::from_secs(60);

/// Walks the history that the options name; whether there was one.
pub(crate) fn command(options: &BacktestOptions) -> anyhow::Result<bool> {
    let file = options.workload.display();
    let expected = "a file that holds a workload's definition";
    let text = read("--workload", &options.workload, expected)?;
    let workload = match workload(&text) {
        Ok(workload) => workload,
        Err(problems) => {
            complain(&format!("evac: {file}: refused, and nothing is read:"));
            for problem in problems.iter() {
                complain(&format!("  {problem}"));
            }
            return Ok(false);
        }
    };
    let Some(source) = &workload.evidence else {
        complain(&format!(
            "evac: {file}: workload.evidence: missing, expected where counts come from, such as {{\"source\": \"alb\", \"loadBalancer\": \"app/front/50dc6c495c0c9188\"}}"
        ));
        return Ok(false);
    };
    let settings = settings(&environment(), &workload)?;
    let embedded = settings.habitat == Habitat::Embedded;
    let period =
        Period::new(options.from, options.to, Timestamp::now(), embedded).map_err(UsageError)?;
    let lead = workload.policy.criteria.history().saturating_sub(1);
    let span = period.span(lead);
    let metrics = Metrics::new(&Connections::open(&settings));
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let counts = runtime
        .block_on(metrics.read(source, &workload.zones, span, WITHIN))
        .map_err(|failure| unread(&failure))?;
    if !counts.values().flatten().any(Option::is_some) {
        complain(&nothing(source, &settings.region, &period, &workload));
        return Ok(false);
    }
    let history = History {
        counts,
        first: span.from,
        lead,
    };
    let report = Report {
        workload: workload.name.to_string(),
        evidence: source.to_string(),
        from: period.from,
        to: period.to,
        walk: walk(&history, &workload.policy),
    };
    match options.format {
        Format::Json => tell(&serde_json::to_string_pretty(&report)?)?,
        Format::Text => tell(&report.to_string())?,
    }
    Ok(true)
}

/// The workload of a definition, or of a payload that carries one.
fn workload(text: &str) -> Result<Workload, Problems> {
    let json: Value = serde_json::from_str(text)
        .map_err(|error| Problems::one("workload", format!("not JSON: {error}")))?;
    let definition = json
        .get("workload")
        .filter(|_| json.get("name").is_none())
        .unwrap_or(&json);
    definition::read("workload", definition)
}

/// Where to read. The Region is not inferred; one that is not the workload's would answer with nothing.
fn settings(variables: &Variables, workload: &Workload) -> Result<Settings, UsageError> {
    let mut reader = Reader::new(variables);
    let settings = Settings::read(&mut reader);
    for name in ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"] {
        reader.required(
            name,
            "credentials; aws configure export-credentials --format env prints them",
        );
    }
    if let Some((id, zone)) = workload.zones.iter().next()
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

fn unread(failure: &Failure) -> anyhow::Error {
    let remedy = match failure.class {
        Class::AccessDenied => {
            "; allow the caller cloudwatch:GetMetricData, or renew the credentials"
        }
        Class::Throttled | Class::Timeout | Class::Unavailable => "; try again",
        _ => "",
    };
    anyhow::anyhow!("{}{remedy}", failure.message)
}

fn nothing(source: &EvidenceSource, region: &str, period: &Period, workload: &Workload) -> String {
    let names: Vec<&str> = workload
        .zones
        .iter()
        .map(|(_, zone)| zone.name.as_str())
        .collect();
    format!(
        "evac: CloudWatch in {region} has no counts of {source} in {} from {} to {}; check the names in workload.evidence, the AZ names of workload.zones, AWS_REGION, whose account the credentials are of, and that there was traffic",
        names.join(", "),
        period.from,
        period.to
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn definition() -> Value {
        json!({ "name": "wildrydes", "zones": {
            "use1-az1": { "name": "us-east-1a" }, "use1-az2": { "name": "us-east-1b" },
        }})
    }

    fn refused(variables: &[(&str, &str)]) -> String {
        let variables = variables
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        let workload = workload(&definition().to_string()).unwrap();
        settings(&variables, &workload).map_or_else(|error| error.to_string(), |_| String::new())
    }

    const KEYS: [(&str, &str); 2] = [
        ("AWS_ACCESS_KEY_ID", "embedded"),
        ("AWS_SECRET_ACCESS_KEY", "embedded"),
    ];

    #[test]
    fn a_definition_is_found_alone_or_in_a_payload() {
        let alone = workload(&definition().to_string()).unwrap();
        let payload = json!({ "workload": definition(), "event": {} });
        assert_eq!(workload(&payload.to_string()), Ok(alone));
        let problems = workload("{").unwrap_err().to_string();
        assert!(problems.starts_with("workload: not JSON: "), "{problems}");
    }

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
    fn what_could_not_be_read_is_told_with_what_to_do() {
        let told = |class| unread(&Failure::new(class, "GetMetricData of alb a: no")).to_string();
        assert!(told(Class::AccessDenied).contains("allow the caller cloudwatch:GetMetricData"));
        assert!(told(Class::Throttled).ends_with("; try again"));
    }
}
