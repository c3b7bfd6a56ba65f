/**
 * Detection for an Application Load Balancer, zone by zone, and regional.
 *
 * A zone's alarm means *isolated impact*: its customers are hurt (rate), far more than the others' (contrast), and not
 * because of one instance, where instances are counted. Each is asked of faults and of slow requests, M of N minutes.
 * It only says *look now*: the classifier judges the counts by itself. So it may be somewhat too eager, and must not
 * be late.
 *
 * **Contrast, not share.** Published detection asks which share of all errors a zone has. That depends on how traffic is
 * spread and on how many zones there are; docs/DETECTION.md shows what comes of it. Here the zone's bad *rate* is
 * compared with the bad rate of all the others pooled. It has to be `contrast` times as high, by default three times and
 * at least as many times as there are zones: so two zones that are equally bad, with equal traffic, are never isolated.
 *
 * **Missing data is not breaching.** A zone without requests has no rate. Its alarm turns OK, so that it does not freeze
 * in ALARM while traffic is away, and that it is OK proves nothing: fail-back asks the canary.
 *
 * **The canary is not in it.** In a zone whose groups are pruned the load balancer answers the canary with errors,
 * because it has no targets there; an alarm that heard the canary could not turn OK before capacity returned, and
 * capacity would wait for the alarm.
 *
 * The regional alarm means that two zones or more are hurt and none of them alone.
 *
 * CloudWatch's limits hold here: an alarm has ten metrics at the most. That is why the others are counted as the load
 * balancer's total less the zone, and not one by one: it takes six metrics for any number of zones.
 */
import { Stack, Tags, Token } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import { Construct } from 'constructs';
import { isZoneId, isZoneName } from './definition.ts';

/** Contributor Insights over a log of the servers, a JSON object a request. */
export interface InstanceLogs {
  /** Names of log groups that are there. */
  readonly logGroupNames: readonly string[];
  /** The field with the instance; default `$.InstanceId`. */
  readonly instance?: string;
  /** The field with the AZ ID; default `$.AZ-ID`. */
  readonly zone?: string;
  /** The field with the status code; default `$.HttpResponseCode`. */
  readonly status?: string;
  /** The field with the latency in milliseconds; default `$.SuccessLatency`. */
  readonly latency?: string;
}

export interface ZonalImpactAlarmsProps {
  /** The workload's name; it is part of each alarm's name. */
  readonly workload: string;
  /** By AZ ID, this account's AZ name, in which the load balancer's metrics speak. */
  readonly zones: { readonly [id: string]: string | { readonly name: string } };
  /** The load balancer's ARN; it stands in the alarms' descriptions. */
  readonly loadBalancerArn: string;
  /** The end of its ARN, `app/front/50dc6c495c0c9188`; taken from the ARN where that is known. */
  readonly loadBalancerFullName?: string;
  /** From how many milliseconds on a request is slow. */
  readonly slowAfterMs: number;
  /** Percent of a zone's requests that fail, above which its customers are hurt; default 1. */
  readonly faultPercent?: number;
  /** Percent of a zone's requests that are slow, above which its customers are hurt; default 5. */
  readonly slowPercent?: number;
  /** How many times the others' bad rate a zone's must be; default 3, or the number of zones if that is more. */
  readonly contrast?: number;
  /** Bad requests of a zone in a minute, below which they are chance; default 10. */
  readonly atLeast?: number;
  /** Minutes that have to be bad, of so many; default 2 of 3. */
  readonly minutes?: { readonly bad: number; readonly of: number };
  /** Where instances are counted: more than one of a zone must be hurt. Without it one bad instance looks like its zone. */
  readonly instances?: InstanceLogs;
  /** What the alarms do besides; EventBridge learns of them in any case. */
  readonly actions?: readonly cloudwatch.IAlarmAction[];
}

const HURTS = ['fault', 'slow'] as const;
type Hurt = (typeof HURTS)[number];

