import { execFileSync } from 'node:child_process';
import path from 'node:path';

const DIST = path.resolve(__dirname, '../../dist');

/** The packages and rooms that a built main loads before it does anything. */
function loadedBy(room: string): string[] {
  const script = `
    const { Module } = require('node:module');
    const main = ${JSON.stringify(path.join(DIST, room, 'index.js'))};
    require(main);
    process.stdout.write(JSON.stringify(Object.keys(require.cache)));
  `;
  const files = JSON.parse(execFileSync(process.execPath, ['-e', script], { encoding: 'utf8' })) as string[];
  const names = files.map((file) =>
    file.startsWith(DIST)
      ? (path.relative(DIST, file).split(path.sep)[0] ?? '')
      : (/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(file.slice(file.lastIndexOf('node_modules')))?.[1] ?? ''),
  );
  return [...new Set(names)];
}

const ROOMS = ['control-plane', 'sip-plane', 'http-plane', 'smpp-plane'];
const FOREIGN: Readonly<Record<string, readonly string[]>> = {
  'control-plane': ['smpp', 'http-proxy', 'ws', 'data-plane'],
  'sip-plane': ['smpp', 'http-proxy', 'consul'],
  'http-plane': ['smpp', 'consul'],
  'smpp-plane': ['http-proxy', 'ws', 'consul'],
};

describe('what each service loads', () => {
  it.each(ROOMS)('%s loads no other plane, no package of theirs, and no telemetry SDK', (room) => {
    const loaded = loadedBy(room);
    const others = ROOMS.filter((other) => other !== room);
    const forbidden = [...others, ...(FOREIGN[room] ?? []), 'cli', 'node-agent', '@opentelemetry/sdk-trace-node'];
    expect(loaded).toContain(room);
    expect(loaded.filter((name) => forbidden.includes(name))).toEqual([]);
  });
});
