// An operation's key and its shard: pure functions of what it names, so that every process computes the same.
import { createHash } from 'node:crypto';
import { type KindRow, kindRows } from './kinds.ts';
import type { Cloud, Kind } from './operation.ts';
import type { Shard } from './stored.ts';

const alphabet = 'abcdefghijklmnopqrstuvwxyz234567';
const hashCharacters = 25;

/**
 * The key: the kind's letter and 25 base-32 characters (125 bits) of the SHA-256 of cloud, tenant and identity path.
 * The version is no part of it: v1.0 and beta show the same operation.
 */
export function keyOf(
  row: KindRow,
  identity: { readonly cloud: Cloud; readonly tenantId: string; readonly identityPath: string },
): string {
  const text = [identity.cloud, identity.tenantId.toLowerCase(), row.kind, identity.identityPath].join('\n');
  return row.keyLetter + checksum(text);
}

/** The kind that a key belongs to; null when the text is no key. */
export function kindOfKey(key: string): Kind | null {
  if (!/^[a-z2-7]{26}$/.test(key)) return null;
  return kindRows.find((row) => row.keyLetter === key[0])?.kind ?? null;
}

/** The shard of a key: one of `shardCount` partitions of its kind. */
export function shardOf(kind: Kind, key: string, shardCount: number): Shard {
  return shardName(kind, fraction(key, 'shard') % shardCount);
}

export function shardsOf(kind: Kind, shardCount: number): readonly Shard[] {
  return Array.from({ length: shardCount }, (_, index) => shardName(kind, index));
}

/** The shard's kind and number; null when the text names no shard of a deployment with `shardCount` shards a kind. */
export function parseShard(name: string, shardCount: number): { kind: Kind; shard: Shard } | null {
  for (const { kind } of kindRows) {
    if (shardsOf(kind, shardCount).includes(name)) return { kind, shard: name };
  }
  return null;
}

/** A number from 0 to 2^30 − 1 that the key decides: seeds jitter and shards without any state. */
export function fraction(key: string, purpose: 'shard' | 'phase'): number {
  const characters = purpose === 'shard' ? key.slice(1, 7) : key.slice(7, 13);
  let value = 0;
  for (const character of characters) value = value * 32 + alphabet.indexOf(character);
  return value;
}

/** Tells texts apart that differ; 125 bits in the letters of keys. */
export function checksum(text: string): string {
  return base32(createHash('sha256').update(text).digest());
}

function shardName(kind: Kind, index: number): Shard {
  return `${kind}-${String(index).padStart(2, '0')}`;
}

function base32(bytes: Uint8Array): string {
  let text = '';
  let bits = 0;
  let value = 0;
  for (const byte of bytes) {
    value = (value << 8) | byte;
    bits += 8;
    while (bits >= 5 && text.length < hashCharacters) {
      bits -= 5;
      text += alphabet[(value >> bits) & 31];
      value &= (1 << bits) - 1;
    }
  }
  return text;
}
