import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { freePort } from '../support/free-port';
import { describeWith } from '../support/peer';
import { Cluster, startProgram, type RunningProcess } from '../support/processes';
import { FOLLOWS_RECORD_ROUTE } from '../support/sipp-scenarios';
import { RawSmsc, bindBody, rawEsme } from '../support/smpp-peer';
import { until } from '../support/until';
import { WebNode } from '../support/web-node';

const BIND_TRANSCEIVER = 0x09;
const SUBMIT_SM = 0x04;

/** Figures that are not zero. */
function nonZero(figures: unknown): Record<string, number> {
  return Object.fromEntries(Object.entries(figures as Record<string, number>).filter(([, value]) => value !== 0));
}

describeWith('sipp', '/lbstat after a known load of all three protocols', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'triplane-figures-'));
  const scenario = path.join(folder, 'client.xml');
  /** What the generators and the nodes counted. */
  const sent = { calls: 0, gets: 0, posts: 0 };
  let cluster: Cluster;
  let uas: RunningProcess;
  let web: WebNode;
  let smsc: RawSmsc;

  beforeAll(async () => {
    writeFileSync(scenario, FOLLOWS_RECORD_ROUTE.replace('<pause milliseconds="100"/>', ''));
    cluster = await new Cluster().start();
    const port = String(await freePort());
    uas = startProgram('sipp', ['-sn', 'uas', '-i', '127.0.0.1', '-p', port, '-nostdin', '-nr'], folder);
    [web, smsc] = await Promise.all([WebNode.start('web'), RawSmsc.start()]);
    await cluster.startNode('app1', '--sip-udp', port, '--http', `${web.port}`, '--smpp', `${smsc.port}`);
    await inStep();
  }, 60_000);

  afterAll(async () => {
    await uas.stop('SIGKILL');
    web.close();
    await smsc.close();
    await cluster.close();
    rmSync(folder, { recursive: true });
  });

  const inStep = (): Promise<boolean> =>
    until('every plane knows the node', async () => {
      const pages = await Promise.all(
        [cluster.sip, cluster.http, cluster.smpp].map(({ addresses }) => fetch(`http://${addresses['admin']}/metrics`)),
      );
      const texts = await Promise.all(pages.map((page) => page.text()));
      return texts.every((text) => text.includes('triplane_nodes_known 1'));
    });

  /** Calls of INVITE, ACK, BYE, each sent once. */
  const call = async (count: number): Promise<void> => {
    const target = cluster.sip.addresses['external.udp'] ?? '';
    const own = ['-i', '127.0.0.1', '-p', String(await freePort()), '-nostdin', '-nr', '-timeout_error'];
    const client = startProgram(
      'sipp',
      [target, '-sf', scenario, '-m', `${count}`, '-r', '100', '-timeout', '30s', ...own],
      folder,
    );
    await until('the calls are over', () => client.exitCode() !== undefined, 40_000);
    if (client.exitCode() !== 0) throw new Error(client.output().slice(-2000));
    sent.calls += count;
  };

  const browse = async (count: number): Promise<void> => {
    const url = `http://${cluster.http.addresses['http']}/`;
    for (let i = 0; i < count; i += 1) {
      const isPost = i % 3 === 0;
      const { status } = await fetch(url, isPost ? { method: 'POST', body: 'x'.repeat(i) } : {});
      expect(status).toBe(200);
      if (isPost) sent.posts += 1;
      else sent.gets += 1;
    }
  };

  const submit = async (count: number): Promise<void> => {
    const esme = await rawEsme(cluster.smpp.addresses['smpp'] ?? '');
    expect((await esme.ask(BIND_TRANSCEIVER, 1, bindBody('tenant'))).status).toBe(0);
    for (let i = 0; i < count; i += 1) await esme.ask(SUBMIT_SM, 2 + i, Buffer.alloc(40));
    esme.destroy();
  };

  const load = async (count: number): Promise<void> => {
    await Promise.all([call(count), browse(count), submit(count)]);
  };

  /** What /lbstat must show of all that was sent so far. */
  const expected = (): unknown => {
    const { calls, gets, posts } = sent;
    const submits = smsc.requests.filter(({ command }) => command === SUBMIT_SM).length;
    return {
      requests: 3 * calls,
      methods: { INVITE: calls, ACK: calls, BYE: calls },
      responses: 3 * calls,
      statuses: { 180: calls, 200: 2 * calls },
      http: { GET: gets, POST: posts },
      httpRequests: web.requests,
      httpCodes: { 200: gets + posts },
      smpp: smsc.requests.length,
      submits,
      smppBytes: smsc.requests.reduce((total, { bytes }) => total + bytes.length, 0),
      node: 3 * calls + web.requests + submits,
    };
  };
  const shown = async (): Promise<unknown> => {
    const { Metrics } = await cluster.lbstat();
    const nodes = Metrics['nodes'] as Record<string, { requests: number }>;
    const bySmpp = Metrics['NumberOfSmppRequestsByCommandId'] as Record<string, number>;
    return {
      requests: Metrics['NumberOfRequestsProcessed'],
      methods: nonZero(Metrics['NumberOfRequestsProcessedByMethod']),
      responses: Metrics['NumberOfResponsesProcessed'],
      statuses: nonZero(Metrics['NumberOfResponsesProcessedByStatusCode']),
      http: nonZero(Metrics['NumberOfHttpRequestsByMethod']),
      httpRequests: Metrics['NumberOfHttpRequests'],
      httpCodes: nonZero(Metrics['NumberOfHttpResponsesByCode']),
      smpp: Metrics['NumberOfSmppRequestsToServer'],
      submits: bySmpp['submit_sm'],
      smppBytes: Metrics['NumberOfSmppBytesToServer'],
      node: nodes['app1']?.requests,
    };
  };
  /** /lbstat, once it agrees or will not. */
  const reported = async (): Promise<unknown> => {
    const same = async (): Promise<boolean> => isDeepStrictEqual(await shown(), expected());
    await until('the last report has come', same, 5000).catch(() => undefined);
    return await shown();
  };

  it('equals what the generators and the nodes counted', async () => {
    await load(150);
    expect(await reported()).toEqual(expected());
  }, 60_000);

  it('and after each plane was restarted in the middle of a second, nothing is lost or counted twice', async () => {
    await load(60);
    await Promise.all([cluster.sip, cluster.http, cluster.smpp].map((plane) => plane.stop()));
    await Promise.all([cluster.startSip(), cluster.startHttp(), cluster.startSmpp()]);
    await inStep();
    await load(30);
    expect(await reported()).toEqual(expected());
  }, 90_000);
});
