import { awkwardDelivers, awkwardSubmits } from '../support/awkward-pdus';
import { Cluster } from '../support/processes';
import { RawSmsc, bindBody, rawEsme, withoutSequence, type RawSmppPeer } from '../support/smpp-peer';
import { until } from '../support/until';

const COUNT = 1000;
const BIND_TRANSCEIVER = 0x09;

/** The PDU with another sequence number. */
function numbered(pdu: Buffer, sequence: number): Buffer {
  const copy = Buffer.from(pdu);
  copy.writeUInt32BE(sequence, 12);
  return copy;
}

describe('messages through the plane to two registered SMSCs', () => {
  let cluster: Cluster;
  let smscs: RawSmsc[];
  let esme: RawSmppPeer;

  beforeAll(async () => {
    cluster = await new Cluster().start();
    smscs = await Promise.all([RawSmsc.start(), RawSmsc.start()]);
    await Promise.all(smscs.map((smsc, i) => cluster.startNode(`smsc${i + 1}`, '--smpp', `${smsc.port}`)));
    esme = await rawEsme(cluster.smpp.addresses['smpp'] ?? '');
    // The node is known to the control plane; the plane learns of it within a push.
    await until('the bind is taken', async () => {
      if (esme.ended) esme = await rawEsme(cluster.smpp.addresses['smpp'] ?? '');
      return (await esme.ask(BIND_TRANSCEIVER, 1, bindBody('tenant'))).status === 0;
    });
  }, 60_000);

  afterAll(async () => {
    esme.destroy();
    await Promise.all(smscs.map((smsc) => smsc.close()));
    await cluster.close();
  });

  const home = (): RawSmsc => smscs.find((smsc) => smsc.bound.length > 0)!;

  it(`carries ${COUNT} submits, none lost, every byte but the sequence number as it came`, async () => {
    const kinds = awkwardSubmits().map(({ pdu }) => pdu);
    const sent = Array.from({ length: COUNT }, (_, i) => numbered(kinds[i % kinds.length]!, 100 + i));
    const before = esme.got.length;
    esme.send(...sent);
    await until('all are answered', () => esme.got.length - before >= COUNT, 20_000);
    const messages = home().requests.filter(({ command }) => command !== BIND_TRANSCEIVER);
    expect(messages.map(({ bytes }) => withoutSequence(bytes))).toEqual(sent.map(withoutSequence));
    const answers = esme.got.slice(before).map(({ sequence }) => sequence);
    expect(answers.toSorted((a, b) => a - b)).toEqual(sent.map((_, i) => 100 + i));
  }, 30_000);

  it(`carries ${COUNT} deliveries the other way, just so`, async () => {
    const kinds = awkwardDelivers().map(({ pdu }) => pdu);
    const sent = Array.from({ length: COUNT }, (_, i) => numbered(kinds[i % kinds.length]!, 5000 + i));
    const [connection] = home().bound;
    const before = esme.got.length;
    const answeredBefore = connection!.got.length;
    esme.onPdu = (pdu) => {
      const answer = Buffer.alloc(16);
      answer.writeUInt32BE(16, 0);
      answer.writeUInt32BE((pdu.command | 0x8000_0000) >>> 0, 4);
      answer.writeUInt32BE(pdu.sequence, 12);
      esme.send(answer);
    };
    connection!.send(...sent);
    await until('all are answered', () => connection!.got.length - answeredBefore >= COUNT, 20_000);
    esme.onPdu = undefined;
    expect(esme.got.slice(before).map(({ bytes }) => withoutSequence(bytes))).toEqual(sent.map(withoutSequence));
    const answers = connection!.got.slice(answeredBefore).map(({ sequence }) => sequence);
    expect(answers.toSorted((a, b) => a - b)).toEqual(sent.map((_, i) => 5000 + i));
  }, 30_000);

  it('keeps the ESME bound when its SMSC is killed, and the next submit succeeds at the other', async () => {
    const killed = home();
    const other = smscs.find((smsc) => smsc !== killed)!;
    await killed.kill();
    await until('the session has moved', () => other.bound.length === 1);
    const [submit] = awkwardSubmits();
    await until(
      'a submit succeeds',
      async () => (await esme.ask(4, Math.floor(Math.random() * 1e9), submit!.pdu.subarray(16))).status === 0,
    );
    expect(esme.ended).toBe(false);
    expect(other.requests.filter(({ command }) => command === 4).length).toBeGreaterThan(0);
  }, 30_000);
});
