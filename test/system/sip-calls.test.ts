import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { freePort } from '../support/free-port';
import { describeWith } from '../support/peer';
import { Cluster, startProgram, type RunningProcess } from '../support/processes';
import { FOLLOWS_RECORD_ROUTE } from '../support/sipp-scenarios';
import { until } from '../support/until';

/** Call-ID to the methods that a sipp server received, from its message log. */
function receivedBy(log: string): Map<string, Set<string>> {
  const calls = new Map<string, Set<string>>();
  for (const block of log.split(/^-{5,}.*$/m)) {
    const [, method, rest] = /message received \[\d+\] bytes\s*:\s*([A-Z]+) ([\s\S]*)/.exec(block) ?? [];
    const callId = /^Call-ID:\s*(\S+)/im.exec(rest ?? '')?.[1];
    if (method === undefined || callId === undefined) continue;
    calls.set(callId, (calls.get(callId) ?? new Set()).add(method));
  }
  return calls;
}

describeWith('sipp', 'calls by sipp through the plane', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'triplane-sipp-'));
  const scenario = path.join(folder, 'follows-record-route.xml');
  const logs = ['a', 'b'].map((name) => path.join(folder, `${name}.log`));
  let cluster: Cluster;
  let servers: RunningProcess[];

  beforeAll(async () => {
    writeFileSync(scenario, FOLLOWS_RECORD_ROUTE);
    cluster = await new Cluster().start();
    servers = await Promise.all(
      logs.map(async (log, i) => {
        const port = String(await freePort());
        const uas = ['-sn', 'uas', '-i', '127.0.0.1', '-p', port, '-nostdin', '-trace_msg', '-message_file', log];
        const both = [
          startProgram('sipp', uas, folder),
          startProgram('sipp', [...uas.slice(0, -1), `${log}.tcp`, '-t', 't1'], folder),
        ];
        await cluster.startNode(`sip${i}`, '--sip-udp', port, '--sip-tcp', port);
        return both;
      }),
    ).then((pairs) => pairs.flat());
  }, 60_000);

  afterAll(async () => {
    await Promise.all(servers.filter((one) => one.exitCode() === undefined).map((one) => one.stop('SIGKILL')));
    await cluster.close();
    rmSync(folder, { recursive: true });
  });

  /** Runs a sipp client to its end; fails with its screen when a call failed. */
  async function call(count: number, rate: number, ...args: readonly string[]): Promise<void> {
    const target = cluster.sip.addresses[args.includes('t1') ? 'external.tcp' : 'external.udp'] ?? '';
    const port = String(await freePort());
    const client = startProgram(
      'sipp',
      [
        target,
        '-i',
        '127.0.0.1',
        '-p',
        port,
        '-nostdin',
        '-m',
        `${count}`,
        '-r',
        `${rate}`,
        '-timeout',
        '60s',
        '-timeout_error',
        ...args,
      ],
      folder,
    );
    await until('the calls are over', () => client.exitCode() !== undefined, 70_000);
    if (client.exitCode() !== 0)
      throw new Error(`sipp ended with ${client.exitCode()}:\n${client.output().slice(-3000)}`);
  }

  /** How many calls each node had, each with all of INVITE, ACK and BYE at that node. */
  function shares(suffix = ''): number[] {
    const counts = logs.map((log) => {
      const calls = receivedBy(readFileSync(`${log}${suffix}`, 'latin1'));
      for (const [callId, methods] of calls) {
        if (!['INVITE', 'ACK', 'BYE'].every((method) => methods.has(method)))
          throw new Error(`${callId} has only ${[...methods].join()} at ${log}`);
      }
      return calls.size;
    });
    return counts;
  }

  it.each([
    ['1000 calls over UDP by the built-in client that ignores Record-Route', 1000, 100, ['-sn', 'uac'], ''],
    ['200 calls over TCP by the built-in client', 200, 50, ['-sn', 'uac', '-t', 't1'], '.tcp'],
  ])(
    '%s: none fails, both nodes share, ACK and BYE reach the node of the INVITE',
    async (_what, count, rate, args, suffix) => {
      await call(count, rate, ...args);
      const [a = 0, b = 0] = shares(suffix);
      expect(a + b).toBe(count);
      expect(a / count).toBeGreaterThanOrEqual(0.4);
      expect(a / count).toBeLessThanOrEqual(0.6);
    },
    90_000,
  );

  it('100 calls by a client that follows Record-Route: the same', async () => {
    const before = shares();
    await call(100, 50, '-sf', scenario);
    const after = shares();
    const gained = after.map((count, i) => count - (before[i] ?? 0));
    expect(gained[0]! + gained[1]!).toBe(100);
    expect(Math.min(...gained)).toBeGreaterThanOrEqual(40);
  }, 60_000);
});
