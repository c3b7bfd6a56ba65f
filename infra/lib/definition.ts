/**
 * The workload definition as it travels with each event, and its check at synth.
 *
 * The functions check the same definition again, and refuse what is wrong with the same fields; `test/definitions.json`
 * is held against both. Here a mistake is found before anything is deployed.
 */
import { Token } from 'aws-cdk-lib';

/** How far Evac goes by itself. */
export type Mode = 'observe' | 'shift' | 'evacuate';
type ActOrHold = 'act' | 'hold';

/** What a workload's owners allow, and when: see docs/CONFIGURATION.md, `workload.policy`. */
export interface Policy {
  /** Default `observe`: decide and tell, change nothing. */
  readonly mode?: Mode;
  /** How long a shift lasts, `1m` to `72h`; needed unless the mode is `observe`. */
  readonly expiresIn?: string;
  /** Zones that must be left, 1 to 20; default 2. */
  readonly minZones?: number;
  readonly failBack?: 'manual' | 'automatic';
  /** `1s` to `168h`. */
  readonly stableFor?: string;
  /** `1s` to `168h`. */
  readonly flapWindow?: string;
  readonly maxFlaps?: number;
  readonly withoutEvidence?: ActOrHold;
  readonly withoutAlarms?: ActOrHold;
  readonly withoutCapacity?: ActOrHold;
  /** Requests that one healthy host can take in a minute. */
  readonly hostRequestsPerMinute?: number;
  /** How many times their present traffic the zones that stay may get, 1 to 1000. */
  readonly maxGrowth?: number;
  /** `1s` to `168h`. */
  readonly staleAfter?: string;
  readonly nothingToShift?: boolean;
  /** The numbers of the judgement; the functions check their ranges. */
  readonly criteria?: { readonly [name in Criterion]?: number };
}

const CRITERIA = [
  'windowMinutes', 'sustainedMinutes', 'tolerated', 'factor', 'difference', 'regionalAbove', 'regionalFactor',
  'confidence', 'robustConfidence', 'doubt', 'falseAlarmsPerDay', 'minRequests', 'outage',
] as const;
export type Criterion = (typeof CRITERIA)[number];

/** Counts from a load balancer's own metrics. */
export interface LoadBalancerEvidence {
  readonly source: 'alb' | 'nlb';
  /** The end of the load balancer's ARN: `app/front/50dc6c495c0c9188`. */
  readonly loadBalancer: string;
  /** From how many milliseconds on a request is slow, 1 to 600000; not with `nlb`. */
  readonly slowAfterMs?: number;
  /** The ends of the target groups' ARNs: `targetgroup/web/6d0ecf831eec9f09`. */
  readonly targetGroups?: readonly string[];
  readonly crossZone?: 'off';
}

/** Counts from metrics of one's own, sums of a minute. */
export interface CustomEvidence {
  readonly source: 'custom';
  readonly namespace: string;
  readonly requests: string | readonly string[];
  readonly faults: string | readonly string[];
  readonly slow?: string | readonly string[];
  readonly latency?: { readonly metrics: string | readonly string[]; readonly unit: 's' | 'ms' };
  readonly slowAfterMs?: number;
  readonly zone: { readonly dimension: string; readonly as: 'id' | 'name' };
  readonly dimensions?: { readonly [name: string]: string };
  readonly instance?: { readonly dimension: string };
}

/** Where counts of requests and faults come from: see docs/CONFIGURATION.md, `workload.evidence`. */
export type Evidence = LoadBalancerEvidence | CustomEvidence;

/** A zone of a workload. */
export interface ZoneDefinition {
  /** The account's own name of the zone, such as `us-east-1a`. */
  readonly name: string;
  /** The workload's subnets in it. */
  readonly subnets: readonly string[];
}

/** Which Auto Scaling groups belong to a workload. */
export type GroupSelector =
  | { readonly tag: { readonly key: string; readonly value: string } }
  | { readonly names: readonly string[] };

/** The definition, in the JSON that the functions read. */
export interface Definition {
  readonly name: string;
  readonly zones: { readonly [id: string]: ZoneDefinition };
  readonly resources: readonly string[];
  readonly autoScalingGroups?: GroupSelector;
  readonly alarms: { readonly zonal: { readonly [id: string]: string }; readonly regional: readonly string[] };
  readonly evidence?: Evidence;
  readonly canary?: Evidence;
  readonly policy: Policy;
}

/** Something that is wrong with a definition. */
export interface Problem {
  /** Where, such as `zones.us-east-1a`. */
  readonly field: string;
  /** What was found, and what to write instead. */
  readonly message: string;
}

