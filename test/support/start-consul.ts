import { spawn, type ChildProcess } from 'node:child_process';
import { freePort } from './free-port';
import { until } from './until';

/** A real Consul agent of this test. */
export interface ConsulAgent {
  readonly host: string;
  readonly port: number;
  /** Freezes it, as a stopped machine would. */
  freeze(): void;
  thaw(): void;
  close(): Promise<void>;
}

export interface ConsulSettings {
  /** HTTP port; default a free one. */
  readonly port?: number;
  /** Further arguments. */
  readonly args?: readonly string[];
  /** For the questions whether it is ready. */
  readonly token?: string;
}

/** A server of one, in memory. Ready when it has a leader and knows itself. */
export async function startConsul(binary: string, settings: ConsulSettings = {}): Promise<ConsulAgent> {
  const port = settings.port ?? (await freePort());
  const ports = { server: await freePort(), lan: await freePort(), wan: await freePort() };
  const args = `agent -dev -bind 127.0.0.1 -client 127.0.0.1 -log-level err -http-port ${port} -dns-port -1 -grpc-port -1
    -server-port ${ports.server} -serf-lan-port ${ports.lan} -serf-wan-port ${ports.wan}`;
  const child: ChildProcess = spawn(binary, [...args.split(/\s+/), ...(settings.args ?? [])], { stdio: 'ignore' });
  const ask = async (page: string): Promise<string> =>
    await fetch(`http://127.0.0.1:${port}/v1/${page}`, {
      headers: { 'X-Consul-Token': settings.token ?? '' },
    }).then(
      (response) => response.text(),
      () => '',
    );
  await until('Consul has a leader', async () => !['', '""', 'null'].includes((await ask('status/leader')).trim()));
  await until('Consul knows itself', async () => (await ask('catalog/nodes')).includes('127.0.0.1'));
  return {
    host: '127.0.0.1',
    port,
    freeze: () => void child.kill('SIGSTOP'),
    thaw: () => void child.kill('SIGCONT'),
    close: () =>
      new Promise((resolve) => {
        if (child.exitCode !== null || child.signalCode !== null) resolve();
        else child.once('exit', () => resolve());
        child.kill('SIGKILL');
      }),
  };
}
