import { freePort } from '../../support/free-port';
import { startService, type Room, type RunningProcess } from '../../support/processes';

export interface PlaneSettings {
  readonly room: Exclude<Room, 'control-plane'>;
  readonly id: string;
  readonly controlPlanes: readonly string[];
  readonly stateDir: string;
}

/** A plane that can be killed and started again on its ports. */
export class PlaneProcess {
  readonly id: string;
  /** Where clients reach it. */
  readonly address: string;
  readonly #room: PlaneSettings['room'];
  readonly #adminPort: number;
  readonly #set: readonly string[];
  #process: RunningProcess | undefined;
  /** Ends of its work by kill, and beginnings thereafter, by performance.now(). */
  readonly outages: { readonly fromMs: number; toMs: number }[] = [];

  private constructor({ room, id, controlPlanes, stateDir }: PlaneSettings, port: number, adminPort: number) {
    const kind = room.replace('-plane', '');
    this.id = id;
    this.address = `127.0.0.1:${port}`;
    this.#room = room;
    this.#adminPort = adminPort;
    this.#set = [
      'log.level=warn',
      `cluster.stateDir=${stateDir}`,
      `cluster.controlPlanes=${JSON.stringify(controlPlanes)}`,
      `${kind}.planeId=${id}`,
      `${kind}.admin.port=${adminPort}`,
      ...(kind === 'sip'
        ? [`sip.external.udpPort=${port}`, 'sip.external.tcpPort=0', 'sip.internal.udpPort=0', 'sip.internal.tcpPort=0']
        : [`${kind}.listen.port=${port}`]),
    ];
  }

  static async start(settings: PlaneSettings): Promise<PlaneProcess> {
    const plane = new PlaneProcess(settings, await freePort(), await freePort());
    await plane.run();
    return plane;
  }

  get running(): boolean {
    return this.#process !== undefined;
  }

  async run(): Promise<void> {
    this.#process = await startService(this.#room, { set: this.#set });
    const outage = this.outages.at(-1);
    if (outage !== undefined) outage.toMs = performance.now();
  }

  async kill(): Promise<void> {
    this.outages.push({ fromMs: performance.now(), toMs: Number.POSITIVE_INFINITY });
    await this.#process?.stop('SIGKILL');
    this.#process = undefined;
  }

  /** Index of the revision that it works with. */
  async revision(): Promise<number | undefined> {
    const page = await fetch(`http://127.0.0.1:${this.#adminPort}/metrics`).catch(() => undefined);
    const [, index] = /^triplane_control_revision (\d+)$/m.exec((await page?.text()) ?? '') ?? [];
    return index === undefined ? undefined : Number(index);
  }
}
