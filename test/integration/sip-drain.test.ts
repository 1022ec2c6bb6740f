import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { startControlPlane } from '../../control-plane';
import { systemClock, type Clock } from '../../runtime/clock';
import { loadConfig } from '../../runtime/config';
import { silentLogger } from '../../runtime/logger';
import type { ProcessContext } from '../../runtime/process-context';
import { noTelemetry } from '../../runtime/telemetry';
import { startSipPlane } from '../../sip-plane';
import { FakeClock } from '../support/fake-clock';
import { header, request, startLine } from '../support/sip-messages';
import { UdpAgent } from '../support/sip-plane-fixture';
import { until } from '../support/until';

const DRAIN_MS = 5000;

describe('a SIP plane that was told to stop', () => {
  const stateDir = mkdtempSync(path.join(tmpdir(), 'triplane-drain-'));
  afterAll(() => rmSync(stateDir, { recursive: true }));

  const context = (clock: Clock, ...set: readonly string[]): ProcessContext => ({
    config: loadConfig({ set: [`cluster.stateDir=${stateDir}`, ...set] }),
    logger: silentLogger(),
    telemetry: noTelemetry,
    clock,
    random: Math.random,
    incarnation: 'i1',
  });

  it('is not ready from that moment: /readyz and OPTIONS are answered 503 until sip.drainMs is over', async () => {
    const ports = ['grpc', 'admin', 'http'].map((face) => `control.${face}.port=0`);
    const control = await startControlPlane(context(systemClock, ...ports));
    const clock = new FakeClock();
    const loopback = '{"host":"127.0.0.1","udpPort":0,"tcpPort":null}';
    const plane = await startSipPlane(
      context(
        clock,
        `cluster.controlPlanes=["${control.addresses['grpc']}"]`,
        `sip.external=${loopback}`,
        `sip.internal=${loopback}`,
        'sip.admin.port=0',
        `sip.drainMs=${DRAIN_MS}`,
      ),
    );
    const page = `http://${plane.addresses['admin']}/readyz`;
    await until('it is ready', async () => (await fetch(page)).status === 200);

    const closed = plane.close();
    const answer = await fetch(page);
    expect(answer.status).toBe(503);
    expect(await answer.text()).toContain('it is closing');
    const external = plane.addresses['external.udp'] ?? '';
    const client = await UdpAgent.start();
    client.send(request({ method: 'OPTIONS', uri: `sip:${external}` }), Number(external.split(':')[1]));
    const refused = await client.next();
    expect(startLine(refused)).toBe('SIP/2.0 503 Service Unavailable');
    expect(header(refused, 'CSeq')).toContain('OPTIONS');

    clock.advance(DRAIN_MS);
    await closed;
    await expect(fetch(page)).rejects.toThrow('fetch failed');
    client.close();
    await control.close();
  });
});
