import { context, propagation, trace, type Tracer } from '@opentelemetry/api';
import type { SpanExporter } from '@opentelemetry/sdk-trace-base';
import { TriplaneError } from '../errors';
import { productVersion } from '../version';

export interface TelemetryOptions {
  /** `triplane-control-plane`, `triplane-sip-plane`, ... */
  readonly serviceName: string;
  /** The process's incarnation. */
  readonly instanceId: string;
  /** Share of traffic that is traced, 0-1. */
  readonly traceRatio: number;
  /** The environment, for OTEL_*; nothing else turns an exporter on. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /**
   * Whether a span can be active, so that calls made inside join it (default). Costs every socket and timer of the process: the planes,
   * which hand spans on by themselves, do without.
   */
  readonly activeSpans?: boolean;
}

/** Small exports, often: what a second of traffic leaves would hold the event loop for several ms at once. */
const EXPORTS = { scheduledDelayMillis: 200, maxExportBatchSize: 256 };

/** Tracing as a room sees it. */
export interface Telemetry {
  readonly tracer: Tracer;
  /** False: no exporter is configured, packet paths skip tracing altogether. */
  readonly enabled: boolean;
  /** Share of traffic that is traced, 0-1; 0 when not enabled. */
  readonly traceRatio: number;
  /** Sends what is still buffered. */
  close(): Promise<void>;
}

/** No spans, no cost. */
export const noTelemetry: Telemetry = {
  get tracer() {
    return trace.getTracer('triplane');
  },
  enabled: false,
  traceRatio: 0,
  close: async () => {},
};

/**
 * Turns tracing on if `OTEL_TRACES_EXPORTER` or an `OTEL_EXPORTER_OTLP_…ENDPOINT` asks for it, and loads the SDK only then.
 * Exporters: `otlp` (protocol `grpc` or `http/json`), `console`, `none`. Anything else is CONFIG_INVALID.
 */
export async function startTelemetry(options: TelemetryOptions): Promise<Telemetry> {
  const exporter = await exporterFor(options.env);
  if (exporter === undefined) return noTelemetry;
  const [{ NodeTracerProvider }, { BatchSpanProcessor }, { resourceFromAttributes }, { trafficSampler }, w3c] =
    await Promise.all([
      import('@opentelemetry/sdk-trace-node'),
      import('@opentelemetry/sdk-trace-base'),
      import('@opentelemetry/resources'),
      import('./traffic-sampler'),
      import('@opentelemetry/core'),
    ]);
  const provider = new NodeTracerProvider({
    resource: resourceFromAttributes({
      'service.name': options.serviceName,
      'service.namespace': 'triplane',
      'service.version': productVersion(),
      'service.instance.id': options.instanceId,
    }),
    sampler: trafficSampler(options.traceRatio),
    spanProcessors: [new BatchSpanProcessor(exporter, EXPORTS)],
  });
  provider.register({
    propagator: new w3c.W3CTraceContextPropagator(),
    ...(options.activeSpans === false && { contextManager: null }),
  });
  return {
    tracer: provider.getTracer('triplane', productVersion()),
    enabled: true,
    traceRatio: options.traceRatio,
    async close() {
      await provider.shutdown();
      trace.disable();
      context.disable();
      propagation.disable();
    },
  };
}

async function exporterFor(env: TelemetryOptions['env']): Promise<SpanExporter | undefined> {
  if (env['OTEL_SDK_DISABLED']?.toLowerCase() === 'true') return undefined;
  const endpoint = env['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'] ?? env['OTEL_EXPORTER_OTLP_ENDPOINT'];
  const wanted = env['OTEL_TRACES_EXPORTER'] ?? (endpoint === undefined ? 'none' : 'otlp');
  switch (wanted) {
    case 'none':
      return undefined;
    case 'console':
      return new (await import('@opentelemetry/sdk-trace-base')).ConsoleSpanExporter();
    case 'otlp':
      return await otlpExporter(
        env['OTEL_EXPORTER_OTLP_TRACES_PROTOCOL'] ?? env['OTEL_EXPORTER_OTLP_PROTOCOL'] ?? 'grpc',
      );
    default:
      throw new TriplaneError('CONFIG_INVALID', `OTEL_TRACES_EXPORTER: expected otlp, console or none, got ${wanted}`);
  }
}

async function otlpExporter(protocol: string): Promise<SpanExporter> {
  switch (protocol) {
    case 'grpc':
      return new (await import('@opentelemetry/exporter-trace-otlp-grpc')).OTLPTraceExporter();
    case 'http/json':
      return new (await import('@opentelemetry/exporter-trace-otlp-http')).OTLPTraceExporter();
    default:
      throw new TriplaneError(
        'CONFIG_INVALID',
        `OTEL_EXPORTER_OTLP_PROTOCOL: expected grpc or http/json, got ${protocol}`,
      );
  }
}
