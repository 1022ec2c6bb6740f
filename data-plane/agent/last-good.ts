import { createHash } from 'node:crypto';
import { mkdir, open, readFile, rename } from 'node:fs/promises';
import path from 'node:path';
import { Snapshot, SubscribeResponse } from '../../proto';
import type { Clock, Timer } from '../../runtime/clock';
import { TriplaneError, messageOf } from '../../runtime/errors';
import type { Logger } from '../../runtime/logger';
import type { TableState } from '../nodes';

const MAGIC = Buffer.from('TPLG1\n');
const DIGEST_BYTES = 32;
const WRITE_INTERVAL_MS = 1000;

export interface LastGoodOptions {
  /** Made when missing. */
  readonly stateDir: string;
  readonly planeId: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * The last state that a plane applied, on disk, so that it serves at once when it starts while no control plane answers.
 * Written at most once a second (write, sync, rename), read with its SHA-256 checked. Holds hint keys: readable by the owner only.
 */
export class LastGood {
  readonly #options: LastGoodOptions;
  readonly #file: string;
  #pending: TableState | undefined;
  #timer: Timer | undefined;
  #writing: Promise<void> = Promise.resolve();

  constructor(options: LastGoodOptions) {
    this.#options = options;
    this.#file = path.join(options.stateDir, `${options.planeId.replace(/[^A-Za-z0-9._-]/g, '_')}.last-good`);
  }

  /** The state on disk, or undefined when there is none or it is damaged. Throws STATE_DIR when the directory cannot be made. */
  async read(): Promise<TableState | undefined> {
    try {
      await mkdir(this.#options.stateDir, { recursive: true, mode: 0o700 });
    } catch (error) {
      throw new TriplaneError(
        'STATE_DIR',
        `cluster.stateDir: ${this.#options.stateDir} cannot be made: ${messageOf(error)}; name a directory that this user may write`,
        { cause: error },
      );
    }
    let bytes: Buffer;
    try {
      bytes = await readFile(this.#file);
    } catch {
      return undefined;
    }
    const state = decode(bytes);
    if (state === undefined)
      this.#options.logger.warn({ file: this.#file }, 'the last-good file is damaged, starting without');
    return state;
  }

  /** Takes a state to be written soon; the newest wins. */
  keep(state: TableState): void {
    this.#pending = state;
    this.#timer ??= this.#options.clock.after(WRITE_INTERVAL_MS, () => this.#flush());
  }

  /** Writes what is pending. */
  async close(): Promise<void> {
    this.#flush();
    await this.#writing;
  }

  #flush(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    const state = this.#pending;
    if (state === undefined) return;
    this.#pending = undefined;
    this.#writing = this.#writing.then(() => this.#write(state));
  }

  async #write(state: TableState): Promise<void> {
    const beside = `${this.#file}.new`;
    try {
      const file = await open(beside, 'w', 0o600);
      try {
        await file.writeFile(encode(state));
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(beside, this.#file);
    } catch (error) {
      this.#options.logger.warn({ file: this.#file, reason: messageOf(error) }, 'the last-good file cannot be written');
    }
  }
}

function encode(state: TableState): Buffer {
  const snapshot = Snapshot.create({
    nodes: [...state.nodes.values()],
    configs: [...state.configs.values()],
    settings: state.settings,
    more: false,
  });
  const response = SubscribeResponse.create({
    revision: state.revision,
    content: { $case: 'snapshot', value: snapshot },
  });
  const body = SubscribeResponse.encode(response).finish();
  return Buffer.concat([MAGIC, createHash('sha256').update(body).digest(), body]);
}

function decode(bytes: Buffer): TableState | undefined {
  const digest = bytes.subarray(MAGIC.length, MAGIC.length + DIGEST_BYTES);
  const body = bytes.subarray(MAGIC.length + DIGEST_BYTES);
  if (!bytes.subarray(0, MAGIC.length).equals(MAGIC) || !createHash('sha256').update(body).digest().equals(digest))
    return undefined;
  const { revision, content } = SubscribeResponse.decode(body);
  if (content?.$case !== 'snapshot') return undefined;
  const { nodes, configs, settings } = content.value;
  return {
    revision,
    nodes: new Map(nodes.map((node) => [node.nodeId, node])),
    configs: new Map(configs.map((config) => [config.pool === '' ? 'default' : config.pool, config])),
    settings,
  };
}
