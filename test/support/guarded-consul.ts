import { randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { startConsul, type ConsulAgent } from './start-consul';

/** The rules that operators are given, from the root of the checkout. */
function rulesOf(name: string): string {
  return readFileSync(path.resolve('deploy', 'consul', `${name}.hcl`), 'utf8');
}

/** A Consul agent that denies what no token allows, with one token that can be taken away and given back. */
export class GuardedConsul {
  /** Holds the token of control planes. */
  readonly tokenFile: string;
  readonly #folder = mkdtempSync(path.join(tmpdir(), 'triplane-acl-'));
  readonly #binary: string;
  readonly #master = randomUUID();
  readonly #secret = randomUUID();
  #agent: ConsulAgent | undefined;

  constructor(binary: string) {
    this.#binary = binary;
    this.tokenFile = path.join(this.#folder, 'token');
    writeFileSync(this.tokenFile, this.#secret, { mode: 0o600 });
    const acl = { enabled: true, default_policy: 'deny', tokens: { master: this.#master } };
    writeFileSync(path.join(this.#folder, 'acl.json'), JSON.stringify({ acl }));
  }

  get agent(): ConsulAgent {
    if (this.#agent === undefined) throw new Error('not started');
    return this.#agent;
  }

  get address(): string {
    return `${this.agent.host}:${this.agent.port}`;
  }

  /** With an empty memory; the first time on a free port, then again on the same. */
  async start(): Promise<void> {
    const port = this.#agent?.port;
    const args = ['-config-file', path.join(this.#folder, 'acl.json')];
    this.#agent = await startConsul(this.#binary, { args, token: this.#master, ...(port !== undefined && { port }) });
    await this.#ask('PUT', 'policy', { Name: 'control-plane', Rules: rulesOf('control-plane') });
    await this.allow();
  }

  /** The token has its rights. */
  async allow(): Promise<void> {
    await this.#ask('PUT', 'token', { SecretID: this.#secret, Policies: [{ Name: 'control-plane' }] });
  }

  /** A file with another token, that of planes and nodes. */
  async planeTokenFile(): Promise<string> {
    await this.#ask('PUT', 'policy', { Name: 'plane', Rules: rulesOf('plane') });
    const { SecretID } = JSON.parse(await this.#ask('PUT', 'token', { Policies: [{ Name: 'plane' }] })) as Token;
    const file = path.join(this.#folder, 'plane-token');
    writeFileSync(file, SecretID, { mode: 0o600 });
    return file;
  }

  /** The token is none any more. */
  async revoke(): Promise<void> {
    const tokens = JSON.parse(await this.#ask('GET', 'tokens')) as readonly {
      AccessorID: string;
      Policies?: unknown;
    }[];
    const details = await Promise.all(
      tokens.map(async ({ AccessorID }) => JSON.parse(await this.#ask('GET', `token/${AccessorID}`)) as Token),
    );
    const found = details.find(({ SecretID }) => SecretID === this.#secret);
    if (found === undefined) throw new Error('there is no token to revoke');
    await this.#ask('DELETE', `token/${found.AccessorID}`);
  }

  async close(): Promise<void> {
    await this.#agent?.close();
    rmSync(this.#folder, { recursive: true });
  }

  async #ask(method: string, page: string, body?: unknown): Promise<string> {
    const response = await fetch(`http://${this.address}/v1/acl/${page}`, {
      method,
      headers: { 'X-Consul-Token': this.#master },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${page}: ${response.status} ${text}`);
    return text;
  }
}

interface Token {
  readonly AccessorID: string;
  readonly SecretID: string;
}
