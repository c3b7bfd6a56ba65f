import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { problemsOf, type Definition } from '../lib/definition.ts';
import { EvacPipeline, EvacWorkload, ZonalCanary, ZonalImpactAlarms } from '../lib/index.ts';
import { LOAD_BALANCER, newStack, newApp, refusal, wildrydes, zones } from './synth.ts';

/** The definition that the cases change; the functions' own test, tests/infra.rs, has the same. */
const BASE: Definition = {
  name: 'wildrydes',
  zones: {
    'use1-az1': { name: 'us-east-1c', subnets: ['subnet-0a000001'] },
    'use1-az2': { name: 'us-east-1a', subnets: ['subnet-0b000001'] },
    'use1-az3': { name: 'us-east-1b', subnets: ['subnet-0c000001'] },
  },
  resources: ['arn:aws:elasticloadbalancing:us-east-1:111122223333:loadbalancer/app/front/50dc6c495c0c9188'],
  autoScalingGroups: { tag: { key: 'evac:workload', value: 'wildrydes' } },
  alarms: { zonal: { 'use1-az1': 'one', 'use1-az2': 'two', 'use1-az3': 'three' }, regional: ['all'] },
  policy: { mode: 'evacuate', expiresIn: '6h' },
};

interface Case {
  readonly name: string;
  readonly change: Record<string, unknown>;
  readonly refused: string[];
}
const CASES = JSON.parse(readFileSync(new URL('definitions.json', import.meta.url), 'utf8')) as Case[];

describe('a definition', () => {
  it.each(CASES)('$name', ({ change, refused }) => {
    const changed = Object.fromEntries(Object.entries({ ...BASE, ...change }).filter(([, value]) => value !== null));
    const fields = problemsOf(changed as unknown as Definition).map((problem) => problem.field);
    // Mode evacuate asks for an alarm of each zone besides, where a case has taken them away.
    const alarmsTaken = 'zones' in change;
    expect([...new Set(fields.filter((field) => !(alarmsTaken && field === 'alarms.zonal')))].sort()).toEqual([...refused].sort());
  });

  it('says what was found and what to write instead', () => {
    for (const { change, refused } of CASES) {
      const changed = { ...BASE, ...change } as Record<string, unknown>;
      for (const key of Object.keys(changed)) if (changed[key] === null) delete changed[key];
      for (const { message } of problemsOf(changed as unknown as Definition)) expect(message, refused.join()).toMatch(/expected|missing|Leave it out/);
    }
  });
});

describe('a mistake fails at synth', () => {
  it('with every problem of every workload at once', () => {
    const told = refusal((stack) => {
      const { pipeline } = wildrydes(stack, 3, { policy: { mode: 'evacuate', expiresIn: '73h' } });
      new EvacWorkload(stack, 'Second', {
        pipeline,
        workload: 'wildrydes',
        zones: { 'us-east-1a': { name: 'us-east-1a', subnets: [] } },
        resources: [LOAD_BALANCER],
        autoScalingGroups: { names: ['web'] },
        alarms: { zonal: {}, regional: [] },
      });
    });
    expect(told).toContain('workload "wildrydes": policy.expiresIn: "73h" is out of range, expected 1m to 72h in whole minutes or hours, such as 6h');
    expect(told).toContain('zones.us-east-1a: "us-east-1a" is an AZ name, expected an AZ ID such as use1-az1');
    expect(told).toContain('aws ec2 describe-availability-zones --zone-names us-east-1a');
    expect(told).toContain('zones.us-east-1a.subnets: no subnets, expected every subnet');
    expect(told).toContain('name: "wildrydes" is the name of another workload of this pipeline, expected a name of its own');
  });

  it('where the definition does not fit into a rule', () => {
    const many = Array.from({ length: 450 }, (_, index) => `subnet-${(0x10000000 + index).toString(16)}`);
    const told = refusal((stack) => {
      const of = zones(3);
      wildrydes(stack, 3, { zones: { ...of, 'use1-az1': { name: 'us-east-1c', subnets: many } } });
    });
    expect(told).toMatch(/zones: the definition makes an input of [0-9]+ characters, expected 8192 at most/);
  });

  it('where a name is too long for its rules', () => {
    const told = refusal((stack) => wildrydes(stack, 3, { workload: 'w'.repeat(60) }));
    expect(told).toContain('makes a rule\'s name of 70 characters, expected 64 at most: shorten it to 54 characters');
  });

  it('where a text would be taken for a placeholder of the transformer', () => {
    const told = refusal((stack) => wildrydes(stack, 3, { alarms: { zonal: { 'use1-az1': 'a<b>', 'use1-az2': 'two', 'use1-az3': 'three' }, regional: [] } }));
    expect(told).toContain('a text holds < or >');
  });

  it('where alarms or canary are given what they cannot use', () => {
    const told = refusal((stack) => {
      const pipeline = new EvacPipeline(stack, 'Pipeline');
      new ZonalImpactAlarms(stack, 'Alarms', {
        workload: 'w', zones: { 'us-east-1a': 'us-east-1a' }, loadBalancerArn: LOAD_BALANCER.replace('app/', 'net/'), slowAfterMs: 0, minutes: { bad: 4, of: 3 },
      });
      new ZonalCanary(stack, 'Canary', { pipeline, workload: 'w', zones: { 'us-east-1a': 'us-east-1a' }, url: 'www.example.com', loadBalancerDnsName: 'x', slowAfterMs: 350, requests: 3 });
    });
    for (const part of [
      'zones: 1 zones, expected 2 or more', 'is an AZ name, expected an AZ ID', 'is not the ARN of an Application Load Balancer', 'minutes: 4 of 3', 'slowAfterMs: 0 is out of range',
      'url: "www.example.com" is not a URL', 'requests: 3 is out of range, expected 9 to 120',
    ]) expect(told).toContain(part);
  });

  it('and without the zips nothing is synthesized that could be deployed', () => {
    const app = newApp();
    app.node.setContext('evac:withoutFunctions', undefined);
    expect(() => new EvacPipeline(newStack(app), 'Pipeline', { zips: '/nowhere' })).toThrow(/run make package first/);
  });
});
