/**
 * The pipeline: classifier, zonal-shift and asg-pruning, what they tell people, and who notices when they fail.
 *
 * One pipeline serves all workloads of an account in a Region. It may do nothing to any workload until an
 * `EvacWorkload` is added to it: each adds the permissions for its own resources and groups.
 *
 * Each function has a role of its own. No role has a managed policy, and none may do what another function is for.
 */
import { ArnFormat, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import * as logs from 'aws-cdk-lib/aws-logs';
import * as sns from 'aws-cdk-lib/aws-sns';
import * as subscriptions from 'aws-cdk-lib/aws-sns-subscriptions';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { GroupSelector } from './definition.ts';
import { EvacFunction, alarmAtOnce } from './evac-function.ts';
import { acknowledge, starIn } from './nag.ts';

/** The tags that asg-pruning writes on a group: its record of what it removed. */
const RECORD_TAGS = ['evac:pruned', 'evac:removed:*'];

/** Shifts of a whole fleet pass ARC in less than a second each. */
const MOST_SHIFTS_AT_ONCE = 50;
/**
 * A prune is some fifteen calls to Auto Scaling, which lets ten a second through for the whole account: more
 * prunes at once would make each of them slow, and what it has read old.
 */
const MOST_PRUNES_AT_ONCE = 10;

export interface EvacPipelineProps {
  /** What the names of functions, rules, queues, topics and alarms begin with; default `evac`. */
  readonly prefix?: string;
  /** Mail addresses that get the messages, and the alarms on Evac itself. Each has to confirm. */
  readonly mail?: readonly string[];
  /** What holds for alarms that come without a workload; default: observe. */
  readonly bareAlarms?: { readonly mode: 'observe' } | { readonly mode: 'shift'; readonly expiresIn: string };
  /**
   * Invocations of the classifier at once; default 20, and at least as many as the pipeline has workloads: a zone
   * that fails wakes all of them. zonal-shift gets as many, 50 at the most, and asg-pruning 10 at the most, so that
   * prunes wait for Lambda and not for each other. Others cannot use them up, and Evac cannot use more.
   * `unreserved` for an account whose limit is too low to reserve any.
   */
  readonly concurrency?: number | 'unreserved';
  /** How long logs are kept; default three months. */
  readonly retention?: logs.RetentionDays;
  /** Where the zips of `make package` are; default `dist/lambda` of the project. */
  readonly zips?: string;
}

/** See the top of this file. */
export class EvacPipeline extends Construct {
  readonly prefix: string;
  /** Decides, has it done, tells people. */
  readonly classifier: lambda.Function;
  /** Talks to ARC. */
  readonly zonalShift: lambda.Function;
  /** Talks to Auto Scaling. */
  readonly asgPruning: lambda.Function;
  /** What people are told, docs/MESSAGES.md. Subscribe mail to it, or whatever reads its document. */
  readonly messages: sns.Topic;
  /** The same for Slack and Microsoft Teams: configure it for a channel in Amazon Q Developer in chat applications. */
  readonly chat: sns.Topic;
  /** Alarms on Evac itself. Amazon Q Developer in chat applications shows these as they are. */
  readonly operations: sns.Topic;
  /** Events that a function failed with for good, with the error. */
  readonly failed: sqs.Queue;
  /** Events that EventBridge could not deliver. */
  readonly undelivered: sqs.Queue;
  /** Where alarms on Evac itself go. */
  readonly alarmAction: cloudwatch.IAlarmAction;
  /** How long logs are kept. */
  readonly retention: logs.RetentionDays;
  readonly zips: string | undefined;

  private readonly functions: { classifier: EvacFunction; zonalShift: EvacFunction; asgPruning: EvacFunction };
  private readonly workloads = new Set<string>();
  private denied = false;

  constructor(scope: Construct, id: string, props: EvacPipelineProps = {}) {
    super(scope, id);
    this.prefix = props.prefix ?? 'evac';
    this.retention = props.retention ?? logs.RetentionDays.THREE_MONTHS;
    this.zips = props.zips;
    const { account } = Stack.of(this);

    this.failed = this.queue('Failed', 'failed');
    this.undelivered = this.queue('Undelivered', 'undelivered');
    this.undelivered.addToResourcePolicy(
      new iam.PolicyStatement({
        sid: 'RulesOfEvacMayGiveUpEvents',
        principals: [new iam.ServicePrincipal('events.amazonaws.com')],
        actions: ['sqs:SendMessage'],
        resources: [this.undelivered.queueArn],
        conditions: { ArnLike: { 'aws:SourceArn': this.rules() } },
      }),
    );

    const key = new kms.Key(this, 'Key', {
      description: `${this.prefix}: messages at rest`,
      enableKeyRotation: true,
      // Messages are not kept, so nothing is lost with their key.
      removalPolicy: RemovalPolicy.DESTROY,
      pendingWindow: Duration.days(7),
    });
    key.addToResourcePolicy(
      new iam.PolicyStatement({
        sid: 'AlarmsOfThisAccountMayPublish',
        principals: [new iam.ServicePrincipal('cloudwatch.amazonaws.com')],
        actions: ['kms:Decrypt', 'kms:GenerateDataKey'],
        resources: ['*'],
        conditions: { StringEquals: { 'aws:SourceAccount': account } },
      }),
    );
    this.messages = new sns.Topic(this, 'Messages', { topicName: `${this.prefix}-messages`, masterKey: key, enforceSSL: true });
    this.chat = new sns.Topic(this, 'Chat', { topicName: `${this.prefix}-chat`, masterKey: key, enforceSSL: true });
    this.operations = new sns.Topic(this, 'Operations', { topicName: `${this.prefix}-operations`, masterKey: key, enforceSSL: true });
    // A topic's policy replaces the one that lets CloudWatch of the same account publish.
    this.operations.addToResourcePolicy(
      new iam.PolicyStatement({
        sid: 'AlarmsOfThisAccountMayPublish',
        principals: [new iam.ServicePrincipal('cloudwatch.amazonaws.com')],
        actions: ['sns:Publish'],
        resources: [this.operations.topicArn],
        conditions: { StringEquals: { 'aws:SourceAccount': account } },
      }),
    );
    for (const address of props.mail ?? []) {
      this.messages.addSubscription(new subscriptions.EmailSubscription(address, { deadLetterQueue: this.undelivered }));
      this.operations.addSubscription(new subscriptions.EmailSubscription(address, { deadLetterQueue: this.undelivered }));
    }
    this.alarmAction = new SnsAction(this.operations);

    const shared = {
      failed: this.failed,
      retention: this.retention,
      zips: props.zips,
    };
    const atOnce = props.concurrency ?? 20;
    const reserve = (most: number) => (atOnce === 'unreserved' ? undefined : Math.min(atOnce, most));
    const zonalShift = new EvacFunction(this, 'ZonalShift', {
      ...shared,
      executable: 'zonal-shift',
      functionName: `${this.prefix}-zonal-shift`,
      description: 'Evac: moves traffic away from a zone, with ARC',
      timeout: Duration.seconds(20),
      reservedConcurrency: reserve(MOST_SHIFTS_AT_ONCE),
    });
    const asgPruning = new EvacFunction(this, 'AsgPruning', {
      ...shared,
      executable: 'asg-pruning',
      functionName: `${this.prefix}-asg-pruning`,
      description: 'Evac: takes a zone out of Auto Scaling groups',
      timeout: Duration.minutes(2),
      reservedConcurrency: reserve(MOST_PRUNES_AT_ONCE),
      throttledByDesign: true,
    });
    const bare = props.bareAlarms ?? { mode: 'observe' };
    const classifier = new EvacFunction(this, 'Classifier', {
      ...shared,
      executable: 'classifier',
      functionName: `${this.prefix}-classifier`,
      description: 'Evac: decides whether a zone is left, has it done, tells people',
      // As long as Lambda lets it: where APIs throttle, an evacuation waits for its turn to prune.
      timeout: Duration.minutes(15),
      reservedConcurrency: reserve(Infinity),
      environment: {
        EVAC_ZONAL_SHIFT_FUNCTION: zonalShift.function.functionArn,
        EVAC_ASG_PRUNING_FUNCTION: asgPruning.function.functionArn,
        EVAC_TOPIC_ARN: this.messages.topicArn,
        EVAC_CHAT_TOPIC_ARN: this.chat.topicArn,
        EVAC_DEFAULT_MODE: bare.mode,
        ...(bare.mode === 'shift' && { EVAC_DEFAULT_EXPIRES_IN: bare.expiresIn }),
      },
    });
    this.functions = { classifier, zonalShift, asgPruning };
    this.classifier = classifier.function;
    this.zonalShift = zonalShift.function;
    this.asgPruning = asgPruning.function;

    // DescribeAlarms hides composite alarms from whoever may not describe all alarms, and the others know no resources.
    classifier.allow('Look', ['cloudwatch:DescribeAlarms', 'cloudwatch:GetMetricData', 'cloudwatch:ListAlarmMuteRules'], ['*']);
    classifier.allow('HaveItDone', ['lambda:InvokeFunction'], [this.zonalShift.functionArn, this.asgPruning.functionArn]);
    classifier.allow('Tell', ['sns:Publish'], [this.messages.topicArn, this.chat.topicArn]);
    classifier.allow('TellEncrypted', ['kms:Decrypt', 'kms:GenerateDataKey'], [key.keyArn]);
    zonalShift.allow('ListShifts', ['arc-zonal-shift:ListZonalShifts'], ['*']);
    asgPruning.allow('Look', ['autoscaling:DescribeAutoScalingGroups', 'autoscaling:DescribeInstanceRefreshes'], ['*']);
    const none = 'The action knows no resources; see docs/SECURITY.md.';
    for (const each of [classifier, zonalShift, asgPruning]) acknowledge(each.role, { 'AwsSolutions-IAM5[Resource::*]': none });

    this.classifier.addPermission('Rules', {
      principal: new iam.ServicePrincipal('events.amazonaws.com'),
      sourceArn: this.rules(),
      sourceAccount: account,
    });
    this.watch();
  }

  /** The rules of Evac in this account and Region: their names begin with the prefix. */
  rules(): string {
    return Stack.of(this).formatArn({ service: 'events', resource: 'rule', resourceName: `${this.prefix}-*` });
  }

  /** Notes a workload; an error text where there is one of that name already. */
  register(workload: string): string | undefined {
    if (this.workloads.has(workload)) {
      return `"${workload}" is the name of another workload of this pipeline, expected a name of its own: shifts, rules and alarms are told apart by it`;
    }
    this.workloads.add(workload);
    return undefined;
  }

  /**
   * Lets zonal-shift shift resources. ARC knows load balancers as resources of a policy; Auto Scaling groups and
   * clusters only as a condition.
   */
  allowShift(resources: readonly string[], what: 'read' | 'shift'): void {
    const names = what === 'read' ? ['GetManagedResource'] : ['GetManagedResource', 'StartZonalShift', 'UpdateZonalShift', 'CancelZonalShift'];
    const actions = names.map((action) => `arc-zonal-shift:${action}`);
    const conditional = resources.filter((arn) => ['autoscaling', 'eks'].includes(arn.split(':')[2] ?? ''));
    const direct = resources.filter((arn) => !conditional.includes(arn));
    if (direct.length > 0) this.functions.zonalShift.allow(undefined, actions, direct);
    if (conditional.length > 0) {
      this.functions.zonalShift.allow(undefined, actions, ['*'], { StringEquals: { 'arc-zonal-shift:ResourceIdentifier': conditional } });
    }
  }

  /** Lets asg-pruning prune and restore groups, and write its record on them. */
  allowPrune(selector: GroupSelector): void {
    const group = (name: string) =>
      Stack.of(this).formatArn({ service: 'autoscaling', resource: `autoScalingGroup:*:autoScalingGroupName/${name}`, arnFormat: ArnFormat.NO_RESOURCE_NAME });
    const names = 'names' in selector ? selector.names : ['*'];
    const own = 'tag' in selector ? { StringEquals: { [`autoscaling:ResourceTag/${selector.tag.key}`]: selector.tag.value } } : {};
    const { asgPruning } = this.functions;
    asgPruning.allow(undefined, ['autoscaling:UpdateAutoScalingGroup'], names.map(group), own);
    asgPruning.allow(undefined, ['autoscaling:CreateOrUpdateTags', 'autoscaling:DeleteTags'], names.map(group), {
      ...own,
      'ForAllValues:StringLike': { 'aws:TagKeys': RECORD_TAGS },
      Null: { 'aws:TagKeys': 'false' },
    });
    if (!this.denied) {
      this.denied = true;
      const update = ['autoscaling:UpdateAutoScalingGroup'];
      for (const key of ['MinSize', 'MaxSize', 'LaunchConfigurationName']) {
        asgPruning.deny(`Never${key}`, update, { Null: { [`autoscaling:${key}`]: 'false' } });
      }
      asgPruning.deny('NeverLaunchTemplateVersion', update, { Bool: { 'autoscaling:LaunchTemplateVersionSpecified': 'true' } });
    }
    for (const arn of names.map(group)) {
      acknowledge(asgPruning.role, { [starIn(this, arn)]: "A group's ARN holds an id that nobody knows beforehand. Which groups, the tag or the name says; see docs/SECURITY.md." });
    }
  }

  private queue(id: string, name: string): sqs.Queue {
    const queue = new sqs.Queue(this, id, {
      queueName: `${this.prefix}-${name}`,
      encryption: sqs.QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      retentionPeriod: Duration.days(14),
    });
    acknowledge(queue, {
      'AwsSolutions-SQS3': 'It is a dead-letter queue itself.',
      'Serverless-SQSRedrivePolicy': 'It is a dead-letter queue itself.',
    });
    return queue;
  }

  /** Alarms on Evac itself, and the dashboard. */
  private watch(): void {
    const { classifier, zonalShift, asgPruning } = this.functions;
    const functions = { classifier, 'zonal-shift': zonalShift, 'asg-pruning': asgPruning };
    const alarms: cloudwatch.Alarm[] = Object.values(functions).flatMap((each) => each.alarms(this.alarmAction));
    const alarm = (id: string, name: string, metric: cloudwatch.IMetric, alarmDescription: string) => {
      alarms.push(alarmAtOnce(this, id, { alarmName: `${this.prefix}-${name}`, alarmDescription, metric }, this.alarmAction));
    };
    const minute = { period: Duration.minutes(1), statistic: 'Sum' };
    for (const name of Object.keys(functions)) {
      const metric = new cloudwatch.Metric({ ...minute, namespace: 'Evac', metricName: 'Failures', dimensionsMap: { Function: name, Disposition: 'escalate' } });
      alarm(`PersonNeeded-${name}`, `${name}-person-needed`, metric, 'Trying again cannot help: a person has to change something. The log of the function says what.');
    }
    for (const [name, queue] of Object.entries({ failed: this.failed, undelivered: this.undelivered })) {
      const metric = queue.metricApproximateNumberOfMessagesVisible({ period: Duration.minutes(1), statistic: 'Maximum' });
      alarm(`DeadLetters-${name}`, `${name}-dead-letters`, metric, 'Events were given up; they lie in the queue for 14 days. Do not send them again: they are from another time, and the tick looks anyway.');
    }
    const undeliverable = new cloudwatch.Metric({ ...minute, namespace: 'AWS/Lambda', metricName: 'DestinationDeliveryFailures', dimensionsMap: { FunctionName: this.classifier.functionName } });
    alarm('Undeliverable', 'classifier-destination', undeliverable, 'An event that failed for good could not be put into the queue of failed events, and is lost.');

    const graph = (title: string, left: cloudwatch.IMetric[]) => new cloudwatch.GraphWidget({ title, left, width: 12, period: Duration.minutes(1) });
    const search = (namespace: string, label: string, dimensions: string, metric: string, statistic: string) =>
      new cloudwatch.MathExpression({ label, usingMetrics: {}, expression: `SEARCH('{${namespace},${dimensions}} MetricName="${metric}"', '${statistic}', 60)`, period: Duration.minutes(1) });
    new cloudwatch.Dashboard(this, 'Dashboard', {
      dashboardName: this.prefix,
      widgets: [
        [new cloudwatch.AlarmStatusWidget({ title: 'Evac itself', alarms, width: 24, height: 4 })],
        [
          graph('Verdicts', [search('Evac', '', 'Workload,Verdict', 'Verdicts', 'Sum')]),
          graph('From the alarm to the shift, ms', [search('Evac', '', 'Workload', 'TimeToShift', 'Maximum')]),
        ],
        [
          graph('What would fail in an incident', [search('Evac', '', 'Workload', 'Unready', 'Maximum')]),
          graph('Failures', [search('Evac', '', 'Class,Function', 'Failures', 'Sum')]),
        ],
        [
          graph('Invocations', [this.classifier, this.zonalShift, this.asgPruning].map((each) => each.metricInvocations(minute))),
          graph('Duration, p99', [this.classifier, this.zonalShift, this.asgPruning].map((each) => each.metricDuration({ period: Duration.minutes(1), statistic: 'p99' }))),
        ],
      ],
    });
  }
}
