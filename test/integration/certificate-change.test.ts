import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { startPlaneCore, type RunningCore } from '../../data-plane';
import { startNodeAgent, type NodeAgent } from '../../node-agent';
import { NodeState, Protocol, Transport } from '../../proto';
import { systemClock } from '../../runtime/clock';
import { loadConfig } from '../../runtime/config';
import { noTelemetry } from '../../runtime/telemetry';
import { TestCa, type TestCertificate } from '../support/certificates';
import { testNode } from '../support/fake-core';
import { logLines, type LogLines } from '../support/log-lines';
import { describeWith } from '../support/peer';
import { startSecuredControlPlane, type SecuredControlPlane } from '../support/secured-control-plane';
import { until } from '../support/until';

function reload(): void {
  process.emit('SIGHUP', 'SIGHUP');
}

describeWith('openssl', 'a control plane, a plane and a node, all with certificates', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'triplane-certificates-'));
  const at = (name: string): string => path.join(folder, name);
  const closing: (() => unknown)[] = [];
  const cas: TestCa[] = [];
  const log: LogLines = logLines('info');

  afterAll(async () => {
    for (const close of closing.toReversed()) await close();
    for (const ca of cas) ca.close();
    rmSync(folder, { recursive: true });
  });

  const newCa = (name: string): TestCa => {
    const ca = new TestCa(name);
    cas.push(ca);
    return ca;
  };
  /** Puts files where the configuration says, as an operator does while everything runs. */
  const install = (name: string, { certFile, keyFile }: TestCertificate): void => {
    copyFileSync(certFile, at(`${name}.pem`));
    copyFileSync(keyFile, at(`${name}.key`));
  };
  const trust = (...authorities: readonly TestCa[]): void => {
    writeFileSync(at('ca.pem'), authorities.map(({ pem }) => pem).join('\n'));
  };
  const tlsOf = (name: string) => ({ certFile: at(`${name}.pem`), keyFile: at(`${name}.key`), caFile: at('ca.pem') });

  const startPlane = async (grpc: string): Promise<RunningCore> => {
    const set = [`cluster.stateDir=${folder}`, `cluster.controlPlanes=["${grpc}"]`];
    const context = {
      config: loadConfig({ set: [...set, `cluster.tls=${JSON.stringify(tlsOf('plane'))}`] }),
      logger: log.logger,
      telemetry: noTelemetry,
      clock: systemClock,
      random: Math.random,
      incarnation: 'test',
    };
    const admin = { host: '127.0.0.1', port: 0 };
    const core = await startPlaneCore(context, { protocol: Protocol.SIP, planeId: 'sip-1', admin });
    closing.push(() => core.close());
    return core;
  };
  const startNode = (grpc: string): NodeAgent => {
    const endpoint = { protocol: Protocol.SIP, transport: Transport.UDP, host: '127.0.0.1', port: 5080 };
    const agent = startNodeAgent({
      node: testNode('app1', [endpoint]),
      controlPlanes: [grpc],
      insecure: false,
      tls: tlsOf('node'),
      logger: log.logger,
      telemetry: noTelemetry,
      clock: systemClock,
      random: Math.random,
    });
    closing.push(() => agent.close());
    return agent;
  };

  it('go on without one reconnect while the CA and every certificate change', async () => {
    const [before, after] = [newCa('before'), newCa('after')];
    trust(before);
    install('control', before.issue('control'));
    install('plane', before.identity('plane/sip-1'));
    install('node', before.identity('node/app1'));
    const tls = { ...tlsOf('control'), clientCertificates: 'required' };
    const control: SecuredControlPlane = await startSecuredControlPlane([`control.grpc.tls=${JSON.stringify(tls)}`]);
    closing.push(() => control.close());
    const grpc = control.service.addresses['grpc'] ?? '';
    const core = await startPlane(grpc);
    const agent = startNode(grpc);
    await until('the plane knows the node', () => core.table.get('app1')?.state === NodeState.ACTIVE);

    trust(before, after);
    reload();
    install('control', after.issue('control'));
    install('plane', after.identity('plane/sip-1'));
    install('node', after.identity('node/app1'));
    reload();
    trust(after);
    reload();

    // Who comes now is known by the new CA only; who was there is still there, by the streams of the beginning.
    const second = startNode(grpc);
    await until('a node that starts now is taken', () => second.connected && second.state === NodeState.ACTIVE);
    expect([agent.connected, core.counters.snapshotGauges().get('control.connected')]).toEqual([true, 1]);
    const lost = log.lines.filter(({ msg }) => /away|lost/.test(String(msg)));
    expect(lost).toEqual([]);
    expect(control.log.text()).not.toContain('"audit":"denied"');
  });

  it('come back by themselves with the new certificates when the control plane is restarted', async () => {
    const ca = newCa('restart');
    trust(ca);
    install('control', ca.issue('control'));
    install('plane', ca.identity('plane/sip-1'));
    install('node', ca.identity('node/app1'));
    const tls = { ...tlsOf('control'), clientCertificates: 'required' };
    const set = [`control.grpc.tls=${JSON.stringify(tls)}`];
    const first = await startSecuredControlPlane(set);
    const grpc = first.service.addresses['grpc'] ?? '';
    const agent = startNode(grpc);
    await until('the node is there', () => agent.state === NodeState.ACTIVE);
    const next = newCa('restarted');
    trust(next);
    install('control', next.issue('control'));
    install('node', next.identity('node/app1'));
    reload();
    await first.close();
    await until('the node has noticed', () => !agent.connected);
    const again = await startSecuredControlPlane([...set, `control.grpc.port=${grpc.split(':')[1]}`]);
    closing.push(() => again.close());
    await until('the node is back', () => agent.connected, 20_000);
    expect(await again.page('/lbinfo')).toContain('"app1"');
  });
});
