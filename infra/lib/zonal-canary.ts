/**
 * The outside view: a function that asks each zone's own endpoint, and the regional one, every minute from outside of
 * the zones, and counts requests, faults and slow answers zone by zone.
 *
 * It is the only witness of a zone that has no customers, and the proof that fail-back waits for. It writes its counts
 * in the embedded metric format and calls no API, so its role may do nothing.
 *
 * A zone's endpoint is the load balancer's DNS name with the zone's name in front, which stays reachable while traffic is
 * shifted away. Over HTTPS the certificate is that of `url`'s host: the canary connects to the zone and asks for the host.
 */
import { Duration, Stack, Tags } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as events from 'aws-cdk-lib/aws-events';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { isZoneId, isZoneName, type CustomEvidence } from './definition.ts';
import { EvacFunction } from './evac-function.ts';
import type { EvacPipeline } from './evac-pipeline.ts';
import { acknowledge } from './nag.ts';

/** The namespace of the canary's metrics. */
export const CANARY_NAMESPACE = 'Evac/Canary';

export interface ZonalCanaryProps {
  readonly pipeline: EvacPipeline;
  readonly workload: string;
  /** By AZ ID, this account's AZ name. */
  readonly zones: { readonly [id: string]: string | { readonly name: string } };
  /** What is asked: a page that does what customers need, `https://www.example.com/health`. */
  readonly url: string;
  /** The load balancer's DNS name, whose zonal names are asked. */
  readonly loadBalancerDnsName: string;
  /** From how many milliseconds on an answer is slow. */
  readonly slowAfterMs: number;
  /** Requests to each endpoint in a minute, 9 to 120; default 20. A proof within 15 minutes takes 9. */
  readonly requests?: number;
  /** For an internal load balancer: where the function runs. Take subnets of several zones. */
  readonly vpc?: { readonly vpc: ec2.IVpc; readonly vpcSubnets?: ec2.SubnetSelection; readonly securityGroups?: ec2.ISecurityGroup[] };
}

/** See the top of this file. */
export class ZonalCanary extends Construct {
  readonly function: lambda.Function;
  /** Where its counts are: `canary` of a definition. */
  readonly evidence: CustomEvidence;

  constructor(scope: Construct, id: string, props: ZonalCanaryProps) {
    super(scope, id);
    const { pipeline, workload } = props;
    const zones = Object.entries(props.zones).map(([zone, name]) => [zone, typeof name === 'string' ? name : name.name] as const);
    const requests = props.requests ?? 20;
    this.node.addValidation({ validate: () => problems(props, zones, requests) });
    Tags.of(this).add('evac:workload', workload);
    const configuration = {
      workload,
      url: props.url,
      zones: Object.fromEntries(zones.map(([zone, name]) => [zone, `${name}.${props.loadBalancerDnsName}`])),
      requests,
      slowAfterMs: props.slowAfterMs,
    };
    const made = new EvacFunction(this, 'Function', {
      executable: 'canary',
      functionName: `${pipeline.prefix}-${workload}-canary`,
      description: `Evac: asks each zone of ${workload} from outside`,
      timeout: Duration.seconds(59),
      // It waits most of the time, and is paid for by the second.
      memorySize: 128,
      environment: { EVAC_CANARY: Stack.of(this).toJsonString(configuration) },
      failed: pipeline.failed,
      // Two minutes never overlap for long, and what is late is worth nothing.
      reservedConcurrency: 2,
      retention: pipeline.retention,
      vpc: props.vpc,
      zips: pipeline.zips,
    });
    this.function = made.function;
    if (props.vpc) {
      made.allow('Network', ['ec2:CreateNetworkInterface', 'ec2:DescribeNetworkInterfaces', 'ec2:DescribeSubnets', 'ec2:DeleteNetworkInterface', 'ec2:AssignPrivateIpAddresses', 'ec2:UnassignPrivateIpAddresses'], ['*']);
      // Without this the function's own code could change network interfaces.
      made.deny('NotTheFunctionItself', ['ec2:*NetworkInterface*', 'ec2:*PrivateIpAddresses', 'ec2:Describe*'], { ArnEquals: { 'lambda:SourceFunctionArn': [this.arn()] } });
      acknowledge(made.role, {
        'AwsSolutions-IAM5': 'Lambda needs this for a function in a VPC, and knows no resources of it; the function itself is denied it.',
      });
    }
    const ruleName = `${pipeline.prefix}-${workload}-canary`;
    const rule = new events.CfnRule(this, 'Schedule', {
      name: ruleName,
      description: `Evac: the canary of ${workload}`,
      state: 'ENABLED',
      scheduleExpression: 'rate(1 minute)',
      targets: [
        {
          id: 'canary',
          arn: this.function.functionArn,
          input: '{}',
          deadLetterConfig: { arn: pipeline.undelivered.queueArn },
          retryPolicy: { maximumEventAgeInSeconds: 60, maximumRetryAttempts: 0 },
        },
      ],
    });
    this.function.addPermission('Schedule', {
      principal: new iam.ServicePrincipal('events.amazonaws.com'),
      sourceArn: rule.attrArn,
      sourceAccount: Stack.of(this).account,
    });
    const silent = new cloudwatch.Alarm(this, 'Silent', {
      alarmName: `${pipeline.prefix}-${workload}-canary-silent`,
      alarmDescription: `The canary of ${workload} counts nothing: no evacuated zone can be proven well.`,
      metric: new cloudwatch.Metric({ namespace: CANARY_NAMESPACE, metricName: 'Requests', dimensionsMap: { Workload: workload, Endpoint: 'regional' }, period: Duration.minutes(1), statistic: 'Sum' }),
      threshold: 1,
      comparisonOperator: cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD,
      evaluationPeriods: 5,
      treatMissingData: cloudwatch.TreatMissingData.BREACHING,
    });
    silent.addAlarmAction(pipeline.alarmAction);
    made.alarms(pipeline.alarmAction);
    this.evidence = {
      source: 'custom',
      namespace: CANARY_NAMESPACE,
      requests: 'Requests',
      faults: 'Faults',
      slow: 'Slow',
      zone: { dimension: 'ZoneId', as: 'id' },
      dimensions: { Workload: workload },
    };
  }

  private arn(): string {
    const name = Stack.of(this).resolve((this.function.node.defaultChild as lambda.CfnFunction).functionName) as string;
    return Stack.of(this).formatArn({ service: 'lambda', resource: `function:${name}` });
  }
}

function problems({ workload, url, slowAfterMs }: ZonalCanaryProps, zones: readonly (readonly [string, string])[], requests: number): string[] {
  const found: string[] = [];
  const refuse = (field: string, message: string) => found.push(`canary of workload "${workload}": ${field}: ${message}`);
  if (zones.length === 0) refuse('zones', 'no zones, expected each zone of the workload by AZ ID');
  for (const [id] of zones) {
    if (!isZoneId(id)) refuse(`zones.${id}`, `"${id}" is ${isZoneName(id) ? 'an AZ name' : 'not an AZ ID'}, expected an AZ ID such as use1-az1`);
  }
  if (!/^(https?:\/\/|\$\{Token)/.test(url)) refuse('url', `"${url}" is not a URL, expected http://… or https://…`);
  if (!(Number.isInteger(requests) && requests >= 9 && requests <= 120)) refuse('requests', `${requests} is out of range, expected 9 to 120 a minute: fewer prove nothing within a quarter of an hour`);
  if (!(slowAfterMs >= 1 && slowAfterMs <= 10_000)) refuse('slowAfterMs', `${slowAfterMs} is out of range, expected 1 to 10000 milliseconds`);
  return found;
}
