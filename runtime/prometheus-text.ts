import { ValueType } from '@opentelemetry/api';
import { PrometheusSerializer } from '@opentelemetry/exporter-prometheus';
import { emptyResource } from '@opentelemetry/resources';
import { AggregationTemporality, DataPointType, type DataPoint, type MetricData } from '@opentelemetry/sdk-metrics';
import type { Counters } from './counters';

/** All figures in Prometheus' text format: `sip.external.requests.INVITE` reads `triplane_sip_external_requests_INVITE_total`. */
export function prometheusText(counters: Counters): string {
  const metrics = [
    ...[...counters.snapshotCounters()].map(([name, value]) => sum(name, value)),
    ...[...counters.snapshotGauges()].map(([name, value]) => gauge(name, value)),
  ];
  const scope = { name: 'triplane' };
  return new PrometheusSerializer('', false, undefined, true, true).serialize({
    resource: emptyResource(),
    scopeMetrics: [{ scope, metrics }],
  });
}

const point = (value: number): DataPoint<number>[] => [{ startTime: [0, 0], endTime: [0, 0], attributes: {}, value }];

const descriptor = (name: string): MetricData['descriptor'] => ({
  name: `triplane_${name.replace(/[^A-Za-z0-9_]/g, '_')}`,
  description: name,
  unit: '',
  valueType: ValueType.DOUBLE,
});

function sum(name: string, value: number): MetricData {
  return {
    descriptor: descriptor(name),
    aggregationTemporality: AggregationTemporality.CUMULATIVE,
    dataPointType: DataPointType.SUM,
    isMonotonic: true,
    dataPoints: point(value),
  };
}

function gauge(name: string, value: number): MetricData {
  return {
    descriptor: descriptor(name),
    aggregationTemporality: AggregationTemporality.CUMULATIVE,
    dataPointType: DataPointType.GAUGE,
    dataPoints: point(value),
  };
}
