import { boundEsme, rawPdu, type RawSmppPeer } from '../../support/smpp-peer';
import { smBody } from '../../support/awkward-pdus';

/**
 * A process of well-behaved ESMEs, so that what the others do does not disturb the measuring. Arguments: address, sessions, submits a
 * second. Told `report` it says the latencies since the last one, and how many sessions are open.
 */
const [address = '', sessions, rate] = process.argv.slice(2);
const COUNT = Number(sessions);
const EVERY_MS = 5;

const latencies: number[] = [];
const failures: number[] = [];

async function bind(place: number): Promise<RawSmppPeer> {
  const esme = await boundEsme(address, `good${place}`);
  const sentAt = new Map<number, number>();
  sent.set(esme, sentAt);
  esme.keep = false;
  esme.onPdu = ({ command, sequence, status }) => {
    if (command === 0x15) esme.send(rawPdu(0x8000_0015, sequence));
    const at = sentAt.get(sequence);
    if (command !== 0x8000_0004 || at === undefined) return;
    sentAt.delete(sequence);
    latencies.push(performance.now() - at);
    if (status !== 0) failures.push(status);
  };
  return esme;
}

const sent = new Map<RawSmppPeer, Map<number, number>>();

async function main(): Promise<void> {
  const esmes = await Promise.all(Array.from({ length: COUNT }, (_, place) => bind(place)));
  process.send?.({ ready: true });
  let sequence = 1;
  const from = performance.now();
  let done = 0;
  setInterval(() => {
    const due = ((performance.now() - from) / 1000) * Number(rate);
    for (; done < due; done += 1) {
      const esme = esmes[done % COUNT] as RawSmppPeer;
      sent.get(esme)?.set((sequence += 1), performance.now());
      esme.send(rawPdu(0x04, sequence, { body: smBody() }));
    }
  }, EVERY_MS);
  process.on('message', () => {
    const unanswered = [...sent.values()].reduce((sum, { size }) => sum + size, 0);
    const open = esmes.filter(({ ended }) => !ended).length;
    process.send?.({ latencies: latencies.splice(0), failures: failures.splice(0), open, unanswered });
  });
}

process.on('disconnect', () => process.exit(0));
main().catch((error: unknown) => {
  process.stderr.write(`${String(error)}\n`);
  process.exit(1);
});
