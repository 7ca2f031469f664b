// What a check says. Texts name variables, roles, queues and codes; never a value that is secret.

/** `skipped`: there was nothing to look at, or what it needs was not to be had. It counts as neither good nor bad. */
export type Status = 'pass' | 'warn' | 'fail' | 'skipped';

export type Verdict = {
  readonly status: Status;
  /** What of several a verdict is about: a variable, a role. Null where the check has one verdict. */
  readonly subject: string | null;
  readonly detail: string;
  /** What to do; there for whatever failed or is warned of. */
  readonly fix: string | null;
};

type Problem = { readonly detail: string; readonly fix: string; readonly subject?: string | null };

export function pass(detail: string, subject: string | null = null): Verdict {
  return { status: 'pass', subject, detail, fix: null };
}

export function warn({ detail, fix, subject = null }: Problem): Verdict {
  return { status: 'warn', subject, detail, fix };
}

export function fail({ detail, fix, subject = null }: Problem): Verdict {
  return { status: 'fail', subject, detail, fix };
}

export function skip(reason: string): Verdict {
  return { status: 'skipped', subject: null, detail: reason, fix: null };
}

/** Whether what builds on a check can go on after such a verdict. */
export function isSound({ status }: Verdict): boolean {
  return status === 'pass' || status === 'warn';
}
