import { describe, expect, it } from 'vitest';
import { ZonalImpactAlarms } from '../lib/index.ts';
import { LOAD_BALANCER, newStack, resources, templateOf, wildrydes, zones } from './synth.ts';

/** The detection of so many zones. */
function detection(count: number, changes: { contrast?: number } = {}) {
  const stack = newStack();
  const alarms = new ZonalImpactAlarms(stack, 'Alarms', {
    workload: 'wildrydes', zones: zones(count), loadBalancerArn: LOAD_BALANCER, slowAfterMs: 350, instances: { logGroupNames: ['/wildrydes/requests'] }, ...changes,
  });
  const template = templateOf(stack);
  const properties = (type: string) => Object.values(resources(template, type)).map((each) => each.Properties);
  return { alarms, metric: properties('AWS::CloudWatch::Alarm'), composite: properties('AWS::CloudWatch::CompositeAlarm'), insight: properties('AWS::CloudWatch::InsightRule') };
}

describe.each([2, 3, 4, 6])('detection in %i zones', (count) => {
  const { alarms, metric, composite, insight } = detection(count);

  it('has as many zones as it was given', () => {
    const ids = Object.keys(zones(count));
    expect(Object.keys(alarms.zonal)).toEqual(ids);
    expect(composite.map(({ AlarmName }) => AlarmName).sort()).toEqual(
      [...ids.map((id) => `${id}-wildrydes-isolated-impact-aggregate-alarm`), 'wildrydes-regional-impact-alarm'].sort(),
    );
    // Rate, contrast and instances, of faults and of slow requests.
    expect(metric.length).toBe(6 * count);
    expect(insight.length).toBe(2 * count);
  });

  it('fits into the limits of CloudWatch', () => {
    for (const { Metrics } of metric) {
      expect(Metrics.filter((query: any) => query.MetricStat).length).toBeLessThanOrEqual(10);
      expect(Metrics.filter((query: any) => query.Expression).length).toBeLessThanOrEqual(10);
      expect(Metrics.filter((query: any) => query.ReturnData).length).toBe(1);
    }
    for (const { AlarmRule } of composite) {
      expect(AlarmRule.length).toBeLessThanOrEqual(10_240);
      expect(new Set(AlarmRule.match(/"[^"]+"/g)).size).toBeLessThanOrEqual(100);
      expect(AlarmRule.match(/ALARM\(|AND|OR|NOT/g).length).toBeLessThanOrEqual(500);
    }
  });

  it('refers to alarms that are there', () => {
    const names = new Set([...metric, ...composite].map(({ AlarmName }) => AlarmName));
    for (const { AlarmRule } of composite) {
      for (const [, name] of AlarmRule.matchAll(/ALARM\("([^"]+)"\)/g)) expect(names).toContain(name);
    }
  });

  it('asks each zone by its own AZ name', () => {
    for (const [id, { name }] of Object.entries(zones(count))) {
      const own = metric.filter(({ AlarmName }) => AlarmName.startsWith(`${id}-`));
      const asked = new Set(own.flatMap(({ Metrics }) => Metrics).flatMap((query: any) => query.MetricStat?.Metric.Dimensions ?? []).filter((each: any) => each.Name === 'AvailabilityZone').map((each: any) => each.Value));
      expect([...asked]).toEqual([name]);
    }
  });

  it('takes two equally bad zones for none that is isolated', () => {
    const factors = metric.filter(({ AlarmName }) => AlarmName.endsWith('-contrast')).map(({ Metrics }) => Number(/- ([0-9.]+) \* IF/.exec(Metrics.at(-1).Expression)?.[1]));
    // With equal traffic, one of two bad zones is n - 1 times as bad as the others pooled.
    for (const factor of factors) expect(factor).toBeGreaterThan(count === 2 ? 1 : count - 1);
  });
});

describe('the alarms of a zone', () => {
  const { metric, composite } = detection(3);

  it('turn OK where there is no data, so that none freezes while traffic is away', () => {
    for (const { TreatMissingData, EvaluationPeriods, DatapointsToAlarm } of metric) {
      expect([TreatMissingData, EvaluationPeriods, DatapointsToAlarm]).toEqual(['notBreaching', 3, 2]);
    }
  });

  it('carry load balancer and AZ ID in the description that the classifier reads, and in tags', () => {
    const zonal = composite.find(({ AlarmName }) => AlarmName.startsWith('use1-az2-'));
    expect(JSON.parse(zonal.AlarmDescription)).toEqual({ loadBalancer: LOAD_BALANCER, 'az-id': 'use1-az2' });
    expect(zonal.Tags).toEqual([{ Key: 'evac:workload', Value: 'wildrydes' }, { Key: 'evac:zone', Value: 'use1-az2' }]);
  });

  it('go off only where rate, contrast and instances agree', () => {
    const zonal = composite.find(({ AlarmName }) => AlarmName.startsWith('use1-az2-'));
    const of = (hurt: string) => ['rate', 'contrast', 'instances'].map((part) => `ALARM("use1-az2-wildrydes-${hurt}-${part}")`).join(' AND ');
    expect(zonal.AlarmRule).toBe(`(${of('fault')}) OR (${of('slow')})`);
  });

  it('are what the workload listens to', () => {
    const stack = newStack();
    const { workload, alarms } = wildrydes(stack);
    expect(workload.definition.alarms).toEqual({ zonal: alarms.zonal, regional: alarms.regional });
  });
});
