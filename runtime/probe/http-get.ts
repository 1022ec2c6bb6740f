import type { Endpoint } from '../../proto';
import { probeTcp } from './tcp-connect';
import type { ProbeSettings } from './probe';

export interface HttpProbeSettings extends ProbeSettings {
  /** Statuses that show a node that is well; default 100 to 499. */
  readonly well?: { readonly from: number; readonly to: number };
}

/** `GET path`: by default every status below 500 is well. */
export function probeHttp(
  endpoint: Endpoint,
  { path, timeoutMs, well = { from: 100, to: 499 } }: HttpProbeSettings,
): Promise<string | undefined> {
  const host = endpoint.host.includes(':') ? `[${endpoint.host}]` : endpoint.host;
  const head = [`GET ${path} HTTP/1.1`, `Host: ${host}:${endpoint.port}`, 'User-Agent: triplane', 'Connection: close'];
  return probeTcp(endpoint, timeoutMs, {
    request: Buffer.from(`${head.join('\r\n')}\r\n\r\n`, 'latin1'),
    judge: (received) => judgeStatusLine(received, well),
  });
}

function judgeStatusLine(received: Buffer, { from, to }: NonNullable<HttpProbeSettings['well']>): string | undefined {
  const line = received.toString('latin1', 0, 64);
  if (!line.includes('\r\n') && line.length < 64) return undefined;
  const status = Number(/^HTTP\/1\.[01] (\d{3})\b/.exec(line)?.[1]);
  if (Number.isNaN(status)) return 'the answer is not HTTP/1.1';
  return status >= from && status <= to ? '' : `status ${status}`;
}
