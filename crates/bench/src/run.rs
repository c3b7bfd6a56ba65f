//! The whole run: what is measured, in which order, and what is made of it.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use region::stage::{ASG_PRUNING, CLASSIFIER, ZONAL_SHIFT};

use crate::budgets::{self, Figures};
use crate::chain::{self, Chain};
use crate::fleet;
use crate::front::Front;
use crate::machine;
use crate::many;
use crate::page;
use crate::process::Share;
use crate::quota::Quota;
use crate::setting::{CANARY, PEER, Programs, alarm_goes_off};
use crate::sizes;
use crate::speed;
use crate::starts::{self, Counts, Start};

/// The shares of a processor that are measured, by memory in MB.
const SHARES: [u32; 3] = [128, 512, 1_769];
/// Workloads of the fleets.
const FLEETS: [usize; 4] = [1, 10, 100, 500];
/// Alarms that find every function cold, and every function warm.
const COLD: usize = 40;
/// See [`COLD`].
const WARM: usize = 200;
/// What a call to a real Region takes on its way, where that is looked at.
const LATENCY_MS: u32 = 5;
/// Answers that are waited for between the alarm and the shift, and the way of the last call.
const ROUND_TRIPS: u32 = 4;

/// How the functions start and act, a fleet, and the Region: prints the tables.
#[derive(Debug, clap::Parser)]
pub struct Arguments {
    /// The directory with the functions' executables
    #[arg(long, value_name = "DIRECTORY", default_value = "target/release")]
    pub functions: PathBuf,
    /// A Python interpreter that has boto3
    #[arg(long, value_name = "FILE", default_value = ".tools/clients/bin/python")]
    pub python: PathBuf,
    /// The file of budgets
    #[arg(long, value_name = "FILE", default_value = "crates/bench/budgets.json")]
    pub budgets: PathBuf,
    /// Write the tables into this page
    #[arg(long, value_name = "PAGE")]
    pub write: Option<PathBuf>,
    /// Fail where a budget is broken by more than noise
    #[arg(long)]
    pub check: bool,
    /// Only what a busy machine can tell too: zonal-shift beside Python, and the small fleets
    #[arg(long)]
    pub short: bool,
    /// Cold starts of a function with a whole processor; a fifth of it with a share of one
    #[arg(long, default_value_t = 25)]
    pub starts: usize,
}

/// Measures, and does what the arguments say with it.
///
/// # Errors
/// Where something cannot be measured or written.
pub fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let budgets = budgets::read(&arguments.budgets, arguments.short)?;
    let mut report = Report::default();
    report.prose(&machine::describe());
    report.prose(&format!(
        "The executables are those of `{}`.",
        arguments.functions.display()
    ));
    let runtime_of_processes = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime_of_processes.block_on(executables(arguments, &mut report))?;
    drop(runtime_of_processes);
    fleets(arguments.short, &mut report)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()?;
    say("the Region")?;
    let speed = runtime.block_on(speed::measure(if arguments.short { 500 } else { 5_000 }))?;
    report.figure("region.minutes", speed.in_peace.min(speed.impaired));
    report.table("The Region", &page::speed(&speed));
    let demands = page::demands(&budgets, &report.figures);
    let tables = format!(
        "{}\n## What is demanded\n\n{demands}{}",
        report.intro, report.text
    );
    writeln!(std::io::stdout().lock(), "{tables}")?;
    if let Some(path) = &arguments.write {
        write(path, &tables)?;
    }
    let broken = budgets::broken(&budgets, &report.figures);
    for line in &broken {
        writeln!(std::io::stderr().lock(), "budget broken: {line}")?;
    }
    Ok(match arguments.check && !broken.is_empty() {
        true => ExitCode::FAILURE,
        false => ExitCode::SUCCESS,
    })
}

/// What was measured, as tables and as figures.
#[derive(Debug, Default)]
struct Report {
    intro: String,
    text: String,
    figures: Figures,
}

impl Report {
    fn prose(&mut self, sentence: &str) {
        self.intro.push_str(sentence);
        self.intro.push('\n');
    }

    fn table(&mut self, title: &str, table: &str) {
        self.text.push_str(&format!("\n## {title}\n\n{table}"));
    }

    fn figure(&mut self, name: &str, figure: f64) {
        self.figures.insert(name.to_owned(), figure);
    }
}

fn write(path: &Path, tables: &str) -> anyhow::Result<()> {
    let place = || path.display().to_string();
    let page = std::fs::read_to_string(path).with_context(place)?;
    let written = page::with_tables(&page, tables).with_context(place)?;
    std::fs::write(path, written).with_context(place)
}

/// Says what is being measured, to whoever waits.
fn say(what: &str) -> anyhow::Result<()> {
    writeln!(std::io::stderr().lock(), "measuring {what}")?;
    Ok(())
}

