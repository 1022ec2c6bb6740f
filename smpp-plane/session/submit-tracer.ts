import { SpanKind, SpanStatusCode, type Span } from '@opentelemetry/api';
import { hashText, mix32, type Hash64 } from '../../data-plane';
import { TRAFFIC, sampledParent, type Telemetry } from '../../runtime/telemetry';
import { Command, Status } from '../wire';

export interface SubmitTracerOptions {
  readonly telemetry: Telemetry;
  readonly systemId: string;
  /** Random, one per session: the same number of two sessions is two traces. */
  readonly sessionId: string;
  /** Id of the SMSC. */
  readonly nodeId: string;
}

/**
 * One span per traced submit_sm, from request to response. The trace id is computed from system_id, session and sequence number, and
 * the decision from the id alone, so that a message that is not traced costs one multiplication.
 */
export class SubmitTracer {
  readonly #options: SubmitTracerOptions;
  readonly #session: Hash64;
  readonly #threshold: number;
  readonly #spans = new Map<number, Span>();

  constructor(options: SubmitTracerOptions) {
    this.#options = options;
    this.#session = hashText(`${options.systemId}\0${options.sessionId}`);
    this.#threshold = options.telemetry.traceRatio * 0x1_0000_0000;
  }

  /** A request was given a sequence number; on the packet path. */
  sent(command: number, sequence: number, originSequence: number): void {
    if (command !== Command.SUBMIT_SM) return;
    const low = mix32(this.#session.lo ^ originSequence);
    if (low < this.#threshold) this.#start(low, sequence, originSequence);
  }

  /** A request was answered or given up. */
  answered(sequence: number, status: number): void {
    if (this.#spans.size === 0) return;
    const span = this.#spans.get(sequence);
    if (span === undefined) return;
    this.#spans.delete(sequence);
    span.setAttribute('smpp.command_status', status);
    if (status !== Status.OK) span.setStatus({ code: SpanStatusCode.ERROR });
    span.end();
  }

  #start(low: number, sequence: number, originSequence: number): void {
    const { telemetry, systemId, nodeId } = this.#options;
    const middle = mix32(this.#session.hi ^ Math.imul(originSequence, 0x9e3779b1));
    const traceId = [this.#session.hi, this.#session.lo, middle, low].map(hex32).join('');
    const span = telemetry.tracer.startSpan(
      'submit_sm',
      {
        kind: SpanKind.CLIENT,
        attributes: {
          [TRAFFIC]: true,
          'smpp.system_id': systemId,
          'smpp.sequence_number': originSequence,
          'triplane.node.id': nodeId,
        },
      },
      sampledParent(traceId),
    );
    this.#spans.set(sequence, span);
  }
}

function hex32(value: number): string {
  return value.toString(16).padStart(8, '0');
}
