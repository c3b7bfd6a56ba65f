//! How much memory the functions need where one workload has very much: 2,000 groups, 500 resources.

use anyhow::bail;
use pipeline_tests::{Pipeline, add_groups, add_resource};
use region::stage::{ASG_PRUNING, ZONAL_SHIFT};

use crate::front::Front;
use crate::page::{Table, mebibytes};
use crate::process::{Process, Share};
use crate::setting::{Programs, alarm_goes_off, event, invoked};

/// Groups of the workload.
const GROUPS: usize = 2_000;
/// Resources of the workload.
const RESOURCES: usize = 500;

/// The peak memory of the two functions that act, in bytes, each with what it was given.
///
/// # Errors
/// Where a function fails.
pub async fn measure(front: &Front, programs: &Programs) -> anyhow::Result<Vec<(String, u64)>> {
    let mut all = Vec::new();
    for function in [ASG_PRUNING, ZONAL_SHIFT] {
        let Pipeline { mut stage } = alarm_goes_off().await?;
        let what = if function == ASG_PRUNING {
            add_groups(&mut stage, GROUPS);
            format!("{function}, {GROUPS} groups")
        } else {
            for number in 0..RESOURCES {
                add_resource(&mut stage, &format!("more-{number:03}"));
            }
            format!("{function}, {RESOURCES} resources")
        };
        let pipeline = Pipeline { stage };
        front.change(pipeline.region());
        let mut process = Process::start(&programs.program(function, front), Share::Whole).await?;
        let payload = event(function, &pipeline);
        let mut asked = invoked(function, payload, &pipeline);
        asked.remaining = std::time::Duration::from_secs(600);
        let handled = process.invoke(asked).await?;
        if let Err(failure) = handled.answer {
            bail!("{what}: {}: {}", failure.error_type, failure.error_message);
        }
        all.push((what, process.peak_memory()?));
        process.end().await?;
    }
    Ok(all)
}

/// The table of it.
#[must_use]
pub fn table(all: &[(String, u64)]) -> String {
    let mut table = Table::of(&["function", "peak memory"]);
    for (what, peak) in all {
        table.row(&[what.clone(), format!("{:.1} MiB", mebibytes(*peak))]);
    }
    table.text()
}
