//! `evac report`: a real incident, read from the account, as the document and the page of a drill.

mod course;
mod facts;
mod gather;
mod lines;
mod moments;
mod series;

use std::path::Path;

use domain::Workload;
use jiff::{SignedDuration, Timestamp};
use report::Incident;
use runtime::settings::environment;

use self::facts::Facts;
use self::gather::gather;
use crate::account::{Account, Events, definition};
use crate::arguments::{ReportFormat, ReportOptions, UsageError};
use crate::input::read;
use crate::output::{Waiting, complain, tell};
use crate::period::{Moment, Period};

/// A report is of one incident.
const LONGEST: SignedDuration = SignedDuration::from_hours(24);

/// What follows the name of a function in the names of the other two.
const CLASSIFIER: &str = "classifier";
const OTHERS: [&str; 2] = ["zonal-shift", "asg-pruning"];

/// Reports the time that the options name; whether everything could be read.
pub(crate) fn command(options: &ReportOptions) -> anyhow::Result<bool> {
    let given = (options.definition.as_deref())
        .map(|file| given(options, file))
        .transpose()?;
    let account = Account::open(&environment(), given.as_ref())?;
    let (now, embedded) = (Timestamp::now(), account.is_embedded());
    let period = Period::new(options.from, options.to, now, embedded).map_err(UsageError)?;
    if period.to.duration_since(period.from) > LONGEST {
        let message = format!(
            "--from {}: more than 24 hours before --to {}, expected 24 hours at the most: a report is of one incident",
            options.from, options.to
        );
        return Err(UsageError(message).into());
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let facts = runtime.block_on(async {
        let (workload, groups) = match given {
            Some(workload) => (workload, Vec::new()),
            None => {
                let events = Events::of(&account);
                let found = definition::find(&events, &options.workload, account.region()).await?;
                (found.workload, log_groups(&found.classifier))
            }
        };
        let groups = if options.log_groups.is_empty() {
            groups
        } else {
            options.log_groups.clone()
        };
        let _waiting = Waiting::for_what("what the account has of that time is read");
        anyhow::Ok(Facts::read(&account, workload, &period, &groups).await)
    })?;
    write(options, &gather(&facts))?;
    for unread in &facts.unread {
        complain(&format!("evac: {unread}"));
    }
    Ok(facts.unread.is_empty())
}

/// A time of a workload of an account, as the document of an incident.
///
/// # Errors
/// Where there is no whole minute between the two.
pub(crate) async fn of(
    account: &Account,
    found: &definition::Found,
    from: Timestamp,
    to: Timestamp,
) -> anyhow::Result<Incident> {
    let minute = SignedDuration::from_mins(1);
    let to = to.max(from.saturating_add(minute)?);
    let (from, to) = (Moment::At(from), Moment::At(to));
    let period = Period::new(from, to, Timestamp::now(), account.is_embedded());
    let period = period.map_err(UsageError)?;
    let groups = log_groups(&found.classifier);
    let facts = Facts::read(account, found.workload.clone(), &period, &groups).await;
    for unread in &facts.unread {
        complain(&format!("evac: {unread}"));
    }
    Ok(gather(&facts))
}

/// The workload of a file, which has to be the one that is asked for.
fn given(options: &ReportOptions, file: &Path) -> anyhow::Result<Workload> {
    let expected = "a file that holds the workload's definition";
    let text = read("--definition", file, expected)?;
    let file = file.display();
    let workload = definition::read(&text)
        .map_err(|problems| UsageError(format!("--definition {file}: refused: {problems}")))?;
    if workload.name != options.workload {
        let message = format!(
            "--definition {file}: defines {}, expected {} as in --workload",
            workload.name, options.workload
        );
        return Err(UsageError(message).into());
    }
    Ok(workload)
}

/// The log groups of the functions, by the ARN of the classifier: the others' names differ in their last
/// part only, as the constructs in `infra` have it.
fn log_groups(classifier: &str) -> Vec<String> {
    let name = classifier.split(':').nth(6).unwrap_or_default();
    let group = |name: &str| format!("/aws/lambda/{name}");
    let mut groups = vec![group(name)];
    if let Some(prefix) = name.strip_suffix(CLASSIFIER) {
        groups.extend(OTHERS.map(|other| group(&format!("{prefix}{other}"))));
    }
    groups
}

fn write(options: &ReportOptions, incident: &Incident) -> anyhow::Result<()> {
    let text = match options.format {
        ReportFormat::Html => report::standalone(incident),
        ReportFormat::Json => serde_json::to_string_pretty(incident)?,
    };
    let Some(file) = &options.out else {
        return Ok(tell(&text)?);
    };
    std::fs::write(file, text + "\n").map_err(|error| {
        let message = format!(
            "--out {}: {error}; name a file in a directory that exists",
            file.display()
        );
        UsageError(message).into()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_functions_names_differ_in_their_last_part() {
        let of = |name: &str| {
            log_groups(&format!(
                "arn:aws:lambda:us-east-1:111122223333:function:{name}"
            ))
        };
        let three = [
            "/aws/lambda/evac-classifier",
            "/aws/lambda/evac-zonal-shift",
            "/aws/lambda/evac-asg-pruning",
        ];
        assert_eq!(of("evac-classifier"), three);
        assert_eq!(of("evac-classifier:live"), three);
        assert_eq!(of("decider"), ["/aws/lambda/decider"]);
    }
}