const ZONE_ID = /^(?=.{1,20}$)[a-z0-9]+(-[a-z0-9]+)*-(az|wlz)[0-9]+$/;
const ZONE_NAME = /^(?=.{1,40}$)[a-z0-9]+(-[a-z0-9]+)+-[0-9]+[a-z]$/;
const SUBNET = /^subnet-[0-9a-f]{8,17}$/;
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/;

/** Whether a text is an AZ ID, such as `use1-az1`. */
export const isZoneId = (text: string): boolean => ZONE_ID.test(text);
/** Whether a text is an AZ name, such as `us-east-1a`. */
export const isZoneName = (text: string): boolean => ZONE_NAME.test(text);

/** The Region of an AZ name: `us-east-1` of `us-east-1a`, `us-west-2` of `us-west-2-lax-1a`. */
export function regionOf(zoneName: string): string {
  return /^[a-z-]+-[0-9]+/.exec(zoneName)?.[0] ?? zoneName;
}

/** A length of time such as `15m` in seconds; `undefined` for what is none. */
function seconds(text: string): number | undefined {
  const parts = /^([1-9][0-9]*)([smh])$/.exec(text);
  if (parts === null) return undefined;
  return Number(parts[1]) * { s: 1, m: 60, h: 3600 }[parts[2] as 's' | 'm' | 'h'];
}

/** Whether a text stands for something that is known only when it is deployed. */
const unknown = (value: unknown): boolean => Token.isUnresolved(value);

/** Everything that is wrong with a definition; nothing where it can be deployed. */
export function problemsOf(definition: Definition): Problem[] {
  const check = new Check();
  check.workload(definition);
  return check.problems;
}

class Check {
  readonly problems: Problem[] = [];

  private refuse(field: string, message: string): void {
    this.problems.push({ field, message });
  }

  workload(definition: Definition): void {
    if (!unknown(definition.name) && !NAME.test(definition.name)) {
      this.refuse('name', `"${definition.name}" is not a workload name, expected 1 to 63 letters, digits, dots, dashes and underscores, starting with a letter or digit`);
    }
    this.zones(definition.zones);
    this.resources(definition.resources);
    if (definition.autoScalingGroups) this.groups(definition.autoScalingGroups);
    this.alarms(definition);
    if (definition.evidence) this.evidence('evidence', definition.evidence);
    if (definition.canary) this.evidence('canary', definition.canary);
    this.policy(definition.policy);
    this.consistency(definition);
  }

  private zones(zones: Definition['zones']): void {
    if (Object.keys(zones).length === 0) {
      this.refuse('zones', 'no zones, expected each zone of the workload by AZ ID, such as {"use1-az1": {"name": "us-east-1a", "subnets": […]}}');
    }
    const zoneOfName = new Map<string, string>();
    const zoneOfSubnet = new Map<string, string>();
    for (const [id, zone] of Object.entries(zones)) {
      const at = `zones.${id}`;
      if (isZoneName(id)) {
        this.refuse(at, `"${id}" is an AZ name, expected an AZ ID such as use1-az1; the one of this account's ${id} is told by: aws ec2 describe-availability-zones --zone-names ${id} --query 'AvailabilityZones[].ZoneId'`);
      } else if (!isZoneId(id)) {
        this.refuse(at, `"${id}" is not an AZ ID, expected one such as use1-az1`);
      }
      if (!unknown(zone.name)) {
        if (isZoneId(zone.name)) {
          this.refuse(`${at}.name`, `"${zone.name}" is an AZ ID, expected an AZ name such as us-east-1a`);
        } else if (!isZoneName(zone.name)) {
          this.refuse(`${at}.name`, `"${zone.name}" is not an AZ name, expected one such as us-east-1a`);
        }
        const other = zoneOfName.get(zone.name);
        if (other !== undefined) {
          this.refuse(`${at}.name`, `${zone.name} is the name of ${other} already, expected another AZ name: one account has one name for a zone`);
        }
        zoneOfName.set(zone.name, id);
      }
      zone.subnets.forEach((subnet, index) => {
        if (unknown(subnet)) return;
        const field = `${at}.subnets[${index}]`;
        if (!SUBNET.test(subnet)) {
          this.refuse(field, `"${subnet}" is not a subnet, expected one such as subnet-0a1b2c3d4e5f60718`);
          return;
        }
        const other = zoneOfSubnet.get(subnet);
        if (other !== undefined && other !== id) {
          this.refuse(field, `${subnet} is listed in ${other} too, expected it in one zone only: a subnet lies in one zone`);
        }
        zoneOfSubnet.set(subnet, id);
      });
    }
  }

