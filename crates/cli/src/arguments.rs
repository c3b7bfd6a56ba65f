//! The command line.

use std::path::PathBuf;

use crate::drill::CrashAfter;
use crate::period::Moment;
use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use domain::duration::ShiftDuration;
use domain::{ResourceArn, WorkloadName, ZoneId};
use region::clock::Speed;
use region::fault::spec::RegionFault;

/// Moves a workload out of an Availability Zone that hurts its customers.
#[derive(Debug, Parser)]
#[command(name = "evac", version, about, max_term_width = 100)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Rehearse an evacuation on this machine, with the real functions and no AWS account.
    Drill(DrillOptions),
    /// Say what the classifier makes of an event or a command, without calling anything.
    Explain(ExplainOptions),
    /// Judge observations, one JSON object a line on standard input, and write a verdict a line.
    ///
    /// An observation has an id and the minutes of each zone as counts, the oldest first, null where a
    /// minute is unknown; and if you like regionalAlarm, zonalAlarms, shiftedAwayFrom and policy. Without
    /// zonalAlarms the counts decide alone. Unless policy.minZones says more, one zone must be left.
    #[command(after_help = "Examples:
  evac classify < observations.jsonl
  evac classify < observations.jsonl | jq -r .sentence
  evac classify < observations.jsonl | jq -r 'select(.verdict == \"evacuate\") | [.id, .zone] | @tsv'
  jq -c '.policy = {criteria: {tolerated: 0.02}}' observations.jsonl | evac classify

A line that is no observation gives a line with its number and the error, and the rest is judged.
docs/CLASSIFY.md tells every field and every reason, docs/schema has the JSON Schemas.
The exit status is 0 if every line was an observation, else 1.")]
    Classify,
    /// Say when Evac would have acted in a time that CloudWatch still has, and what came near.
    ///
    /// It reads a workload's evidence from CloudWatch, minute by minute, judges each minute as the
    /// classifier would have, and changes nothing. Alarms are not in metrics, so the counts decide
    /// alone. CloudWatch keeps minutes for 15 days.
    ///
    /// The caller needs cloudwatch:GetMetricData. AWS_REGION and the credentials are read from the
    /// environment, and from nowhere else.
    Backtest(BacktestOptions),
    /// Run only the embedded Region, for other clients such as boto3 and the AWS CLI.
    ///
    /// It listens on 127.0.0.1 and on no other address, until Ctrl-C or SIGTERM. Signatures are not
    /// verified: any key will do.
    ///
    /// Metrics arrive, alarms are evaluated and events are sent as in a drill, but Evac is not there, unless
    /// --evac says so: nobody acts on an alarm but you. The Region goes on beyond the end of the scenario.
    ///
    /// Standard output is a shell file: the settings that a client needs, and as comments the names of
    /// what the Region holds.
    Region(RegionOptions),
    /// Show a real incident: a page about a time of a workload, from what its account has of it.
    ///
    /// It reads the workload's definition from its EventBridge rule, the history of its alarms, its zonal
    /// shifts, its groups' scaling activities, what the functions logged, and the metrics of its evidence.
    /// It changes nothing. What the account does not tell is said to be unknown.
    ///
    /// The caller needs events:ListRules, events:ListTargetsByRule, cloudwatch:DescribeAlarmHistory,
    /// cloudwatch:GetMetricData, arc-zonal-shift:ListZonalShifts, autoscaling:DescribeAutoScalingGroups,
    /// autoscaling:DescribeScalingActivities and logs:FilterLogEvents. AWS_REGION and the credentials are
    /// read from the environment, and from nowhere else.
    Report(ReportOptions),
    /// Show how a workload stands in its account: alarms, shifts, groups, and what the next tick would do.
    ///
    /// It changes nothing: the classifier is asked for a dry run of its tick, which tells nobody.
    ///
    /// The caller needs events:ListRules, events:ListTargetsByRule, cloudwatch:DescribeAlarms,
    /// arc-zonal-shift:ListZonalShifts, autoscaling:DescribeAutoScalingGroups,
    /// lambda:GetFunctionConcurrency, and lambda:InvokeFunction on the classifier.
    Status(StatusOptions),
    /// Write the settings of a workload for the constructs in infra, from what its account has.
    ///
    /// A load balancer is enough: its target groups tell the Auto Scaling groups, and their subnets the
    /// zones. It changes nothing in the account.
    ///
    /// The caller needs elasticloadbalancing:DescribeLoadBalancerAttributes, DescribeTargetGroups and
    /// DescribeTargetGroupAttributes, autoscaling:DescribeAutoScalingGroups and ec2:DescribeSubnets.
    Init(InitOptions),
    /// Look whether everything is in place that an incident will need, with a remedy for what is not.
    ///
    /// It changes nothing: the classifier is asked for a dry run of its tick, which tells nobody.
    ///
    /// The caller needs what evac status needs, and events:DescribeRule, lambda:GetFunctionConfiguration,
    /// lambda:GetFunctionEventInvokeConfig, ec2:DescribeSubnets,
    /// elasticloadbalancing:DescribeLoadBalancerAttributes, DescribeTargetGroups and
    /// DescribeTargetGroupAttributes, sns:ListSubscriptionsByTopic, sqs:GetQueueUrl, sqs:GetQueueAttributes
    /// and iam:SimulatePrincipalPolicy. What may not be read is told as unknown.
    Preflight(PreflightOptions),
    /// Have the classifier evacuate a zone, whatever its alarm says.
    ///
    /// It shows what is there and asks, unless --yes. The caller needs what evac status needs.
    Evacuate(EvacuateOptions),
    /// Have the classifier end an evacuation: capacity returns first, then traffic.
    ///
    /// It shows what is there and asks, unless --yes. The caller needs what evac status needs.
    FailBack(FailBackOptions),
    /// Have the classifier look now, as its tick does, and put right what an earlier run left.
    ///
    /// It shows what is there and asks, unless --yes. The caller needs what evac status needs.
    Reconcile(FailBackOptions),
    /// Print what completes the words of this program in a shell.
    #[command(after_help = "Examples:
  evac completions bash > /etc/bash_completion.d/evac
  evac completions zsh > ~/.zfunc/_evac
  evac completions fish > ~/.config/fish/completions/evac.fish")]
    Completions {
        /// The shell
        #[arg(value_enum, value_name = "SHELL")]
        shell: Shell,
    },
    /// Write the manual pages: evac.1, and one for each command.
    #[command(after_help = "Examples:
  evac man --out /usr/local/share/man/man1")]
    Man {
        /// The directory to write them into
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
    },
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  evac status
  evac status --workload wildrydes
  evac status --format json | jq -r '.workloads[] | [.name, .nextTick.sentence] | @tsv'

