/** A certificate for phones on the same network, generated once and kept in the data directory. */
import { X509Certificate } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';

/** Browsers refuse server certificates that live longer than this many days. */
const VALID_DAYS = 397;
const DAY_MS = 24 * 60 * 60 * 1000;
/** A certificate this close to its end is replaced at start. */
const RENEW_BEFORE_MS = 30 * DAY_MS;

export type TlsFiles = { certFile: string; keyFile: string };

/** IPv4 addresses under which other machines of the network reach this one. */
export function lanAddresses(): string[] {
  return Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .filter((address) => address.family === 'IPv4' && !address.internal)
    .map((address) => address.address);
}

/** The certificate of the data directory; a new one when it is missing, about to end or for other addresses. */
export async function lanCertificate(dataDir: string, addresses: readonly string[]): Promise<TlsFiles> {
  const files = { certFile: join(dataDir, 'lan-cert.pem'), keyFile: join(dataDir, 'lan-key.pem') };
  if (!stillGood(files, addresses)) {
    const { cert, key } = await generate(addresses);
    writeFileSync(files.keyFile, key, { mode: 0o600 });
    writeFileSync(files.certFile, cert);
  }
  return files;
}

function stillGood({ certFile, keyFile }: TlsFiles, addresses: readonly string[]): boolean {
  if (!existsSync(certFile) || !existsSync(keyFile)) {
    return false;
  }
  try {
    const cert = new X509Certificate(readFileSync(certFile));
    return (
      Date.parse(cert.validTo) - Date.now() > RENEW_BEFORE_MS &&
      addresses.every((address) => cert.checkIP(address) !== undefined)
    );
  } catch {
    return false;
  }
}

async function generate(addresses: readonly string[]): Promise<{ cert: string; key: string }> {
  // Loaded only here: both together take longer to load than the rest of the front.
  await import('reflect-metadata');
  const x509 = await import('@peculiar/x509');
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
  const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const cert = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: Buffer.from(crypto.getRandomValues(new Uint8Array(16))).toString('hex'),
    name: 'CN=Fernblick on this network',
    notBefore: new Date(Date.now() - DAY_MS),
    notAfter: new Date(Date.now() + (VALID_DAYS - 1) * DAY_MS),
    signingAlgorithm: algorithm,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension([
        { type: 'dns', value: 'localhost' },
        { type: 'ip', value: '127.0.0.1' },
        ...addresses.map((value) => ({ type: 'ip' as const, value })),
      ]),
    ],
  });
  const pkcs8 = Buffer.from(await crypto.subtle.exportKey('pkcs8', keys.privateKey));
  return { cert: cert.toString('pem'), key: x509.PemConverter.encode(pkcs8, 'PRIVATE KEY') };
}
