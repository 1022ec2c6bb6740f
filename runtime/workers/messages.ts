/** What the supervisor asks a worker, from time to time. */
export interface FiguresQuestion {
  readonly type: 'figures?';
  readonly id: number;
}

/** A worker's figures of the moment. */
export interface FiguresAnswer {
  readonly type: 'figures';
  readonly id: number;
  readonly counters: readonly (readonly [string, number])[];
  readonly gauges: readonly (readonly [string, number])[];
  /** Why it is not ready; empty: it is. */
  readonly problems: readonly string[];
}

/** From one worker to all others, by way of the supervisor. What it says is between them. */
export interface Word {
  readonly type: 'word';
  readonly body: unknown;
}

/** The supervisor's log level has changed: that of all is to be one. */
export interface LogLevelOrder {
  readonly type: 'log level';
  readonly level: string;
}

export type WorkerMessage = FiguresQuestion | FiguresAnswer | Word | LogLevelOrder;

/** The variable that tells a process that it is a worker. */
export const SEAT_VARIABLE = 'TRIPLANE_WORKER';

/** What stands in it, as JSON. */
export interface Seat {
  /** From 1. */
  readonly index: number;
  /** Name to descriptor. */
  readonly sockets: Readonly<Record<string, number>>;
}
