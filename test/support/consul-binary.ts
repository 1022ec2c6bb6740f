import { spawnSync } from 'node:child_process';
import path from 'node:path';

/** The Consul binary: CONSUL_BIN, the one in PATH, or what scripts/fetch-consul.js has put into .cache; undefined where there is none. */
export function consulBinary(): string | undefined {
  const cached = path.resolve(__dirname, '../../.cache/consul/usr/bin/consul');
  const candidates = [process.env['CONSUL_BIN'], 'consul', cached, path.resolve('.cache/consul/usr/bin/consul')];
  return candidates.find((file) => file !== undefined && spawnSync(file, ['version']).status === 0);
}