  private resources(resources: readonly string[]): void {
    resources.forEach((resource, index) => {
      if (unknown(resource)) return;
      const field = `resources[${index}]`;
      const problem = arnProblem(resource);
      if (problem !== undefined) this.refuse(field, problem);
      else if (resources.indexOf(resource) < index) this.refuse(field, `${resource} is listed twice, expected once`);
    });
  }

  private groups(selector: GroupSelector): void {
    const tag = 'tag' in selector ? selector.tag : undefined;
    const names = 'names' in selector ? selector.names : undefined;
    if ((tag === undefined) === (names === undefined)) {
      this.refuse('autoScalingGroups', 'expected either {"tag": {"key": …, "value": …}} or {"names": […]}');
    } else if (tag !== undefined && (tag.key.length === 0 || tag.key.length > 128)) {
      this.refuse('autoScalingGroups.tag.key', `"${tag.key}" is not a tag key, expected 1 to 128 characters`);
    } else if (names !== undefined && (names.length === 0 || names.some((name) => !unknown(name) && (name.length === 0 || name.length > 255)))) {
      this.refuse('autoScalingGroups.names', 'expected at least one group name, each of 1 to 255 characters');
    }
  }

  private alarms({ alarms, zones }: Definition): void {
    const seen = new Map<string, string>();
    const alarm = (field: string, name: string, expected: string) => {
      if (unknown(name)) return;
      if (name.length === 0 || name.length > 255) {
        this.refuse(field, `"${name}" is not an alarm name, expected 1 to 255 characters`);
      } else if (name.startsWith('arn:')) {
        this.refuse(field, `"${name}" is an ARN, expected the alarm's name: the part behind :alarm:`);
      }
      const other = seen.get(name);
      if (other !== undefined) this.refuse(field, `alarm "${name}" stands at ${other} too, expected ${expected}`);
      seen.set(name, field);
    };
    for (const [id, name] of Object.entries(alarms.zonal)) {
      const field = `alarms.zonal.${id}`;
      if (isZoneName(id)) this.refuse(field, `"${id}" is an AZ name, expected an AZ ID such as use1-az1`);
      else if (!isZoneId(id)) this.refuse(field, `"${id}" is not an AZ ID, expected one such as use1-az1`);
      else if (Object.keys(zones).length > 0 && !(id in zones)) {
        this.refuse(field, `${id} is not a zone of the workload, expected one of ${Object.keys(zones).join(', ')}`);
      }
      alarm(field, name, 'an alarm of its own for each zone');
    }
    alarms.regional.forEach((name, index) => alarm(`alarms.regional[${index}]`, name, 'it once'));
  }

