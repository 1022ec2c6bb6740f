import { loadNativeUdp } from '../../sip-plane/native';
import { request } from '../support/sip-messages';
import { UdpAgent, sipNode, startPlane } from '../support/sip-plane-fixture';
import { until } from '../support/until';

const built = loadNativeUdp() !== undefined;
if (!built) process.stderr.write('skipped: refusals of UDP ports: the native engine was not built here\n');

(built ? describe : describe.skip)('a closed UDP port', () => {
  it('of a node is noticed by ICMP and counted as its failure', async () => {
    const gone = await UdpAgent.start();
    const { port } = gone;
    gone.close();
    const fixture = await startPlane([sipNode('app1', { udp: port })]);
    const client = await UdpAgent.start();
    client.send(request({ callId: 'refused@example.com' }), fixture.port('external.udp'));
    await until('the refusal was counted', () => fixture.core.counters.snapshotCounters().get('sip.refusals') === 1);
    expect(fixture.core.table.get('app1')?.live.failures).toBe(1);
    client.close();
    await fixture.close();
  });
});
