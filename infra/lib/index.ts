export * from './definition.ts';
export { EvacPipeline, type EvacPipelineProps } from './evac-pipeline.ts';
export { EvacWorkload, albEvidence, zonesOf, type AlarmNames, type EvacWorkloadProps, type Groups, type Zone, type Zones } from './evac-workload.ts';
export { ZonalCanary, type ZonalCanaryProps } from './zonal-canary.ts';
export { ZonalImpactAlarms, type InstanceLogs, type ZonalImpactAlarmsProps } from './zonal-impact-alarms.ts';
