import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { freePort } from './free-port';
import { describeWhere } from './peer';
import { startProgram, type RunningProcess } from './processes';
import { UdpAgent } from './sip-plane-fixture';
import { request } from './sip-messages';
import { until } from './until';

/** A registrar with Path and Outbound (RFC 3327, 5626) that calls whoever has registered. */
function registrarConfig(port: number): string {
  return `#!KAMAILIO
debug=1
log_stderror=yes
fork=yes
children=1
disable_tcp=yes
auto_aliases=no
server_signature=no
listen=udp:127.0.0.1:${port}
loadmodule "kex.so"
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "rr.so"
loadmodule "pv.so"
loadmodule "textops.so"
loadmodule "siputils.so"
loadmodule "stun.so"
loadmodule "outbound.so"
loadmodule "usrloc.so"
loadmodule "registrar.so"
modparam("usrloc", "db_mode", 0)
modparam("registrar", "use_path", 1)
modparam("registrar", "path_mode", 1)
modparam("registrar", "path_use_received", 0)
modparam("registrar", "outbound_mode", 1)
modparam("tm", "fr_timer", 5000)
request_route {
  if (is_method("REGISTER")) { save("location"); exit; }
  if (is_method("OPTIONS") && uri == myself) { sl_send_reply("200", "OK"); exit; }
  if (!lookup("location")) { sl_send_reply("404", "Not Found"); exit; }
  t_relay();
}
`;
}

/** `describe` for tests with Kamailio and its module for flows, which is a package of its own (kamailio-outbound-modules). */
export function describeWithKamailio(title: string, tests: () => void): void {
  const folders = ['/usr/lib', ...readdirSync('/usr/lib').map((name) => path.join('/usr/lib', name))];
  const found = folders.some((folder) => existsSync(path.join(folder, 'kamailio', 'modules', 'outbound.so')));
  describeWhere(found, 'kamailio-outbound-modules is not installed', title, tests);
}

/** Kamailio as a node of a test. */
export class Kamailio {
  readonly port: number;
  readonly #process: RunningProcess;
  readonly #folder: string;

  private constructor(port: number, process: RunningProcess, folder: string) {
    this.port = port;
    this.#process = process;
    this.#folder = folder;
  }

  /** Starts it as a registrar; resolves when it answers. */
  static async start(): Promise<Kamailio> {
    const folder = mkdtempSync(path.join(tmpdir(), 'triplane-kamailio-'));
    const port = await freePort();
    writeFileSync(path.join(folder, 'kamailio.cfg'), registrarConfig(port));
    const at = (name: string): string => path.join(folder, name);
    const args = ['-f', at('kamailio.cfg'), '-DD', '-m', '32', '-M', '4', '-w', folder, '-Y', folder, '-P', at('pid')];
    const process = startProgram('kamailio', args, folder);
    const probe = await UdpAgent.start();
    await until('kamailio answers', () => {
      if (process.exitCode() !== undefined) throw new Error(`kamailio ended:\n${process.output()}`);
      const via = `UDP 127.0.0.1:${probe.port};branch=z9hG4bKprobe`;
      probe.send(request({ method: 'OPTIONS', uri: `sip:127.0.0.1:${port}`, via }), port);
      return probe.received.length > 0;
    });
    probe.close();
    return new Kamailio(port, process, folder);
  }

  async close(): Promise<void> {
    await this.#process.stop('SIGTERM');
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