/** The alarm that says that a zone is impaired. */
export const zonalAlarmName = (workload: string, zone: string): string => `${zone}-${workload}-isolated-impact-aggregate-alarm`;
/** The alarm that says that the Region is the cause. */
export const regionalAlarmName = (workload: string): string => `${workload}-regional-impact-alarm`;

/** See the top of this file. */
export class ZonalImpactAlarms extends Construct {
  /** Each zone's alarm by AZ ID: `alarms.zonal` of a definition. */
  readonly zonal: { readonly [id: string]: string };
  /** `alarms.regional` of a definition. */
  readonly regional: readonly string[];

  constructor(scope: Construct, id: string, private readonly props: ZonalImpactAlarmsProps) {
    super(scope, id);
    const { workload } = props;
    const zones = Object.entries(props.zones).map(([zone, name]) => ({ id: zone, name: typeof name === 'string' ? name : name.name }));
    this.node.addValidation({ validate: () => this.problems(zones) });
    Tags.of(this).add('evac:workload', workload);

    const described = (zone: string) => Stack.of(this).toJsonString({ loadBalancer: props.loadBalancerArn, 'az-id': zone });
    const alarms = new Map<string, cloudwatch.CfnCompositeAlarm>();
    const hurt = new Map<string, string>();
    for (const zone of zones) {
      const parts = new Construct(this, zone.id);
      Tags.of(parts).add('evac:zone', zone.id);
      const made: cloudwatch.CfnAlarm[] = [];
      const reasons = HURTS.map((what) => {
        const of = (part: string) => `${zone.id}-${workload}-${what}-${part}`;
        made.push(
          this.alarm(parts, `${what}-rate`, of('rate'), this.threshold(what), this.rate(what, zone.name), `Percent of the requests in ${zone.id} that are ${ADJECTIVE[what]}`),
          this.alarm(parts, `${what}-contrast`, of('contrast'), 0, this.contrast(what, zone.name, zones.length), `Above 0 where ${zone.id} has far more ${ADJECTIVE[what]} requests than the other zones, in relation to traffic`),
        );
        const conditions = [of('rate'), of('contrast')];
        if (props.instances) {
          made.push(this.instances(parts, what, zone.id, of('instances'), props.instances));
          conditions.push(of('instances'));
        }
        return `(${conditions.map(inAlarm).join(' AND ')})`;
      });
      hurt.set(zone.id, `(${HURTS.map((what) => inAlarm(`${zone.id}-${workload}-${what}-rate`)).join(' OR ')})`);
      const composite = new cloudwatch.CfnCompositeAlarm(parts, 'Isolated', {
        alarmName: zonalAlarmName(workload, zone.id),
        alarmRule: reasons.join(' OR '),
        alarmDescription: described(zone.id),
        ...this.actions(),
      });
      made.forEach((alarm) => composite.addResourceDependency(alarm));
      alarms.set(zone.id, composite);
    }
    const pairs = [...hurt.values()].flatMap((one, index, all) => all.slice(index + 1).map((other) => `(${one} AND ${other})`));
    const isolated = zones.map((zone) => inAlarm(zonalAlarmName(workload, zone.id)));
    if (pairs.length > 0) {
      const regional = new cloudwatch.CfnCompositeAlarm(this, 'Regional', {
        alarmName: regionalAlarmName(workload),
        alarmRule: `(${pairs.join(' OR ')}) AND NOT (${isolated.join(' OR ')})`,
        alarmDescription: Stack.of(this).toJsonString({ loadBalancer: props.loadBalancerArn }),
        ...this.actions(),
      });
      alarms.forEach((alarm) => regional.addResourceDependency(alarm));
    }
    this.zonal = Object.fromEntries(zones.map((zone) => [zone.id, zonalAlarmName(workload, zone.id)]));
    this.regional = pairs.length > 0 ? [regionalAlarmName(workload)] : [];
  }

