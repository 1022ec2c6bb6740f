import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { Frames, bindPdu, submitTemplate } from './frames';

export interface Load {
  readonly port: number;
  readonly sessions: number;
  /** Submits in flight per session. */
  readonly window: number;
  readonly seconds: number;
  /** Submits a second over all sessions; undefined: as fast as answers come. */
  readonly rate?: number;
}

export interface Outcome {
  readonly submits: number;
  readonly perSecond: number;
  readonly refused: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

const SLOTS = 1024;

class Client {
  readonly latencies: number[] = [];
  refused = 0;
  inFlight = 0;
  readonly #socket: Socket;
  readonly #frames = new Frames();
  readonly #template = submitTemplate();
  readonly #sentAt = new Float64Array(SLOTS);
  readonly #window: number;
  #sequence = 1;
  #refill = true;
  #bound: (() => void) | undefined;

  private constructor(socket: Socket, load: Load) {
    this.#socket = socket;
    this.#window = load.window;
    this.#refill = load.rate === undefined;
    socket.on('error', () => {});
    socket.on('data', (chunk: Buffer) => this.#data(chunk));
  }

  static async bind(load: Load, place: number): Promise<Client> {
    const socket = connect(load.port, '127.0.0.1');
    await once(socket, 'connect');
    socket.setNoDelay(true);
    const client = new Client(socket, load);
    const bound = new Promise<void>((resolve) => {
      client.#bound = resolve;
    });
    socket.write(bindPdu(`bench${place % 10}`));
    await bound;
    return client;
  }

  submit(count: number): void {
    const now = performance.now();
    const batch = Buffer.allocUnsafe(this.#template.length * count);
    for (let i = 0; i < count; i += 1) {
      const at = i * this.#template.length;
      this.#template.copy(batch, at);
      this.#sequence += 1;
      batch.writeUInt32BE(this.#sequence, at + 12);
      this.#sentAt[this.#sequence % SLOTS] = now;
    }
    this.inFlight += count;
    this.#socket.write(batch);
  }

  get room(): number {
    return this.#window - this.inFlight;
  }

  stop(): void {
    this.#refill = false;
  }

  close(): void {
    this.#socket.destroy();
  }

  #data(chunk: Buffer): void {
    const now = performance.now();
    let answers = 0;
    this.#frames.push(chunk, (bytes, start) => {
      const command = bytes.readUInt32BE(start + 4);
      if (command === 0x8000_0004) {
        answers += 1;
        if (bytes.readUInt32BE(start + 8) !== 0) this.refused += 1;
        this.latencies.push(now - (this.#sentAt[bytes.readUInt32BE(start + 12) % SLOTS] as number));
      } else if (command === 0x8000_0009) this.#bound?.();
    });
    this.inFlight -= answers;
    if (this.#refill && answers > 0) this.submit(answers);
  }
}

/** Binds, submits for the time given, waits for the last answers; `started` and `ended` are called around the measured time. */
export async function generate(load: Load, started: () => void, ended: () => void): Promise<Outcome> {
  const clients = await Promise.all(Array.from({ length: load.sessions }, (_, place) => Client.bind(load, place)));
  const warm = Math.min(1, load.seconds / 4);
  const pacer = startLoad(clients, load);
  await pause(warm * 1000);
  for (const client of clients) client.latencies.length = 0;
  started();
  const from = performance.now();
  await pause(load.seconds * 1000);
  const seconds = (performance.now() - from) / 1000;
  ended();
  const latencies = clients.flatMap((client) => client.latencies).toSorted((a, b) => a - b);
  clearInterval(pacer);
  for (const client of clients) client.stop();
  await pause(100);
  const refused = clients.reduce((sum, client) => sum + client.refused, 0);
  for (const client of clients) client.close();
  return {
    submits: latencies.length,
    perSecond: latencies.length / seconds,
    refused,
    p50Ms: latencies[Math.floor(latencies.length * 0.5)] ?? Number.NaN,
    p99Ms: latencies[Math.floor(latencies.length * 0.99)] ?? Number.NaN,
  };
}

function startLoad(clients: readonly Client[], load: Load): NodeJS.Timeout | undefined {
  if (load.rate === undefined) {
    for (const client of clients) client.submit(load.window);
    return undefined;
  }
  const { rate } = load;
  const from = performance.now();
  let sent = 0;
  return setInterval(() => {
    const due = Math.floor(((performance.now() - from) / 1000) * rate);
    for (; sent < due; sent += 1) {
      const client = clients[sent % clients.length] as Client;
      if (client.room > 0) client.submit(1);
    }
  }, 1);
}
