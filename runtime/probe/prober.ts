import type { Endpoint } from '../../proto';
import type { Clock, Timer } from '../clock';
import { probeOf, type Probe, type ProbeSettings } from './probe';

export interface ProberOptions extends ProbeSettings {
  /** All must answer for the node to be well. */
  readonly endpoints: readonly Endpoint[];
  /** Between two rounds, ms. */
  readonly intervalMs: number;
  readonly clock: Clock;
  /** Told of each change: well after two good rounds in a row, ill after three bad ones; at first it is neither. */
  readonly onChange: (well: boolean, reason: string) => void;
  /** For tests; default the probes of the protocols. */
  readonly probes?: readonly Probe[];
}

export interface Prober {
  close(): void;
}

const ROUNDS_TO_RISE = 2;
const ROUNDS_TO_FALL = 3;

/** Asks the endpoints in rounds until closed. */
export function startProber(options: ProberOptions): Prober {
  const prober = new RoundProber(options);
  void prober.round();
  return prober;
}

class RoundProber implements Prober {
  readonly #options: ProberOptions;
  readonly #probes: readonly (readonly [name: string, probe: Probe])[];
  #well: boolean | undefined;
  #streak = 0;
  #streakIsGood = false;
  #timer: Timer | undefined;
  #closed = false;

  constructor(options: ProberOptions) {
    this.#options = options;
    this.#probes = options.endpoints.map((endpoint, index) => [
      `${endpoint.host}:${endpoint.port}`,
      options.probes?.[index] ?? probeOf(endpoint, options),
    ]);
  }

  async round(): Promise<void> {
    const answers = await Promise.all(
      this.#probes.map(async ([name, probe]) => {
        const reason = await probe();
        return reason === undefined ? [] : [`${name}: ${reason}`];
      }),
    );
    if (this.#closed) return;
    this.#judge(answers.flat());
    this.#timer = this.#options.clock.after(this.#options.intervalMs, () => void this.round());
  }

  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
  }

  #judge(reasons: readonly string[]): void {
    const good = reasons.length === 0;
    this.#streak = good === this.#streakIsGood ? this.#streak + 1 : 1;
    this.#streakIsGood = good;
    if (good === this.#well || this.#streak < (good ? ROUNDS_TO_RISE : ROUNDS_TO_FALL)) return;
    this.#well = good;
    this.#options.onChange(good, reasons.join('; '));
  }
}
