import { readFileSync, writeFileSync } from 'node:fs';
import { Template } from 'aws-cdk-lib/assertions';
import { beforeAll, describe, expect, it } from 'vitest';
import { EvacPipeline, EvacWorkload } from '../lib/index.ts';
import { ACCOUNT, LOAD_BALANCER, newStack, resources, templateOf, wildrydes, zones, type Resource } from './synth.ts';

let template: Template;
beforeAll(() => {
  const stack = newStack();
  wildrydes(stack);
  template = templateOf(stack);
});

const all = (type: string) => Object.values(resources(template, type));

interface Statement {
  readonly function: string;
  readonly effect: string;
  readonly actions: string[];
  readonly resources: string[];
  readonly condition: Record<string, unknown> | undefined;
}

const list = <T>(one: T | T[]): T[] => (Array.isArray(one) ? one : [one]);

/** A resource of a policy as people write it: a logical id stands for what it becomes. */
function written(resource: unknown): string {
  if (typeof resource === 'string') return resource.replaceAll(ACCOUNT, '<account>').replaceAll('us-east-1', '<region>');
  const { Ref, 'Fn::GetAtt': attribute } = resource as { Ref?: string; 'Fn::GetAtt'?: [string, string] };
  return `{${(Ref ?? attribute?.[0] ?? JSON.stringify(resource)).replace(/[0-9A-F]{8}$/, '')}}`;
}

/** What every role may do, statement by statement. */
function statements(of: Template): Statement[] {
  const functions = Object.values(resources(of, 'AWS::Lambda::Function'));
  const policies = Object.values(resources(of, 'AWS::IAM::Policy'));
  return policies.flatMap(({ Properties }) => {
    const role = Properties.Roles[0].Ref;
    const owner = functions.find((each) => each.Properties.Role['Fn::GetAtt'][0] === role);
    const name = owner === undefined ? `role ${role}` : owner.Properties.FunctionName.replace('evac-', '').replace('wildrydes-', '');
    return Properties.PolicyDocument.Statement.map((statement: any) => ({
      function: name,
      effect: statement.Effect,
      actions: list<string>(statement.Action),
      resources: list(statement.Resource).map(written),
      condition: statement.Condition,
    }));
  });
}

