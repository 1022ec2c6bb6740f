import { spawnSync } from 'node:child_process';

/** A machine of the network: a network namespace with one address. */
export interface LanHost {
  readonly namespace: string;
  readonly address: string;
}

/** A card that no machine has: what is sent there is lost, as on a broken cable. */
const NOWHERE = '02:00:00:00:00:01';

function ip(...args: readonly string[]): void {
  const { status, stderr } = spawnSync('ip', args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`ip ${args.join(' ')}: ${stderr?.trim() ?? 'cannot be run'}`);
}

/** A network of namespaces on one bridge of this machine, where single links can be cut. Needs root. */
export class Lan {
  readonly #bridge: string;
  readonly #subnet: string;
  readonly #namespaces: string[] = [];
  readonly #cards: string[] = [];

  /** Throws when this user or this machine cannot have namespaces. */
  constructor() {
    const number = process.pid % 250;
    this.#bridge = `tplan${number}`;
    this.#subnet = `10.213.${number}`;
    // Also after a test that was ended from outside.
    process.once('exit', this.#remove);
    ip('link', 'add', this.#bridge, 'type', 'bridge');
    ip('address', 'add', `${this.here}/24`, 'dev', this.#bridge);
    ip('link', 'set', this.#bridge, 'up');
  }

  /** Address of this process in the network. */
  get here(): string {
    return `${this.#subnet}.1`;
  }

  add(): LanHost {
    const number = this.#namespaces.length + 2;
    const namespace = `${this.#bridge}-${number}`;
    const address = `${this.#subnet}.${number}`;
    ip('netns', 'add', namespace);
    this.#namespaces.push(namespace);
    const card = `${this.#bridge}v${number}`;
    ip('link', 'add', card, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', namespace);
    this.#cards.push(card);
    ip('link', 'set', card, 'master', this.#bridge, 'up');
    ip('-n', namespace, 'address', 'add', `${address}/24`, 'dev', 'eth0');
    ip('-n', namespace, 'link', 'set', 'eth0', 'up');
    ip('-n', namespace, 'link', 'set', 'lo', 'up');
    return { namespace, address };
  }

  /** From now on nothing gets from one to the other, and nobody is told. */
  cut(one: LanHost, other: LanHost): void {
    for (const [from, to] of [
      [one, other],
      [other, one],
    ] as const)
      ip(
        '-n',
        from.namespace,
        'neighbour',
        'replace',
        to.address,
        'lladdr',
        NOWHERE,
        'nud',
        'permanent',
        'dev',
        'eth0',
      );
  }

  mend(one: LanHost, other: LanHost): void {
    ip('-n', one.namespace, 'neighbour', 'delete', other.address, 'dev', 'eth0');
    ip('-n', other.namespace, 'neighbour', 'delete', one.address, 'dev', 'eth0');
  }

  close(): void {
    process.off('exit', this.#remove);
    this.#remove();
  }

  readonly #remove = (): void => {
    // A namespace lives as long as its last process; its cable must not.
    for (const card of this.#cards) spawnSync('ip', ['link', 'delete', card]);
    for (const namespace of this.#namespaces) spawnSync('ip', ['netns', 'delete', namespace]);
    spawnSync('ip', ['link', 'delete', this.#bridge]);
  };
}

/** `describe` for tests that need network namespaces; skipped with a printed reason where this user or machine cannot have them, in CI too. */
export function describeWithLan(title: string, tests: () => void): void {
  const reason = whyNoLan();
  if (reason === undefined) {
    describe(title, tests);
    return;
  }
  process.stderr.write(`skipped: ${title}: ${reason}\n`);
  // oxlint-disable-next-line jest/no-disabled-tests -- what needs root skips visibly
  describe.skip(`${title} (${reason})`, tests);
}

function whyNoLan(): string | undefined {
  if (process.getuid?.() !== 0) return 'network namespaces need root';
  let lan: Lan | undefined;
  try {
    lan = new Lan();
    lan.add();
    return undefined;
  } catch (error) {
    return (error as Error).message;
  } finally {
    lan?.close();
  }
}
