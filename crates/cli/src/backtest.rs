//! `evac backtest`: a policy on what CloudWatch still has.

use std::time::Duration;

use backtest::report::Report;
use backtest::walk::{History, walk};
use classifier::Metrics;
use domain::evidence::EvidenceSource;
use domain::workload::Workload;
use jiff::Timestamp;
use runtime::settings::environment;

use crate::account::{Account, Unread, definition};
use crate::arguments::{BacktestOptions, Format, UsageError};
use crate::input::read;
use crate::output::{Waiting, complain, tell};
use crate::period::Period;

/// What one question to CloudWatch may cost, with its repetitions: nobody's customers wait.
const WITHIN: Duration = Duration::from_secs(60);

/// Walks the history that the options name; whether there was one.
pub(crate) fn command(options: &BacktestOptions) -> anyhow::Result<bool> {
    let file = options.workload.display();
    let expected = "a file that holds a workload's definition";
    let text = read("--workload", &options.workload, expected)?;
    let workload = match definition::read(&text) {
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
    let account = Account::open(&environment(), Some(&workload))?;
    let embedded = account.is_embedded();
    let period =
        Period::new(options.from, options.to, Timestamp::now(), embedded).map_err(UsageError)?;
    let lead = workload.policy.criteria.history().saturating_sub(1);
    let span = period.span(lead);
    let metrics = Metrics::new(account.connections());
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let waiting = Waiting::for_what("CloudWatch is asked for the counts");
    let counts = runtime
        .block_on(metrics.read(source, &workload.zones, span, WITHIN))
        .map_err(|failure| Unread::new(failure, "cloudwatch:GetMetricData"))?;
    drop(waiting);
    if !counts.values().flatten().any(Option::is_some) {
        complain(&nothing(source, account.region(), &period, &workload));
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
