/**
 * A workload: the rule that sends its definition along with its alarms' events, the tick, and the permissions.
 *
 * There is no configuration store: the definition is in the rule, and whatever recovery needs is known before the
 * failure. It is checked at synth, and every problem of every workload is told at once.
 *
 * EventBridge's limits hold here: a transformer's template, and a constant input, have 8,192 characters at most, a
 * pattern 4,096, a rule's name 64, and a bus has 300 rules unless the quota is raised. A workload takes two rules.
 */
import { Duration, Stack, Tags } from 'aws-cdk-lib';
import type * as autoscaling from 'aws-cdk-lib/aws-autoscaling';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type * as ec2 from 'aws-cdk-lib/aws-ec2';
import type * as elbv2 from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import * as events from 'aws-cdk-lib/aws-events';
import { Construct } from 'constructs';
import { problemsOf, type Definition, type Evidence, type GroupSelector, type Policy, type Problem } from './definition.ts';
import type { EvacPipeline } from './evac-pipeline.ts';

/** EventBridge's limits, in characters. */
const LONGEST_TEMPLATE = 8192;
const LONGEST_PATTERN = 4096;
const LONGEST_RULE_NAME = 64;
/** What a text that is known only when it is deployed counts for: ARNs of load balancers have a hundred characters. */
const TOKEN_LENGTH = 120;

/** What ARC does to a workload's resources without Evac. */
export const ARC_EVENTS = ['Autoshift In Progress', 'Autoshift Completed', 'Manual Shift Canceled'];

/** A zone, with its subnets as constructs or by id. */
export interface Zone {
  /** The account's own name of the zone, such as `us-east-1a`. */
  readonly name: string;
  /** The workload's subnets in it, all of those that its groups use. */
  readonly subnets: readonly (string | ec2.ISubnet)[];
}

/** The zones by AZ ID. Nothing derives an AZ ID from a name: which is which differs from account to account. */
export type Zones = { readonly [id: string]: Zone };

/** What tells alarms of a workload apart: names of alarms that are there, or a `ZonalImpactAlarms`. */
export interface AlarmNames {
  /** By AZ ID, the alarm that says that the zone is impaired. */
  readonly zonal: { readonly [id: string]: string };
  /** Alarms that say that the Region is the cause. */
  readonly regional: readonly string[];
}

export type Groups = GroupSelector | { readonly groups: readonly autoscaling.AutoScalingGroup[] };

export interface EvacWorkloadProps {
  readonly pipeline: EvacPipeline;
  /** What people call it: 1 to 54 letters, digits, dots, dashes, underscores, so that rules can be named after it. */
  readonly workload: string;
  readonly zones: Zones;
  /** What ARC shifts, the lead first: load balancers, or ARNs of anything that ARC manages. */
  readonly resources: readonly (string | elbv2.ILoadBalancerV2)[];
  /** Groups to prune. Groups given as constructs get the tag `evac:workload`. */
  readonly autoScalingGroups?: Groups;
  readonly alarms: AlarmNames;
  readonly evidence?: Evidence;
  readonly canary?: Evidence | { readonly evidence: Evidence };
  /** Default: mode `observe`. */
  readonly policy?: Policy;
  /** Minutes between two ticks, 15 at the most; default 1. Take one for each 30 workloads of the account: all share the APIs' limits. */
  readonly tickMinutes?: number;
}

/** The subnets of a VPC by zone. `ids` are the AZ IDs with this account's AZ names. */
export function zonesOf(vpc: ec2.IVpc, ids: { readonly [id: string]: string }, selection?: ec2.SubnetSelection): Zones {
  const { subnets } = vpc.selectSubnets(selection);
  return Object.fromEntries(
    Object.entries(ids).map(([id, name]) => [id, { name, subnets: subnets.filter((subnet) => subnet.availabilityZone === name) }]),
  );
}

/** The counts of an Application Load Balancer's own metrics; cross-zone load balancing has to be off at its target groups. */
export function albEvidence(
  loadBalancer: elbv2.IApplicationLoadBalancer & { readonly loadBalancerFullName: string },
  targetGroups: readonly { readonly targetGroupFullName: string }[],
  slowAfterMs: number,
): Evidence {
  return {
    source: 'alb',
    loadBalancer: loadBalancer.loadBalancerFullName,
    slowAfterMs,
    targetGroups: targetGroups.map((group) => group.targetGroupFullName),
    crossZone: 'off',
  };
}

