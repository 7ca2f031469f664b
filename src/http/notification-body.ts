// The body of notifications: a collection whose items are judged one by one, so that a bad one harms no other.
import type { HttpRequest } from '@azure/functions';
import { z } from 'zod';
import { jsonOnly, readJsonBody } from './body.ts';
import { HttpProblem } from './problem.ts';

const maxBytes = 256 * 1024;
const maxItems = 1000;
/** Each item has some ten members; the bytes bound them all. */
const maxMembers = 20_000;

const collection = z.looseObject({ value: z.array(z.unknown()) });

/** @throws HttpProblem body_invalid, body_too_large, and those of strict JSON. */
export async function readCollection(request: HttpRequest): Promise<z.infer<typeof collection>> {
  const value = await readJsonBody(request, { maxBytes, mediaTypes: jsonOnly, maxMembers });
  const parsed = collection.safeParse(value);
  if (!parsed.success) throw new HttpProblem('body_invalid', 'The member "value" must be a list.');
  if (parsed.data.value.length > maxItems) throw new HttpProblem('body_too_large');
  return parsed.data;
}
