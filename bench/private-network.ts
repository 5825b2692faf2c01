/**
 * Janus takes no interface that is flagged as loopback. So a bench that measures it runs in a network namespace of
 * its own, with a bridge without ports that has a loopback address: packets between local addresses go over `lo`
 * whatever interface has them, for Janus as for everybody else. The host's network is not touched, and the namespace
 * is gone with its last process.
 */
import { spawnSync } from 'node:child_process';

/** Linux's loopback is 127.0.0.0/8; this one belongs to the bridge. */
const BRIDGE_ADDRESS = '127.0.1.1';
const INSIDE = 'FERNBLICK_PRIVATE_NETWORK';

const SET_UP = [
  'ip link set lo up',
  'ip link add bench0 type bridge',
  `ip address add ${BRIDGE_ADDRESS}/8 dev bench0`,
  'ip link set bench0 up',
  'exec "$@"',
].join(' && ');

export function insidePrivateNetwork(): boolean {
  return process.env[INSIDE] !== undefined;
}

/**
 * Where all ends of a bench send from. Inside it is the bridge's address for everybody: libnice binds its sockets to
 * the interface, and from there the kernel takes no other loopback address for a local one.
 */
export function benchAddress(): string {
  return insidePrivateNetwork() ? BRIDGE_ADDRESS : '127.0.0.1';
}

/**
 * Runs this very command line again inside, its output going where ours goes.
 * @returns its exit code
 * @throws when the kernel does not allow it
 */
export function runInPrivateNetwork(): number {
  const asRoot = process.getuid?.() === 0;
  const unshare = ['--net', ...(asRoot ? [] : ['--user', '--map-root-user'])];
  if (spawnSync('unshare', [...unshare, 'sh', '-c', SET_UP, 'sh', 'true']).status !== 0) {
    throw new Error(
      'Janus needs a network namespace with a bridge, which `unshare` and `ip` may not make here: ' +
        'run the bench as root, or without Janus (`--vs prototype`).',
    );
  }
  const self = [process.execPath, ...process.execArgv, ...process.argv.slice(1)];
  const { status, error } = spawnSync('unshare', [...unshare, 'sh', '-c', SET_UP, 'sh', ...self], {
    stdio: 'inherit',
    env: { ...process.env, [INSIDE]: '1' },
  });
  if (error !== undefined) {
    throw error;
  }
  return status ?? 1;
}
