// What can go wrong with notifications: rows of the one table of switches.
import { z } from 'zod';
import { casings } from '../scripts.ts';
import { forgeries } from './push-tokens.ts';

/** Other ways in which a notification is written. */
const forms = [
  'upperDashless',
  'noId',
  'appRoot',
  'resourceOnly',
  'urlOnly',
  'absoluteUrl',
  'foreignUrl',
  'parenthesised',
  'traversal',
  'array',
  'withoutStatus',
  'withoutType',
  'textCodes',
] as const;
export type Form = (typeof forms)[number];

const milliseconds = z.number().min(0);

export const pushSwitches = {
  pushLoss: z.strictObject({}),
  pushDelay: z.strictObject({ ms: milliseconds, jitterMs: milliseconds.default(0) }),
  pushCopies: z.strictObject({ count: z.int().min(1).default(1) }),
  pushReorder: z.strictObject({ windowMs: milliseconds }),
  pushEarly: z.strictObject({ ms: milliseconds }),
  pushTogether: z.strictObject({ windowMs: milliseconds.default(0), max: z.int().min(2).default(20) }),
  pushForm: z.strictObject({
    forms: z.array(z.enum(forms)).default([]),
    casing: z.enum(casings).optional(),
  }),
  pushStrangers: z.strictObject({}),
  pushParticipants: z.strictObject({ count: z.int().min(0).default(2) }),
  pushForged: z.strictObject({
    form: z.enum(forgeries),
    /** What it says in place of the truth. */
    status: z.json().optional(),
    /** The genuine one is sent too. */
    beside: z.boolean().default(false),
  }),
  pushRedelivery: z.strictObject({
    everyMs: z.number().positive().default(1000),
    forMs: milliseconds.default(60_000),
    factor: z.number().min(1).default(2),
  }),
  pushDeadline: z.strictObject({ ms: z.number().positive() }),
  keyServer: z.strictObject({
    form: z.enum(['status', 'hang', 'slow', 'reset', 'redirect', 'html', 'empty']).default('status'),
    status: z.int().min(200).max(599).default(503),
    ms: milliseconds.default(3000),
  }),
} as const;
