import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { startService } from '../../support/processes';
import { RawSmsc, boundEsme, rawPdu, type RawSmppPeer } from '../../support/smpp-peer';
import { rssMb } from './rss';

const ESMES = 100;
const SECONDS = 15;
const PDU = rawPdu(0x04, 1, { body: Buffer.alloc(60_000, 0x41) });

export interface SilentOutcome {
  /** What the ESMEs got rid of, MB. */
  readonly sent: number;
  readonly highestMb: number;
}

/** ESMEs send large messages as fast as they can to an SMSC that takes them and says nothing, or takes nothing; all limits are the defaults. */
export async function silentSink(kind: 'does not answer' | 'does not read'): Promise<SilentOutcome> {
  const stateDir = mkdtempSync(path.join(tmpdir(), 'triplane-smpp-silent-'));
  const smsc = await RawSmsc.start();
  smsc.keep = false;
  smsc.onRequest = () => {};
  const plane = await startService('smpp-plane', {
    set: [
      'smpp.listen.port=0',
      'smpp.admin.port=0',
      `smpp.remoteServers=["127.0.0.1:${smsc.port}"]`,
      `cluster.stateDir=${stateDir}`,
      'log.level=error',
    ],
  });
  const esmes = await Promise.all(
    Array.from({ length: ESMES }, (_, i) => boundEsme(plane.addresses['smpp'] ?? '', `e${i}`)),
  );
  if (kind === 'does not read') for (const { socket } of smsc.connections) socket.pause();
  let sent = 0;
  let running = true;
  const flood = (esme: RawSmppPeer): void => {
    esme.keep = false;
    let full = false;
    while (running && !full && !esme.ended) {
      full = !esme.socket.write(PDU);
      sent += PDU.length;
    }
    if (full) esme.socket.once('drain', () => flood(esme));
  };
  for (const esme of esmes) flood(esme);
  let highestMb = 0;
  const end = performance.now() + SECONDS * 1000;
  while (performance.now() < end) {
    await new Promise((resolve) => {
      setTimeout(resolve, 100);
    });
    highestMb = Math.max(highestMb, rssMb(plane.pid));
  }
  running = false;
  for (const esme of esmes) esme.destroy();
  await plane.stop('SIGKILL');
  await smsc.close();
  rmSync(stateDir, { recursive: true, force: true });
  return { sent: Math.round(sent / 1_000_000), highestMb };
}