describe('who may call what', () => {
  const OWN = ['logs:CreateLogStream', 'logs:PutLogEvents', 'sqs:GetQueueAttributes', 'sqs:GetQueueUrl', 'sqs:SendMessage'];
  /** The calls of each function: those that its code makes, and its own logs and failed events. */
  const CALLS: Record<string, string[]> = {
    classifier: ['cloudwatch:DescribeAlarms', 'cloudwatch:GetMetricData', 'cloudwatch:ListAlarmMuteRules', 'kms:Decrypt', 'kms:GenerateDataKey', 'lambda:InvokeFunction', 'sns:Publish'],
    'zonal-shift': ['CancelZonalShift', 'GetManagedResource', 'ListZonalShifts', 'StartZonalShift', 'UpdateZonalShift'].map((call) => `arc-zonal-shift:${call}`),
    'asg-pruning': ['CreateOrUpdateTags', 'DeleteTags', 'DescribeAutoScalingGroups', 'DescribeInstanceRefreshes', 'UpdateAutoScalingGroup'].map((call) => `autoscaling:${call}`),
    canary: [],
  };

  it('is what each function is for, and nothing else', () => {
    const allowed = new Map<string, Set<string>>();
    for (const { function: name, effect, actions } of statements(template)) {
      if (effect === 'Allow') actions.forEach((action) => allowed.set(name, (allowed.get(name) ?? new Set()).add(action)));
    }
    expect(Object.fromEntries([...allowed].map(([name, actions]) => [name, [...actions].sort()]))).toEqual(
      Object.fromEntries(Object.entries(CALLS).map(([name, calls]) => [name, [...calls, ...OWN].sort()])),
    );
  });

  it('comes from no managed policy, and each function has a role of its own that Lambda alone takes', () => {
    const roles = all('AWS::Lambda::Function').map(({ Properties }) => Properties.Role['Fn::GetAtt'][0]);
    expect(new Set(roles).size).toBe(4);
    for (const { Properties } of all('AWS::IAM::Role')) {
      expect(Properties.ManagedPolicyArns).toBeUndefined();
      expect(Properties.AssumeRolePolicyDocument.Statement).toEqual([
        { Action: 'sts:AssumeRole', Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' } },
      ]);
    }
  });

  it('has no action with a star, and everything as resource only where the service knows no other', () => {
    const WITHOUT_RESOURCES = [
      'cloudwatch:DescribeAlarms', 'cloudwatch:GetMetricData', 'cloudwatch:ListAlarmMuteRules', 'arc-zonal-shift:ListZonalShifts',
      'autoscaling:DescribeAutoScalingGroups', 'autoscaling:DescribeInstanceRefreshes',
    ];
    for (const { effect, actions, resources: of } of statements(template)) {
      if (effect !== 'Allow') continue;
      for (const action of actions) {
        expect(action).not.toContain('*');
        if (of.includes('*')) expect(WITHOUT_RESOURCES).toContain(action);
      }
    }
  });

  it('shifts the load balancers of workloads only', () => {
    const shifting = statements(template).filter(({ actions }) => actions.includes('arc-zonal-shift:StartZonalShift'));
    expect(shifting.map(({ resources: of, function: name }) => [name, of])).toEqual([
      ['zonal-shift', ['arn:aws:elasticloadbalancing:<region>:<account>:loadbalancer/app/front/50dc6c495c0c9188']],
    ]);
  });

  it('shifts groups and clusters by the condition that ARC knows them by', () => {
    const group = `arn:aws:autoscaling:us-east-1:${ACCOUNT}:autoScalingGroup:8e7c:autoScalingGroupName/web`;
    const stack = newStack();
    wildrydes(stack, 3, { resources: [LOAD_BALANCER, group] });
    const shifting = statements(templateOf(stack)).filter(({ actions }) => actions.includes('arc-zonal-shift:StartZonalShift'));
    expect(shifting).toContainEqual(expect.objectContaining({ resources: ['*'], condition: { StringEquals: { 'arc-zonal-shift:ResourceIdentifier': [group] } } }));
  });

  it('changes groups with the tag of a workload only, their subnets only, and writes the record only', () => {
    const changing = statements(template).filter(({ actions }) => actions.some((action) => /Update|Tags/.test(action) && action.startsWith('autoscaling:')));
    const allowed = changing.filter(({ effect }) => effect === 'Allow');
    expect(allowed.map(({ actions }) => actions)).toEqual([['autoscaling:UpdateAutoScalingGroup'], ['autoscaling:CreateOrUpdateTags', 'autoscaling:DeleteTags']]);
    for (const { resources: of, condition } of allowed) {
      expect(of).toEqual(['arn:aws:autoscaling:<region>:<account>:autoScalingGroup:*:autoScalingGroupName/*']);
      expect(condition?.StringEquals).toEqual({ 'autoscaling:ResourceTag/evac:workload': 'wildrydes' });
    }
    // It cannot make a group a workload's: the tag that it may be told by is none that it may write.
    expect(allowed[1]?.condition).toMatchObject({ 'ForAllValues:StringLike': { 'aws:TagKeys': ['evac:pruned', 'evac:removed:*'] }, Null: { 'aws:TagKeys': 'false' } });
    const denied = changing.filter(({ effect }) => effect === 'Deny').map(({ condition }) => condition);
    expect(denied).toEqual([
      ...['MinSize', 'MaxSize', 'LaunchConfigurationName'].map((key) => ({ Null: { [`autoscaling:${key}`]: 'false' } })),
      { Bool: { 'autoscaling:LaunchTemplateVersionSpecified': 'true' } },
    ]);
  });

  it('changes groups that are given by name, and no others', () => {
    const stack = newStack();
    wildrydes(stack, 3, { autoScalingGroups: { names: ['web', 'worker'] } });
    const update = statements(templateOf(stack)).find(({ actions, effect }) => actions.includes('autoscaling:UpdateAutoScalingGroup') && effect === 'Allow');
    expect(update?.resources).toEqual(['web', 'worker'].map((name) => `arn:aws:autoscaling:<region>:<account>:autoScalingGroup:*:autoScalingGroupName/${name}`));
  });

  it('is as much as the mode needs: nothing changes anything in mode observe, and no group in mode shift', () => {
    const changing = (mode: 'observe' | 'shift') => {
      const stack = newStack();
      wildrydes(stack, 3, { policy: { mode, expiresIn: '6h' } });
      return statements(templateOf(stack)).filter(({ effect }) => effect === 'Allow').flatMap(({ actions }) => actions).filter((action) => /:(Start|Update|Cancel|Create|Delete)/.test(action) && !action.startsWith('logs:'));
    };
    expect(changing('observe')).toEqual([]);
    expect(changing('shift').sort()).toEqual(['arc-zonal-shift:CancelZonalShift', 'arc-zonal-shift:StartZonalShift', 'arc-zonal-shift:UpdateZonalShift']);
  });

  it('is nothing of any workload for a pipeline without one', () => {
    const stack = newStack();
    new EvacPipeline(stack, 'Pipeline');
    const resourcesOf = statements(templateOf(stack)).flatMap(({ resources: of }) => of);
    expect(resourcesOf.join()).not.toContain('loadbalancer');
    expect(resourcesOf.join()).not.toContain('autoScalingGroup');
  });

  it('stands in docs/SECURITY.md', () => {
    const condition = (statement: Statement) => (statement.condition === undefined ? '' : `\`${JSON.stringify(statement.condition)}\``);
    const code = (texts: string[]) => texts.map((text) => `\`${text.replaceAll('|', '\\|')}\``).join(' ');
    const rows = statements(template)
      .sort((one, other) => one.function.localeCompare(other.function))
      .map((statement) => `| ${statement.function} | ${statement.effect === 'Deny' ? '**never** ' : ''}${code(statement.actions)} | ${code(statement.resources)} | ${condition(statement)} |`);
    const table = ['| function | action | resource | condition |', '| --- | --- | --- | --- |', ...rows].join('\n');
    const file = new URL('../../docs/SECURITY.md', import.meta.url);
    const [begin, end] = ['<!-- Written by npm test with UPDATE=1; do not edit. -->', '<!-- end of what is written -->'];
    const text = readFileSync(file, 'utf8');
    const [before, rest] = text.split(begin);
    const after = rest?.split(end)[1];
    const current = `${before}${begin}\n\n${table}\n\n${end}${after}`;
    if (process.env.UPDATE === '1') writeFileSync(file, current);
    else expect(text, 'the table is not current: run UPDATE=1 npm test').toBe(current);
  });
});

describe('whom functions are called by', () => {
  it('is the rules of Evac in this account, and nobody else', () => {
    const permissions = all('AWS::Lambda::Permission').map(({ Properties }) => Properties);
    const ofClassifier = permissions.filter(({ FunctionName }) => JSON.stringify(FunctionName).includes('Classifier'));
    expect(ofClassifier).toEqual([
      expect.objectContaining({ Action: 'lambda:InvokeFunction', Principal: 'events.amazonaws.com', SourceAccount: ACCOUNT, SourceArn: `arn:aws:events:us-east-1:${ACCOUNT}:rule/evac-*` }),
    ]);
    // The canary's schedule is the only other; zonal-shift and asg-pruning are invoked by the classifier's role.
    expect(permissions.length).toBe(2);
    expect(all('AWS::Lambda::Url')).toEqual([]);
  });

  it('covers every rule by its name', () => {
    for (const { Properties } of all('AWS::Events::Rule')) expect(Properties.Name).toMatch(/^evac-/);
  });
});

describe('what fails is seen', () => {
  it('every function gives failed events to a queue, tries twice, and not for longer than a quarter of an hour', () => {
    const configured = all('AWS::Lambda::EventInvokeConfig').map(({ Properties }) => Properties);
    expect(configured.length).toBe(all('AWS::Lambda::Function').length);
    for (const { DestinationConfig, MaximumEventAgeInSeconds, MaximumRetryAttempts } of configured) {
      expect(DestinationConfig.OnFailure.Destination['Fn::GetAtt'][0]).toMatch(/Failed/);
      expect([MaximumEventAgeInSeconds, MaximumRetryAttempts]).toEqual([900, 2]);
    }
  });

  it('every rule gives events that cannot be delivered to a queue that takes them from rules of Evac', () => {
    const targets = all('AWS::Events::Rule').flatMap(({ Properties }) => Properties.Targets);
    expect(targets.length).toBe(3);
    for (const { DeadLetterConfig, RetryPolicy } of targets) {
      expect(DeadLetterConfig.Arn['Fn::GetAtt'][0]).toMatch(/Undelivered/);
      expect(RetryPolicy.MaximumEventAgeInSeconds).toBeLessThanOrEqual(900);
    }
    const policies = JSON.stringify(all('AWS::SQS::QueuePolicy'));
    expect(policies).toContain(`"ArnLike":{"aws:SourceArn":"arn:aws:events:us-east-1:${ACCOUNT}:rule/evac-*"}`);
  });

  it('an alarm watches each function, each queue, the tick and readiness, and somebody is told', () => {
    const own = all('AWS::CloudWatch::Alarm').map(({ Properties }) => Properties).filter(({ AlarmName }) => AlarmName.startsWith('evac-'));
    const names = own.map(({ AlarmName }) => AlarmName.slice('evac-'.length)).sort();
    const functions = ['classifier', 'zonal-shift', 'asg-pruning'];
    expect(names).toEqual(
      [
        ...functions.flatMap((name) => ['errors', 'throttles', 'dropped', 'person-needed'].map((what) => `${name}-${what}`)),
        'failed-dead-letters', 'undelivered-dead-letters', 'classifier-destination', 'wildrydes-tick-missing', 'wildrydes-unready',
        ...['silent', 'errors', 'throttles', 'dropped'].map((what) => `wildrydes-canary-${what}`),
      ].sort(),
    );
    for (const { AlarmActions } of own) expect(AlarmActions.map((action: any) => action.Ref)).toEqual([expect.stringContaining('Operations')]);
    // Silence is what these two look for.
    const breaching = own.filter(({ TreatMissingData }) => TreatMissingData === 'breaching').map(({ AlarmName }) => AlarmName);
    expect(breaching.sort()).toEqual(['evac-wildrydes-canary-silent', 'evac-wildrydes-tick-missing']);
  });

  it('mail that cannot be sent goes to a queue', () => {
    const subscriptions = all('AWS::SNS::Subscription').map(({ Properties }) => Properties);
    expect(subscriptions.length).toBe(2);
    for (const { RedrivePolicy } of subscriptions) expect(RedrivePolicy.deadLetterTargetArn['Fn::GetAtt'][0]).toMatch(/Undelivered/);
  });

  it('CloudWatch may publish to the topic of the alarms, which is encrypted, and nobody without TLS', () => {
    const topics = all('AWS::SNS::Topic');
    for (const { Properties } of topics) expect(Properties.KmsMasterKeyId).toBeDefined();
    const policies = all('AWS::SNS::TopicPolicy').map(({ Properties }) => Properties.PolicyDocument.Statement);
    expect(policies.length).toBe(topics.length);
    for (const of of policies) expect(of).toContainEqual(expect.objectContaining({ Effect: 'Deny', Condition: { Bool: { 'aws:SecureTransport': 'false' } } }));
    const publisher = { Effect: 'Allow', Principal: { Service: 'cloudwatch.amazonaws.com' }, Condition: { StringEquals: { 'aws:SourceAccount': ACCOUNT } } };
    expect(policies.flat()).toContainEqual(expect.objectContaining({ Action: 'sns:Publish', ...publisher }));
    const key = all('AWS::KMS::Key').flatMap(({ Properties }) => Properties.KeyPolicy.Statement);
    expect(key).toContainEqual(expect.objectContaining({ Action: ['kms:Decrypt', 'kms:GenerateDataKey'], ...publisher }));
    for (const { Properties } of all('AWS::SQS::Queue')) expect(Properties.SqsManagedSseEnabled).toBe(true);
  });
});

describe('functions', () => {
  const made = (): Record<string, any> => Object.fromEntries(all('AWS::Lambda::Function').map(({ Properties }: Resource) => [Properties.FunctionName, Properties]));

  it('have limits, logs that end, and the variables that they read', () => {
    for (const properties of Object.values(made())) {
      expect(properties).toMatchObject({ Runtime: 'provided.al2023', Architectures: ['arm64'] });
      expect(properties.ReservedConcurrentExecutions).toBeGreaterThan(0);
    }
    for (const { Properties } of all('AWS::Logs::LogGroup')) expect(Properties.RetentionInDays).toBe(90);
    const variables = made()['evac-classifier']?.Environment.Variables;
    expect(Object.keys(variables).sort()).toEqual(['EVAC_ASG_PRUNING_FUNCTION', 'EVAC_CHAT_TOPIC_ARN', 'EVAC_DEFAULT_MODE', 'EVAC_TOPIC_ARN', 'EVAC_ZONAL_SHIFT_FUNCTION']);
    expect(variables.EVAC_DEFAULT_MODE).toBe('observe');
    const named = ({ Ref }: { Ref: string }) => resources(template, 'AWS::SNS::Topic')[Ref]?.Properties.TopicName;
    expect([named(variables.EVAC_TOPIC_ARN), named(variables.EVAC_CHAT_TOPIC_ARN)]).toEqual(['evac-messages', 'evac-chat']);
  });

  it('let a fleet shift at once and prune a few at a time', () => {
    const reserved = (concurrency?: number) => {
      const stack = newStack();
      new EvacPipeline(stack, 'Pipeline', concurrency === undefined ? {} : { concurrency });
      const functions = Object.values(resources(templateOf(stack), 'AWS::Lambda::Function'));
      return Object.fromEntries(functions.map(({ Properties }) => [Properties.FunctionName, Properties.ReservedConcurrentExecutions]));
    };
    expect(reserved()).toEqual({ 'evac-classifier': 20, 'evac-zonal-shift': 20, 'evac-asg-pruning': 10 });
    expect(reserved(500)).toEqual({ 'evac-classifier': 500, 'evac-zonal-shift': 50, 'evac-asg-pruning': 10 });
    expect(reserved(5)).toEqual({ 'evac-classifier': 5, 'evac-zonal-shift': 5, 'evac-asg-pruning': 5 });
  });

  it('can do without reserved concurrency, and act on bare alarms where told so', () => {
    const stack = newStack();
    new EvacPipeline(stack, 'Pipeline', { concurrency: 'unreserved', bareAlarms: { mode: 'shift', expiresIn: '1h' } });
    const functions = Object.values(resources(templateOf(stack), 'AWS::Lambda::Function'));
    for (const { Properties } of functions) expect(Properties.ReservedConcurrentExecutions).toBeUndefined();
    const classifier = functions.find(({ Properties }) => Properties.FunctionName === 'evac-classifier');
    expect(classifier?.Properties.Environment.Variables).toMatchObject({ EVAC_DEFAULT_MODE: 'shift', EVAC_DEFAULT_EXPIRES_IN: '1h' });
  });
});

describe('several workloads', () => {
  it('share a pipeline, each with its rules and its permissions', () => {
    const stack = newStack();
    const { pipeline } = wildrydes(stack);
    const second = LOAD_BALANCER.replace('front', 'back');
    new EvacWorkload(stack, 'Second', {
      pipeline, workload: 'second', zones: zones(3), resources: [second], alarms: { zonal: { 'use1-az1': 'a', 'use1-az2': 'b', 'use1-az3': 'c' }, regional: [] },
      policy: { mode: 'shift', expiresIn: '6h' },
    });
    const both = templateOf(stack);
    expect(Object.values(resources(both, 'AWS::Events::Rule')).map(({ Properties }) => Properties.Name).sort()).toEqual(
      ['evac-second', 'evac-second-tick', 'evac-wildrydes', 'evac-wildrydes-canary', 'evac-wildrydes-tick'],
    );
    const shifting = statements(both).filter(({ actions }) => actions.includes('arc-zonal-shift:StartZonalShift')).flatMap(({ resources: of }) => of);
    expect(shifting.filter((arn) => arn.includes('app/back/') || arn.includes('app/front/')).length).toBe(2);
  });
});