  private problems(zones: readonly { readonly id: string; readonly name: string }[]): string[] {
    const { props } = this;
    const problems: string[] = [];
    const refuse = (field: string, message: string) => problems.push(`alarms of workload "${props.workload}": ${field}: ${message}`);
    if (zones.length < 2) refuse('zones', `${zones.length} zones, expected 2 or more: an impact is isolated only beside other zones`);
    for (const { id, name } of zones) {
      if (isZoneName(id)) refuse(`zones.${id}`, `"${id}" is an AZ name, expected an AZ ID such as use1-az1`);
      else if (!isZoneId(id)) refuse(`zones.${id}`, `"${id}" is not an AZ ID, expected one such as use1-az1`);
      if (!Token.isUnresolved(name) && !isZoneName(name)) refuse(`zones.${id}`, `"${name}" is not an AZ name, expected one such as us-east-1a: the load balancer's metrics speak AZ names`);
    }
    if (!Token.isUnresolved(this.balancer) && !/^app\/[^/]+\/[^/]+$/.test(this.balancer)) {
      refuse('loadBalancerArn', `"${props.loadBalancerArn}" is not the ARN of an Application Load Balancer, expected arn:aws:elasticloadbalancing:<region>:<account>:loadbalancer/app/<name>/<id>: Network Load Balancers have no such metrics`);
    }
    const { bad, of } = this.span;
    if (!(Number.isInteger(bad) && Number.isInteger(of) && bad >= 1 && bad <= of && of <= 10)) refuse('minutes', `${bad} of ${of}, expected 1 to 10, and no more bad ones than there are`);
    for (const [field, value, low, high] of [
      ['slowAfterMs', props.slowAfterMs, 1, 600_000],
      ['faultPercent', this.threshold('fault'), 0, 100],
      ['slowPercent', this.threshold('slow'), 0, 100],
      ['contrast', props.contrast ?? 1, 1, 1000],
      ['atLeast', props.atLeast ?? 0, 0, 1_000_000],
    ] as const) {
      if (!(value >= low && value <= high)) refuse(field, `${value} is out of range, expected ${low} to ${high}`);
    }
    return problems;
  }

  private get balancer(): string {
    return this.props.loadBalancerFullName ?? this.props.loadBalancerArn.split(':loadbalancer/')[1] ?? this.props.loadBalancerArn;
  }

  private get span() {
    return this.props.minutes ?? { bad: 2, of: 3 };
  }

  private threshold(hurt: Hurt): number {
    return hurt === 'fault' ? (this.props.faultPercent ?? 1) : (this.props.slowPercent ?? 5);
  }

  private actions() {
    const arns = (this.props.actions ?? []).map((action) => action.bind(this, undefined as never).alarmActionArn);
    return arns.length > 0 ? { alarmActions: arns } : {};
  }

  /** A metric of the load balancer: of a zone, or where there is none of all of it. */
  private metric(id: string, metricName: string, stat: string, zone?: string): cloudwatch.CfnAlarm.MetricDataQueryProperty {
    const dimensions = [{ name: 'LoadBalancer', value: this.balancer }];
    if (zone !== undefined) dimensions.push({ name: 'AvailabilityZone', value: zone });
    return { id, metricStat: { metric: { namespace: 'AWS/ApplicationELB', metricName, dimensions }, period: 60, stat }, returnData: false };
  }

  /** Queries, and the expression of how many requests are hurt in a zone or in all. */
  private bad(hurt: Hurt, prefix: string, zone?: string): [cloudwatch.CfnAlarm.MetricDataQueryProperty[], string] {
    if (hurt === 'slow') {
      const seconds = this.props.slowAfterMs / 1000;
      return [[this.metric(`${prefix}slow`, 'TargetResponseTime', `TC(${seconds}:)`, zone)], `FILL(${prefix}slow, 0)`];
    }
    return [
      [this.metric(`${prefix}target`, 'HTTPCode_Target_5XX_Count', 'Sum', zone), this.metric(`${prefix}balancer`, 'HTTPCode_ELB_5XX_Count', 'Sum', zone)],
      `(FILL(${prefix}target, 0) + FILL(${prefix}balancer, 0))`,
    ];
  }