The exit status is 0 if everything could be read, else 1; that a zone is evacuated, or that Evac is
stopped, is no error.")]
pub(crate) struct StatusOptions {
    /// The workload; every one that has a tick in this account and Region where it is left out
    #[arg(long, value_name = "NAME")]
    pub(crate) workload: Option<WorkloadName>,
    /// How to tell
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  evac preflight --workload wildrydes
  evac preflight --workload wildrydes --format json | jq -r '.findings[] | select(.state == \"failed\") | .what'
  evac preflight --workload wildrydes || exit 1

docs/PREFLIGHT.md says what each check means.
The exit status is 0 if every check is ok or a remark, 1 if one failed or could not be read, and 2 for
wrong usage.")]
pub(crate) struct PreflightOptions {
    /// The workload
    #[arg(long, value_name = "NAME")]
    pub(crate) workload: WorkloadName,
    /// How to tell
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  evac init --workload wildrydes --out mine.json --mail on-call@example.com \\
    --load-balancer arn:aws:elasticloadbalancing:us-east-1:111122223333:loadbalancer/app/front/50dc6c495c0c9188

A file that is there already is not overwritten. The exit status is 0 if the settings were written, 1 if the
account could not be read, and 2 for wrong usage.")]
pub(crate) struct InitOptions {
    /// What people will call the workload
    #[arg(long, value_name = "NAME")]
    pub(crate) workload: WorkloadName,
    /// The ARN of its load balancer
    #[arg(long, value_name = "ARN")]
    pub(crate) load_balancer: ResourceArn,
    /// A mail address that is to hear of it; can be given several times
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) mail: Vec<String>,
    /// The file to write; standard output where it is left out
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
}

/// What every command to the classifier has.
#[derive(Debug, Args)]
pub(crate) struct CommandOptions {
    /// The workload
    #[arg(long, value_name = "NAME")]
    pub(crate) workload: WorkloadName,
    /// Why, in your words; people are told
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: String,
    /// Read and plan, and change nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Do not ask
    #[arg(long)]
    pub(crate) yes: bool,
    /// How to tell
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  evac evacuate --workload wildrydes --zone use1-az1 --reason 'customers see errors'
  evac evacuate --workload wildrydes --zone use1-az1 --reason 'game day' --drill --dry-run
  evac evacuate --workload wildrydes --zone use1-az1 --reason 'game day' --drill --yes

The exit status is 0 if the classifier did what it decided, also where it holds, and 1 if it could not, or
you said no.")]
pub(crate) struct EvacuateOptions {
    #[command(flatten)]
    pub(crate) command: CommandOptions,
    /// The zone to leave, by its AZ ID
    #[arg(long, value_name = "AZ-ID")]
    pub(crate) zone: ZoneId,
    /// Rehearse: the shift says so, and only you end it
    #[arg(long)]
    pub(crate) drill: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  evac fail-back --workload wildrydes --reason 'the zone is well'
  evac fail-back --workload wildrydes --reason 'the zone is well' --dry-run
  evac reconcile --workload wildrydes --reason 'look now'

The exit status is 0 if the classifier did what it decided, also where it holds, and 1 if it could not, or
you said no.")]
pub(crate) struct FailBackOptions {
    #[command(flatten)]
    pub(crate) command: CommandOptions,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  evac drill
  evac drill --list
  evac drill --scenario single-instance --speed 600
  evac drill --scenario full-cycle --report full-cycle.html
  evac drill --serve --scenario healthy
  evac drill --format json | jq .invariants
  evac drill --fault timeoutAfter:service=arc-zonal-shift,times=1
  evac drill --scenario fail-back --crash-after asg-pruning:30
  evac drill --scenario zonal-errors --print > mine.json && evac drill --scenario-file mine.json
  evac drill --live --workload wildrydes --zone use1-az1 --for 15m

--live rehearses in the account of AWS_REGION and the credentials in the environment: it moves real traffic.
It refuses where anything is not well, asks before it begins, and ends by itself, on Ctrl-C, and where
anything goes wrong; the shift expires by itself soon after. The caller needs what evac status needs, and
what evac report needs for --report.

The exit status is 0 if the drill ends as its scenario expects and no invariant broke, else 1.")]
pub(crate) struct DrillOptions {
    /// The scenario to play; --list shows them
    #[arg(long, value_name = "NAME", default_value = "zonal-latency")]
    pub(crate) scenario: String,
    /// A scenario of your own to play, in JSON; - for standard input. docs/DRILL.md describes it
    #[arg(long, value_name = "FILE", conflicts_with = "scenario")]
    pub(crate) scenario_file: Option<PathBuf>,
    /// A fault of the Region beside the scenario's, such as slow:service=sns,milliseconds=500, from
    /// the beginning on; can be given several times. docs/DRILL.md lists the kinds
    #[arg(long = "fault", value_name = "KIND:FIELD=VALUE,...", conflicts_with_all = ["print", "list"])]
    pub(crate) faults: Vec<RegionFault>,
    /// Kill a function with SIGKILL when the K-th of all its calls has had its effect, and before it
    /// learns of it; can be given several times. FUNCTION is classifier, zonal-shift or asg-pruning
    #[arg(long = "crash-after", value_name = "FUNCTION:K", conflicts_with_all = ["print", "list"])]
    pub(crate) crashes: Vec<CrashAfter>,
    /// How many times faster than the wall clock the Region's clock runs while no function does
    #[arg(long, value_name = "X", default_value = "60", value_parser = parse_speed)]
    pub(crate) speed: Speed,
    /// The seed of everything that chance decides
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) seed: u64,
    /// How to tell what happens
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
    /// Write a page about the drill to this file, for a browser; it needs no network
    #[arg(long, value_name = "FILE.html", conflicts_with_all = ["print", "list"])]
    pub(crate) report: Option<PathBuf>,
    /// Show the drill live in a browser, with controls, until Ctrl-C; on 127.0.0.1 only
    #[arg(long, conflicts_with_all = ["print", "list", "report", "format"])]
    pub(crate) serve: bool,
    /// The port of the live view; any that is free where it is left out
    #[arg(long, value_name = "P", requires = "serve")]
    pub(crate) port: Option<u16>,
    /// Let the Region play the canary, in place of its executable: quicker where a fault is that answers
    /// come late, since the executable waits for them
    #[arg(long, conflicts_with_all = ["print", "list"])]
    pub(crate) play_canary: bool,
    /// Rehearse in the account, with real traffic; not on this machine
    #[arg(long, requires_all = ["workload", "zone", "length"], conflicts_with_all = [
        "scenario", "scenario_file", "faults", "crashes", "speed", "seed", "serve", "play_canary", "list",
        "print", "logs", "functions",
    ])]
    pub(crate) live: bool,
    /// With --live, the workload
    #[arg(long, value_name = "NAME", requires = "live")]
    pub(crate) workload: Option<WorkloadName>,
    /// With --live, the zone to leave, by its AZ ID
    #[arg(long, value_name = "AZ-ID", requires = "live")]
    pub(crate) zone: Option<ZoneId>,
    /// With --live, how long traffic stays away: 1m to 2h
    #[arg(long = "for", value_name = "DURATION", requires = "live")]
    pub(crate) length: Option<ShiftDuration>,
    /// With --live, do not ask
    #[arg(long, requires = "live")]
    pub(crate) yes: bool,
    /// Show the scenarios and stop
    #[arg(long)]
    pub(crate) list: bool,
    /// Print the scenario's JSON, to start one of your own from, and stop
    #[arg(long, conflicts_with = "scenario_file")]
    pub(crate) print: bool,
    /// Show on standard error what the functions log
    #[arg(long)]
    pub(crate) logs: bool,
    /// The directory of the functions' executables, if not this program's own
    #[arg(long, value_name = "DIR")]
    pub(crate) functions: Option<PathBuf>,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  evac explain --input event.json
  evac explain --input - < event.json
  evac explain --workload wildrydes

The variables EVAC_DEFAULT_MODE and EVAC_DEFAULT_EXPIRES_IN hold as for the classifier.
The exit status is 0 if the classifier would take the input, else 1.")]
pub(crate) struct ExplainOptions {
    /// The file with the event or command, as the classifier receives it; - for standard input
    #[arg(long, value_name = "FILE", required_unless_present = "workload")]
    pub(crate) input: Option<PathBuf>,
    /// Ask the classifier of this workload's account instead what it would decide now, with all that it
    /// reads; it changes nothing and tells nobody
    #[arg(long, value_name = "NAME", conflicts_with = "input")]
    pub(crate) workload: Option<WorkloadName>,
    /// How to tell
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  eval \"$(aws configure export-credentials --format env)\"
  evac backtest --workload workload.json --from 3h
  evac backtest --workload workload.json --from 2026-03-07T03:00:00Z --to 2026-03-07T05:00:00Z
  evac backtest --workload workload.json --from 14d --format json | jq .evacuations

docs/CLASSIFY.md says how to read what it prints.
The exit status is 0 if counts were found and judged, whatever came of it; 1 if there were none, or they
could not be read, or the definition is refused; and 2 for wrong usage.")]
pub(crate) struct BacktestOptions {
    /// The file with the workload's definition, or with a payload that carries one; - for standard
    /// input
    #[arg(long, value_name = "FILE")]
    pub(crate) workload: PathBuf,
    /// The first minute: a time such as 2026-03-07T03:00:00Z, or how long ago, such as 3h or 14d
    #[arg(long, value_name = "T")]
    pub(crate) from: Moment,
    /// The end of the last minute, likewise
    #[arg(long, value_name = "T", default_value = "now")]
    pub(crate) to: Moment,
    /// How to tell
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  evac region
  evac region --port 4599 --scenario zonal-errors
  evac region --evac --speed 60
  evac region --fault throttle:service=autoscaling,perSecond=1,burst=5
  evac region --speed 60 > region.env & sleep 1; . ./region.env
  aws autoscaling describe-auto-scaling-groups

The exit status is 0 if the Region is stopped by a signal, 1 if it cannot listen, and 2 for wrong usage.")]
pub(crate) struct RegionOptions {
    /// The port on 127.0.0.1; 0 for any that is free
    #[arg(long, value_name = "P", default_value_t = 0)]
    pub(crate) port: u16,
    /// The scenario whose faults go on, see evac drill --list; a healthy workload if left out
    #[arg(long, value_name = "NAME")]
    pub(crate) scenario: Option<String>,
    /// A fault of the Region beside the scenario's, such as slow:service=sns,milliseconds=500; can be
    /// given several times. docs/DRILL.md lists the kinds
    #[arg(long = "fault", value_name = "KIND:FIELD=VALUE,...")]
    pub(crate) faults: Vec<RegionFault>,
    /// Have Evac watch over the Region's workload, with its executables, as in a drill
    #[arg(long)]
    pub(crate) evac: bool,
    /// The directory of the functions' executables, if not this program's own
    #[arg(long, value_name = "DIR", requires = "evac")]
    pub(crate) functions: Option<PathBuf>,
    /// How many times faster than the wall clock the Region's clock runs
    #[arg(long, value_name = "X", default_value = "1", value_parser = parse_speed)]
    pub(crate) speed: Speed,
    /// Have the Region's clock be the wall clock, and the scenario have begun so many minutes ago: for
    /// clients that know no other time
    #[arg(long, value_name = "MINUTES", conflicts_with = "speed", value_parser = clap::value_parser!(u16).range(0..=1440))]
    pub(crate) began: Option<u16>,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  eval \"$(aws configure export-credentials --format env)\"
  evac report --workload wildrydes --from 3h --out incident.html
  evac report --workload wildrydes --from 2026-03-07T03:00:00Z --to 2026-03-07T05:00:00Z > incident.html
  evac report --workload wildrydes --from 1d --format json | jq -r '.moments[] | [.at, .kind, .what] | @tsv'
  evac report --workload wildrydes --from 3h --definition wildrydes.json --log-group /aws/lambda/evac-classifier

docs/REPORT.md says what the page tells, and from where.
The exit status is 0 if everything could be read, 1 if something could not, which the page and standard
error tell, or if there is no definition, and 2 for wrong usage.")]
pub(crate) struct ReportOptions {
    /// The workload's name
    #[arg(long, value_name = "NAME")]
    pub(crate) workload: WorkloadName,
    /// When the report begins: a time such as 2026-03-07T03:00:00Z, or how long ago, such as 3h or 14d
    #[arg(long, value_name = "T")]
    pub(crate) from: Moment,
    /// When it ends, likewise; 24 hours later at the most
    #[arg(long, value_name = "T", default_value = "now")]
    pub(crate) to: Moment,
    /// A file with the workload's definition, or with a payload that carries one, in place of the
    /// workload's rule; - for standard input
    #[arg(long, value_name = "FILE")]
    pub(crate) definition: Option<PathBuf>,
    /// A log group of the functions, in place of those of the function that the workload's rule calls and
    /// of its neighbours; can be given several times
    #[arg(long = "log-group", value_name = "NAME")]
    pub(crate) log_groups: Vec<String>,
    /// A page for a browser, or the same content as data
    #[arg(long, value_enum, default_value_t = ReportFormat::Html)]
    pub(crate) format: ReportFormat,
    /// The file to write; standard output where it is left out
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ReportFormat {
    /// One HTML page that needs no network
    Html,
    /// One JSON object, as docs/schema/incident.json describes it
    Json,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Text for people
    Text,
    /// One JSON object
    Json,
}

/// Wrong usage that clap cannot see.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct UsageError(pub(crate) String);

fn parse_speed(text: &str) -> Result<Speed, String> {
    let times: f64 = text
        .parse()
        .map_err(|_| "not a number, expected how many times faster, such as 60".to_owned())?;
    Speed::try_from(times).map_err(|error| error.to_string())
}
