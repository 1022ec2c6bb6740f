import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { Agent, get } from 'node:http';
import type { Socket } from 'node:net';
import path from 'node:path';
import { freePort } from '../support/free-port';
import { describeWith } from '../support/peer';
import { Cluster, startProgram, startService, type RunningProcess } from '../support/processes';
import { SipServer } from '../support/sip-endpoints';
import { FOLLOWS_RECORD_ROUTE } from '../support/sipp-scenarios';
import { until } from '../support/until';
import { WebNode } from '../support/web-node';

/** The log lines of a service that have this text. */
function logged(service: RunningProcess, text: string): readonly Readonly<Record<string, unknown>>[] {
  const lines = service.output().split('\n');
  return lines.flatMap((line) =>
    line.includes(`"msg":"${text}"`) ? [JSON.parse(line) as Record<string, unknown>] : [],
  );
}

/** Of the workers that the supervisor started first. */
const pidsOf = (service: RunningProcess): number[] => logged(service, 'workers run')[0]?.['pids'] as number[];

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** A figure of each worker, in their order; of `/metrics`. */
async function figures(service: RunningProcess, name: string): Promise<number[]> {
  const text = await (await fetch(`http://${service.addresses['admin']}/metrics`)).text();
  const found = [...text.matchAll(new RegExp(`^triplane_${name}\\{worker="(\\d)"\\} (\\d+)$`, 'gm'))];
  return found.map(([, , value]) => Number(value));
}

/** Kills a worker and waits for the one that takes its place; ms from its death to that. */
async function killWorker(service: RunningProcess): Promise<number> {
  const before = logged(service, 'service is back').length;
  process.kill(pidsOf(service)[before] ?? 0, 'SIGKILL');
  const back = await until('another worker took its place', () => logged(service, 'service is back')[before]);
  return Number(back['time']) - Number(logged(service, 'service died, starting it again')[before]?.['time']);
}

/** A connection that is handed over to a worker in the moment of its death is nobody's (node:cluster): its client gives up after this time. */
const HANDED_OVER_MS = 3000;