/** See the top of this file. */
export class EvacWorkload extends Construct {
  /** What travels with each event. */
  readonly definition: Definition;
  /** For the workload's alarms, and for what others do with its shifts. */
  readonly rule: events.CfnRule;
  /** The schedule that makes the pipeline level-triggered. */
  readonly tick: events.CfnRule;

  constructor(scope: Construct, id: string, props: EvacWorkloadProps) {
    super(scope, id);
    const { pipeline, workload } = props;
    const definition = definitionOf(props);
    this.definition = definition;
    const problems: Problem[] = problemsOf(definition);
    const twice = pipeline.register(workload);
    if (twice !== undefined) problems.push({ field: 'name', message: twice });
    const refuse = (field: string, message: string) => problems.push({ field, message });

    const tickMinutes = props.tickMinutes ?? 1;
    if (!(Number.isInteger(tickMinutes) && tickMinutes >= 1 && tickMinutes <= 15)) {
      refuse('tickMinutes', `${tickMinutes} is out of range, expected 1 to 15: what an event leaves half-done waits for the tick`);
    }
    const ruleName = `${pipeline.prefix}-${workload}`;
    const tickName = `${ruleName}-tick`;
    if (tickName.length > LONGEST_RULE_NAME) {
      refuse('name', `"${workload}" makes a rule's name of ${tickName.length} characters, expected ${LONGEST_RULE_NAME} at most: shorten it to ${LONGEST_RULE_NAME - (tickName.length - workload.length)} characters`);
    }
    const names = [...Object.values(definition.alarms.zonal), ...definition.alarms.regional];
    const json = JSON.stringify({ ...definition, resources: [] });
    if (/[<>]/.test(json.replaceAll(/\$\{Token\[[^\]]*\]\}/g, ''))) {
      refuse('alarms', 'a text holds < or >, expected none: EventBridge would take it for a placeholder of the input transformer');
    }

    const stack = Stack.of(this);
    const text = stack.toJsonString(definition);
    const template = `{"workload":${text},"event":<aws.events.event.json>}`;
    const tick = `{"workload":${text},"command":{"action":"reconcile","reason":"schedule"}}`;
    const length = Math.max(lengthOf(stack, template), lengthOf(stack, tick));
    if (length > LONGEST_TEMPLATE) {
      refuse('zones', `the definition makes an input of ${length} characters, expected ${LONGEST_TEMPLATE} at most, EventBridge's limit: list fewer subnets, or make two workloads of it`);
    }
    const eventPattern = {
      $or: [
        {
          source: ['aws.cloudwatch'],
          'detail-type': ['CloudWatch Alarm State Change'],
          detail: { alarmName: names, state: { value: ['ALARM'] } },
        },
        { source: ['aws.arc-zonal-shift'], 'detail-type': ARC_EVENTS },
      ],
    };
    const patternLength = JSON.stringify(eventPattern).length;
    if (patternLength > LONGEST_PATTERN) {
      refuse('alarms', `the rule's pattern has ${patternLength} characters, expected ${LONGEST_PATTERN} at most, EventBridge's limit: shorten the alarms' names`);
    }
    this.node.addValidation({
      validate: () => problems.map(({ field, message }) => `workload "${workload}": ${field}: ${message}`),
    });

    this.rule = new events.CfnRule(this, 'Rule', {
      name: ruleName,
      description: `Evac: the alarms of ${workload}, and what others do with its shifts`,
      state: 'ENABLED',
      eventPattern,
      targets: [target(pipeline, { inputTransformer: { inputTemplate: template } }, Duration.minutes(15), 185)],
    });
    this.tick = new events.CfnRule(this, 'Tick', {
      name: tickName,
      description: `Evac: looks at ${workload}, and goes on with what was left half-done`,
      state: 'ENABLED',
      scheduleExpression: tickMinutes === 1 ? 'rate(1 minute)' : `rate(${tickMinutes} minutes)`,
      // The next tick does what a late one would have done.
      targets: [target(pipeline, { input: tick }, Duration.minutes(tickMinutes), 2)],
    });
    Tags.of(this).add('evac:workload', workload);

