/** Stacks and templates for the tests, without the functions' zips. */
import { readFileSync } from 'node:fs';
import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { EvacPipeline, EvacWorkload, ZonalCanary, ZonalImpactAlarms, type EvacWorkloadProps } from '../lib/index.ts';

/** A resource of a template, as JSON. */
export interface Resource {
  readonly Type: string;
  // The templates of CloudFormation have no types here; a test that reaches for what is not there fails.
  readonly Properties: any;
}

const cdk = JSON.parse(readFileSync(new URL('../cdk.json', import.meta.url), 'utf8')) as { context: Record<string, unknown> };

/** An app with the project's feature flags. */
export function newApp(): App {
  return new App({ context: { ...cdk.context, 'evac:withoutFunctions': true }, analyticsReporting: false });
}

/** The account of the embedded Region, so that its functions take what is synthesized. */
export const ACCOUNT = '000000000000';

/** A stack in it. */
export function newStack(app: App = newApp(), id = 'Test', account = ACCOUNT): Stack {
  return new Stack(app, id, { env: { account, region: 'us-east-1' } });
}

/** The load balancer of the embedded Region. */
export const LOAD_BALANCER = `arn:aws:elasticloadbalancing:us-east-1:${ACCOUNT}:loadbalancer/app/front/50dc6c495c0c9188`;

/** The first so many zones; AZ names are not in the order of the AZ IDs, as in most accounts. */
export function zones(count: number) {
  const names = ['c', 'a', 'b', 'f', 'd', 'e'];
  return Object.fromEntries(
    Array.from({ length: count }, (_, index) => [
      `use1-az${index + 1}`,
      { name: `us-east-1${names[index]}`, subnets: [`subnet-0${index + 1}000000000000001`] },
    ]),
  );
}

/** The workload of the embedded Region, with everything, in mode evacuate. */
export function wildrydes(stack: Stack, count = 3, changes: Partial<EvacWorkloadProps> = {}) {
  const pipeline = new EvacPipeline(stack, 'Pipeline', { mail: ['on-call@example.com'] });
  const workload = 'wildrydes';
  const of = zones(count);
  const alarms = new ZonalImpactAlarms(stack, 'Alarms', {
    workload,
    zones: of,
    loadBalancerArn: LOAD_BALANCER,
    slowAfterMs: 350,
    instances: { logGroupNames: ['/wildrydes/requests'] },
  });
  const canary = new ZonalCanary(stack, 'Canary', {
    pipeline,
    workload,
    zones: of,
    url: 'https://www.example.com/health',
    loadBalancerDnsName: 'front-1234567890.us-east-1.elb.amazonaws.com',
    slowAfterMs: 350,
  });
  const made = new EvacWorkload(stack, 'Workload', {
    pipeline,
    workload,
    zones: of,
    resources: [LOAD_BALANCER],
    autoScalingGroups: { tag: { key: 'evac:workload', value: workload } },
    alarms,
    evidence: { source: 'alb', loadBalancer: 'app/front/50dc6c495c0c9188', slowAfterMs: 350, targetGroups: ['targetgroup/web/0123456789abcdef'], crossZone: 'off' },
    canary,
    policy: { mode: 'evacuate', expiresIn: '6h', minZones: 2, failBack: 'manual', withoutEvidence: 'act' },
    ...changes,
  });
  return { pipeline, alarms, canary, workload: made };
}

/** The template of a stack. */
export function templateOf(stack: Stack): Template {
  return Template.fromStack(stack);
}

/** The resources of a type by logical id. */
export function resources(template: Template, type: string): Record<string, Resource> {
  return template.findResources(type) as Record<string, Resource>;
}

/** What synth says is wrong; an empty text where nothing is. */
export function refusal(build: (stack: Stack) => void): string {
  const app = newApp();
  build(newStack(app));
  try {
    app.synth();
    return '';
  } catch (error) {
    return (error as Error).message;
  }
}
