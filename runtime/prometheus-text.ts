import { ValueType } from '@opentelemetry/api';
import { PrometheusSerializer } from '@opentelemetry/exporter-prometheus';
import { emptyResource } from '@opentelemetry/resources';
import { AggregationTemporality, DataPointType, type DataPoint, type MetricData } from '@opentelemetry/sdk-metrics';

/** Figures of one process, by dotted name. */
export interface FigureSet {
  /** What tells them from the same figures of another process. */
  readonly labels?: Readonly<Record<string, string>>;
  readonly counters: ReadonlyMap<string, number>;
  readonly gauges: ReadonlyMap<string, number>;
}

/** All figures in Prometheus' text format: `sip.external.requests.INVITE` reads `triplane_sip_external_requests_INVITE_total`. */
export function prometheusText(sets: readonly FigureSet[]): string {
  const metrics = [
    ...[...pointsOf(sets, 'counters')].map(([name, points]) => sum(name, points)),
    ...[...pointsOf(sets, 'gauges')].map(([name, points]) => gauge(name, points)),
  ];
  const scope = { name: 'triplane' };
  return new PrometheusSerializer('', false, undefined, true, true).serialize({
    resource: emptyResource(),
    scopeMetrics: [{ scope, metrics }],
  });
}

type Points = DataPoint<number>[];

function pointsOf(sets: readonly FigureSet[], kind: 'counters' | 'gauges'): Map<string, Points> {
  const byName = new Map<string, Points>();
  for (const { labels = {}, [kind]: figures } of sets) {
    for (const [name, value] of figures) {
      const point = { startTime: [0, 0], endTime: [0, 0], attributes: labels, value } satisfies DataPoint<number>;
      const points = byName.get(name);
      if (points === undefined) byName.set(name, [point]);
      else points.push(point);
    }
  }
  return byName;
}

const descriptor = (name: string): MetricData['descriptor'] => ({
  name: `triplane_${name.replace(/[^A-Za-z0-9_]/g, '_')}`,
  description: name,
  unit: '',
  valueType: ValueType.DOUBLE,
});

function sum(name: string, dataPoints: Points): MetricData {
  return {
    descriptor: descriptor(name),
    aggregationTemporality: AggregationTemporality.CUMULATIVE,
    dataPointType: DataPointType.SUM,
    isMonotonic: true,
    dataPoints,
  };
}

function gauge(name: string, dataPoints: Points): MetricData {
  return {
    descriptor: descriptor(name),
    aggregationTemporality: AggregationTemporality.CUMULATIVE,
    dataPointType: DataPointType.GAUGE,
    dataPoints,
  };
}
