/** Under which addresses browsers reach this relay, and which pages may therefore talk to it; pure. */
import type { Config } from './config.ts';
import { lanAddresses } from './tls.ts';

export type Origins = {
  /** The one that links and the operator's lines use. */
  main: string;
  /** A page from anywhere else is refused (reliability.md 3.1, session hijack). */
  allows(origin: string | undefined): boolean;
};

const LOOPBACK_HOSTS = ['localhost', '127.0.0.1', '[::1]'];

export function readOrigins(config: Config, port: number, secure: boolean): Origins {
  const scheme = secure ? 'https' : 'http';
  const onPort = (host: string) => new URL(`${scheme}://${host}:${port}`).origin;
  const hosts = [...LOOPBACK_HOSTS, ...lanAddresses()];
  if (config.host !== '0.0.0.0' && config.host !== '::') {
    hosts.push(config.host.includes(':') ? `[${config.host}]` : config.host);
  }
  const allowed = new Set(hosts.map(onPort));
  if (config.publicUrl !== '') {
    allowed.add(new URL(config.publicUrl).origin);
  }
  const lanHost = config.lan ? lanAddresses()[0] : undefined;
  return {
    main: config.publicUrl || onPort(lanHost ?? 'localhost'),
    allows: (origin) => origin !== undefined && allowed.has(origin),
  };
}
