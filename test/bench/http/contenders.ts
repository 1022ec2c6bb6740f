import { execFileSync, fork, spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** A proxy under test, as its own process. */
export interface Contender {
  readonly name: string;
  readonly port: number;
  /** CPU used so far by its processes, µs. */
  cpuMicros(): number;
  stop(): void;
}

const TICK_MICROS = 1_000_000 / Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));
const folder = mkdtempSync(path.join(tmpdir(), 'bench-http-'));

/** Is the program on the path? */
export function installed(program: string): boolean {
  return ['/usr/bin', '/usr/sbin', '/usr/local/bin'].some((where) => {
    try {
      readFileSync(path.join(where, program));
      return true;
    } catch {
      return false;
    }
  });
}

/** A script of this folder as a child that reports its port. */
export async function child(name: string, script: string, args: readonly (string | number)[]): Promise<Contender> {
  const spawned = fork(path.join(__dirname, script), args.map(String));
  const { port } = await new Promise<{ port: number }>((resolve, reject) => {
    spawned.once('message', (message) => resolve(message as { port: number }));
    spawned.once('exit', (code) => reject(new Error(`${name} ended with ${code}`)));
  });
  return contender(name, port, spawned);
}

/** nginx as the node: 100 bytes at /, 64 KiB at /big. */
export function nginxNode(): Promise<Contender> {
  const root = path.join(folder, 'root');
  mkdirSync(root, { recursive: true });
  writeFileSync(path.join(root, 'small'), 'x'.repeat(100));
  writeFileSync(path.join(root, 'big'), 'x'.repeat(65_536));
  return nginx('node', (port) => `server { listen 127.0.0.1:${port}; root ${root}; keepalive_requests 100000000; }`);
}

/** nginx as a proxy, one worker, kept connections, the same added fields as ours. */
export function nginxProxy(nodePort: number): Promise<Contender> {
  return nginx(
    'nginx',
    (port) => `map $http_upgrade $hop { default upgrade; "" ""; }
    upstream app { server 127.0.0.1:${nodePort}; keepalive 256; keepalive_requests 100000000; }
    server { listen 127.0.0.1:${port}; keepalive_requests 100000000; location / { proxy_pass http://app;
      proxy_http_version 1.1; proxy_set_header Connection $hop; proxy_set_header Upgrade $http_upgrade; proxy_set_header Host $host;
      proxy_set_header X-Forwarded-For $remote_addr; proxy_set_header X-Forwarded-Proto http;
      proxy_set_header X-Forwarded-Host $host; proxy_set_header Via "1.1 nginx"; } }`,
  );
}

async function nginx(name: string, server: (port: number) => string): Promise<Contender> {
  const port = await freePort();
  const file = path.join(folder, `${name}.conf`);
  writeFileSync(
    file,
    `daemon off; master_process off; worker_processes 1; pid ${folder}/${name}.pid; error_log /dev/null;
    events { worker_connections 4096; } http { access_log off; client_body_temp_path ${folder}; proxy_temp_path ${folder};
    fastcgi_temp_path ${folder}; uwsgi_temp_path ${folder}; scgi_temp_path ${folder}; ${server(port)} }`,
  );
  return ready(contender(name, port, spawn('nginx', ['-c', file], { stdio: 'ignore' })));
}

/** haproxy, one thread, kept connections. */
export async function haproxy(nodePort: number): Promise<Contender> {
  const port = await freePort();
  const file = path.join(folder, 'haproxy.cfg');
  writeFileSync(
    file,
    `global\n  nbthread 1\n  maxconn 4096\ndefaults\n  mode http\n  timeout client 60s\n  timeout server 60s\n  timeout connect 5s
  option http-keep-alive\n  http-reuse always\n  option forwardfor\nfrontend f\n  bind 127.0.0.1:${port}
  http-request set-header X-Forwarded-Proto http\n  default_backend b\nbackend b\n  server s 127.0.0.1:${nodePort}\n`,
  );
  return ready(contender('haproxy', port, spawn('haproxy', ['-db', '-f', file], { stdio: 'ignore' })));
}

function contender(name: string, port: number, spawned: ChildProcess): Contender {
  return { name, port, cpuMicros: () => cpuOf(spawned.pid as number), stop: () => void spawned.kill('SIGKILL') };
}

/** utime and stime of the process and its threads. */
function cpuOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * TICK_MICROS;
}

async function ready(fresh: Contender): Promise<Contender> {
  for (let tries = 0; tries < 100; tries += 1) {
    const open = await new Promise<boolean>((resolve) => {
      const socket = connect(fresh.port, '127.0.0.1', () => resolve(true));
      socket.once('error', () => resolve(false));
      socket.once('connect', () => socket.destroy());
    });
    if (open) return fresh;
    await new Promise((resolve) => {
      setTimeout(resolve, 50);
    });
  }
  throw new Error(`${fresh.name} does not listen on port ${fresh.port}`);
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