  private rate(hurt: Hurt, zone: string): cloudwatch.CfnAlarm.MetricDataQueryProperty[] {
    const [queries, bad] = this.bad(hurt, 'own_', zone);
    return [...queries, this.metric('own_requests', 'RequestCount', 'Sum', zone), answer(`100 * ${bad} / own_requests`)];
  }

  /** The percent by which a zone's bad rate exceeds so many times the others'. Nothing in the others is a rate of 0. */
  private contrast(hurt: Hurt, zone: string, zones: number): cloudwatch.CfnAlarm.MetricDataQueryProperty[] {
    const factor = this.props.contrast ?? Math.max(3, zones);
    const [own, ownBad] = this.bad(hurt, 'own_', zone);
    const [all, allBad] = this.bad(hurt, 'all_');
    const others = '(all_requests - own_requests)';
    const otherRate = `IF(${others} > 0, 100 * (${allBad} - ${ownBad}) / ${others}, 0)`;
    const excess = `100 * ${ownBad} / own_requests - ${factor} * ${otherRate}`;
    return [
      ...own,
      this.metric('own_requests', 'RequestCount', 'Sum', zone),
      ...all,
      this.metric('all_requests', 'RequestCount', 'Sum'),
      answer(`IF(${ownBad} >= ${this.props.atLeast ?? 10}, ${excess}, 0)`),
    ];
  }

  private instances(scope: Construct, hurt: Hurt, zone: string, name: string, logs: InstanceLogs): cloudwatch.CfnAlarm {
    const ruleName = `${zone}-${this.props.workload}-instances-with-${hurt === 'fault' ? 'faults' : 'slow-requests'}`;
    const filter = hurt === 'fault'
      ? { Match: logs.status ?? '$.HttpResponseCode', GreaterThan: 499 }
      : { Match: logs.latency ?? '$.SuccessLatency', GreaterThan: this.props.slowAfterMs };
    const rule = new cloudwatch.CfnInsightRule(scope, `${hurt}-insight`, {
      ruleName,
      ruleState: 'ENABLED',
      ruleBody: Stack.of(this).toJsonString({
        Schema: { Name: 'CloudWatchLogRule', Version: 1 },
        LogGroupNames: logs.logGroupNames,
        LogFormat: 'JSON',
        Contribution: { Keys: [logs.instance ?? '$.InstanceId'], Filters: [{ Match: logs.zone ?? '$.AZ-ID', In: [zone] }, filter] },
        AggregateOn: 'Count',
      }),
    });
    const query = { ...answer(`INSIGHT_RULE_METRIC("${ruleName}", "UniqueContributors")`), period: 60 };
    const alarm = this.alarm(scope, `${hurt}-instances`, name, 1, [query], `Instances of ${zone} with ${ADJECTIVE[hurt]} requests`);
    alarm.addResourceDependency(rule);
    return alarm;
  }

  private alarm(
    scope: Construct,
    id: string,
    alarmName: string,
    threshold: number,
    metrics: cloudwatch.CfnAlarm.MetricDataQueryProperty[],
    alarmDescription: string,
  ): cloudwatch.CfnAlarm {
    return new cloudwatch.CfnAlarm(scope, id, {
      alarmName,
      alarmDescription,
      metrics,
      threshold,
      comparisonOperator: 'GreaterThanThreshold',
      evaluationPeriods: this.span.of,
      datapointsToAlarm: this.span.bad,
      treatMissingData: 'notBreaching',
    });
  }
}

const ADJECTIVE = { fault: 'failed', slow: 'slow' } as const;

const inAlarm = (name: string): string => `ALARM("${name}")`;

function answer(expression: string): cloudwatch.CfnAlarm.MetricDataQueryProperty {
  return { id: 'answer', expression, returnData: true };
}
