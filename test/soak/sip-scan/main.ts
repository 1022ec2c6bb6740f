import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { MessageParser } from '../../../sip-plane/message';
import { request, responseTo } from '../../support/sip-messages';
import { TORTURE } from '../../support/torture';

const ROOT = process.cwd();
const FOLDER = path.join(ROOT, '.cache', 'soak');
const SANITIZERS = ['-g', '-O1', '-fsanitize=address,undefined', '-fno-sanitize-recover=all'];

/** `npm run soak sip-scan [COUNT] [SEED]`: mutated messages through the C of the addon under AddressSanitizer and UBSan. */
function main(count: string, seed: string): void {
  mkdirSync(FOLDER, { recursive: true });
  const corpus = path.join(FOLDER, 'sip-messages');
  const ordinary = [request(), request({ method: 'REGISTER', body: 'v=0' }), responseTo(request(), '200 OK')];
  const messages = [...ordinary, ...ordinary.map((text) => text.toLowerCase())].map((text) =>
    Buffer.from(text, 'latin1'),
  );
  const { names } = new MessageParser({ affinityHeader: 'X-Key' }).scanRules;
  writeFileSync(corpus, Buffer.concat([names, ...messages, ...TORTURE.map(({ bytes }) => bytes)].flatMap(withLength)));
  const native = path.join(ROOT, 'sip-plane', 'native');
  const sources = ['scan.c', 'scan-values.c', 'compose.c'].map((file) => path.join(native, file));
  const binary = path.join(FOLDER, 'sip-scan-fuzz');
  const harness = path.join(ROOT, 'test', 'soak', 'sip-scan', 'fuzz.c');
  execFileSync('cc', [...SANITIZERS, `-I${native}`, '-o', binary, harness, ...sources], { stdio: 'inherit' });
  process.exitCode = spawnSync(binary, [count, seed, corpus], { stdio: 'inherit' }).status ?? 1;
}

function withLength(bytes: Buffer): Buffer[] {
  const length = Buffer.alloc(4);
  length.writeUInt32LE(bytes.length);
  return [length, bytes];
}

main(process.argv[2] ?? '5000000', process.argv[3] ?? '1');