  private evidence(at: string, evidence: Evidence): void {
    const refuse = (field: string, message: string) => this.refuse(`${at}.${field}`, message);
    const known: Record<string, readonly string[]> = {
      alb: ['source', 'loadBalancer', 'slowAfterMs', 'targetGroups', 'crossZone'],
      nlb: ['source', 'loadBalancer', 'slowAfterMs', 'targetGroups', 'crossZone'],
      custom: ['source', 'namespace', 'requests', 'faults', 'slow', 'latency', 'slowAfterMs', 'zone', 'dimensions', 'instance'],
    };
    const fields = known[evidence.source];
    if (fields === undefined) {
      refuse('source', `"${String(evidence.source)}" is not known, expected alb, nlb or custom`);
      return;
    }
    for (const field of Object.keys(evidence)) {
      if (!fields.includes(field)) refuse(field, `not a field of source ${evidence.source}, expected one of ${fields.join(', ')}`);
    }
    const slowAfter = evidence.slowAfterMs;
    if (slowAfter !== undefined && !(Number.isInteger(slowAfter) && slowAfter >= 1 && slowAfter <= 600_000)) {
      refuse('slowAfterMs', `${slowAfter} is out of range, expected 1 to 600000 milliseconds`);
    }
    if (evidence.source === 'custom') {
      for (const field of ['namespace', 'requests', 'faults', 'zone'] as const) {
        const found: string | readonly string[] | object | undefined = evidence[field];
        if (found === undefined || found.valueOf() === '' || (Array.isArray(found) && found.length === 0)) refuse(field, 'missing, see docs/CONFIGURATION.md, workload.evidence');
      }
      if (evidence.latency && evidence.slow) refuse('latency', 'stands beside slow, expected one of the two: metrics that count slow requests, or the latency to count them from');
      else if (evidence.latency && slowAfter === undefined) refuse('slowAfterMs', 'missing beside latency, expected from how many milliseconds on a request is slow, such as 350');
      else if (!evidence.latency && slowAfter !== undefined) refuse('slowAfterMs', 'stands without latency, expected latency with metrics and unit beside it: metrics of slow requests have their own limit');
      if (evidence.zone && !['id', 'name'].includes(evidence.zone.as)) refuse('zone.as', `"${evidence.zone.as}" is not known, expected id or name`);
      return;
    }
    const kind = evidence.source === 'alb' ? 'app' : 'net';
    const balancer = evidence.loadBalancer;
    if (balancer === undefined || balancer === '') {
      refuse('loadBalancer', `missing, expected ${kind}/<name>/<id>, the end of the load balancer's ARN`);
    } else if (!unknown(balancer)) {
      const behind = balancer.split(':loadbalancer/')[1];
      if (behind !== undefined) refuse('loadBalancer', `"${balancer}" is an ARN, expected the part behind :loadbalancer/, as CloudWatch names it: ${behind}`);
      else if (!new RegExp(`^${kind}/[A-Za-z0-9-]+/[A-Za-z0-9-]+$`).test(balancer)) refuse('loadBalancer', `"${balancer}" is not a load balancer of this source, expected ${kind}/<name>/<id>, behind :loadbalancer/`);
    }
    (evidence.targetGroups ?? []).forEach((group, index) => {
      if (!unknown(group) && !/^targetgroup\/[A-Za-z0-9-]+\/[A-Za-z0-9-]+$/.test(group)) {
        refuse(`targetGroups[${index}]`, `"${group}" is not a target group, expected targetgroup/<name>/<id>: the end of its ARN`);
      }
    });
    if (evidence.crossZone !== undefined && evidence.crossZone !== 'off') {
      refuse('crossZone', `${String(evidence.crossZone)}, expected off: with cross-zone load balancing every node sends to targets in all zones, and its metrics do not tell which zone is bad. Turn it off for the target groups, or use source custom`);
    }
    if (evidence.source === 'nlb' && slowAfter !== undefined) {
      refuse('slowAfterMs', 'not possible with source nlb: a Network Load Balancer knows no latency. Leave it out, or use source custom');
    }
  }

  private policy(policy: Policy): void {
    const word = (field: string, found: string | undefined, words: readonly string[]) => {
      if (found !== undefined && !words.includes(found)) this.refuse(`policy.${field}`, `"${found}" is not known, expected ${words.join(' or ')}`);
    };
    word('mode', policy.mode, ['observe', 'shift', 'evacuate']);
    word('failBack', policy.failBack, ['manual', 'automatic']);
    for (const field of ['withoutEvidence', 'withoutAlarms', 'withoutCapacity'] as const) word(field, policy[field], ['act', 'hold']);
    if (policy.expiresIn !== undefined) {
      const length = policy.expiresIn.endsWith('s') ? undefined : seconds(policy.expiresIn);
      if (length === undefined || length > 72 * 3600) {
        this.refuse('policy.expiresIn', `"${policy.expiresIn}" is out of range, expected 1m to 72h in whole minutes or hours, such as 6h`);
      }
    } else if ((policy.mode ?? 'observe') !== 'observe' && policy.nothingToShift !== true) {
      this.refuse('policy.expiresIn', `missing, expected how long a shift lasts, such as 6h: mode ${policy.mode} starts shifts, and nothing that moves traffic has a default`);
    }
    for (const field of ['stableFor', 'flapWindow', 'staleAfter'] as const) {
      const text = policy[field];
      const length = text === undefined ? 1 : seconds(text);
      if (length === undefined || length > 168 * 3600) this.refuse(`policy.${field}`, `"${text}" is not a length of time, expected 1s to 168h, such as 15m`);
    }
    const range = (field: keyof Policy, low: number, high: number) => {
      const found = policy[field];
      if (found !== undefined && !(typeof found === 'number' && Number.isInteger(found) && found >= low && found <= high)) {
        this.refuse(`policy.${field}`, `${String(found)} is out of range, expected ${low} to ${high}`);
      }
    };
    range('minZones', 1, 20);
    range('maxFlaps', 0, 65535);
    range('hostRequestsPerMinute', 1, Number.MAX_SAFE_INTEGER);
    const growth = policy.maxGrowth ?? 1;
    if (!(growth >= 1 && growth <= 1000)) this.refuse('policy.maxGrowth', `${growth} is out of range, expected 1 to 1000`);
    for (const field of Object.keys(policy.criteria ?? {})) {
      if (!(CRITERIA as readonly string[]).includes(field)) this.refuse(`policy.criteria.${field}`, `not known, expected one of ${CRITERIA.join(', ')}`);
    }
  }

