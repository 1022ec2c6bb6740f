import { request } from 'node:http';
import type { Counters } from '../../runtime/counters';
import type { Logger } from '../../runtime/logger';

/** Where a node listens for its load balancer's stop. */
export interface StopTarget {
  readonly nodeId: string;
  readonly host: string;
  readonly port: number;
}

export interface StopPacketsOptions {
  /** As the nodes know this control plane. */
  readonly self: { readonly host: string; readonly port: number };
  readonly counters: Counters;
  readonly logger: Logger;
}

const ANSWER_MS = 1000;
const AT_ONCE = 100;
const MAX_BATCHES = 3;

/**
 * Tells nodes with the predecessor's JSON heartbeat that this control plane stops, by POST of `{"stop":{"ipAddress":…,"port":…}}` to the
 * `heartbeatPort` that they named: they go back to `start`. Each is asked once and has 1 s to answer; never rejects.
 */
export async function sendStopPackets(targets: readonly StopTarget[], options: StopPacketsOptions): Promise<void> {
  const { self, counters, logger } = options;
  const body = JSON.stringify({ stop: { ipAddress: self.host, port: self.port } });
  const told = counters.counter('control.heartbeats.http.toldStop');
  const missed = counters.counter('control.heartbeats.http.untoldStop');
  for (let batch = 0; batch < MAX_BATCHES; batch += 1) {
    const some = targets.slice(batch * AT_ONCE, (batch + 1) * AT_ONCE);
    // At most so many connections at once, and an end in time.
    // eslint-disable-next-line no-await-in-loop
    const answers = await Promise.all(some.map((target) => post(target, body)));
    for (const answered of answers) (answered ? told : missed).value += 1;
  }
  missed.value += Math.max(0, targets.length - AT_ONCE * MAX_BATCHES);
  if (targets.length > 0) logger.info({ told: told.value, missed: missed.value }, 'nodes were told of the stop');
}

function post({ host, port }: StopTarget, body: string): Promise<boolean> {
  return new Promise((resolve) => {
    const headers = { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) };
    const sent = request({ host, port, method: 'POST', path: '/', headers, timeout: ANSWER_MS, agent: false });
    sent.on('response', (response) => {
      response.destroy();
      resolve(response.statusCode === 200);
    });
    sent.on('timeout', () => sent.destroy());
    sent.on('error', () => resolve(false));
    sent.on('close', () => resolve(false));
    sent.end(body);
  });
}