/// Everything that is measured with processes.
async fn executables(arguments: &Arguments, report: &mut Report) -> anyhow::Result<()> {
    let programs = Programs {
        functions: arguments.functions.canonicalize().with_context(|| {
            let directory = arguments.functions.display();
            format!("--functions {directory}: cannot be found; make bench builds it")
        })?,
        // Not resolved: what a virtual environment's interpreter is a link to does not know its packages.
        python: std::path::absolute(&arguments.python)?,
    };
    let directory = tempfile::tempdir()?;
    let first = alarm_goes_off().await?;
    let front = Front::open(first.region(), directory.path()).await?;
    let measured = match arguments.short {
        true => Vec::new(),
        false => sizes::measure(&programs.functions)?,
    };
    if let Some(largest) = measured.iter().map(|size| size.packed).max() {
        report.figure("size.zip", page::megabytes(largest));
    }
    let starts = all_starts(arguments, &programs, &front, report).await?;
    let find = |function: &str, share: Share| {
        starts
            .iter()
            .find(|start| start.function == function && start.share == share)
    };
    let peer = find(PEER, Share::Whole);
    for (name, share) in [
        ("start.whole", Share::Whole),
        ("start.128", Share::FromStart(128)),
    ] {
        if let (Some(evac), Some(peer)) = (find(ZONAL_SHIFT, share), find(PEER, share)) {
            let ratio = peer.acted.median() / evac.acted.median();
            report.figure(&format!("{name}.ratio"), ratio);
        }
    }
    if let (Some(evac), Some(peer)) = (find(ZONAL_SHIFT, Share::Whole), peer) {
        let share = page::mebibytes(evac.peak_memory) / page::mebibytes(peer.peak_memory);
        report.figure("start.memory", share);
    }
    if let Some(start) = find(ZONAL_SHIFT, Share::FromFirstEvent(128)) {
        let more = start.first_call.median() - start.warm_call.median();
        report.figure("start.128.firstCall", more);
    }
    report.table("Starts", &page::starts(&starts));
    let many = match arguments.short {
        true => Vec::new(),
        false => {
            chains(&programs, &front, peer, report).await?;
            say("many groups and many resources")?;
            many::measure(&front, &programs).await?
        }
    };
    let evac = starts.iter().filter(|start| start.function != PEER);
    let peaks = evac.map(|start| start.peak_memory);
    let peak = peaks.chain(many.iter().map(|(_, peak)| *peak)).max();
    report.figure("memory.peak", page::mebibytes(peak.unwrap_or_default()));
    if !arguments.short {
        report.table(
            "Memory with many groups and many resources",
            &many::table(&many),
        );
        report.table("Sizes", &page::sizes(&measured));
    }
    Ok(())
}

async fn all_starts(
    arguments: &Arguments,
    programs: &Programs,
    front: &Front,
    report: &mut Report,
) -> anyhow::Result<Vec<Start>> {
    let mut shares = vec![Share::Whole];
    match Quota::of(128) {
        Err(error) => report.prose(&format!("Shares of a processor are left out: {error}.")),
        Ok(_) if arguments.short => {}
        Ok(_) => {
            shares.extend(SHARES.map(Share::FromStart));
            shares.push(Share::FromFirstEvent(128));
            shares.push(Share::FromFirstEvent(512));
        }
    }
    let mut all = Vec::new();
    let functions: &[&str] = match arguments.short {
        true => &[ZONAL_SHIFT, PEER],
        false => &[ZONAL_SHIFT, PEER, CLASSIFIER, ASG_PRUNING, CANARY],
    };
    for function in functions {
        for share in &shares {
            say(&format!("{function}, {}", page::share(*share)))?;
            let whole = arguments.starts.max(2);
            let few = (whole / 5).max(2);
            let counts = match share {
                Share::Whole => Counts {
                    cold: whole,
                    warm: whole,
                },
                _ => Counts {
                    cold: few,
                    warm: few,
                },
            };
            all.push(starts::measure(front, programs, function, *share, counts).await?);
        }
    }
    Ok(all)
}

async fn chains(
    programs: &Programs,
    front: &Front,
    peer: Option<&Start>,
    report: &mut Report,
) -> anyhow::Result<()> {
    say("the chain")?;
    let near = chain::measure(front, programs, Share::Whole, COLD, WARM).await?;
    front.set_latency(std::time::Duration::from_millis(LATENCY_MS.into()));
    let far = chain::measure(front, programs, Share::Whole, COLD / 4, WARM / 4).await?;
    front.set_latency(std::time::Duration::ZERO);
    if let Some(peer) = peer {
        report.figure("chain.cold.ratio", peer.acted.median() / near.cold.median());
    }
    // The network's time as it was: a timer of so few milliseconds comes late.
    let own = front.delay() * f64::from(ROUND_TRIPS);
    report.figure("chain.warm", far.warm.median() - own);
    let rows: [(String, &Chain); 2] = [
        ("on loopback".to_owned(), &near),
        (
            format!(
                "each call {LATENCY_MS} ms on its way, really {:.1} ms",
                front.delay()
            ),
            &far,
        ),
    ];
    report.table("The chain", &page::chain(&rows, peer));
    Ok(())
}

/// The fleets, each in virtual time.
fn fleets(short: bool, report: &mut Report) -> anyhow::Result<()> {
    let mut outcomes = Vec::new();
    for workloads in FLEETS {
        if short && workloads > 10 {
            continue;
        }
        say(&format!("a fleet of {workloads}"))?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .start_paused(true)
            .build()?;
        let outcome = runtime.block_on(fleet::play(workloads))?;
        let name = |what: &str| format!("fleet.{workloads}.{what}");
        // Where the burst is enough for all, there is no bound to go by, and the seconds stand for themselves.
        let ratio = |at: Option<f64>, bound: f64| {
            let bound = if bound > 0.0 { bound } else { 1.0 };
            at.map_or(f64::INFINITY, |at| at / bound)
        };
        let shifted = ratio(outcome.shifted, outcome.shift_bound);
        let pruned = ratio(outcome.pruned, outcome.prune_bound);
        report.figure(&name("shifted"), shifted);
        report.figure(&name("pruned"), pruned);
        #[allow(clippy::cast_precision_loss, reason = "some thousands")]
        let failed = outcome.failed.values().sum::<usize>() as f64;
        report.figure(&name("failed"), failed);
        outcomes.push(outcome);
    }
    let mut table = page::fleets(&outcomes);
    if let Some(largest) = outcomes.last() {
        table.push_str(&format!(
            "\nThe calls of the fleet of {}:\n\n",
            largest.workloads
        ));
        table.push_str(&page::calls(largest));
    }
    report.table("A fleet", &table);
    Ok(())
}
