/** Tracing. Off, and not even loaded, until OTEL_* asks for an exporter. */
export { noTelemetry, startTelemetry, type Telemetry, type TelemetryOptions } from './telemetry';
export { contextOf, sampledParent, traceparentOf } from './traceparent';
export { TRAFFIC, traceIdInRatio } from './traffic';
