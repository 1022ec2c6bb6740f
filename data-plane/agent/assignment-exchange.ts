import type { ClientReadableStream } from '@grpc/grpc-js';
import {
  ReportAssignmentsRequest,
  WatchAssignmentsRequest,
  type PlaneServiceClient,
  type WatchAssignmentsResponse,
} from '../../proto';
import type { Clock, Timer } from '../../runtime/clock';
import type { Counter } from '../../runtime/counters';
import { callUnary } from '../../runtime/grpc';
import type { Logger } from '../../runtime/logger';
import type { Assignments } from '../assignments';

export interface AssignmentExchangeOptions {
  readonly client: PlaneServiceClient;
  readonly planeId: string;
  readonly assignments: Assignments;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly taken: Counter;
  readonly reported: Counter;
}

const FLUSH_INTERVAL_MS = 200;
const MAX_PER_CALL = 1000;
const EXPIRE_INTERVAL_MS = 10_000;
const RETRY_MS = 2000;

/**
 * Exchanges assignments with one control plane while it is connected: hears all of them, then what changes, and tells what this plane
 * made, five times a second, at most 1000 at a time. A new control plane first hears of everything that was used here.
 */
export class AssignmentExchange {
  readonly #options: AssignmentExchangeOptions;
  readonly #timers: readonly Timer[];
  #stream: ClientReadableStream<WatchAssignmentsResponse> | undefined;
  #retry: Timer | undefined;
  #reporting = false;
  #closed = false;

  constructor(options: AssignmentExchangeOptions) {
    this.#options = options;
    const { clock, assignments } = options;
    assignments.startOver();
    this.#timers = [
      clock.every(FLUSH_INTERVAL_MS, () => this.#report()),
      clock.every(EXPIRE_INTERVAL_MS, () => assignments.expire()),
    ];
    this.#watch();
  }

  close(): void {
    this.#closed = true;
    for (const timer of this.#timers) timer.cancel();
    this.#retry?.cancel();
    this.#stream?.cancel();
  }

  #watch(): void {
    const { client, planeId, assignments, taken } = this.#options;
    const stream = client.watchAssignments(WatchAssignmentsRequest.create({ planeId }));
    this.#stream = stream;
    stream.on('data', ({ assignments: told, moves }: WatchAssignmentsResponse) => {
      taken.value += told.length;
      for (const assignment of told) assignments.take(assignment);
      for (const move of moves) assignments.takeMove(move);
    });
    stream.on('error', (error) => this.#ended(stream, error.message));
    stream.on('end', () => this.#ended(stream, 'the control plane ended the stream'));
  }

  /** The subscription beside it notices a lost control plane; this one alone is tried again, for it is not vital. */
  #ended(stream: ClientReadableStream<WatchAssignmentsResponse>, reason: string): void {
    if (this.#closed || this.#stream !== stream) return;
    this.#stream = undefined;
    this.#options.logger.debug({ reason }, 'lost the stream of assignments');
    this.#retry = this.#options.clock.after(RETRY_MS, () => this.#watch());
  }

  #report(): void {
    if (this.#reporting) return;
    const assignments = this.#options.assignments.takeReports(MAX_PER_CALL);
    if (assignments.length === 0) return;
    const { client, planeId, reported, logger } = this.#options;
    this.#reporting = true;
    const request = ReportAssignmentsRequest.create({ planeId, assignments });
    const done = (error?: unknown): void => {
      this.#reporting = false;
      if (error === undefined) reported.value += assignments.length;
      // Not sent again: a key that is used goes with a later report, at half of its time.
      else logger.debug({ error }, 'assignments were not reported');
    };
    callUnary(client, client.reportAssignments, request).then(() => done(), done);
  }
}
