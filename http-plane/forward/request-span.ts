import { SpanKind, SpanStatusCode, type Span } from '@opentelemetry/api';
import type { PlaneCore } from '../../data-plane';
import { TRAFFIC, contextOf } from '../../runtime/telemetry';

/**
 * A server span for a request, or undefined when it is not traced: a caller's `traceparent` decides for its own trace,
 * else chance at the traffic ratio (drawn here, so that the others cost nothing).
 */
export function startRequestSpan(
  { telemetry, random }: Pick<PlaneCore, 'telemetry' | 'random'>,
  method: string,
  traceparent: string | undefined,
): Span | undefined {
  if (!telemetry.enabled) return undefined;
  if (traceparent === undefined && random() >= telemetry.traceRatio) return undefined;
  const span = telemetry.tracer.startSpan(
    `HTTP ${method}`,
    { kind: SpanKind.SERVER, attributes: { 'http.request.method': method } },
    contextOf(traceparent),
  );
  span.setAttribute(TRAFFIC, true);
  return span;
}

/** Ends the span with what became of the request. */
export function endRequestSpan(span: Span | undefined, status: number, nodeId: string | undefined): void {
  if (span === undefined) return;
  span.setAttribute('http.response.status_code', status);
  if (nodeId !== undefined) span.setAttribute('triplane.node', nodeId);
  if (status >= 500) span.setStatus({ code: SpanStatusCode.ERROR });
  span.end();
}
