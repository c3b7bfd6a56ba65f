/** What all functions of Evac have in common: a role with nothing but its own log group, limits, and somebody who notices. */
import { Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as destinations from 'aws-cdk-lib/aws-lambda-destinations';
import type * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as logs from 'aws-cdk-lib/aws-logs';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { acknowledge } from './nag.ts';
import { functionCode, type FunctionName } from './function-code.ts';

/** How old an event may be for Lambda to try again with it: a decision from another time helps nobody. */
export const EVENT_AGE = Duration.minutes(15);

/** The prunes of five hundred workloads take less; docs/PERFORMANCE.md. */
const LONGEST_FLEET_MINUTES = 20;

/** An alarm on Evac itself: one is too many, and none is well. */
export function alarmAtOnce(
  scope: Construct, id: string, what: { alarmName: string; alarmDescription: string; metric: cloudwatch.IMetric; minutes?: number }, action: cloudwatch.IAlarmAction,
): cloudwatch.Alarm {
  const { minutes = 1, ...props } = what;
  const alarm = new cloudwatch.Alarm(scope, id, {
    ...props,
    threshold: 0,
    comparisonOperator: cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
    evaluationPeriods: minutes,
    treatMissingData: cloudwatch.TreatMissingData.NOT_BREACHING,
  });
  alarm.addAlarmAction(action);
  return alarm;
}

export interface EvacFunctionProps {
  /** Which executable. */
  readonly executable: FunctionName;
  /** The name in AWS. */
  readonly functionName: string;
  readonly description: string;
  readonly timeout: Duration;
  /** Megabytes, and with them processor; default 512. */
  readonly memorySize?: number;
  /** Environment variables; docs/CONFIGURATION.md lists what the functions expect. */
  readonly environment?: Record<string, string>;
  /** Where events go that failed for good. */
  readonly failed: sqs.IQueue;
  readonly reservedConcurrency?: number | undefined;
  /** Whether invocations wait by being refused: then nobody is told before that has lasted. */
  readonly throttledByDesign?: boolean;
  readonly retention: logs.RetentionDays;
  readonly vpc?: { readonly vpc: ec2.IVpc; readonly vpcSubnets?: ec2.SubnetSelection; readonly securityGroups?: ec2.ISecurityGroup[] } | undefined;
  readonly zips?: string | undefined;
}

/** A function of Evac. */
export class EvacFunction extends Construct {
  readonly function: lambda.Function;
  readonly role: iam.Role;
  private readonly throttledByDesign: boolean;

  constructor(scope: Construct, id: string, props: EvacFunctionProps) {
    super(scope, id);
    this.throttledByDesign = props.throttledByDesign ?? false;
    const logGroup = new logs.LogGroup(this, 'Logs', {
      logGroupName: `/aws/lambda/${props.functionName}`,
      retention: props.retention,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    this.role = new iam.Role(this, 'Role', {
      assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com'),
      description: `What ${props.functionName} may do`,
    });
    this.allow('Logs', ['logs:CreateLogStream', 'logs:PutLogEvents'], [logGroup.logGroupArn]);
    const { code, architecture } = functionCode(this.node, props.executable, props.zips);
    this.function = new lambda.Function(this, 'Function', {
      functionName: props.functionName,
      description: props.description,
      code,
      architecture,
      handler: 'bootstrap',
      runtime: lambda.Runtime.PROVIDED_AL2023,
      role: this.role,
      logGroup,
      memorySize: props.memorySize ?? 512,
      timeout: props.timeout,
      ...(props.environment && { environment: props.environment }),
      ...(props.reservedConcurrency !== undefined && { reservedConcurrentExecutions: props.reservedConcurrency }),
      ...props.vpc,
      maxEventAge: EVENT_AGE,
      retryAttempts: 2,
      onFailure: new destinations.SqsDestination(props.failed),
      // A trace would be a call more on the way to a shift, and the logs tell each step.
      tracing: lambda.Tracing.DISABLED,
    });
    acknowledge(this.function, {
      'Serverless-LambdaTracing': 'Tracing would put another service on the way to a shift; each step is in the logs, with the incident in it.',
      'Serverless-LambdaDLQ': 'Events that fail for good go to the on-failure destination, which carries the error beside the event; a dead-letter queue of the function would carry the event alone.',
    });
  }

  /** Allows actions on resources, and nothing else. */
  allow(sid: string | undefined, actions: string[], resources: string[], conditions?: Record<string, unknown>): void {
    this.role.addToPolicy(new iam.PolicyStatement({ ...(sid !== undefined && { sid }), actions, resources, ...(conditions && { conditions }) }));
  }

  /** Denies actions, whatever is allowed elsewhere. */
  deny(sid: string, actions: string[], conditions: Record<string, unknown>): void {
    this.role.addToPolicy(new iam.PolicyStatement({ sid, effect: iam.Effect.DENY, actions, resources: ['*'], conditions }));
  }

  /** Alarms on the function itself, by what they mean. */
  alarms(action: cloudwatch.IAlarmAction): cloudwatch.Alarm[] {
    const name = this.function.functionName;
    const own = (metricName: string) =>
      new cloudwatch.Metric({ namespace: 'AWS/Lambda', metricName, dimensionsMap: { FunctionName: name }, period: Duration.minutes(1), statistic: 'Sum' });
    const throttled = this.throttledByDesign
      ? { minutes: LONGEST_FLEET_MINUTES, text: 'Prunes have waited for their turn for longer than a fleet takes: see what else calls Auto Scaling, or whether the function is stopped.' }
      : { minutes: 1, text: 'Invocations were refused: raise the reserved concurrency, or the concurrency of the account.' };
    const all: [string, cloudwatch.Metric, string, number][] = [
      ['errors', own('Errors'), 'An invocation failed. Lambda tries again, and the tick does; the log says what failed.', 1],
      ['throttles', own('Throttles'), throttled.text, throttled.minutes],
      ['dropped', own('AsyncEventsDropped'), 'Events were given up. They are in the queue of failed events, with the error.', 1],
    ];
    return all.map(([what, metric, alarmDescription, minutes]) =>
      alarmAtOnce(this, what, { alarmName: `${this.physicalName}-${what}`, alarmDescription, metric, minutes }, action));
  }

  private get physicalName(): string {
    return Stack.of(this).resolve((this.function.node.defaultChild as lambda.CfnFunction).functionName) as string;
  }
}