    if (problems.length === 0) this.permit(props);
    this.watch(pipeline, workload, tickMinutes);
  }

  private permit({ pipeline }: EvacWorkloadProps): void {
    const { resources, autoScalingGroups, policy } = this.definition;
    // A role can do what the mode can, and no more: who raises the mode deploys the permissions with it.
    if (resources.length > 0) pipeline.allowShift(resources, policy.mode === 'observe' ? 'read' : 'shift');
    if (autoScalingGroups && policy.mode === 'evacuate') pipeline.allowPrune(autoScalingGroups);
  }

  private watch(pipeline: EvacPipeline, workload: string, tickMinutes: number): void {
    const verdicts = (verdict: string) =>
      new cloudwatch.Metric({
        namespace: 'Evac',
        metricName: 'Verdicts',
        dimensionsMap: { Workload: workload, Verdict: verdict },
        period: Duration.minutes(tickMinutes === 1 ? 1 : 5),
        statistic: 'Sum',
      });
    const missing = new cloudwatch.Alarm(this, 'TickMissing', {
      alarmName: `${pipeline.prefix}-${workload}-tick-missing`,
      alarmDescription: `The classifier has not looked at ${workload}: an alarm's event that is lost now would stay lost. See whether its rule is enabled, and the function's log.`,
      metric: new cloudwatch.MathExpression({
        label: 'verdicts',
        expression: 'FILL(hold, 0) + FILL(evacuate, 0) + FILL(failBack, 0)',
        usingMetrics: { hold: verdicts('hold'), evacuate: verdicts('evacuate'), failBack: verdicts('fail-back') },
        period: Duration.minutes(tickMinutes === 1 ? 1 : 5),
      }),
      threshold: 1,
      comparisonOperator: cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD,
      evaluationPeriods: tickMinutes === 1 ? 5 : 6,
      // Nothing at all is what it looks for.
      treatMissingData: cloudwatch.TreatMissingData.BREACHING,
    });
    const unready = new cloudwatch.Alarm(this, 'Unready', {
      alarmName: `${pipeline.prefix}-${workload}-unready`,
      alarmDescription: `An evacuation of ${workload} would not work as it should: the message "not ready to evacuate" says what to mend.`,
      metric: new cloudwatch.Metric({ namespace: 'Evac', metricName: 'Unready', dimensionsMap: { Workload: workload }, period: Duration.minutes(5), statistic: 'Maximum' }),
      threshold: 0,
      comparisonOperator: cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
      evaluationPeriods: 2,
      treatMissingData: cloudwatch.TreatMissingData.NOT_BREACHING,
    });
    for (const alarm of [missing, unready]) alarm.addAlarmAction(pipeline.alarmAction);
  }
}

/** The definition in the JSON that the functions read. */
function definitionOf(props: EvacWorkloadProps): Definition {
  const zones = Object.entries(props.zones).map(([id, { name, subnets }]) => [
    id,
    { name, subnets: subnets.map((subnet) => (typeof subnet === 'string' ? subnet : subnet.subnetId)) },
  ]);
  return {
    name: props.workload,
    zones: Object.fromEntries(zones),
    resources: props.resources.map((resource) => (typeof resource === 'string' ? resource : resource.loadBalancerRef.loadBalancerArn)),
    ...(props.autoScalingGroups && { autoScalingGroups: selectorOf(props.workload, props.autoScalingGroups) }),
    alarms: { zonal: props.alarms.zonal, regional: props.alarms.regional },
    ...(props.evidence && { evidence: props.evidence }),
    ...(props.canary && { canary: 'evidence' in props.canary ? props.canary.evidence : props.canary }),
    policy: { mode: 'observe', ...props.policy },
  };
}

function selectorOf(workload: string, groups: Groups): GroupSelector {
  if (!('groups' in groups)) return groups;
  const tag = { key: 'evac:workload', value: workload };
  for (const group of groups.groups) Tags.of(group).add(tag.key, tag.value);
  return { tag };
}

function target(
  pipeline: EvacPipeline,
  input: Pick<events.CfnRule.TargetProperty, 'input' | 'inputTransformer'>,
  maxAge: Duration,
  attempts: number,
): events.CfnRule.TargetProperty {
  return {
    id: 'classifier',
    arn: pipeline.classifier.functionArn,
    deadLetterConfig: { arn: pipeline.undelivered.queueArn },
    retryPolicy: { maximumEventAgeInSeconds: maxAge.toSeconds(), maximumRetryAttempts: attempts },
    ...input,
  };
}

/** The length of a text when it is deployed, as far as it is known. */
function lengthOf(stack: Stack, text: string): number {
  const resolved: unknown = stack.resolve(text);
  if (typeof resolved === 'string') return resolved.length;
  const parts = (resolved as { 'Fn::Join'?: [string, unknown[]] })['Fn::Join']?.[1] ?? [];
  return parts.reduce<number>((sum, part) => sum + (typeof part === 'string' ? part.length : TOKEN_LENGTH), 0);
}

