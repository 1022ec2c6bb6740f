import { Metadata, status, type Client, type ServiceError, type handleUnaryCall } from '@grpc/grpc-js';
import { SpanKind, SpanStatusCode, context, trace, type Span } from '@opentelemetry/api';
import { contextOf, traceparentOf, type Telemetry } from '../telemetry';
import type { Identity } from '../identity';
import type { Logger } from '../logger';
import { callerOf } from './caller';

/** Thrown by handlers: the status that the caller gets. */
export class StatusError extends Error {
  readonly code: status;
  /** Sent as trailers. */
  readonly metadata: Metadata | undefined;

  constructor(code: status, message: string, metadata?: Metadata) {
    super(message);
    this.name = 'StatusError';
    this.code = code;
    this.metadata = metadata;
  }
}

export interface HandlerOptions {
  /** Full method name, `triplane.v1.NodeService/Register`. */
  readonly method: string;
  readonly telemetry: Telemetry;
  readonly logger: Logger;
}

/** What a handler knows of its call. */
export interface CallInfo {
  /** `address:port` of the caller. */
  readonly peer: string;
  readonly span: Span;
  /** Who calls; undefined at a listener that asks nobody. */
  readonly caller: Identity | undefined;
}

/** Wraps a handler: span joined to the caller's trace, StatusError to its status, anything else to INTERNAL with the text hidden. */
export function unary<Request, Response>(
  options: HandlerOptions,
  handle: (request: Request, call: CallInfo) => Response | Promise<Response>,
): handleUnaryCall<Request, Response> {
  return (call, callback) => {
    const parent = contextOf(call.metadata.get('traceparent')[0]?.toString());
    const span = options.telemetry.tracer.startSpan(options.method, { kind: SpanKind.SERVER }, parent);
    const run = async (): Promise<Response> =>
      handle(call.request, { peer: call.getPeer(), span, caller: callerOf(call.metadata) });
    context
      .with(trace.setSpan(parent, span), run)
      .then(
        (response) => callback(null, response),
        (error: unknown) => callback(toStatus(error, span, options)),
      )
      .finally(() => span.end());
  };
}

function toStatus(error: unknown, span: Span, { logger, method }: HandlerOptions): Partial<ServiceError> {
  if (error instanceof StatusError) {
    span.setAttribute('rpc.status_code', error.code);
    return { code: error.code, details: error.message, ...(error.metadata && { metadata: error.metadata }) };
  }
  span.setStatus({ code: SpanStatusCode.ERROR });
  logger.error({ err: error, method }, 'a bug: handler failed');
  return { code: status.INTERNAL, details: 'internal error' };
}

type UnaryMethod<Request, Response> = (
  request: Request,
  metadata: Metadata,
  options: { deadline: number },
  callback: (error: ServiceError | null, response: Response) => void,
) => unknown;

export interface CallOptions {
  /** Ms; default 5000. */
  readonly timeoutMs?: number;
  /** The span that the call belongs to. */
  readonly span?: Span;
}

/** Calls a unary method of a generated client as a promise, with a deadline and the caller's trace. Rejects with ServiceError. */
export function callUnary<Request, Response>(
  client: Client,
  method: UnaryMethod<Request, Response>,
  request: Request,
  options: CallOptions = {},
): Promise<Response> {
  const metadata = new Metadata();
  const traceparent = traceparentOf(options.span ?? trace.getActiveSpan());
  if (traceparent !== '') metadata.set('traceparent', traceparent);
  return new Promise((resolve, reject) => {
    method.call(
      client,
      request,
      metadata,
      { deadline: Date.now() + (options.timeoutMs ?? 5000) },
      (error, response) => {
        if (error === null) resolve(response);
        else reject(error);
      },
    );
  });
}

/** The gRPC status code of a rejection, or undefined when it is none. */
export function statusOf(error: unknown): status | undefined {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'number' && error instanceof Error && 'details' in error ? code : undefined;
}