  /** What the fields promise each other. */
  private consistency(definition: Definition): void {
    const { policy, resources, zones } = definition;
    const mode = policy.mode ?? 'observe';
    if (mode !== 'observe' && resources.length === 0 && policy.nothingToShift !== true) {
      this.refuse('resources', `no resources, expected the ARN of at least one load balancer: mode ${mode} moves traffic; a workload without one says policy.nothingToShift`);
    }
    if (policy.nothingToShift === true && resources.length > 0) {
      this.refuse('policy.nothingToShift', 'true beside resources, expected one or the other: what can be shifted is shifted before groups are pruned');
    }
    if (policy.nothingToShift === true && mode === 'shift') {
      this.refuse('policy.mode', 'shift with nothingToShift, expected observe or evacuate: there is nothing that mode shift could do');
    }
    if (mode === 'evacuate' && definition.autoScalingGroups === undefined) {
      this.refuse('autoScalingGroups', 'missing, expected {"tag": {"key": …, "value": …}} or {"names": […]}: mode evacuate prunes groups; mode shift does not');
    }
    // The functions take a zone without subnets, and could not prune a group there.
    if (definition.autoScalingGroups !== undefined) {
      for (const [id, zone] of Object.entries(zones)) {
        if (zone.subnets.length === 0) {
          this.refuse(`zones.${id}.subnets`, `no subnets, expected every subnet of the workload's groups in ${id}: a group with a subnet that is not listed is not pruned`);
        }
      }
    }
    if (policy.failBack === 'automatic' && definition.canary === undefined && definition.evidence === undefined) {
      this.refuse('canary', "missing, expected where a canary's counts are: failBack automatic needs proof that the zone is well, and a zone without customers proves nothing by its silence");
    }
    if (mode !== 'observe') {
      for (const id of Object.keys(zones)) {
        if (isZoneId(id) && !(id in definition.alarms.zonal)) {
          this.refuse('alarms.zonal', `no alarm for ${id}, expected one for each zone: whether one zone or several are impaired must be known before traffic moves`);
        }
      }
    }
    const known = resources.filter((resource) => !unknown(resource) && arnProblem(resource) === undefined);
    const region = known[0]?.split(':')[3];
    if (region === undefined || unknown(region)) return;
    resources.forEach((resource, index) => {
      const other = resource.split(':')[3];
      if (known.includes(resource) && other !== region) {
        this.refuse(`resources[${index}]`, `${resource} is in ${other}, expected ${region} as the first resource: a workload lies in one Region`);
      }
    });
    for (const [id, zone] of Object.entries(zones)) {
      if (isZoneName(zone.name) && regionOf(zone.name) !== region) {
        this.refuse(`zones.${id}.name`, `${zone.name} lies in ${regionOf(zone.name)}, expected a zone of ${region} where the resources are`);
      }
    }
  }
}

/** Why a text is not the ARN of something that ARC can shift; `undefined` where it is one. */
function arnProblem(text: string): string | undefined {
  const parts = text.split(':');
  const [arn, partition, service, region, account, ...resource] = parts;
  if (parts.length < 6 || arn !== 'arn' || !partition?.startsWith('aws') || !/^[\x21-\x7e]+$/.test(text) || text.length > 1024) {
    return `"${text}" is not an ARN, expected arn:aws:elasticloadbalancing:<region>:<account>:loadbalancer/app/<name>/<id>`;
  }
  const missing = [
    service === '' ? 'service' : undefined,
    region === '' ? 'Region' : undefined,
    /^[0-9]{12}$/.test(account ?? '') ? undefined : '12-digit account',
    resource.join(':') === '' ? 'resource' : undefined,
  ].find((part) => part !== undefined);
  if (missing !== undefined) return `"${text}" has no ${missing}, expected arn:<partition>:<service>:<region>:<account>:<resource>`;
  if (service === 'elasticloadbalancing' && !/^loadbalancer\/(app|net)\/./.test(resource.join(':'))) {
    return `"${text}" is not an Application or Network Load Balancer, expected loadbalancer/app/… or loadbalancer/net/…: ARC shifts nothing else of the service`;
  }
  return undefined;
}