describe('planes with two workers', () => {
  let cluster: Cluster;
  let web: WebNode[] = [];
  let sip: SipServer[] = [];
  let url: string;
  let accessLog: string;

  beforeAll(async () => {
    cluster = new Cluster({ set: ['sip.workers=2', 'http.workers=2', 'http.stickyCookie=node'] });
    accessLog = path.join(cluster.stateDir, 'access.log');
    await cluster.startControl();
    // One after the other: each is three processes, and has ten seconds.
    await cluster.startSip();
    await cluster.startHttp([`http.accessLog.file=${accessLog}`]);
    web = await Promise.all(['app1', 'app2'].map((name) => WebNode.start(name)));
    sip = await Promise.all([SipServer.start(), SipServer.start()]);
    await Promise.all(
      ['app1', 'app2'].map((id, i) =>
        cluster.startNode(id, '--http', `${web[i]?.port}`, '--jvm-route', id, '--sip-udp', `${sip[i]?.port}`),
      ),
    );
    await until('all workers are ready', async () => {
      const planes = [cluster.sip, cluster.http];
      const answers = await Promise.all(planes.map(({ addresses }) => fetch(`http://${addresses['admin']}/readyz`)));
      return answers.every(({ ok }) => ok);
    });
    url = `http://${cluster.http.addresses['http']}/`;
  }, 60_000);

  afterAll(async () => {
    for (const node of [...web, ...sip]) node.close();
    await cluster.close();
  });

  it('are planes of their own to the operator, by clear names', async () => {
    const { stdout } = await cluster.command('planes', '--json');
    const { planes } = JSON.parse(stdout) as { planes: readonly { planeId: string }[] };
    expect(planes.map(({ planeId }) => planeId)).toEqual([
      'http-test.w1',
      'http-test.w2',
      'sip-test.w1',
      'sip-test.w2',
    ]);
  });

  /** Sends GETs, each on a connection of its own so that both workers get some; what came back, and the cookies that were set. */
  async function gets(
    count: number,
    headers: Record<string, string> = {},
  ): Promise<{ body: string; cookie: string }[]> {
    const one = async (): Promise<{ body: string; cookie: string }> => {
      const answer = await fetch(url, { headers: { ...headers, Connection: 'close' } });
      return { body: `${answer.status} ${await answer.text()}`, cookie: answer.headers.getSetCookie()[0] ?? '' };
    };
    return Promise.all(Array.from({ length: count }, one));
  }

  it('keep web sessions at their nodes, whichever worker is asked, and count each request once', async () => {
    const before = web.reduce((sum, { requests }) => sum + requests, 0);
    const byRoute = await gets(50, { Cookie: 'JSESSIONID=x.app2' });
    expect(new Set(byRoute.map(({ body }) => body))).toEqual(new Set(['200 app2']));
    for (const { body, cookie } of await gets(10)) {
      const [pair = ''] = cookie.split(';');
      const again = await gets(4, { Cookie: pair });
      expect(new Set(again.map((answer) => answer.body))).toEqual(new Set([body]));
    }
    const served = web.reduce((sum, { requests }) => sum + requests, 0) - before;
    expect(served).toBe(100);
    const [first = 0, second = 0] = await figures(cluster.http, 'http_requests_GET_total');
    expect(first + second).toBe(100);
    expect(Math.min(first, second)).toBeGreaterThan(25);
    await until('/lbstat has all', async () => (await cluster.lbstat()).Metrics['NumberOfHttpRequests'] === 100);
  });

  it('all open their files anew at SIGHUP', async () => {
    const old = `${accessLog}.1`;
    await until('all lines are written', () => readFileSync(accessLog, 'utf8').split('\n').length === 101);
    renameSync(accessLog, old);
    process.kill(cluster.http.pid, 'SIGHUP');
    await until('both heard it', () => logged(cluster.http, 'SIGHUP: files are read again').length === 3);
    await gets(20);
    await until(
      'the lines of both are in the new file',
      () => readFileSync(accessLog, 'utf8').split('\n').length === 21,
    );
    expect(readFileSync(old, 'utf8').split('\n')).toHaveLength(101);
  });

  it('a worker that is killed takes its own connections with it and no others, and is replaced', async () => {
    const clients = Array.from({ length: 8 }, () => ({
      agent: new Agent({ keepAlive: true, maxSockets: 1 }),
      sockets: new Set<Socket>(),
      cut: 0,
      failed: 0,
    }));
    let running = true;
    const ask = (client: (typeof clients)[number]): Promise<void> =>
      new Promise((resolve) => {
        const failed = (): void => {
          client.failed += 1;
          resolve();
        };
        const follow = (socket: Socket): void => {
          if (!client.sockets.has(socket)) socket.once('close', () => (client.cut += 1));
          client.sockets.add(socket);
        };
        const request = get(url, { agent: client.agent, timeout: HANDED_OVER_MS }, (answer) =>
          answer.resume().on('end', resolve).on('error', failed),
        );
        request.on('timeout', () => request.destroy(new Error('no answer')));
        request.on('socket', follow).on('error', failed);
      });
    const loops = clients.map(async (client) => {
      while (running) await ask(client);
    });
    const [open = 0] = await until('all have a connection', async () => {
      const counts = await figures(cluster.http, 'http_connections');
      return counts.reduce((sum, count) => sum + count) === clients.length ? counts : undefined;
    });
    // Which worker gets the next connection is for the system's load to say.
    expect([1, 2, 3, 4, 5, 6, 7]).toContain(open);
    const tookMs = await killWorker(cluster.http);
    running = false;
    await Promise.all(loops);
    const cut = clients.filter((client) => client.cut > 0);
    expect(cut).toHaveLength(open);
    const others = clients.filter((client) => !cut.includes(client));
    expect(others.filter((client) => client.failed > 0)).toEqual([]);
    // Once with its connection, and once more when its next one was on its way to the dying worker.
    expect(Math.max(...cut.map((client) => client.failed))).toBeLessThanOrEqual(2);
    expect(tookMs).toBeLessThan(5000);
    for (const client of clients) client.agent.destroy();
  });

  /** Calls from many sockets, so that both workers get some; fails when one of them fails. */
  async function call(count: number): Promise<void> {
    const folder = cluster.stateDir;
    writeFileSync(path.join(folder, 'client.xml'), FOLLOWS_RECORD_ROUTE);
    const to = [cluster.sip.addresses['external.udp'] ?? '', '-i', '127.0.0.1', '-p', `${await freePort()}`];
    const load = ['-m', `${count}`, '-r', '250', '-t', 'un', '-max_socket', '200'];
    const limits = ['-nostdin', '-timeout', '60s', '-timeout_error'];
    const client = startProgram('sipp', [...to, '-sf', 'client.xml', ...load, ...limits], folder);
    await until('the calls are over', () => client.exitCode() !== undefined, 70_000);
    if (client.exitCode() !== 0) throw new Error(`sipp: ${client.exitCode()}:\n${client.output().slice(-3000)}`);
  }

  describeWith('sipp', 'calls by sipp', () => {
    it('1000 calls: none fails, both workers share, and /lbstat has each message once', async () => {
      await call(1000);
      expect(sip.map((server) => server.count('BYE')).reduce((sum, count) => sum + count)).toBe(1000);
      const invites = await figures(cluster.sip, 'sip_external_requests_INVITE_total');
      expect(invites).toHaveLength(2);
      expect(Math.min(...invites)).toBeGreaterThan(200);
      await until('/lbstat has all', async () => {
        const { Metrics } = await cluster.lbstat();
        const { INVITE, ACK, BYE } = Metrics['NumberOfRequestsProcessedByMethod'] as Record<string, number>;
        return INVITE === 1000 && ACK === 1000 && BYE === 1000 && Metrics['NumberOfActiveCalls'] === 0;
      });
    }, 90_000);

    it('400 calls while a worker is killed: none fails', async () => {
      const calls = call(400);
      await until('the calls run', async () => Number((await cluster.lbstat()).Metrics['NumberOfActiveCalls']) > 0);
      expect(await killWorker(cluster.sip)).toBeLessThan(5000);
      await calls;
    }, 90_000);
  });

  it('a port that is taken is one line and code 1, whichever process finds it', async () => {
    const taken = cluster.http.addresses['http']?.split(':').at(-1) ?? '';
    const set = [
      'http.workers=2',
      `http.listen.port=${taken}`,
      'http.admin.port=0',
      `cluster.stateDir=${cluster.stateDir}`,
    ];
    const failure = await startService('http-plane', { set: [...set, 'log.level=silent'] }).catch(
      (error: unknown) => error,
    );
    const [first = '', ...said] = (failure as Error).message.trim().split('\n');
    expect(first).toBe('http-plane ended with 1:');
    expect(said).toEqual([expect.stringMatching(/^triplane: ADDRESS_IN_USE: http plane: 127\.0\.0\.1:/)]);
  });

  it('end with their supervisor, however that ends', async () => {
    const pids = pidsOf(cluster.sip);
    await cluster.sip.stop('SIGKILL');
    await until('no worker of it is left', () => pids.every((pid) => !isAlive(pid)));
    const web2 = logged(cluster.http, 'service is back')[0]?.['child'] as number;
    await cluster.http.stop();
    expect(cluster.http.exitCode()).toBe(0);
    expect([...pidsOf(cluster.http), web2].filter(isAlive)).toEqual([]);
  });
});
