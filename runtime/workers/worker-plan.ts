/** What the supervisor gives its workers. */
export interface WorkerPlan {
  /** At least 2. */
  readonly count: number;
  /** Where the supervisor serves the pages of all workers. */
  readonly admin: { readonly host: string; readonly port: number };
  /** Descriptors that a worker inherits, by the name that it asks for; the same ones at each of its starts. Workers count from 1. */
  socketsOf(index: number): ReadonlyMap<string, number>;
  /** Closes the descriptors. */
  close(): void;
}

/** For services whose ports need nothing: those of TCP are shared by themselves. Undefined: one process is enough. */
export function simplePlan(count: number, admin: WorkerPlan['admin']): WorkerPlan | undefined {
  if (count === 1) return undefined;
  return { count, admin, socketsOf: () => new Map(), close: () => {} };
}
