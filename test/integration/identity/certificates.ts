// Certificates made while a test runs, so that no key lies in the repository: node:crypto signs but issues none, and a
// command line tool may be missing. X.509 v3 with RSA keys, as far as TLS and client assertions look at them.
import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';

export type Certificate = {
  readonly privateKey: KeyObject;
  /** Certificate, and certificate with its private key. */
  readonly pem: string;
  readonly pemWithKey: string;
  readonly der: Buffer;
};

/** Object identifiers, encoded. */
const oid = {
  commonName: '0603550403',
  sha256WithRsa: '06092a864886f70d01010b',
  basicConstraints: '0603551d13',
  subjectAltName: '0603551d11',
};
const day = 24 * 3_600_000;
const context = { version: 0xa0, extensions: 0xa3, dnsName: 0x82, ipAddress: 0x87 };
const tags = { integer: 0x02, bits: 0x03, octets: 0x04, text: 0x0c, time: 0x17, sequence: 0x30, set: 0x31 };

/** @param issuer null: signs itself, as a certificate authority. */
export function makeCertificate(
  name: string,
  issuer: { readonly name: string; readonly certificate: Certificate } | null,
  hosts: readonly string[] = [],
): Certificate {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const algorithm = sequence(Buffer.from(oid.sha256WithRsa, 'hex'), Buffer.from('0500', 'hex'));
  const toSign = sequence(
    encode(context.version, encode(tags.integer, Buffer.from([2]))),
    encode(tags.integer, Buffer.from([1 + Math.floor(Math.random() * 100)])),
    algorithm,
    nameOf(issuer?.name ?? name),
    sequence(timeOf(Date.now() - day), timeOf(Date.now() + day)),
    nameOf(name),
    publicKey.export({ type: 'spki', format: 'der' }),
    encode(context.extensions, sequence(...extensions(issuer === null, hosts))),
  );
  const signature = sign('sha256', toSign, issuer?.certificate.privateKey ?? privateKey);
  const der = sequence(toSign, algorithm, encode(tags.bits, Buffer.concat([Buffer.from([0]), signature])));
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  const pem = ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n');
  return {
    privateKey,
    der,
    pem,
    pemWithKey: pem + privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
}

function extensions(isAuthority: boolean, hosts: readonly string[]): readonly Buffer[] {
  const constraints = isAuthority ? sequence(Buffer.from('0101ff', 'hex')) : sequence();
  const names = hosts.map((host) =>
    /^[\d.]+$/.test(host)
      ? encode(context.ipAddress, Buffer.from(host.split('.').map(Number)))
      : encode(context.dnsName, Buffer.from(host)),
  );
  const basic = sequence(Buffer.from(oid.basicConstraints, 'hex'), encode(tags.octets, constraints));
  if (names.length === 0) return [basic];
  const alternative = Buffer.from(oid.subjectAltName, 'hex');
  return [basic, sequence(alternative, encode(tags.octets, sequence(...names)))];
}

function nameOf(commonName: string): Buffer {
  const text = encode(tags.text, Buffer.from(commonName));
  return sequence(encode(tags.set, sequence(Buffer.from(oid.commonName, 'hex'), text)));
}

function timeOf(atMs: number): Buffer {
  const digits = new Date(atMs).toISOString().replace(/\D/g, '').slice(2, 14);
  return encode(tags.time, Buffer.from(`${digits}Z`));
}

function sequence(...parts: readonly Buffer[]): Buffer {
  return encode(tags.sequence, Buffer.concat(parts));
}

/** Tag, length, value. */
function encode(tag: number, value: Buffer): Buffer {
  const length: number[] = [];
  for (let rest = value.length; rest > 0; rest >>= 8) length.unshift(rest & 0xff);
  const head = value.length < 128 ? [value.length] : [0x80 | length.length, ...length];
  return Buffer.concat([Buffer.from([tag, ...head]), value]);
}
