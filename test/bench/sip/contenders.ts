import { execFileSync, fork, spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** A proxy under test, as its own process. */
export interface Contender {
  readonly name: string;
  /** Where the generator sends. */
  readonly port: number;
  /** Where its one node listens. */
  readonly nodePort: number;
  /** CPU used so far by all its processes, µs. */
  cpuMicros(): number;
  stop(): Promise<void>;
}

const TICK_MICROS = 1_000_000 / Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));

/** CPU of a process and of all that it started, µs. */
function cpuOf(pid: number): number {
  let ticks = 0;
  for (const entry of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const text = readFileSync(`/proc/${entry}/stat`, 'utf8');
      const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
      if (Number(entry) === pid || Number(fields[1]) === pid) ticks += Number(fields[11]) + Number(fields[12]);
    } catch {
      // Ended meanwhile.
    }
  }
  return ticks * TICK_MICROS;
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  await gone;
}

/** Triplane's SIP plane with all features on, in a process of its own; `engine` as in sip.udpEngine. */
export async function triplane(engine: string, nodePort: number): Promise<Contender> {
  const child = fork(path.join(__dirname, 'triplane.js'), [String(nodePort), engine]);
  const { port, carrier } = await new Promise<{ port: number; carrier: string }>((resolve, reject) => {
    child.once('message', (message) => resolve(message as { port: number; carrier: string }));
    child.once('exit', (code) => reject(new Error(`triplane ended with ${code}`)));
  });
  const { pid = 0 } = child;
  return { name: `triplane (${carrier})`, port, nodePort, cpuMicros: () => cpuOf(pid), stop: () => ended(child) };
}

/** Stateless, one child, with what we do too: rport, Max-Forwards, Record-Route, one node chosen by the hash of Call-ID. */
function kamailioConfig(folder: string, port: number, innerPort: number): string {
  return `#!KAMAILIO
debug=0
log_stderror=yes
fork=yes
children=1
disable_tcp=yes
auto_aliases=no
server_signature=no
listen=udp:127.0.0.1:${port}
listen=udp:127.0.0.1:${innerPort}
loadmodule "kex.so"
loadmodule "sl.so"
loadmodule "rr.so"
loadmodule "pv.so"
loadmodule "maxfwd.so"
loadmodule "textops.so"
loadmodule "siputils.so"
loadmodule "dispatcher.so"
modparam("rr","enable_double_rr",1)
modparam("rr","append_fromtag",0)
modparam("dispatcher","list_file","${folder}/dispatcher.list")
modparam("dispatcher","force_dst",1)
request_route {
  force_rport();
  if(!mf_process_maxfwd_header("70")) { sl_send_reply("483","Too Many Hops"); exit; }
  force_send_socket(udp:127.0.0.1:${innerPort});
  if(is_method("INVITE|SUBSCRIBE|REFER")) record_route();
  if(!ds_select_dst("1","0")) { sl_send_reply("503","No Servers"); exit; }
  forward();
  exit;
}
`;
}

/** Kamailio as a stateless forwarder with one worker; undefined where it is not installed. */
export async function kamailio(port: number, nodePort: number): Promise<Contender | undefined> {
  const folder = mkdtempSync(path.join(tmpdir(), 'bench-kamailio-'));
  writeFileSync(path.join(folder, 'dispatcher.list'), `1 sip:127.0.0.1:${nodePort}\n`);
  writeFileSync(path.join(folder, 'kamailio.cfg'), kamailioConfig(folder, port, port + 1));
  const args = ['-f', path.join(folder, 'kamailio.cfg'), '-DD', '-m', '64', '-M', '8', '-x', 'tlsf', '-w', folder];
  const child = spawn('kamailio', [...args, '-P', path.join(folder, 'pid'), '-Y', folder], { stdio: 'ignore' });
  const failed = await new Promise<boolean>((resolve) => {
    child.once('error', () => resolve(true));
    child.once('exit', () => resolve(true));
    setTimeout(resolve, 1500, false);
  });
  if (failed) return undefined;
  const { pid = 0 } = child;
  return {
    name: 'kamailio (1 child, tlsf)',
    port,
    nodePort,
    cpuMicros: () => cpuOf(pid),
    async stop() {
      await ended(child);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
