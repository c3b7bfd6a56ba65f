/**
 * Evac for a load balancer that is there already, given by its ARN: the pipeline, detection, a canary where there is a
 * page to ask, and the workload. Everything that is yours is in a JSON file; see `existing-load-balancer.json`.
 */
import { readFileSync } from 'node:fs';
import { Stack, type App } from 'aws-cdk-lib';
import {
  EvacPipeline, EvacWorkload, ZonalCanary, ZonalImpactAlarms,
  type AlarmNames, type Evidence, type GroupSelector, type InstanceLogs, type Policy, type ZoneDefinition,
} from '../lib/index.ts';

/** What the JSON file holds. */
export interface Settings {
  /** The account and the Region of the load balancer. */
  readonly account: string;
  readonly region: string;
  readonly workload: string;
  /** By AZ ID; `aws ec2 describe-availability-zones` tells which is which in your account. */
  readonly zones: { readonly [id: string]: ZoneDefinition };
  /** An Application Load Balancer's ARN. */
  readonly loadBalancer: string;
  /** ARNs of its target groups, with cross-zone load balancing off. */
  readonly targetGroups: readonly string[];
  readonly autoScalingGroups: GroupSelector;
  /** From how many milliseconds on a request is slow. */
  readonly slowAfterMs: number;
  /** Where your servers log each request with instance and zone, so that one bad instance is told from its zone. */
  readonly instances?: InstanceLogs;
  /** A page to ask from outside, and the load balancer's DNS name. */
  readonly canary?: { readonly url: string; readonly loadBalancerDnsName: string };
  /** Alarms of your own instead of `ZonalImpactAlarms`, such as those of cdk-multi-az-observability: by name. */
  readonly alarms?: AlarmNames;
  /** Default: mode observe. */
  readonly policy?: Policy;
  readonly mail?: readonly string[];
}

/** Reads the settings. */
export function readSettings<T extends object = Settings>(file: string): T {
  const text = readFileSync(file, 'utf8');
  try {
    return JSON.parse(text.replace(/^\s*\/\/.*$/gm, '')) as T;
  } catch (error) {
    throw new Error(`${file} is not JSON: ${(error as Error).message}`);
  }
}

/** The stack. */
export class ExistingLoadBalancer extends Stack {
  constructor(app: App, id: string, settings: Settings) {
    const { account, region, workload, zones } = settings;
    super(app, id, { env: { account, region }, description: `Evac: moves ${workload} out of a zone that hurts its customers` });
    const pipeline = new EvacPipeline(this, 'Pipeline', { ...(settings.mail && { mail: settings.mail }) });
    const alarms = settings.alarms ?? new ZonalImpactAlarms(this, 'Alarms', {
      workload,
      zones,
      loadBalancerArn: settings.loadBalancer,
      slowAfterMs: settings.slowAfterMs,
      ...(settings.instances && { instances: settings.instances }),
    });
    const canary = settings.canary && new ZonalCanary(this, 'Canary', { pipeline, workload, zones, slowAfterMs: settings.slowAfterMs, ...settings.canary });
    const end = (arn: string, kind: string) => arn.slice(arn.indexOf(kind) + (kind === 'targetgroup/' ? 0 : kind.length));
    const evidence: Evidence = {
      source: 'alb',
      loadBalancer: end(settings.loadBalancer, ':loadbalancer/'),
      slowAfterMs: settings.slowAfterMs,
      targetGroups: settings.targetGroups.map((group) => end(group, 'targetgroup/')),
      crossZone: 'off',
    };
    new EvacWorkload(this, 'Workload', {
      pipeline,
      workload,
      zones,
      resources: [settings.loadBalancer],
      autoScalingGroups: settings.autoScalingGroups,
      alarms,
      evidence,
      ...(canary && { canary }),
      ...(settings.policy && { policy: settings.policy }),
    });
  }
}
