import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { freePort } from './free-port';
import { startProgram, type RunningProcess } from './processes';
import { until } from './until';

/** A Kannel gateway (bearerbox and smsbox) as an ESME, and what it reports over HTTP. */
export class Kannel {
  /** Texts of messages from the SMSC. */
  readonly received: string[] = [];
  /** Ids, given to `send`, of messages that were reported delivered, one per report. */
  readonly delivered: string[] = [];
  readonly #folder = mkdtempSync(path.join(tmpdir(), 'triplane-kannel-'));
  readonly #processes: RunningProcess[] = [];
  #callbacks: Server | undefined;
  #sendPort = 0;
  #callbackPort = 0;

  /** Binds to an SMSC's `host:port` as transceiver. */
  async start(smsc: string, systemId: string): Promise<this> {
    this.#callbacks = createServer((request, response) => {
      const url = new URL(request.url ?? '/', 'http://localhost');
      const text = url.searchParams.get('text');
      const id = url.searchParams.get('id');
      if (text !== null) this.received.push(text);
      if (id !== null) this.delivered.push(id);
      response.end();
    });
    await new Promise<void>((resolve) => {
      this.#callbacks?.listen(0, '127.0.0.1', resolve);
    });
    this.#callbackPort = (this.#callbacks.address() as AddressInfo).port;
    const [adminPort, boxPort] = [await freePort(), await freePort()];
    this.#sendPort = await freePort();
    const [host, port] = smsc.split(':');
    const file = path.join(this.#folder, 'kannel.conf');
    writeFileSync(
      file,
      [
        `group = core\nadmin-port = ${adminPort}\nadmin-interface = 127.0.0.1\nadmin-password = x`,
        `smsbox-port = ${boxPort}\nsmsbox-interface = 127.0.0.1\nbox-allow-ip = 127.0.0.1\ndlr-storage = internal\n`,
        `group = smsc\nsmsc = smpp\nsmsc-id = triplane\nhost = ${host}\nport = ${port}\ntransceiver-mode = true`,
        `smsc-username = ${systemId}\nsmsc-password = pw\nsystem-type = VMA\nenquire-link-interval = 2\nmax-pending-submits = 50\n`,
        `group = smsbox\nbearerbox-host = 127.0.0.1\nbearerbox-port = ${boxPort}\nsendsms-port = ${this.#sendPort}`,
        'sendsms-interface = 127.0.0.1\nglobal-sender = 4917\n',
        'group = sendsms-user\nusername = u\npassword = p\nmax-messages = 5\nconcatenation = true\n',
        `group = sms-service\nkeyword = default\ncatch-all = true\nmax-messages = 0\nget-url = "http://127.0.0.1:${this.#callbackPort}/?text=%a"\n`,
        '',
      ].join('\n'),
    );
    this.#processes.push(startProgram('bearerbox', ['-v', '2', file], this.#folder));
    await this.#status(adminPort, /triplane[\s\S]*online/);
    this.#processes.push(startProgram('smsbox', ['-v', '2', file], this.#folder));
    await this.#status(adminPort, /smsbox/);
    return this;
  }

  /** Submits a text; the report of its delivery arrives as `id`. */
  async send(id: string, text: string, ucs2: boolean): Promise<void> {
    const query = new URLSearchParams({ username: 'u', password: 'p', to: '4916', text, charset: 'UTF-8' });
    query.set('dlr-mask', '1');
    query.set('dlr-url', `http://127.0.0.1:${this.#callbackPort}/?id=${id}`);
    if (ucs2) query.set('coding', '2');
    const answer = await fetch(`http://127.0.0.1:${this.#sendPort}/cgi-bin/sendsms?${query.toString()}`);
    if (!answer.ok) throw new Error(`smsbox answered ${answer.status}`);
  }

  /** Ends both boxes as an operator would: bearerbox says unbind. */
  async stop(): Promise<void> {
    for (const process of this.#processes.toReversed()) await process.stop();
    await new Promise((resolve) => {
      this.#callbacks?.close(resolve);
      this.#callbacks?.closeAllConnections();
    });
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #status(adminPort: number, pattern: RegExp): Promise<void> {
    await until(`Kannel says ${pattern.source}`, async () => {
      const answer = await fetch(`http://127.0.0.1:${adminPort}/status.txt`).catch(() => undefined);
      return pattern.test((await answer?.text()) ?? '');
    });
  }
}
