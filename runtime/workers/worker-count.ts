import { availableParallelism } from 'node:os';

/** How many processes `workers: N | auto` means here; `auto`: one for each core that this process may use. */
export function workerCount(workers: number | 'auto'): number {
  return workers === 'auto' ? availableParallelism() : workers;
}
