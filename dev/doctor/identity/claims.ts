// What a token says of itself. Nothing is verified: it is for Graph, and only Graph can.
import { z } from 'zod';

const claims = z.looseObject({
  tid: z.string().toLowerCase(),
  aud: z.string(),
  exp: z.number(),
  /** Of an app's token. */
  roles: z.array(z.string()).default([]),
  /** Of a person's token. */
  scp: z.string().optional(),
});
export type Claims = z.infer<typeof claims>;

/** Null for what is no JWT, or says none of this. */
export function readClaims(token: string): Claims | null {
  const [, payload, signature] = token.split('.');
  if (payload === undefined || signature === undefined) return null;
  try {
    return claims.parse(JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')));
  } catch {
    return null; // opaque: whoever made it knows what it says
  }
}
