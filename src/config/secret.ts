// A value that never shows itself: not in a log, an error, JSON or a debugger's print.
import { inspect } from 'node:util';

const redacted = '[secret]';

export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  /** The value, for the one adapter that needs it. */
  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return redacted;
  }

  toJSON(): string {
    return redacted;
  }

  [inspect.custom](): string {
    return redacted;
  }
}

export function secretOf(value: string | null): Secret | null {
  return value === null ? null : new Secret(value);
}
